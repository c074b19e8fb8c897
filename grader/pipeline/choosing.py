"""Which of several equal runs stands for a stage: the one in which the fewest things are wrong.

A hand-in may hold a stage and a variant of it that the sheet invites to (another normalisation, another schedule), or
a sweep over one setting. Nothing but what is right tells them apart, and that is for the checks to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grader.checking import Evidence, run_checks_many
from grader.model import Answers, Outcome, Recipe, Recordings, StageMatch, Submission, Verdict
from grader.pipeline import assembly
from grader.pipeline.session import Session
from grader.recording import equals, match_stages
from grader.records import encode

MOST = 6
"""Runs of one stage that are compared; a longer sweep is judged by its last ones."""


def match_best(session: Session, submission: Submission, recordings: Recordings) -> tuple[StageMatch, ...]:
    """Return one match a stage; of equal runs, the one that the checks cost least, and of those the first."""
    assignment = session.assignment
    among = {stage: _distinct(runs, recordings) for stage, runs in equals(assignment, recordings).items()}
    rounds = max((len(runs) for runs in among.values()), default=0)
    if rounds < 2:
        return match_stages(assignment, recordings, submission.problems)
    tried = [
        {stage: runs[min(place, len(runs) - 1)] for stage, runs in among.items() if runs}
        for place in range(rounds)
    ]
    evidences = [_evidence(session, submission, recordings, chosen) for chosen in tried]
    verdicts = run_checks_many(session.coursework.folder, evidences, distribution="student")
    best: dict[str, str] = {}
    for stage in tried[0]:
        costs = [_cost(stage, found) for found in verdicts]
        best[stage] = tried[costs.index(min(costs))][stage]
    return match_stages(assignment, recordings, submission.problems, best)


def _distinct(runs: Sequence[str], recordings: Recordings) -> tuple[str, ...]:
    """Return the first run of each recipe, whatever the size of its batches: the same again is not compared again."""
    recipes = {run.id: run.recipe for recording in recordings.recordings for run in recording.runs}
    found: dict[bytes, str] = {}
    for run in runs:
        recipe = recipes[run]
        if recipe is not None:
            found.setdefault(_what_is_judged(recipe), run)
    return tuple(found.values())[:MOST]


def _what_is_judged(recipe: Recipe) -> bytes:
    return encode(
        (recipe.network, recipe.data.train, recipe.data.evaluation, recipe.optimisation, recipe.loop)
    )


def _evidence(
    session: Session, submission: Submission, recordings: Recordings, chosen: Mapping[str, str]
) -> Evidence:
    matches = match_stages(session.assignment, recordings, submission.problems, chosen)
    answers = Answers()
    rows = assembly.stage_results(session.assignment, matches, recordings, answers, assembly.Trained())
    return Evidence(
        assignment=session.assignment,
        submission=submission,
        recordings=recordings,
        stages=rows,
        answers=answers,
        conditions=session.conditions(recordings.sandbox, "cpu", "-"),
    )


def _cost(stage: str, verdicts: Sequence[Verdict]) -> float:
    """Return the share of its item that a stage would lose; what a person would have to decide counts half as much."""
    weights = {Outcome.FAILED: 1.0, Outcome.MANUAL: 0.5}
    return sum(weights.get(one.outcome, 0.0) * one.cost for one in verdicts if one.stage == stage)
