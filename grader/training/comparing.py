"""Compares two trained recipes, paired by seed, and says one of three things: better, worse, or that it is not shown.

What is compared is how two recipes do, not how two runs came out: a difference counts where it is larger than what
seeds and the choice of test images move. Its interval is

    difference ± t(97.5 %, degrees) x sqrt(deviation² / pairs + test error²)

with the deviation of the paired difference from seed to seed, as calibrated, and McNemar's error of the difference on
the very same test images: sqrt(b + c - (b - c)² / n) / n for b images that only the one and c that only the other has
right.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from grader.model import Comparison, Outcome, Quantity, Training
from grader.training.bands import Bands, Measurement, StageMeasurement, t_quantile
from grader.training.cache import entry
from grader.training.curves import LAST_EVALUATIONS
from grader.training.resident import DataSource, load

CONFIDENCE = 0.975
"""One-sided; the interval holds 95 %."""

Right = NDArray[np.bool_]
"""For each test image, whether it was put into its class."""


class Spread(NamedTuple):
    """How far a paired difference moves from seed to seed."""

    deviation: float
    degrees: int
    measured: bool
    """Under the very conditions of the comparison; else it is the largest known under others."""


def compare(
    against: str,
    quantity: Quantity,
    pairs: Sequence[tuple[Training, Training]],
    spread: Spread | None,
    error: float,
) -> Comparison | None:
    """Return how the first of each pair does against the second; None where one of them was not trained to its end.

    Without a spread nothing is ever shown: one run more or less would decide.
    """
    both = [(value(one, quantity), value(other, quantity)) for one, other in pairs]
    differences = [a - b for a, b in both if a is not None and b is not None]
    if not differences or len(differences) < len(pairs):
        return None
    difference = fmean(differences)
    same = all(one.key == other.key for one, other in pairs)
    uncertainty = 0.0 if same else _uncertainty(spread, len(pairs), error)
    gain = -difference if quantity == "gap" else difference
    shown = uncertainty is not None and abs(difference) > uncertainty
    return Comparison(
        against=against,
        quantity=quantity,
        difference=round(difference, 6),
        uncertainty=None if uncertainty is None else round(uncertainty, 6),
        verdict="not_shown" if not shown else "better" if gain > 0 else "worse",
        pairs=len(pairs),
        same=same,
        calibrated=spread is not None and spread.measured,
    )


def _uncertainty(spread: Spread | None, pairs: int, error: float) -> float | None:
    if spread is None:
        return None
    return t_quantile(CONFIDENCE, spread.degrees) * math.hypot(spread.deviation / math.sqrt(pairs), error)


def value(training: Training, quantity: Quantity) -> float | None:
    """Return the test accuracy, or the gap from training to test accuracy; None where training did not end well."""
    whole = training.outcome is Outcome.PASSED and not training.unfinished and training.trained_by == "engine"
    if not whole or training.accuracy is None:
        return None
    if quantity == "accuracy":
        return training.accuracy
    learnt = [
        point.train_accuracy
        for point in training.curve[-LAST_EVALUATIONS:]
        if point.train_accuracy is not None
    ]
    return fmean(learnt) - training.accuracy if learnt else None


def between_stages(
    stage: str, other: str, quantity: Quantity, here: Measurement | None, everywhere: Bands | None
) -> Spread | None:
    """Return how the difference of two stages moves over the seeds of `here`, else the most it moves anywhere known."""

    def of(one: Measurement) -> Spread | None:
        if stage not in one.stages or other not in one.stages:
            return None
        first, second = _values(one.stages[stage], quantity), _values(one.stages[other], quantity)
        return _spread([a - b for a, b in zip(first, second, strict=True)])

    return _nearest(of, here, everywhere)


def between_twins(stage: str, here: Measurement | None, everywhere: Bands | None) -> Spread | None:
    """Return how two networks of one stage differ that share the seed and nothing else: by the deviations of both."""

    def of(one: Measurement) -> Spread | None:
        found = one.stages.get(stage)
        alone = _spread(found.accuracies) if found is not None else None
        return alone._replace(deviation=alone.deviation * math.sqrt(2)) if alone is not None else None

    return _nearest(of, here, everywhere)


def _nearest(
    of: Callable[[Measurement], Spread | None], here: Measurement | None, everywhere: Bands | None
) -> Spread | None:
    found = of(here) if here is not None else None
    if found is not None:
        return Spread(found.deviation, found.degrees, measured=True)
    known = [
        spread for one in (everywhere.measurements if everywhere else ()) if (spread := of(one)) is not None
    ]
    return max(known, key=lambda spread: spread.deviation, default=None)


def _spread(values: Sequence[float]) -> Spread | None:
    return Spread(stdev(values), len(values) - 1, measured=False) if len(values) > 1 else None


def _values(stage: StageMeasurement, quantity: Quantity) -> tuple[float, ...]:
    if quantity == "accuracy":
        return stage.accuracies
    return tuple(learnt - test for learnt, test in zip(stage.train_accuracies, stage.accuracies, strict=True))


def mcnemar_error(one: Right, other: Right) -> float:
    """Return the standard error of the difference of two accuracies on the same images."""
    count = len(one)
    only_one, only_other = int((one & ~other).sum()), int((other & ~one).sum())
    return math.sqrt(max(only_one + only_other - (only_one - only_other) ** 2 / count, 0.0)) / count


def error_on_images(cache: Path, data: DataSource, one: Training, other: Training) -> float:
    """Return McNemar's error for two trainings; where their outputs are not kept, that of two separate test sets."""
    first, second = _right(cache, data, one), _right(cache, data, other)
    if first is not None and second is not None and len(first) == len(second) > 0:
        return mcnemar_error(first, second)
    images = one.conditions.test_images if one.conditions is not None else 0
    shares = (one.accuracy or 0.0, other.accuracy or 0.0)
    return math.sqrt(sum(share * (1 - share) for share in shares) / max(images, 1))


def _right(cache: Path, data: DataSource, training: Training) -> Right | None:
    if training.tensors is None:
        return None
    try:
        with safe_open(entry(cache, training.key) / training.tensors, framework="numpy") as tensors:
            if "logits" not in tensors.keys():  # noqa: SIM118 - safe_open is no mapping
                return None
            predicted = np.asarray(tensors.get_tensor("logits")).argmax(axis=1)
    except (OSError, SafetensorError):
        return None
    labels = np.asarray(load(data).test_labels[: len(predicted)])
    return None if len(labels) != len(predicted) else labels == predicted
