"""What a training is worth that was cut short, that knows images by heart, or that the program itself made."""

from __future__ import annotations

import pytest
from checking_hand_in import FOLDER, evidence

from grader.checking import run_checks
from grader.marking import charge, mark
from grader.model import EpochPoint, Outcome, Training

pytestmark = pytest.mark.slow


def training(accuracy: float, perturbed: float | None = None, **more: object) -> Training:
    """Return a training of one epoch on ten classes."""
    point = EpochPoint(epoch=1, learning_rate=0.1, test_accuracy=accuracy)
    rows = tuple((10,) * 10 for _ in range(10))
    given = {"key": "k", "outcome": Outcome.PASSED, "curve": (point,), "confusion": rows, **more}
    return Training(accuracy=accuracy, perturbed_accuracy=perturbed, **given)  # type: ignore[arg-type]


def test_each_odd_training_ends_as_it_must_and_none_costs_a_point() -> None:
    """Cut short: undecided unless the band is reached. By heart: a person. By the program: the band at best."""
    cut = {"outcome": Outcome.NOT_RUN, "unfinished": True}
    cases = {
        0: (training(0.2, **cut), "unfinished", True),
        1: (training(0.6, **cut), "within", True),
        2: (training(0.98, 0.12), "above", True),
        3: (training(0.6, trained_by="program"), "within", True),
        4: (training(0.95, trained_by="program"), "above", True),
        5: (training(0.3, trained_by="program"), "below", True),
    }
    given = evidence(trainings=cases)
    found = charge(given.assignment, run_checks(FOLDER, given, distribution="student"))
    results = [one for one in found if one.label.en == "Result of the training made again"]
    assert [one.outcome for one in results] == [
        Outcome.NOT_RUN, Outcome.PASSED, Outcome.MANUAL, Outcome.PASSED, Outcome.MANUAL, Outcome.MANUAL,
    ]  # fmt: skip
    assert "no point is taken off" in results[0].message.en
    assert "by heart" in results[2].message.en and "12.0%" in results[2].message.en
    assert results[3].remark and "your own program" in results[3].message.en
    marks, _, _ = mark(given.assignment, found)
    programmed = {stage.item for stage in given.assignment.stage}
    assert all(
        one.maximum == pytest.approx((one.points or 0) + one.open) for one in marks if one.item in programmed
    )


def test_a_small_drop_on_changed_images_is_no_cheat() -> None:
    """A network that loses a few points, or that knew little to begin with, is judged as ever."""
    cases = {
        0: (training(0.56, 0.50), "within", True),
        1: (training(0.15, 0.10), "within", True),
        2: (training(0.73, 0.45), "within", True),
    }
    found = run_checks(FOLDER, evidence(trainings=cases), distribution="student")
    results = [one for one in found if one.label.en == "Result of the training made again"][:3]
    assert [one.outcome for one in results] == [Outcome.PASSED] * 3
