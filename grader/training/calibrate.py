"""Measures the reference's accuracy over seeds, stage by stage, and writes it down as `bands.json`.

    grade reference/SLUG/solution --budget static --out OUT
    python -m grader.training.calibrate OUT --assignment SLUG --budget quick --data synthetic --seeds 20

The recipes are the ones that a run over the reference solution recorded. Trainings are cached, so a calibration
that was stopped goes on where it was. A measurement takes the place of an older one under the same conditions;
the others stay.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

import msgspec

from grader import courseworks
from grader.errors import GraderError, TrainingError, UsageError
from grader.model import Budget, Outcome, Recipe, Recordings, StageMatch, Text, Training
from grader.records import read_record, write_record
from grader.training.bands import Bands, Measurement, StageMeasurement, band_of
from grader.training.cache import timing
from grader.training.data import choose_data, default_cache
from grader.training.devices import BF16_FLAGS, cpu_flags, cpu_model
from grader.training.jobs import Job, torch_version
from grader.training.pool import train_all
from grader.training.resident import DataSource
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


def stage_recipes(out: Path) -> dict[str, Recipe]:
    """Return the recipe that each stage was matched with by the run that left `out` behind.

    Raises UsageError where that run left nothing, or left a stage without a recipe.
    """
    try:
        recordings = read_record(out / "recordings" / "recordings.json", Recordings)
        matches = read_record(out / "stages.json", tuple[StageMatch, ...])
    except (OSError, msgspec.MsgspecError) as error:
        raise UsageError(
            fr=f"« {out.name} » ne vient pas d'une correction : lancez d'abord grade sur la solution de référence.",
            en=f'"{out.name}" does not come from a grading run: run grade on the reference solution first.',
        ) from error
    runs = {run.id: run.recipe for recording in recordings.recordings for run in recording.runs}
    found = {match.stage: runs.get(match.run or "") for match in matches}
    missing = [stage for stage, recipe in found.items() if recipe is None]
    if missing or not found:
        raise UsageError(
            fr=f"Étapes sans recette dans « {out.name} » : {', '.join(missing) or 'toutes'}.",
            en=f'Stages without a recipe in "{out.name}": {", ".join(missing) or "all"}.',
        )
    return {stage: recipe for stage, recipe in found.items() if recipe is not None}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write the bands and print them; return 0, or the exit code of what stood in the way."""
    given = _parser().parse_args(arguments)
    try:
        measurement = _measure_and_write(given)
    except GraderError as error:
        print(error.text.en, file=sys.stderr)
        return error.exit_code
    for stage, found in measurement.stages.items():
        band = band_of(measurement, stage)
        train = 100 * fmean(found.train_accuracies)
        print(
            f"{stage:15s} {100 * band.mean:5.1f} ± {100 * band.std:.1f} %  train {train:5.1f} %  "
            f"band {100 * band.lower:.1f}-{100 * band.upper:.1f} %  {found.seconds:.0f} s"
        )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m grader.training.calibrate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("out", type=Path, help="what grading the reference solution left behind")
    parser.add_argument("--assignment", default=None, help="the coursework, where there are several")
    parser.add_argument(
        "--bands", type=Path, default=None, help="the file to write instead of the coursework's own"
    )
    parser.add_argument("--budget", default="quick")
    parser.add_argument("--data", default="synthetic")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", choices=("bf16", "fp32", "tf32"), default=None)
    parser.add_argument("--workers", type=int, default=None)
    return parser


def _measure_and_write(given: argparse.Namespace) -> Measurement:
    coursework, cache = courseworks.load(given.assignment), default_cache()
    if given.budget not in coursework.assignment.budgets or given.seeds < 2:
        raise UsageError(
            fr="Le budget doit être connu du sujet, et il faut au moins deux graines.",
            en="The budget must be one of the coursework's, and at least two seeds are needed.",
        )
    calibration = Calibration(
        recipes=stage_recipes(given.out),
        budget=coursework.assignment.budgets[given.budget],
        budget_name=given.budget,
        data=choose_data(given.data, cache=cache, progress=_Terminal()),
        seeds=tuple(range(given.seeds)),
        device=given.device,
        precision=given.precision,
    )
    measurement = calibrate(calibration, cache=cache, workers=given.workers, progress=_Terminal())
    path = given.bands or coursework.bands
    old = read_record(path, Bands) if path.is_file() else None
    write_record(path, merged(old, measurement))
    return measurement


if __name__ == "__main__":
    sys.exit(main())
