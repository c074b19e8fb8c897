"""Measures the reference's accuracy over seeds, stage by stage, for `bands.json`; what it shows of one seed, too.

`grader/cli/calibrate.py` is the command. Trainings are cached, so a calibration that was stopped goes on where it was.
A measurement takes the place of an older one under the same conditions; the others stay. The network of the first
seed is kept whole, as safetensors in the cache; its digest, confusion matrix and first filters go with the figures.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean

import msgspec

from grader.errors import TrainingError, UsageError
from grader.model import Budget, Outcome, Recipe, Recordings, StageMatch, Text, Training
from grader.records import read_record
from grader.training.bands import Bands, Measurement, StageMeasurement, band_of
from grader.training.cache import timing
from grader.training.devices import BF16_FLAGS, cpu_flags, cpu_model
from grader.training.jobs import Job
from grader.training.pool import train_all
from grader.training.portrait import portrait
from grader.training.resident import DataSource
from grader.training.watching import Unwatched, Watcher

HOW = (
    "Test accuracy (mean of the last three evaluations that gave numbers) of the reference solution's recipes, "
    "retrained by grader.training under the conditions named, once per seed. Made by make calibrate."
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

    A loss that breaks after some epochs is the recipe's own and stands in the measurement, as it would in a hand-in's
    result. Raises TrainingError where a training did not end at all, or never had an accuracy.
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
            weights=seed == calibration.seeds[0],
        )
        for seed in calibration.seeds
        for stage, recipe in calibration.recipes.items()
    ]
    trainings = train_all(jobs, cache=cache, workers=workers, progress=progress or Unwatched())
    stages = {stage: _stage(calibration, stage, trainings, cache) for stage in calibration.recipes}
    return _measurement(calibration, trainings[jobs[0].name], stages)


def _stage(
    calibration: Calibration, stage: str, trainings: Mapping[str, Training], cache: Path
) -> StageMeasurement:
    seeds, own_epochs = calibration.seeds, not calibration.budget.epochs
    found = [trainings[f"{stage}@{seed}"] for seed in seeds]
    for seed, training in zip(seeds, found, strict=True):
        ended = training.outcome in (Outcome.PASSED, Outcome.FAILED) and not training.unfinished
        if not ended or training.accuracy is None or training.conditions is None:
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
        epochs=found[0].conditions.epochs if found[0].conditions and own_epochs else None,
        broke=tuple(seed for seed, one in zip(seeds, found, strict=True) if one.outcome is Outcome.FAILED),
        model=portrait(cache, found[0]),
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
        machine=first.settings.get("gpu") or cpu_model(),
        cpu_flags=() if conditions.device == "cuda" else tuple(sorted(cpu_flags() & TOLD_FLAGS)),
        versions={"torch": conditions.torch, "python": ".".join(map(str, sys.version_info[:2]))},
    )


def merged(bands: Bands | None, new: Measurement) -> Bands:
    """Return the bands with `new` in place of an older measurement under the same conditions."""
    kept = [one for one in (bands.measurements if bands else ()) if _conditions(one) != _conditions(new)]
    return Bands(how=HOW, measurements=(*kept, new))


def _conditions(one: Measurement) -> tuple[object, ...]:
    return (
        one.data_digest, one.budget, one.train_images, one.test_images, one.epochs, one.batch_size,
        one.device, one.precision, one.engine, frozenset(one.stages),
    )  # fmt: skip


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


class Models(msgspec.Struct, frozen=True, kw_only=True):
    """The bands with the networks of the first seed beside them, and what is to be said of each stage's."""

    bands: Bands
    told: dict[str, Text]


def with_models(
    bands: Bands | None,
    calibration: Calibration,
    *,
    cache: Path,
    workers: int | None = None,
    progress: Watcher | None = None,
) -> Models:
    """Return the bands with the reference's networks of the first seed, trained again or taken from the cache.

    One that is already there stays, and is compared by its digest. A new one goes beside its stage's figures where it
    reaches the accuracy measured for that seed; one of another machine, where the band holds it, with that machine's
    name. Raises UsageError where nothing was measured under these conditions.
    """
    one_seed = msgspec.structs.replace(calibration, seeds=calibration.seeds[:1])
    made = calibrate(one_seed, cache=cache, workers=workers, progress=progress)
    old = next(
        (one for one in (bands.measurements if bands else ()) if _conditions(one) == _conditions(made)), None
    )
    if bands is None or old is None:
        raise UsageError(
            fr="Rien n'a été mesuré dans ces conditions : calibrez d'abord, sans --models.",
            en="Nothing was measured under these conditions: calibrate first, without --models.",
        )
    seed = calibration.seeds[0]
    compared = {name: _compared(old, made, name, old.seeds.index(seed)) for name in old.stages}
    new = msgspec.structs.replace(old, stages={name: stage for name, (stage, _) in compared.items()})
    kept = tuple(new if one is old else one for one in bands.measurements)
    return Models(
        bands=msgspec.structs.replace(bands, measurements=kept),
        told={name: told for name, (_, told) in compared.items()},
    )


def _compared(
    measured: Measurement, made_now: Measurement, name: str, place: int
) -> tuple[StageMeasurement, Text]:
    """Return the stage with its network beside it, as `with_models` says, and what is to be told of it."""
    old, made = measured.stages[name], made_now.stages[name]
    digest = made.model.sha256 if made.model else ""
    if made.accuracies[0] != old.accuracies[place]:
        figures = f"{100 * made.accuracies[0]:.2f} / {100 * old.accuracies[place]:.2f} %"
        band = band_of(measured, name)
        if old.model is None and made.model is not None and band.lower <= made.accuracies[0] <= band.upper:
            model = msgspec.structs.replace(made.model, machine=made_now.machine)
            return msgspec.structs.replace(old, model=model), Text(
                fr=f"réseau d'une autre machine, dans la bande ({figures}) : {digest}",
                en=f"a network of another machine, within the band ({figures}): {digest}",
            )
        return old, Text(
            fr=f"autre réseau que celui mesuré ({figures}) : autre processeur ou autre version de torch",
            en=f"not the network that was measured ({figures}): another CPU or another torch",
        )
    if old.model is not None and old.model.sha256 != digest:
        return old, Text(
            fr=f"même exactitude, autres bits : {digest}", en=f"same accuracy, other bits: {digest}"
        )
    new = msgspec.structs.replace(old, model=made.model)
    return new, Text(fr=f"identique : {digest}", en=f"identical: {digest}")
