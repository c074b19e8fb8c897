"""Judges an accuracy against the reference's own spread over seeds, under the same conditions and no others.

`bands.json` of a coursework holds what `calibrate` measured. A band says how low a correct submission may come
out by chance: less than one hand-in in a hundred falls below at any of its stages. The margin is
one-sided; for one new value against n calibrated ones it is t(1 - 0.01/stages, degrees) x std x sqrt(1 + 1/n).
Two such margins are made, with the stage's own deviation and with the one pooled over stages, and the wider holds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist, fmean, stdev
from typing import Literal

import msgspec

from grader.model import Band, ReferenceModel, TrainingConditions

FALSE_FAILURES = 0.01
"""Share of correct hand-ins that may fall below a band at one of their stages."""
LEAST_MARGIN = 0.02
"""No margin is narrower: another CPU moves accuracies by up to 0.4 points at the same seed."""
LOOKS = 3
"""A stage that falls below is trained with this many seeds in all, and their median counts: one run in many is odd."""

LEAST_SEEDS = 8
"""With fewer a margin tells nothing, or too much: such a measurement informs, and judges nobody."""

Judgement = Literal["above", "within", "below"]


class StageMeasurement(msgspec.Struct, frozen=True, kw_only=True):
    """The reference's accuracy at one stage: one fraction per seed, in the order of the seeds."""

    learning_rate: float
    accuracies: tuple[float, ...]
    train_accuracies: tuple[float, ...]
    """Means of the last three epochs, as the accuracies are."""
    seconds: float
    """Mean duration of one training; of interest, never of weight."""
    epochs: int | None = None
    """Where the budget leaves them to the recipe; else the measurement's own hold."""
    broke: tuple[int, ...] = ()
    """Seeds whose loss was no number in the end; their accuracies are of the three evaluations before that."""
    model: ReferenceModel | None = None
    """Of the first seed, where its network was kept."""


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """All stages measured under one set of conditions."""

    data: str
    data_digest: str
    budget: str
    train_images: int
    test_images: int
    epochs: int
    batch_size: int
    device: str
    precision: str
    engine: str
    seeds: tuple[int, ...]
    stages: dict[str, StageMeasurement]
    machine: str
    cpu_flags: tuple[str, ...]
    versions: dict[str, str]

    def judges(self, stage: str) -> bool:
        """Whether the stage was measured with seeds enough to judge by; else it only informs."""
        return len(self.stages[stage].accuracies) >= LEAST_SEEDS


class Bands(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of a `bands.json`."""

    format: Literal[1] = 1
    how: str
    measurements: tuple[Measurement, ...] = ()


def judge(accuracy: float, band: Band) -> Judgement:
    """Return `below` under the band, `above` over it, else `within`; an accuracy that is no number is below."""
    if not accuracy >= band.lower:
        return "below"
    return "above" if accuracy > band.upper else "within"


def worth_another_look(accuracy: float, band: Band) -> bool:
    """Whether chance may explain an accuracy below the band: it is less than another margin away from it."""
    return judge(accuracy, band) == "below" and accuracy >= band.lower - (band.mean - band.lower)


def find_band(path: Path, stage: str, conditions: TrainingConditions | None) -> Band | None:
    """Return the band of `stage` measured under exactly these conditions, None where there is none, or of few seeds.

    Raises msgspec.ValidationError where the file is not one of bands.
    """
    measurement = find_measurement(path, stage, conditions)
    return band_of(measurement, stage) if measurement and measurement.judges(stage) else None


def find_measurement(path: Path, stage: str, conditions: TrainingConditions | None) -> Measurement | None:
    """Return the measurement that holds `stage` under exactly these conditions, None where there is none.

    Raises msgspec.ValidationError where the file is not one of bands.
    """
    if conditions is None or not path.is_file():
        return None
    for measurement in msgspec.json.decode(path.read_bytes(), type=Bands).measurements:
        found = measurement.stages.get(stage)
        if found is not None and _matches(measurement, found, conditions):
            return measurement
    return None


def _matches(measurement: Measurement, stage: StageMeasurement, conditions: TrainingConditions) -> bool:
    same = all(
        getattr(measurement, name) == getattr(conditions, name)
        for name in (
            "data_digest", "budget", "train_images", "test_images", "batch_size", "device", "precision", "engine",
        )
    )  # fmt: skip
    same = same and (stage.epochs or measurement.epochs) == conditions.epochs
    return same and math.isclose(stage.learning_rate, conditions.learning_rate, rel_tol=1e-6)


def band_of(measurement: Measurement, stage: str) -> Band:
    """Return the band that a measurement gives for one of its stages, limits included."""
    values = measurement.stages[stage].accuracies
    mean, deviation, pooled = fmean(values), stdev(values), pooled_deviation(measurement)
    width = margin(
        deviation, len(values), pooled, [len(one.accuracies) for one in measurement.stages.values()]
    )
    return Band(
        stage=stage,
        data=measurement.data,
        data_digest=measurement.data_digest,
        budget=measurement.budget,
        device=measurement.device,
        precision=measurement.precision,
        engine=measurement.engine,
        mean=mean,
        std=deviation,
        pooled_std=pooled,
        n=len(values),
        lower=mean - width,
        upper=mean + width,
    )


def pooled_deviation(measurement: Measurement) -> float:
    """Return the deviation over seeds, pooled over the stages measured together."""
    squares = degrees = 0.0
    for stage in measurement.stages.values():
        squares += stdev(stage.accuracies) ** 2 * (len(stage.accuracies) - 1)
        degrees += len(stage.accuracies) - 1
    return math.sqrt(squares / degrees)


def margin(deviation: float, count: int, pooled: float, counts: Sequence[int]) -> float:
    """Return the one-sided margin below a mean of `count` values, see the head of this file.

    `counts` holds the number of values of every stage measured together, this one among them.
    """
    chance = FALSE_FAILURES / len(counts)
    spread = math.sqrt(1 + 1 / count)
    own = t_quantile(1 - chance, count - 1) * deviation * spread
    together = t_quantile(1 - chance, sum(counts) - len(counts)) * pooled * spread
    return max(own, together, LEAST_MARGIN)


def t_quantile(probability: float, degrees: int) -> float:
    """Return Student's t quantile by Hill's expansion of the normal one; good to 0.01 from 5 degrees on.

    Abramowitz and Stegun, 26.7.5.
    """
    x, n = NormalDist().inv_cdf(probability), float(degrees)
    first = (x**3 + x) / 4
    second = (5 * x**5 + 16 * x**3 + 3 * x) / 96
    third = (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384
    fourth = (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160
    return x + first / n + second / n**2 + third / n**3 + fourth / n**4
