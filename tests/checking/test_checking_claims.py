"""Figures in answers against logs and trainings: contradictions are named, measured surprises are not lost."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from grader.checking import Evidence
from grader.checking.claims import weigh_claims
from grader.courseworks import load
from grader.marking import mark
from grader.model import (
    Answer,
    Answers,
    Conditions,
    CurvePoint,
    EpochPoint,
    Outcome,
    Recordings,
    SandboxRecord,
    StageMatch,
    StageResult,
    StudentCurve,
    Submission,
    Text,
    Training,
    TrainingConditions,
    Verdict,
)

ASSIGNMENT = load("polytech_tp5_6").assignment
SAID = Text(fr="Trouvé.", en="Found.")


def log(stage: str, *test: float) -> StudentCurve:
    points = tuple(
        CurvePoint(epoch=at, train_accuracy=0.99, test_accuracy=value / 100)
        for at, value in enumerate(test, 1)
    )
    return StudentCurve(source=f"{stage}.log", form="printed", stage=stage, points=points)


def epochs(stage: str, *test: float) -> StudentCurve:
    """Return a log in which the loss falls from 2 by a tenth an epoch."""
    points = tuple(
        CurvePoint(epoch=at, train_loss=2.1 - 0.1 * at, test_accuracy=value / 100)
        for at, value in enumerate(test, 1)
    )
    return StudentCurve(source="x.log", form="printed", stage=stage, points=points)


def trained(stage: str, accuracy: float, budget: str = "full", data: str = "cifar10") -> StageResult:
    conditions = TrainingConditions(
        data=data, data_digest="", budget=budget, device="cpu", precision="fp32", seed=0, engine="1", torch="2",
        train_images=50_000, test_images=10_000, epochs=30, batch_size=128, learning_rate=0.1,
    )  # fmt: skip
    curve = (EpochPoint(epoch=30, learning_rate=0.1, train_accuracy=0.99, test_accuracy=accuracy / 100),)
    found = next(one for one in ASSIGNMENT.stage if one.id == stage)
    return StageResult(
        stage=stage, item=found.item, title=found.title,
        match=StageMatch(stage=stage, outcome=Outcome.PASSED, reason=SAID),
        training=Training(key="", outcome=Outcome.PASSED, conditions=conditions, curve=curve, accuracy=accuracy / 100),
    )  # fmt: skip


def weighed(
    question: str, text: str, *curves: StudentCurve, stages: tuple[StageResult, ...] = (), **judged: Any
) -> tuple[Verdict, Verdict | None]:
    """Return the judgement on an answer after its figures were compared, and what the comparison says."""
    evidence = Evidence(
        assignment=ASSIGNMENT,
        submission=Submission(id="x", name="x", digest=""),
        recordings=Recordings(sandbox=SandboxRecord(backend="none")),
        stages=stages,
        answers=Answers(answers=(Answer(question=question, state="found", text=text),)),
        conditions=Conditions(
            data="none", budget="static", device="cpu", precision="-", seed=0, sandbox="none"
        ),
        curves=curves,
    )
    values: dict[str, Any] = {"outcome": Outcome.PASSED, "proposal": 1.0, **judged}
    verdict = Verdict(check="t", item=question, label=SAID, cost=1.0, confidence=0.9, message=SAID, **values)
    first, *rest = weigh_claims([verdict], evidence)
    return first, rest[0] if rest else None


@pytest.mark.parametrize(
    "text", ["On finit à 74,3 % en test.", "from 70.4% to 74.3% in test", "$74{,}3\\,\\%$", "vers 74 %"]
)
def test_figures_that_a_log_shows_are_confirmed(text: str) -> None:
    """A stated accuracy that the log shows is confirmed by the log's name, and the judgement stands."""
    judged, said = weighed("Q19", text, log("baseline", 60, 70.4), log("normalization", 70, 74.3))
    assert judged.outcome is Outcome.PASSED
    assert said is not None and not said.remark and said.cost == 0 and "normalization.log" in said.message.fr


def test_figures_that_the_own_log_never_shows_are_named_and_left_to_a_person() -> None:
    """84.7 % against a log that ends at 61 % is told with both figures; nothing is taken, a person decides."""
    judged, said = weighed("Q34", "On atteint 84,7 % en test.", log("batchnorm", 55, 61))
    assert said is not None and said.remark and said.cost == 0
    assert "84,7 %" in said.message.fr and "61,0 %" in said.message.fr and "batchnorm.log" in said.message.en
    assert (judged.outcome, judged.proposal) == (Outcome.MANUAL, 1.0)
    only = mark(ASSIGNMENT, [msgspec.structs.replace(judged, outcome=Outcome.PASSED), said])[0]
    assert [(one.points, one.open) for one in only if one.item == "Q34"] == [(0.25, 0.0)], (
        "it costs nothing itself"
    )
    assert judged.confidence is not None and judged.confidence < 0.5


