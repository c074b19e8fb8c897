"""Series of logged values: what their names say, and how they become the points of a curve."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from grader.model import CurvePoint

POINTS_MAX = 1_000
"""Of one curve; longer series are averaged in equal pieces."""
_ABSURD = 1e9
_STEPS_ARE_EPOCHS = 1_000

Phase = Literal["train", "test"]
Quantity = Literal["loss", "accuracy"]


class Kind(NamedTuple):
    """What a series holds; `phase` is None when its name leaves that open."""

    phase: Phase | None
    quantity: Quantity


Series = Sequence[tuple[float, float]]
"""Steps and values, in the order in which they were logged."""

_WORD = r"(?:(?<=[^a-z])|^)"
_END = r"(?=[^a-z]|$)"
_TEST = re.compile(rf"{_WORD}(?:test|tests|testing|eval\w*|[ée]val\w*|val|valid\w*|dev){_END}", re.IGNORECASE)
_TRAIN = re.compile(rf"{_WORD}(?:train\w*|tr|app|appr\w*|learn|learning){_END}", re.IGNORECASE)
_LOSS = re.compile(rf"{_WORD}(?:loss\w*|pertes?|cost|co[ûu]t|nll|cross ?entropy){_END}", re.IGNORECASE)
_ACCURACY = re.compile(
    rf"{_WORD}(?:acc\w*|prec(?:ision)?|pr[ée]cision|exactitude|score|top ?1|prec ?1|accuracy ?1){_END}",
    re.IGNORECASE,
)
_OTHER = re.compile(r"top ?5|prec ?5|acc\w* ?5|err|recall|rappel|f1|std|var\b|time|lr\b|grad", re.IGNORECASE)


def kind_of(name: str) -> Kind | None:
    """Return what a series called `name` holds (`val_acc`, `Loss/train`, `Prec@1 test`), None for anything else."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name[:200])
    words = " ".join(re.split(r"[^A-Za-zÀ-ÿ0-9]+", spaced)).strip()
    words = re.sub(r"(?<=[a-zà-ÿ])(?=\d)|(?<=\d)(?=[a-z])", " ", words, flags=re.IGNORECASE)
    if _OTHER.search(words):
        return None
    phase = phase_of(words)
    if _LOSS.search(words):
        return Kind(phase, "loss")
    return Kind(phase, "accuracy") if _ACCURACY.search(words) else None


def phase_of(words: str) -> Phase | None:
    """Return the half of the data that `words` name last, None where they name none."""
    test = max((one.end() for one in _TEST.finditer(words)), default=-1)
    train = max((one.end() for one in _TRAIN.finditer(words)), default=-1)
    if test == train:
        return None
    return "test" if test > train else "train"


def points_of(series: Mapping[Kind, Series]) -> tuple[CurvePoint, ...]:
    """Return the points that `series` of one training give together; accuracies come out as fractions of 1.

    Steps up to a thousand are taken for epochs. Larger ones count batches: the shortest series then has a value an
    epoch, and longer ones are averaged in as many pieces.
    """
    sound = {kind: _sound(values, kind.quantity) for kind, values in series.items()}
    sound = {kind: values for kind, values in sound.items() if values}
    if not sound:
        return ()
    by_epoch: dict[int, dict[str, float]] = {}
    for kind, values in sound.items():
        field = f"{kind.phase or 'train'}_{kind.quantity}"
        for epoch, value in _by_epoch(values, sound):
            by_epoch.setdefault(epoch, {})[field] = value
    return tuple(CurvePoint(epoch=epoch, **by_epoch[epoch]) for epoch in sorted(by_epoch))


def _sound(values: Series, quantity: Quantity) -> list[tuple[float, float]]:
    """Return the values that can be meant: finite, of a sane size, accuracies as fractions of 1."""
    finite = [(step, value) for step, value in values if math.isfinite(step) and math.isfinite(value)]
    if quantity == "loss":
        return [(step, value) for step, value in finite if abs(value) < _ABSURD]
    finite = [(step, value) for step, value in finite if 0 <= value <= 100]
    scale = 1 if max((value for _, value in finite), default=0) <= 1 else 100
    return [(step, round(value / scale, 8)) for step, value in finite]


def _by_epoch(values: Series, together: Mapping[Kind, Series]) -> list[tuple[int, float]]:
    steps = [step for one in together.values() for step, _ in one]
    rising = all(before[0] < after[0] for one in together.values() for before, after in pairwise(one))
    whole = all(step == int(step) for step in steps)
    if rising and whole and min(steps) >= 0 and max(steps) <= _STEPS_ARE_EPOCHS:
        first = 1 if min(steps) == 0 else 0
        return [(int(step) + first, value) for step, value in values]
    shortest = min(len(one) for one in together.values() if len(one) > 1) if len(values) > 1 else 1
    pieces = min(POINTS_MAX, shortest)
    return [(place + 1, value) for place, value in enumerate(_averaged([v for _, v in values], pieces))]


def _averaged(values: Sequence[float], pieces: int) -> list[float]:
    bounds = [round(place * len(values) / pieces) for place in range(pieces + 1)]
    return [math.fsum(values[low:high]) / (high - low) for low, high in pairwise(bounds) if high > low]
