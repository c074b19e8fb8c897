"""Measures the reference's accuracy over seeds, stage by stage, and writes it down as `bands.json`.

    python -m grader.training.calibrate RECIPES.json BUDGET.json bands.json --seeds 20 --workers 2

RECIPES.json maps the ids of stages to recipes, as they were recorded from the reference solution; BUDGET.json
is a `Budget` with its name. Trainings are cached, so a calibration that was stopped goes on where it was. A measurement
under the same conditions as an older one takes its place; the others stay.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev

import msgspec

from grader.errors import TrainingError
from grader.model import Budget, Outcome, Recipe, Text, Training
from grader.records import read_record, write_record
from grader.training.bands import Bands, Measurement, StageMeasurement, band_of
from grader.training.cache import timing
from grader.training.data import DataSource, choose_data, default_cache
from grader.training.devices import BF16_FLAGS, cpu_flags, cpu_model
from grader.training.jobs import Job, torch_version
from grader.training.pool import train_all
from grader.training.watching import Unwatched, Watcher

HOW = (
    "Test accuracy (mean of the last three evaluations) of the reference solution's recipes, retrained by "
    "grader.training under the conditions named, once per seed. Made by python -m grader.training.calibrate."
)
TOLD_FLAGS = BF16_FLAGS | {"avx2", "avx512f", "amx_tile"}


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """What to measure: the stages' recipes under one budget on some images."""

    recipes: dict[str, Recipe]
    budget: Budget
    budget_name: str
    data: DataSource
    seeds: tuple[int, ...]
    device: str = "auto"
    precision: str | None = None


def calibrate(
    calibration: Calibration, *, cache: Path, workers: int | None = None, progress: Watcher | None = None
) -> Measurement:
    """Return what the reference reaches at every stage and seed.

    Raises TrainingError where one of the trainings did not end well: a band must not hide that.
    """
    jobs = [
        Job(
            name=f"{stage}@{seed}",
            recipe=recipe,
            budget=calibration.budget,
            budget_name=calibration.budget_name,
            data=calibration.data,
            seed=seed,
            device=calibration.device,
            precision=calibration.precision,
        )
        for seed in calibration.seeds
        for stage, recipe in calibration.recipes.items()
    ]
    trainings = train_all(jobs, cache=cache, workers=workers, progress=progress or Unwatched())
    stages = {stage: _stage(stage, calibration.seeds, trainings, cache) for stage in calibration.recipes}
    return _measurement(calibration, trainings[jobs[0].name], stages)


def _stage(
    stage: str, seeds: Sequence[int], trainings: Mapping[str, Training], cache: Path
) -> StageMeasurement:
    found = [trainings[f"{stage}@{seed}"] for seed in seeds]
    for seed, training in zip(seeds, found, strict=True):
        if training.outcome is not Outcome.PASSED or training.accuracy is None or training.conditions is None:
            why = training.note.en if training.note else training.outcome
            raise TrainingError(
                fr=f"Calibrage impossible : l'étape {stage} n'aboutit pas avec la graine {seed} ({why}).",
                en=f"Calibration is impossible: stage {stage} does not end well with seed {seed} ({why}).",
            )
    times = [took.seconds for training in found if (took := timing(cache, training.key))]
    return StageMeasurement(
        learning_rate=found[0].conditions.learning_rate if found[0].conditions else 0.0,
        accuracies=tuple(round(training.accuracy or 0.0, 6) for training in found),
        train_accuracies=tuple(round(_train_accuracy(training), 6) for training in found),
        seconds=round(fmean(times), 1) if times else 0.0,
    )


def _train_accuracy(training: Training) -> float:
    return fmean(point.train_accuracy or 0.0 for point in training.curve[-3:])


def _measurement(
    calibration: Calibration, first: Training, stages: dict[str, StageMeasurement]
) -> Measurement:
    conditions = first.conditions
    if conditions is None:
        raise TrainingError(
            fr="Calibrage impossible : conditions inconnues.",
            en="Calibration is impossible: conditions unknown.",
        )
    return Measurement(
        data=conditions.data,
        data_digest=conditions.data_digest,
        budget=conditions.budget,
        train_images=conditions.train_images,
        test_images=conditions.test_images,
        epochs=conditions.epochs,
        batch_size=conditions.batch_size,
        device=conditions.device,
        precision=conditions.precision,
        engine=conditions.engine,
        seeds=calibration.seeds,
        stages=stages,
        machine=cpu_model(),
        cpu_flags=tuple(sorted(cpu_flags() & TOLD_FLAGS)),
        versions={"torch": torch_version(), "python": ".".join(map(str, sys.version_info[:2]))},
    )


def merged(bands: Bands | None, new: Measurement) -> Bands:
    """Return the bands with `new` in place of an older measurement under the same conditions."""

    def conditions(one: Measurement) -> tuple[object, ...]:
        return (
            one.data_digest, one.budget, one.train_images, one.test_images, one.epochs, one.batch_size,
            one.device, one.precision, one.engine, frozenset(one.stages),
        )  # fmt: skip

    kept = [one for one in (bands.measurements if bands else ()) if conditions(one) != conditions(new)]
    return Bands(how=HOW, measurements=(*kept, new))


class _Terminal:
    """Tells how far a calibration is, line by line, on standard error."""

    def step(self, text: Text) -> None:
        """Print the sentence."""
        print(text.en, file=sys.stderr, flush=True)

    def advance(self, done: float, total: float, text: Text) -> None:
        """Print the share done and what is being done."""
        print(f"{done:.0f}/{total:.0f}  {text.en}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write the bands and print them; returns 0."""
    parser = argparse.ArgumentParser(prog="python -m grader.training.calibrate", description=__doc__)
    parser.add_argument("recipes", type=Path, help="JSON: ids of stages to recipes")
    parser.add_argument("budget", type=Path, help="JSON: a Budget")
    parser.add_argument("bands", type=Path, help="the bands.json to write")
    parser.add_argument("--budget-name", default="quick")
    parser.add_argument("--data", default="synthetic")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", choices=("bf16", "fp32", "tf32"), default=None)
    parser.add_argument("--workers", type=int, default=None)
    given = parser.parse_args(arguments)
    cache = default_cache()
    calibration = Calibration(
        recipes=read_record(given.recipes, dict[str, Recipe]),
        budget=read_record(given.budget, Budget),
        budget_name=given.budget_name,
        data=choose_data(given.data, cache=cache, progress=_Terminal()),
        seeds=tuple(range(given.seeds)),
        device=given.device,
        precision=given.precision,
    )
    measurement = calibrate(calibration, cache=cache, workers=given.workers, progress=_Terminal())
    old = read_record(given.bands, Bands) if given.bands.is_file() else None
    write_record(given.bands, merged(old, measurement))
    for stage, found in measurement.stages.items():
        band = band_of(measurement, stage)
        train = 100 * fmean(found.train_accuracies)
        print(
            f"{stage:15s} {100 * band.mean:5.1f} ± {100 * stdev(found.accuracies):.1f} %  train {train:5.1f} %  "
            f"band {100 * band.lower:.1f}-{100 * band.upper:.1f} %  {found.seconds:.0f} s"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
