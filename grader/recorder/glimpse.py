"""What can be told of a training that is no recipe: enough to say which stage it may stand for, nothing to judge."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from torch import nn

from grader.model import Glimpse
from grader.recorder.journal import TrainingRecord
from grader.recorder.own_batches import OwnBatches

_BATCHNORM: Any = nn.modules.batchnorm._BatchNorm
_DROPOUT: Any = nn.modules.dropout._DropoutNd
_RANDOM = ("Random", "AugMix", "AutoAugment", "ColorJitter", "ElasticTransform", "TrivialAugmentWide")
_STILL = 1e-9
_PARTS_MAX = 100
_SHIFTED = -0.05


def glimpse_of(run: TrainingRecord, whole_side: int = 0) -> Glimpse:
    """Return the data set and the improvements that show, by the names that matching knows.

    `whole_side` is that of the images of the program's data set, 0 where it has none.
    """
    names = {type(part).__name__ for part in _transforms(run)}
    modules = list(run.root.module.modules())
    found = {
        "normalization": "Normalize" in names,
        "augmentation": any(name.startswith(_RANDOM) for name in names),
        "optimizer": _improves_descent(run),
        "dropout": any(isinstance(one, _DROPOUT) for one in modules),
        "batchnorm": any(isinstance(one, _BATCHNORM) for one in modules),
    }
    drawn = next((call.drawn for call in run.train_calls), None)
    images = drawn.loader.images if drawn is not None else []
    if drawn is not None and isinstance(drawn.loader, OwnBatches):
        # Tensors prepared by hand: numbers below 0 were shifted, and a smaller image was cut out of a whole one.
        found["normalization"] = drawn.loader.lowest < _SHIFTED
        found["augmentation"] = 0 < drawn.loader.side < whole_side
    return Glimpse(
        dataset=images[0].name if images else "other",
        ingredients=tuple(name for name, seen in found.items() if seen),
    )


def _transforms(run: TrainingRecord) -> Iterator[Any]:
    """Yield every transform of the training images, those inside others included."""
    drawn = next((call.drawn for call in run.train_calls), None)
    pending = [one.dataset.transform for one in drawn.loader.images] if drawn is not None else []
    for _ in range(_PARTS_MAX):
        if not pending:
            return
        part = pending.pop()
        inner = getattr(part, "transforms", None)
        if isinstance(inner, list | tuple):
            pending.extend(inner)
        yield part


def _improves_descent(run: TrainingRecord) -> bool:
    momenta = [group.get("momentum") for group in run.first.groups]
    moved = any(isinstance(value, int | float) and value > 0 for value in momenta)
    falls = any(after < before * (1 - _STILL) for before, after in pairwise(run.rates))
    return moved or falls or bool(run.first.schedulers)
