"""Faulty work loses exactly what its folder says, at each budget, and shows its fault in what was recorded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from losses import losses

from grader.model import Recordings, Result
from grader.records import read_record
from reference.expected import Expected, read_expected, shows_in_answer, shows_in_stage

pytestmark = [pytest.mark.conformance, pytest.mark.slow, pytest.mark.sandbox]


def test_faulty_work_loses_exactly_what_it_must(
    faulty_work: Path,
    grade: Callable[..., Result],
    budgets: Callable[[Path], tuple[str, ...]],
    tmp_path: Path,
) -> None:
    """Each item of `expected.toml` loses those points with that outcome, no other item loses any, the fault shows."""
    expected = read_expected(faulty_work)
    for budget in budgets(faulty_work):
        result = grade(faulty_work.parent.parent.name, faulty_work, budget)
        promised = {item: (line.lost, line.outcome.value) for item, line in getattr(expected, budget).items()}
        told = [(v.check, v.outcome.value, v.message.en) for v in result.verdicts if v.outcome == "failed"]
        costly = {item: loss for item, loss in promised.items() if loss[0] > 0}
        assert losses(result) == {item: (about(lost), outcome) for item, (lost, outcome) in costly.items()}, (
            told
        )
        outcomes = {mark.item: mark.outcome.value for mark in result.marks}
        assert {item: outcomes[item] for item in promised} == {
            item: loss[1] for item, loss in promised.items()
        }
    recordings = read_record(tmp_path / "out" / "recordings" / "recordings.json", Recordings)
    assert_shown(expected, result, recordings)


def about(points: float) -> Any:
    """Marks are rounded to a hundredth; nothing else may differ."""
    return pytest.approx(points, abs=0.0051)


def assert_shown(expected: Expected, result: Result, recordings: Recordings) -> None:
    """Each place that the folder names shows the fault: in a stage's records, or under a question."""
    answers = {answer.question: answer for answer in result.answers}
    for seen in expected.seen_in:
        if seen.stage is not None:
            assert shows_in_stage(seen, of_stage(seen.stage, result, recordings)), seen
        else:
            answer = answers[seen.answer or ""]
            assert shows_in_answer(seen, answer.text, answer.state), seen


def of_stage(stage: str, result: Result, recordings: Recordings) -> dict[str, Any]:
    match = next(row.match for row in result.stages if row.stage == stage)
    runs = {run.id: (recording, run) for recording in recordings.recordings for run in recording.runs}
    recording, run = runs.get(match.run or "", (None, None))
    return {
        "match": match,
        "recording": recording,
        "recipe": run.recipe if run else None,
        "examination": next((one for one in recordings.examinations if one.run == match.run), None),
    }
