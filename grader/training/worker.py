"""Trains one plan in a process of its own: one thread, capped memory, progress on standard output.

Run as `python -m grader.training.worker PLAN.json FOLDER MEMORY_BYTES`. The folder then holds the record, the
tensors and the timing. One line of JSON per epoch says how far it is. Whatever happens inside ends as a record;
where the process itself dies, `pool` writes one in its place.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import torch
from safetensors.torch import save
from torch import Tensor, nn

from grader.errors import GraderError, RecordingInvalid, TrainingError
from grader.model import Call, EpochPoint, Outcome, Recipe, Training, TrainingConditions
from grader.recipe.initialise import initialise
from grader.recipe.rebuild import rebuild
from grader.records import read_record, write_bytes, write_record
from grader.text import Text
from grader.training import engine
from grader.training.cache import RECORD, TIMING, WEIGHTS, Timing
from grader.training.jobs import Plan
from grader.training.resident import load
from grader.training.transforms import PROBE_IMAGES, build_pipeline


def main(arguments: Sequence[str]) -> int:
    """Train the plan in the file `arguments[0]` and leave the record in the folder `arguments[1]`."""
    plan, folder = read_record(Path(arguments[0]), Plan), Path(arguments[1])
    cap_memory(int(arguments[2]), plan.conditions.device)
    torch.set_num_threads(1)
    started = time.monotonic()
    training = carry_out(plan, folder)
    write_record(
        folder / TIMING, Timing(seconds=round(time.monotonic() - started, 3), epochs=len(training.curve))
    )
    write_record(folder / RECORD, training)
    return 0


def cap_memory(size_bytes: int, device: str) -> None:
    """Limit this process's own memory; on a GPU its driver needs address space without end, so nothing is limited."""
    if device == "cuda" or size_bytes <= 0:
        return
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (size_bytes, size_bytes))
    except (OSError, ValueError):  # a lower limit is already in force, or the system knows none
        return


def carry_out(plan: Plan, folder: Path) -> Training:
    """Return the record of training `plan`, with its tensors beside it; a refusal or a fault is a record too."""
    try:
        return _train(plan, folder)
    except (RecordingInvalid, TrainingError) as refusal:
        return Training(key=plan.key, outcome=Outcome.NOT_RUN, conditions=plan.conditions, note=refusal.text)
    except MemoryError:
        return _too_large(plan)
    except GraderError as error:
        return Training(key=plan.key, outcome=Outcome.ERROR, conditions=plan.conditions, note=error.text)
    except (RuntimeError, ValueError, TypeError, IndexError, ArithmeticError, AttributeError) as error:
        # The network is the hand-in's: whatever torch says of it is told, and goes no further.
        brief = " ".join(str(error).split())[:200]
        if "allocate memory" in brief or "out of memory" in brief:
            return _too_large(plan)
        return Training(
            key=plan.key,
            outcome=Outcome.NOT_RUN,
            conditions=plan.conditions,
            note=Text(
                fr=f"Le réseau ne s'entraîne pas sur ces images : {brief}",
                en=f"The network cannot be trained on these images: {brief}",
            ),
        )


def _too_large(plan: Plan) -> Training:
    return Training(
        key=plan.key,
        outcome=Outcome.NOT_RUN,
        conditions=plan.conditions,
        note=Text(
            fr="L'entraînement demande plus de mémoire que la limite : réduisez la taille du batch ou du réseau.",
            en="The training asks for more memory than the limit: make the batch or the network smaller.",
        ),
    )


def _train(plan: Plan, folder: Path) -> Training:
    conditions, recipe = plan.conditions, plan.recipe
    images = resident(plan)
    pipelines = build_pipelines(recipe, images.train[:PROBE_IMAGES])
    module = rebuild(recipe.network, device="cpu", batch_sizes=batch_sizes(recipe, len(images.train)))
    initialise(module, recipe.network, conditions.seed)
    outcome = engine.train(
        module,
        recipe,
        images,
        pipelines,
        seed=conditions.seed,
        device=conditions.device,
        precision=conditions.precision,
        report=_tell,
    )
    if plan.weights:
        state = {name: tensor.detach().cpu().contiguous() for name, tensor in module.state_dict().items()}
        write_bytes(folder / WEIGHTS, save(state))
    conditions = msgspec.structs.replace(
        conditions, path=pipelines.train.path, evaluation_path=pipelines.evaluation.path
    )
    return record(plan.key, conditions, outcome, images, module, folder)