def test_other_figures_in_the_answer_confirm_nothing() -> None:
    """Where a change ends is the stage's own figure; another stage's, or one in training, does not stand for it."""
    text = "On passe de 82,3 % à 84,7 % en test ; le train dépasse 90 %."
    _, said = weighed("Q34", text, log("dropout", 82), log("batchnorm", 55, 61, 79, 61))
    assert said is not None and said.remark and "84,7 %" in said.message.fr
    _, said = weighed("Q34", text, log("dropout", 82), log("batchnorm", 55, 84))
    assert said is not None and said.message.fr == "84,7 % : confirmé par batchnorm.log."
    gap = "L'écart tombe de 25 % à 10 %, la précision finit à 84,7 %."
    _, said = weighed("Q34", gap, log("batchnorm", 55, 84))
    assert said is not None and not said.remark


def test_trend_against_the_logs_is_named() -> None:
    """A rise in the text and a fall in the logs contradict each other, though both figures look possible."""
    curves = (log("baseline", 72, 76.0), log("normalization", 70, 71.5))
    judged, said = weighed("Q19", "On passe de 70 % à 74 % en test.", *curves)
    assert said is not None and said.remark and "76,0 %" in said.message.fr
    assert judged.outcome is Outcome.MANUAL


def test_differences_and_training_figures_are_no_contradiction() -> None:
    """A gap in per cent, and accuracies on training images, do not have to be in the test curve."""
    text = "Un gain de 15 %, écart de 25 % ; en train on passe de 80 % à 99 %."
    judged, said = weighed("Q19", text, log("baseline", 76), log("normalization", 74))
    assert judged.outcome is Outcome.PASSED and (said is None or not said.remark)


def test_measured_surprise_is_not_lost() -> None:
    """An honest fall that the log shows is left to a person, all points proposed, where a rubric would take them."""
    curves = (log("augmentation", 79.6), log("optimizer", 30, 48.2))
    text = "Surprise : de 79,6 % à 48 % en test."
    judged, said = weighed("Q26", text, *curves, outcome=Outcome.FAILED, proposal=0.0)
    assert (judged.outcome, judged.proposal) == (Outcome.MANUAL, 1.0)
    assert said is not None and not said.remark
    judged, _ = weighed("Q26", text, outcome=Outcome.FAILED, proposal=0.0)
    assert judged.outcome is Outcome.FAILED, "without a measurement the judgement stands"


def test_our_own_training_counts_at_full_budget_on_real_images_only() -> None:
    """Our figure is set against the student's only where it kept their settings and data, and a quick one never is."""
    text = "On obtient 84,7 % en test."
    judged, said = weighed("Q34", text, stages=(trained("batchnorm", 62),))
    assert judged.outcome is Outcome.PASSED, "named, and the judgement stands"
    assert said is not None and said.remark and "62,0 %" in said.message.fr
    _, said = weighed("Q34", text, stages=(trained("batchnorm", 83),))
    assert said is not None and not said.remark
    for other in (trained("batchnorm", 62, budget="quick"), trained("batchnorm", 62, data="synthetic")):
        assert weighed("Q34", text, stages=(other,))[1] is None


def test_answers_without_figures_and_bonus_questions_are_not_compared() -> None:
    """Nothing is said where there is nothing to compare."""
    assert weighed("Q34", "La convergence est plus rapide.", log("batchnorm", 61))[1] is None
    assert weighed("Q25", "Cutout donne 90 %.", log("augmentation", 61))[1] is None


@pytest.mark.parametrize("piece", ["de 5" + " " * 20, " ", "loss de ", "70 % vers la ", "de 1 à ", "9", "\n"])
def test_long_answers_are_compared_in_no_time(piece: str) -> None:
    """Sixty thousand characters of whatever the patterns like best are read in a moment."""
    started = time.monotonic()
    weighed("Q26", (piece * 60_000)[:60_000], CURVE)
    assert time.monotonic() - started < 5


CURVE = epochs("optimizer", *(40 + 3 * at for at in range(14)))
"""43 % after two epochs, 64 % after nine, 79 % at the end, where the loss is 0.7."""


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("79 % en test, et 64 % dès la neuvième époque.", ""),
        ("79 % en test, et 75 % dès la deuxième époque.", "époque 2"),
        ("79% in test; 75% after 2 epochs.", "époque 2"),
        ("79 % en test, la loss finale vaut 0,7.", ""),
        ("79 % en test, la loss finale vaut 0,05.", "0,05"),
        ("79 % en test, loss de 2,30 au début, 12 époques.", ""),
        ("79 % en test, la perte baisse de 15 %.", ""),
    ],
)
def test_epochs_and_losses_are_held_against_the_log(text: str, named: str) -> None:
    """An accuracy at an epoch and a loss that the log never comes near are named; the others are not."""
    judged, said = weighed("Q26", text, CURVE)
    assert said is not None and said.remark == bool(named) and named in said.message.fr
    assert judged.outcome is (Outcome.MANUAL if named else Outcome.PASSED)
