"""Trains one plan in a process of its own: one thread, capped memory, progress on standard output.

Run as `python -m grader.training PLAN.json FOLDER MEMORY_BYTES`. The folder then holds the record, the
tensors and the timing. One line of JSON per epoch says how far it is. Whatever happens inside ends as a record;
where the process itself dies, `pool` writes one in its place. A GPU that does not take the training leaves no
record either, but an exit code of `ladder`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import torch
from safetensors.torch import save
from torch import Tensor

from grader.errors import GraderError, RecordingInvalid, TrainingError
from grader.model import Call, EpochPoint, Outcome, Recipe, Training
from grader.recipe.initialise import initialise
from grader.recipe.rebuild import rebuild
from grader.records import read_record, write_bytes, write_record
from grader.text import Text
from grader.training import engine
from grader.training.cache import RECORD, TIMING, WEIGHTS, Timing
from grader.training.checkpoints import Checkpoint
from grader.training.devices import cpu_model
from grader.training.fitting import check_fit
from grader.training.graphs import capture_on_gpu
from grader.training.jobs import Plan
from grader.training.ladder import CODES, Setback
from grader.training.resident import load
from grader.training.results import record, settings
from grader.training.transforms import PROBE_IMAGES, build_pipeline


def main(arguments: Sequence[str]) -> int:
    """Train the plan in the file `arguments[0]` and leave the record in the folder `arguments[1]`."""
    plan, folder = read_record(Path(arguments[0]), Plan), Path(arguments[1])
    cap_memory(int(arguments[2]), plan.conditions.device)
    torch.set_num_threads(1)
    started = time.monotonic()
    if plan.conditions.device == "cuda":
        if not torch.cuda.is_available():
            return CODES[Setback.ABSENT]
        torch.cuda.set_per_process_memory_fraction(plan.share)
    try:
        training = carry_out(plan, folder)
    except GpuSetback as error:
        return CODES[error.setback]
    write_record(
        folder / TIMING, Timing(seconds=round(time.monotonic() - started, 3), epochs=len(training.curve))
    )
    write_record(folder / RECORD, training)
    return 0


class GpuSetback(Exception):
    """The GPU did not take the training, through no fault of the recipe's."""

    def __init__(self, setback: Setback) -> None:
        super().__init__(setback.value)
        self.setback = setback


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
    """Return the record of training `plan`, with its tensors beside it; a refusal or a fault is a record too.

    Raises GpuSetback where another device, or more of the GPU's memory, might do better.
    """
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
        full = any(word in brief for word in _FULL)
        if plan.conditions.device == "cuda" and any(word in brief for word in (*_FULL, *_OF_THE_GPU)):
            raise GpuSetback(Setback.MEMORY if full else Setback.FAILURE) from error
        if full:
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


_OF_THE_GPU = ("CUDA", "cuDNN", "CUBLAS", "cublas")
_FULL = ("allocate memory", "out of memory", "ALLOC_FAILED")


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
    check_fit(module, recipe, images, pipelines)
    outcome = engine.train(
        module,
        recipe,
        images,
        pipelines,
        seed=conditions.seed,
        device=conditions.device,
        precision=conditions.precision,
        report=_tell,
        checkpoint=_checkpoint(plan),
        capture=capture_on_gpu if conditions.device == "cuda" else None,
    )
    if plan.weights:
        state = {name: tensor.detach().cpu().contiguous() for name, tensor in module.state_dict().items()}
        write_bytes(folder / WEIGHTS, save(state))
    conditions = msgspec.structs.replace(
        conditions, path=pipelines.train.path, evaluation_path=pipelines.evaluation.path
    )
    return record(plan, conditions, outcome, images, module, folder)


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


def _checkpoint(plan: Plan) -> Checkpoint | None:
    """Return where the training is taken up again; only by the same torch, on the same kind of processor."""
    if plan.checkpoint is None:
        return None
    stamp = {"key": plan.key, "torch": torch.__version__, "cpu": cpu_model(), **settings(plan.conditions)}
    return Checkpoint(Path(plan.checkpoint), stamp)


def _tell(point: EpochPoint) -> None:
    """Say how far it is; should this process be stopped, what was said is the curve."""
    print(msgspec.json.encode(point).decode(), flush=True)
