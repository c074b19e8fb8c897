"""Puts what the steps found side by side; and what stands in where a step of ours broke."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from grader.model import (
    Answer,
    Answers,
    Assignment,
    Band,
    Examination,
    Judgement,
    Outcome,
    Problem,
    Recipe,
    Recordings,
    Run,
    Seen,
    Stage,
    StageMatch,
    StageResult,
    Submission,
    Text,
    Training,
)
from grader.pipeline.weighing import Weighed, deserves_another_look
from grader.training import judge
from grader.training.bands import LOOKS

_OUR_FAULT = Text(
    fr="Le correcteur n'a pas pu observer ce travail ; rien n'est décidé.",
    en="The grader could not watch this work; nothing is decided.",
)


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What the train step gives, by stage id."""

    trainings: Mapping[str, Training] = field(default_factory=dict)
    bands: Mapping[str, Band] = field(default_factory=dict)
    weighed: Weighed = field(default_factory=Weighed)
    device: str = "cpu"
    precision: str = "-"
    notes: tuple[Text, ...] = ()


def trainable(matches: tuple[StageMatch, ...], recordings: Recordings) -> dict[str, Recipe]:
    """Return, by stage id, the recipes that can be trained: matched, expressed, and confirmed by rebuilding."""
    runs, examinations = _runs(recordings), _examinations(recordings)
    found: dict[str, Recipe] = {}
    for match in matches:
        run, examination = runs.get(match.run or ""), examinations.get(match.run or "")
        if run and run.recipe and examination and examination.agrees:
            found[match.stage] = run.recipe
    return found


def stage_results(
    assignment: Assignment,
    matches: tuple[StageMatch, ...],
    recordings: Recordings,
    answers: Answers,
    trained: Trained,
) -> tuple[StageResult, ...]:
    """Return one row a stage, in the order of the sheet."""
    by_stage = {match.stage: match for match in matches}
    return tuple(
        _stage_result(stage, by_stage[stage.id], recordings, answers.claims.get(stage.id), trained)
        for stage in assignment.stage
    )


def _stage_result(
    stage: Stage, match: StageMatch, recordings: Recordings, claimed: float | None, trained: Trained
) -> StageResult:
    run = _runs(recordings).get(match.run or "")
    examination = _examinations(recordings).get(match.run or "")
    training, band = trained.trainings.get(stage.id), trained.bands.get(stage.id)
    looks = trained.weighed.looks.get(stage.id, ())
    return StageResult(
        stage=stage.id,
        item=stage.item,
        title=stage.title,
        match=match,
        parameter_count=examination.parameter_count if examination else None,
        layers=examination.layers if examination else (),
        claimed=claimed,
        training=training,
        band=band,
        judgement=judgement_of(training, band, looks),
        looks=looks,
        comparisons=trained.weighed.comparisons.get(stage.id, ()),
        reference=trained.weighed.references.get(stage.id),
        hyperparameters=hyperparameters(run.recipe) if run and run.recipe else {},
    )


def judgement_of(training: Training | None, band: Band | None, looks: Sequence[float]) -> Judgement:
    """Return where the training lies; one that its time cut short can only be seen to reach the band already.

    What chance may have put below the band is judged by the median of all its looks, and not before they are there.
    """
    accuracy = training.accuracy if training is not None else None
    found = judge(accuracy, band) if accuracy is not None and band is not None else None
    if training is not None and training.unfinished:
        return found if found in ("within", "above") else "unfinished"
    if training is not None and band is not None and deserves_another_look(training, band):
        return judge(median(looks), band) if len(looks) == LOOKS else "unfinished"
    if accuracy is None:
        return "not_run"
    return found or "not_calibrated"


def hyperparameters(recipe: Recipe) -> dict[str, str]:
    """Return the student's own settings as short strings, for the eye only."""
    optimisation = recipe.optimisation
    options = optimisation.groups[0].options if optimisation.groups else {}
    shown = {"optimizer": optimisation.optimizer}
    for name in ("lr", "momentum", "weight_decay"):
        value = options.get(name)
        if isinstance(value, int | float) and value:
            shown[name] = f"{value:g}"
    if optimisation.schedule.name:
        shown["schedule"] = optimisation.schedule.name
    return {**shown, "batch_size": str(recipe.data.batch_size), "epochs": str(optimisation.epochs)}


def problems(
    submission: Submission, recordings: Recordings, answers: Answers, seen: Seen
) -> tuple[Problem, ...]:
    """Return every problem once, in the order in which the steps met them."""
    met = [*submission.problems, *answers.problems]
    met += [recording.problem for recording in recordings.recordings if recording.problem is not None]
    met += seen.problems
    return tuple(dict.fromkeys(met))


def questions(assignment: Assignment) -> dict[str, Text]:
    """Return the wording of every item by its id."""
    return {question.id: question.text for question in assignment.question}


def all_unmatched(assignment: Assignment) -> tuple[StageMatch, ...]:
    """Return what stands for the stages when the record step broke: undecided, never missing."""
    return tuple(
        StageMatch(stage=stage.id, outcome=Outcome.ERROR, reason=_OUR_FAULT) for stage in assignment.stage
    )


def all_unread(assignment: Assignment) -> Answers:
    """Return what stands for the answers when the read step broke: unreadable, never missing."""
    return Answers(
        answers=tuple(Answer(question=question.id, state="unreadable") for question in assignment.question)
    )


def _runs(recordings: Recordings) -> dict[str, Run]:
    return {run.id: run for recording in recordings.recordings for run in recording.runs}


def _examinations(recordings: Recordings) -> dict[str, Examination]:
    return {examination.run: examination for examination in recordings.examinations}
