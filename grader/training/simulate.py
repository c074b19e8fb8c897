"""How often correct work would fall below its bands by chance: `python -m grader.training.simulate`.

A whole hand-in has one accuracy a stage. Three ways to draw correct ones, each with a calibration of its own, so that
the uncertainty of the band itself counts:

* `normal`: accuracies are normal with the measured means and deviations;
* `resampled`: seeds are drawn, with replacement, from those measured: whatever tails they have, stay;
* `left out`: every measured seed is a hand-in, judged by bands made of the seeds that are not in it.

A stage that falls below is looked at again with two more seeds, and the median of the three counts (`bands.LOOKS`);
the table shows the rate with one look and with three.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from grader import courseworks
from grader.records import read_record
from grader.training.bands import LOOKS, Bands, Measurement, margin

TRIALS = 20_000
SEED = 11

Accuracies = NDArray[np.float64]
"""Seeds x stages."""
Trial = tuple[Accuracies, Accuracies]
"""What was calibrated, and what one hand-in gave: its first look and the further ones, one row each."""


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """Shares of correct hand-ins of which at least one stage is judged to be below."""

    way: str
    trials: int
    one_look: float
    three_looks: float
    again: float
    """Share of single trainings that were made a second and third time."""


def rates(measurement: Measurement, *, trials: int = TRIALS, seed: int = SEED) -> tuple[Rate, ...]:
    """Return the rate of false failures under `measurement`, by each of the three ways; none where it judges nobody."""
    stages = tuple(measurement.stages)
    if not all(measurement.judges(stage) for stage in stages):
        return ()
    measured = np.array([measurement.stages[stage].accuracies for stage in stages]).T
    ways: dict[str, Callable[[], Iterator[Trial]]] = {
        "normal": lambda: _normal(measured, trials, np.random.default_rng(seed)),
        "resampled": lambda: _resampled(measured, trials, np.random.default_rng(seed)),
        "left out": lambda: _left_out(measured),
    }
    return tuple(_rate(way, draw(), len(stages)) for way, draw in ways.items())


def _normal(measured: Accuracies, trials: int, draw: np.random.Generator) -> Iterator[Trial]:
    mean, deviation, shape = measured.mean(axis=0), measured.std(axis=0, ddof=1), measured.shape
    for _ in range(trials):
        yield draw.normal(mean, deviation, shape), draw.normal(mean, deviation, (LOOKS, shape[1]))


def _resampled(measured: Accuracies, trials: int, draw: np.random.Generator) -> Iterator[Trial]:
    count = len(measured)
    for _ in range(trials):
        yield measured[draw.integers(count, size=count)], measured[draw.integers(count, size=LOOKS)]


def _left_out(measured: Accuracies) -> Iterator[Trial]:
    """Each seed as a hand-in, with each pair of others for its further looks; none of the three calibrates."""
    for first in range(len(measured)):
        for others in combinations([seed for seed in range(len(measured)) if seed != first], LOOKS - 1):
            looks = [first, *others]
            yield np.delete(measured, looks, axis=0), measured[looks]


def _rate(way: str, trials: Iterator[Trial], stages: int) -> Rate:
    count = once = thrice = again = 0
    for calibrated, looks in trials:
        mean, width = limits(calibrated)
        below = looks[0] < mean - width
        repeated = below & (looks[0] >= mean - 2 * width)
        stays = np.where(repeated, np.median(looks, axis=0) < mean - width, below)
        count, once, thrice = count + 1, once + int(below.any()), thrice + int(stays.any())
        again += int(repeated.sum())
    share = max(count, 1)
    return Rate(
        way=way,
        trials=count,
        one_look=once / share,
        three_looks=thrice / share,
        again=again / share / stages,
    )


def limits(calibrated: Accuracies) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and margin of each stage, as `bands.band_of` gives them, from seeds x stages."""
    count, stages = calibrated.shape
    deviations = calibrated.std(axis=0, ddof=1)
    pooled = float(np.sqrt((deviations**2).mean()))
    widths = [margin(float(deviation), count, pooled, [count] * stages) for deviation in deviations]
    return calibrated.mean(axis=0), np.array(widths)


def table(bands: Bands, *, trials: int = TRIALS) -> str:
    """Return the rates of every measurement as a Markdown table, in per cent."""
    lines = [
        "| data | budget | precision | seeds | hand-ins drawn | number | below, one look | below, three looks "
        "| trained again |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for one in bands.measurements:
        head = f"| {one.data} | {one.budget} | {one.device} {one.precision} | {len(one.seeds)} |"
        lines += [
            f"{head} {rate.way} | {rate.trials:,} | {100 * rate.one_look:.2f} % | {100 * rate.three_looks:.2f} % | "
            f"{100 * rate.again:.2f} % |"
            for rate in rates(one, trials=trials)
        ]
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """Print the table for the bands of a file, by default those of the only coursework."""
    path = Path(arguments[0]) if arguments else courseworks.load(None).bands
    print(table(read_record(path, Bands)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
