"""Honest reports of surprising results: measured they earn, unmeasured or contradicted a person decides."""

from __future__ import annotations

import pytest

from grader.checking import Evidence, measured, run_checks
from grader.courseworks import load
from grader.model import (
    Answer,
    Answers,
    Conditions,
    CurvePoint,
    Outcome,
    Recordings,
    SandboxRecord,
    StudentCurve,
    Submission,
)

COURSEWORK = load("polytech_tp5_6")
FELL = (
    "Avec le dropout la précision en test passe de 74 % à 70 %, car 30 époques ne suffisent pas : l'apprentissage est"
    " plus lent, et l'écart entre train et test tombe à 3 points."
)
WIDER = (
    "Test accuracy goes from 70% to 73% with data augmentation, although the gap between train and test grows in our"
    " runs, since the network trains longer; overfitting starts later."
)


def log(stage: str, train: float, test: float) -> StudentCurve:
    points = (CurvePoint(epoch=30, train_accuracy=train / 100, test_accuracy=test / 100),)
    return StudentCurve(source=f"{stage}.log", form="printed", stage=stage, points=points)


def evidence(question: str, text: str, *curves: StudentCurve) -> Evidence:
    return Evidence(
        assignment=COURSEWORK.assignment,
        submission=Submission(id="x", name="x", digest=""),
        recordings=Recordings(sandbox=SandboxRecord(backend="none")),
        stages=(),
        answers=Answers(answers=(Answer(question=question, state="found", text=text),)),
        conditions=Conditions(
            data="none", budget="static", device="cpu", precision="-", seed=0, sandbox="none"
        ),
        curves=curves,
    )


@pytest.mark.parametrize(
    ("before", "now", "found"),
    [
        ((99, 74), (73, 70), {"fall"}), ((80, 74), (99, 76), {"wider"}), ((99, 74), (75, 78), {"above"}),
        ((99, 70), (90, 75), set()),
    ],
)  # fmt: skip
def test_what_a_log_shows_against_expectation_is_told(
    before: tuple[float, float], now: tuple[float, float], found: set[str]
) -> None:
    """A fall, a wider gap and a test accuracy above the training's show in the logs of the two stages."""
    logs = (log("optimizer", *before), log("dropout", *now))
    assert measured("Q29", evidence("Q29", "-", *logs)) == found
    assert measured("Q29", evidence("Q29", "-", logs[1])) == frozenset(), "nothing to compare with"


@pytest.mark.parametrize(
    ("question", "text", "logs", "wanted"),
    [
        ("Q29", FELL, (log("optimizer", 99, 74), log("dropout", 73, 70)), Outcome.PASSED),
        ("Q29", FELL, (), Outcome.MANUAL),
        ("Q29", FELL, (log("optimizer", 99, 74), log("dropout", 90, 79)), Outcome.MANUAL),
        ("Q22", WIDER, (log("normalization", 80, 70), log("augmentation", 90, 73)), Outcome.PASSED),
        ("Q22", WIDER, (), Outcome.MANUAL),
    ],
)
def test_an_honest_surprise_earns_its_points_where_it_was_measured(
    question: str, text: str, logs: tuple[StudentCurve, ...], wanted: Outcome
) -> None:
    """The same text earns all with logs that show it, and is for a person without, or with logs that show another."""
    verdicts = run_checks(COURSEWORK.folder, evidence(question, text, *logs))
    judged = next(one for one in verdicts if one.item == question and one.confidence is not None)
    assert judged.outcome is wanted, judged.message
    if wanted is Outcome.PASSED:
        assert judged.proposal == 1
