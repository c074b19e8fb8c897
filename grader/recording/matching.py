"""Which run answers which stage: by the ingredients it holds, whatever its file is called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from grader.model import (
    Assignment,
    Examination,
    Outcome,
    Problem,
    Recording,
    Recordings,
    Run,
    Stage,
    StageMatch,
)
from grader.recording import reasons
from grader.recording.epoch_facts import FACT as EPOCHS
from grader.recording.ingredients import ingredients
from grader.recording.naming import FACT

_HARMLESS = ("no_training",)
"""Problems of a program that ended well: it was no training, so it hides no stage."""
_UNREAD = {
    Outcome.UNREADABLE: ("lfs_pointer", "broken_notebook", "encrypted_archive", "not_python"),
    Outcome.BLOCKED: ("syntax_error", "empty_notebook", "no_python", "main_arguments", "too_large"),
    Outcome.MANUAL: ("untried",),
}
"""Problems of files that may hold any stage, and what they leave a stage that nothing shows."""
_WEAKNESS = ("handed_in", "history", "uncommented")
_UNNAMED_DATA = ("ImageFolder", "DatasetFolder", "FakeData", "other")
"""Data sets that say nothing about what the images are: the number of channels decides."""


@dataclass(frozen=True)
class _Candidate:
    run: Run
    recording: Recording
    examination: Examination | None
    found: frozenset[str]
    order: int


@dataclass(frozen=True)
class _Choice:
    candidate: _Candidate
    style: Literal["cumulative", "separate"]
    absent: tuple[str, ...]
    """Earlier ingredients that the run lacks."""


@dataclass(frozen=True)
class _Case:
    """Everything that is known, and which stage is looked for in it."""

    assignment: Assignment
    index: int
    candidates: Sequence[_Candidate]
    recordings: Recordings
    problems: Sequence[Problem]
    chosen: Mapping[str, str]


def match_stages(
    assignment: Assignment,
    recordings: Recordings,
    problems: Sequence[Problem] = (),
    chosen: Mapping[str, str] = MappingProxyType({}),
) -> tuple[StageMatch, ...]:
    """Return one match per stage of `assignment`, in its order; `problems` are those met on opening the hand-in.

    `chosen` says by stage id which run to take among equals, by its id; runs that are no equals are not taken.

    A run belongs to the last stage of which it holds the ingredients. For each stage the run that also holds
    every earlier ingredient is preferred (`cumulative`), then one that holds this stage's alone (`separate`), then
    one in between. A run that a constant of the program had to be changed for stands behind every one that runs
    unasked. Among equals: one that evaluated, that ended without a problem, whose network could be rebuilt, with the
    optimizer of the stage before, with the most epochs, the last. A run that shows what its source never names makes
    the stage `manual`, for the recording may be forged; so does one of which nobody knows how many epochs were meant;
    so does one that was reconstructed from comments or an older commit, which is taken only where nothing else is. A
    stage without a run is `manual` when its ingredient stands in a run of a later stage or in a program that is no
    recipe, `blocked` when some program failed before showing anything, `unreadable` or `blocked` when it may stand in
    a file that could not be read, `manual` when ways to run the programs were left untried, else `missing`.
    """
    candidates = _candidates(assignment, recordings)
    cases = (
        _Case(assignment, index, candidates, recordings, problems, chosen)
        for index in range(len(assignment.stage))
    )
    return tuple(_match(case) for case in cases)


def equals(assignment: Assignment, recordings: Recordings) -> dict[str, tuple[str, ...]]:
    """Return, by stage id, the runs among which `match_stages` takes the first: nothing makes one better evidence."""
    candidates = _candidates(assignment, recordings)
    return {
        stage.id: tuple(one.candidate.run.id for one in _equals(assignment, index, candidates))
        for index, stage in enumerate(assignment.stage)
    }


def _equals(assignment: Assignment, index: int, candidates: Sequence[_Candidate]) -> list[_Choice]:
    """Return the best candidates of a stage: first those with the optimizer of the stage before."""
    found = (_choice(assignment, index, one) for one in candidates)
    choices = sorted((choice for choice in found if choice is not None), key=_preference)
    best = [one for one in choices if _standing(one) == _standing(choices[0])]
    usual = _optimizer_before(assignment, index, candidates) if len(best) > 1 else ""
    return sorted(best, key=lambda one: usual not in ("", _optimizer(one)))


def _optimizer_before(assignment: Assignment, index: int, candidates: Sequence[_Candidate]) -> str:
    """Return the optimizer of most runs of the nearest earlier stage that has any, an empty text for none."""
    for before in reversed(range(index)):
        if runs := _equals(assignment, before, candidates):
            return Counter(map(_optimizer, runs)).most_common(1)[0][0]
    return ""


def _optimizer(choice: _Choice) -> str:
    recipe = choice.candidate.run.recipe
    return recipe.optimisation.optimizer if recipe is not None else ""


def _candidates(assignment: Assignment, recordings: Recordings) -> list[_Candidate]:
    examinations = {examination.run: examination for examination in recordings.examinations}
    known = {name for stage in assignment.stage for name in stage.ingredients}
    found: list[_Candidate] = []
    for recording in recordings.recordings:
        for run in recording.runs:
            if recording.entry.template or not _is_on_task(assignment, run):
                continue
            examination = examinations.get(run.id)
            held = frozenset(ingredients(run, examination)) & known
            found.append(_Candidate(run, recording, examination, held, len(found)))
    return found


def _is_on_task(assignment: Assignment, run: Run) -> bool:
    """Whether the run trains on the coursework's images: LeNet on MNIST is no stage of CIFAR-10's."""
    if run.recipe is None:
        return False
    dataset, shape = run.recipe.data.dataset, run.recipe.network.input_shape
    named = dataset == assignment.dataset or dataset in _UNNAMED_DATA
    return named and len(shape) == 3 and shape[0] == assignment.input_shape[0]


def _match(case: _Case) -> StageMatch:
    stage = case.assignment.stage[case.index]
    equals = _equals(case.assignment, case.index, case.candidates)
    if not equals:
        return _unmatched(case)
    best = next((one for one in equals if one.candidate.run.id == case.chosen.get(stage.id)), equals[0])
    run, entry = best.candidate.run, best.candidate.recording.entry
    absent, open_ = _unnamed(best.candidate), _epochs_open(best.candidate)
    if entry.evidence != "handed_in":
        return StageMatch(
            stage=stage.id,
            outcome=Outcome.MANUAL,
            run=run.id,
            style=best.style,
            ingredients=ingredients(run, best.candidate.examination),
            evidence=entry.evidence,
            reason=reasons.reconstructed(best.candidate.recording),
        )
    return StageMatch(
        stage=stage.id,
        outcome=Outcome.MANUAL if absent or open_ else Outcome.PASSED,
        run=run.id,
        style=best.style,
        ingredients=ingredients(run, best.candidate.examination),
        reason=reasons.unnamed(best.candidate.recording, absent)
        if absent
        else reasons.epochs_open(best.candidate.recording, run)
        if open_
        else reasons.switched(best.candidate.recording, best.style, best.absent)
        if _switched(best.candidate.recording)
        else reasons.found(best.candidate.recording, best.style, best.absent),
    )


def _unnamed(candidate: _Candidate) -> str:
    """Return the parts of the recipe that the program's source never names, an empty text where it names all."""
    facts = candidate.examination.facts if candidate.examination is not None else ()
    return next((str(fact.value) for fact in facts if fact.name == FACT and not fact.confirmed), "")


