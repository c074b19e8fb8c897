"""What came of a training, as a record with its tensors beside it."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn

from grader.model import Outcome, Recipe, Training, TrainingConditions
from grader.records import write_bytes
from grader.text import Text
from grader.training import engine
from grader.training.jobs import Plan


def record(
    plan: Plan,
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
    name = f"{plan.key[:32]}.safetensors" if tensors else None
    if name is not None:
        write_bytes(folder / name, save(tensors))
    return Training(
        key=plan.key,
        outcome=Outcome.PASSED if outcome.broke_at is None else Outcome.FAILED,
        conditions=conditions,
        curve=outcome.curve,
        accuracy=outcome.accuracy,
        perturbed_accuracy=outcome.perturbed_accuracy,
        confusion=confusion,
        tensors=name,
        settings=settings(conditions) | {"stepping": outcome.stepping},
        note=_note(plan.recipe, outcome),
    )


def confusion_of(logits: Tensor, images: engine.Images) -> tuple[tuple[int, ...], ...]:
    """Return counts of test images: rows are true classes, columns the ones predicted."""
    predicted = logits.argmax(1).clamp(max=images.classes - 1)
    cells = torch.bincount(images.test_labels * images.classes + predicted, minlength=images.classes**2)
    return tuple(tuple(row) for row in cells.view(images.classes, images.classes).tolist())


def settings(conditions: TrainingConditions) -> dict[str, str]:
    """Return what else decides the bits: threads, the layout of images, the CPU's kernels and the GPU in use."""
    found = {
        "threads": str(torch.get_num_threads()),
        "layout": "channels_last",
        "kernels": torch.backends.cpu.get_cpu_capability(),
    }
    return found | ({"gpu": torch.cuda.get_device_name()} if conditions.device == "cuda" else {})


def _note(recipe: Recipe, outcome: engine.Outcome) -> Text | None:
    if outcome.broke_at is not None:
        return Text(
            fr=f"La perte n'est plus un nombre fini à l'époque {outcome.broke_at + 1} : l'entraînement s'arrête là.",
            en=f"The loss is no longer a finite number in epoch {outcome.broke_at + 1}: training stops there.",
        )
    if not any(point.learning_rate for point in outcome.curve) and recipe.loop.steps_per_batch > 0:
        return Text(
            fr="Le learning rate vaut 0 à chaque époque : le réseau n'apprend rien.",
            en="The learning rate is 0 in every epoch: the network learns nothing.",
        )
    return None
