"""What the trainings come to: further looks at what fell below, and comparisons, paired by seed.

A stage below its band is trained with two more seeds, since one run in many is odd; the median is judged. Where the
budget keeps the student's own hyper-parameters, the reference's network is trained with these too, and compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from grader.model import Band, Comparison, Outcome, Recipe, ReferenceModel, Training
from grader.pipeline.session import Session
from grader.records import read_record
from grader.training import Job, default_cache
from grader.training.bands import LOOKS, Bands, find_measurement, judge, worth_another_look
from grader.training.comparing import between_stages, between_twins, compare, error_on_images
from grader.training.twin import twin

TrainJobs = Callable[[list[Job]], Mapping[str, Training]]
_TWIN = "reference"
_ENDED = (Outcome.PASSED, Outcome.FAILED)
"""Of a training that ran to its end, or until its loss was no number any more."""


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """By stage id: all accuracies where there were further looks, comparisons, and the reference's own network."""

    looks: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    comparisons: Mapping[str, tuple[Comparison, ...]] = field(default_factory=dict)
    references: Mapping[str, ReferenceModel] = field(default_factory=dict)


def weigh(
    session: Session,
    jobs: Mapping[str, Job],
    trainings: Mapping[str, Training],
    bands: Mapping[str, Band],
    comparable: frozenset[str],
    train: TrainJobs,
) -> Weighed:
    """Return what is to be said of `trainings` beyond their bands; `train` trains what is needed for it.

    `comparable` are the stages whose ingredients are just those of the reference at that stage.
    """
    again = [stage for stage, band in bands.items() if deserves_another_look(trainings[stage], band)]
    twins = _twins(session, {stage: job for stage, job in jobs.items() if stage in comparable})
    further = [
        msgspec.structs.replace(jobs[stage], name=f"{stage}+{step}", seed=jobs[stage].seed + step)
        for stage in again
        for step in range(1, LOOKS)
    ]
    extra = train([*further, *twins.values()]) if further or twins else {}
    return Weighed(
        looks={
            stage: _looks(trainings[stage], [extra[f"{stage}+{step}"] for step in range(1, LOOKS)])
            for stage in again
        },
        comparisons=_comparisons(
            session, trainings, {stage: extra[job.name] for stage, job in twins.items()}, comparable
        ),
        references=_references(session, trainings, comparable),
    )


def deserves_another_look(training: Training, band: Band) -> bool:
    """Whether our engine trained it to its end, below its band and no further than chance may put it.

    A loss that broke is an end too, and chance may put it anywhere: at a high learning rate it breaks with one seed, in
    some epoch, and not with the next.
    """
    if training.unfinished or training.trained_by != "engine" or training.outcome not in _ENDED:
        return False
    if training.outcome is Outcome.FAILED:
        return judge(training.accuracy or 0.0, band) == "below"
    return training.accuracy is not None and worth_another_look(training.accuracy, band)


def _looks(first: Training, others: Iterable[Training]) -> tuple[float, ...]:
    """Return the accuracies of all looks that came to their end; a loss that broke counts for what came before."""
    ended = (one for one in others if one.outcome in _ENDED and not one.unfinished)
    return (first.accuracy or 0.0, *(one.accuracy or 0.0 for one in ended))


def _twins(session: Session, jobs: Mapping[str, Job]) -> dict[str, Job]:
    """Return the reference's counterpart of each job, where the budget keeps hyper-parameters and recipes are here."""
    budget = session.assignment.budgets[session.budget]
    path = session.coursework.recipes
    if budget.epochs or budget.learning_rates or not path.is_file():
        return {}
    recipes = read_record(path, dict[str, Recipe])
    return {
        stage: msgspec.structs.replace(job, name=f"{stage}+{_TWIN}", recipe=twin(recipes[stage], job.recipe))
        for stage, job in jobs.items()
        if stage in recipes
    }


def _comparisons(
    session: Session,
    trainings: Mapping[str, Training],
    twins: Mapping[str, Training],
    comparable: frozenset[str],
) -> dict[str, tuple[Comparison, ...]]:
    path, cache = session.coursework.bands, default_cache()
    everywhere = read_record(path, Bands) if path.is_file() else None
    found: dict[str, list[Comparison]] = {}
    assert session.data is not None
    for asked in session.assignment.comparison:
        if not {asked.stage, asked.against} <= comparable & set(trainings):
            continue
        one, other = trainings[asked.stage], trainings[asked.against]
        here = find_measurement(path, asked.stage, one.conditions)
        here = here if here == find_measurement(path, asked.against, other.conditions) else None
        spread = between_stages(asked.stage, asked.against, asked.quantity, here, everywhere)
        error = error_on_images(cache, session.data, one, other)
        found.setdefault(asked.stage, []).extend(
            _some(compare(asked.against, asked.quantity, [(one, other)], spread, error))
        )
    for stage, other in twins.items():
        one = trainings[stage]
        spread = between_twins(stage, find_measurement(path, stage, one.conditions), everywhere)
        error = error_on_images(cache, session.data, one, other)
        found.setdefault(stage, []).extend(_some(compare(_TWIN, "accuracy", [(one, other)], spread, error)))
    return {stage: tuple(comparisons) for stage, comparisons in found.items()}


def _some(comparison: Comparison | None) -> tuple[Comparison, ...]:
    return () if comparison is None else (comparison,)


def _references(
    session: Session, trainings: Mapping[str, Training], comparable: frozenset[str]
) -> dict[str, ReferenceModel]:
    found = {}
    for stage in comparable & set(trainings):
        measurement = find_measurement(session.coursework.bands, stage, trainings[stage].conditions)
        model = measurement.stages[stage].model if measurement is not None else None
        if model is not None:
            found[stage] = model
    return found