def _switched(recording: Recording) -> bool:
    """Whether a constant or a call had to be changed for the program to do so: what runs unasked goes before it."""
    return recording.entry.evidence == "handed_in" and recording.entry.origin is not None


def _epochs_open(candidate: _Candidate) -> bool:
    """Whether nobody can tell how many epochs were meant: the loop was cut off, or ended by itself too soon."""
    facts = candidate.examination.facts if candidate.examination is not None else ()
    unsure = any(fact.name == EPOCHS and not fact.confirmed for fact in facts)
    return candidate.run.signs.get("epochs_unknown", False) or unsure


def _choice(assignment: Assignment, index: int, candidate: _Candidate) -> _Choice | None:
    """Return how the candidate answers the stage, None when it belongs to another one."""
    own = set(assignment.stage[index].ingredients)
    earlier = {name for stage in assignment.stage[:index] for name in stage.ingredients}
    if not own <= candidate.found <= own | earlier or (not own and candidate.found):
        return None
    absent = tuple(name for stage in assignment.stage[:index] for name in stage.ingredients
                   if name not in candidate.found)  # fmt: skip
    alone = candidate.found == own and bool(earlier)
    return _Choice(candidate, "separate" if alone else "cumulative", absent)


def _preference(choice: _Choice) -> tuple[object, ...]:
    recipe = choice.candidate.run.recipe
    assert recipe is not None  # _is_on_task lets none through
    return (*_standing(choice), -recipe.optimisation.epochs, -choice.candidate.order)