def batch_sizes(recipe: Recipe, count: int) -> tuple[int, ...]:
    """Return the sizes of the batches that training will feed, so that a network is refused before it starts."""
    size = min(recipe.data.batch_size, count)
    rest = count % size
    return (size,) if rest == 0 or recipe.data.drop_last else (size, rest)


def resident(plan: Plan) -> engine.Images:
    """Return the beginning of the data set that the budget allows, as tensors."""
    arrays, conditions = load(plan.data), plan.conditions
    train, test = conditions.train_images, conditions.test_images
    return engine.Images(
        train=torch.from_numpy(arrays.train_images[:train].copy()),
        train_labels=torch.from_numpy(arrays.train_labels[:train].copy()),
        test=torch.from_numpy(arrays.test_images[:test].copy()),
        test_labels=torch.from_numpy(arrays.test_labels[:test].copy()),
        classes=len(plan.data.classes),
    )


def build_pipelines(recipe: Recipe, probe: Tensor) -> engine.Pipelines:
    """Return both transforms; a program that never evaluated is evaluated without the random part of its own."""
    evaluation = recipe.data.evaluation
    if evaluation is None:
        evaluation = without_chance(recipe.data.train, probe.shape[1])
    return engine.Pipelines(
        train=build_pipeline(recipe.data.train, probe), evaluation=build_pipeline(evaluation, probe)
    )


_CHANCE = (
    "Random",
    "RandAugment",
    "ColorJitter",
    "AutoAugment",
    "TrivialAugmentWide",
    "AugMix",
    "ElasticTransform",
)
"""Beginnings of the names of transforms that give another image each time."""


def without_chance(calls: Sequence[Call], side: int) -> tuple[Call, ...]:
    """Return training transforms with random crops made central and other random ones left out."""
    kept = []
    for call in calls:
        size = call.arguments.get("size")
        if call.name == "RandomCrop" and size not in (side, [side, side], (side, side)):
            kept.append(Call(name="CenterCrop", arguments={"size": size}))
        elif call.name == "RandomResizedCrop":
            kept.append(Call(name="Resize", arguments={"size": size}))
        elif not call.name.startswith(_CHANCE):
            kept.append(call)
    return tuple(kept)


def record(
    key: str,
    conditions: TrainingConditions,
    outcome: engine.Outcome,
    images: engine.Images,
    module: nn.Module,
    folder: Path,
) -> Training:
    """Return the record of what came of a training, and write its tensors into `folder`."""
    tensors = {}
    confusion: tuple[tuple[int, ...], ...] = ()
    if outcome.logits is not None:
        tensors["logits"] = outcome.logits.contiguous()
        confusion = confusion_of(outcome.logits, images)
    filters = next((layer.weight for layer in module.modules() if isinstance(layer, nn.Conv2d)), None)
    if filters is not None:
        tensors["filters"] = filters.detach().float().cpu().contiguous()
    name = f"{key[:32]}.safetensors" if tensors else None
    if name is not None:
        write_bytes(folder / name, save(tensors))
    return Training(
        key=key,
        outcome=Outcome.PASSED if outcome.broke_at is None else Outcome.FAILED,
        conditions=conditions,
        curve=outcome.curve,
        accuracy=outcome.accuracy,
        perturbed_accuracy=outcome.perturbed_accuracy,
        confusion=confusion,
        tensors=name,
        note=None if outcome.broke_at is None else _broke(outcome.broke_at),
    )


def confusion_of(logits: Tensor, images: engine.Images) -> tuple[tuple[int, ...], ...]:
    """Return counts of test images: rows are true classes, columns the ones predicted."""
    predicted = logits.argmax(1).clamp(max=images.classes - 1)
    cells = torch.bincount(images.test_labels * images.classes + predicted, minlength=images.classes**2)
    return tuple(tuple(row) for row in cells.view(images.classes, images.classes).tolist())


def _broke(epoch: int) -> Text:
    return Text(
        fr=f"La perte n'est plus un nombre fini à l'époque {epoch + 1} : l'entraînement s'arrête là.",
        en=f"The loss is no longer a finite number in epoch {epoch + 1}: training stops there.",
    )


def _tell(point: EpochPoint) -> None:
    """Say how far it is; should this process be stopped, what was said is the curve."""
    print(msgspec.json.encode(point).decode(), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