def _standing(choice: _Choice) -> tuple[object, ...]:
    """Return what makes one run better evidence of a stage than another; runs that stand alike are equals."""
    candidate = choice.candidate
    recipe = candidate.run.recipe
    assert recipe is not None
    between = choice.style == "cumulative" and bool(choice.absent)
    return (
        _WEAKNESS.index(candidate.recording.entry.evidence),
        _switched(candidate.recording),
        2 if between else int(choice.style == "separate"),
        len(choice.absent),
        recipe.data.evaluation is None,
        recipe.loop.steps_per_batch <= 0,
        bool(_unnamed(candidate)),
        _epochs_open(candidate),
        candidate.recording.problem is not None,
        candidate.examination is None or not candidate.examination.agrees,
    )


def _unmatched(case: _Case) -> StageMatch:
    assignment, index = case.assignment, case.index
    stage = assignment.stage[index]
    own = set(stage.ingredients)
    all_ = case.recordings.recordings
    ran = [
        one
        for one in all_
        if not one.entry.template and one.entry.evidence == "handed_in" and not _switched(one)
    ]
    unknown = [(recording, run) for recording in ran for run in recording.runs if run.recipe is None]
    for recording, run in reversed(unknown):
        if _may_be(assignment, index, run):
            return _unknown(stage, recording, run)
    handed_in = [one for one in case.candidates if one.recording.entry.evidence == "handed_in"]
    holders = [candidate for candidate in handed_in if own <= candidate.found]
    if holders:
        holder = min(holders, key=lambda one: (len(one.found), one.order))
        return StageMatch(
            stage=stage.id,
            outcome=Outcome.MANUAL,
            ingredients=ingredients(holder.run, holder.examination),
            reason=reasons.only_later(holder.recording, baseline=not own),
        )
    if unknown:
        recording, run = unknown[0]
        return StageMatch(stage=stage.id, outcome=Outcome.MANUAL, reason=reasons.unexpressed(recording, run))
    failed = [recording for recording in ran if _gave_no_evidence(recording)]
    if failed:
        return StageMatch(stage=stage.id, outcome=Outcome.BLOCKED, reason=reasons.blocked(failed[0]))
    for outcome, kinds in _UNREAD.items():
        unread = [problem for problem in case.problems if problem.kind in kinds]
        if unread:
            return StageMatch(stage=stage.id, outcome=outcome, reason=reasons.unread(unread[0]))
    return StageMatch(stage=stage.id, outcome=Outcome.MISSING, reason=reasons.missing(anything=bool(ran)))


def _unknown(stage: Stage, recording: Recording, run: Run) -> StageMatch:
    """Return the match of a run that is no recipe: it can train itself, and a person decides what it is."""
    return StageMatch(
        stage=stage.id,
        outcome=Outcome.MANUAL,
        run=run.id,
        ingredients=run.glimpse.ingredients if run.glimpse is not None else (),
        reason=reasons.unexpressed(recording, run),
    )


def _may_be(assignment: Assignment, index: int, run: Run) -> bool:
    """Whether what shows of a run that is no recipe is just what the stage and those before it add."""
    if run.glimpse is None or run.glimpse.dataset not in (assignment.dataset, *_UNNAMED_DATA):
        return False
    so_far = {name for stage in assignment.stage[: index + 1] for name in stage.ingredients}
    return set(run.glimpse.ingredients) == so_far


def _gave_no_evidence(recording: Recording) -> bool:
    failed = recording.problem is not None and recording.problem.kind not in _HARMLESS
    return failed and not any(run.recipe is not None for run in recording.runs)
