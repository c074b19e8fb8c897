"""What a training is worth that was cut short, that knows images by heart, or that the program itself made."""

from __future__ import annotations

import msgspec
import pytest
from checking_hand_in import BATCHNORM, FOLDER, TENSOR, changed, evidence, recipe

from grader.checking import run_checks
from grader.marking import charge, mark
from grader.model import Call, EpochPoint, Loss, Outcome, Parameter, ParameterGroup, Recipe, Text, Training

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


def test_why_nothing_is_decided_is_told_truly() -> None:
    """The time limit and a stopped program say so themselves; a look that is missing is not laid to the time."""
    stopped = Text(
        fr="Le programme a été arrêté après 2 époques.", en="The program was stopped after 2 epochs."
    )
    cut = {"outcome": Outcome.NOT_RUN, "unfinished": True, "note": stopped}
    cases = {0: (training(0.2, **cut), "unfinished", True), 1: (training(0.5), "unfinished", True)}
    found = run_checks(FOLDER, evidence(trainings=cases), distribution="student")
    cause, looks = [one for one in found if one.label.en == "Result of the training made again"][:2]
    assert "stopped after 2 epochs" in cause.message.en and "arrêté" in cause.message.fr
    assert "three seeds" in looks.message.en and "temps" not in looks.message.fr
    assert {cause.outcome, looks.outcome} == {Outcome.NOT_RUN}


def test_a_loss_that_breaks_is_judged_on_what_came_before() -> None:
    """Within the band before, it passes and the break is told; below, or never a number, it fails as ever."""
    points = (
        EpochPoint(epoch=1, learning_rate=0.1, test_accuracy=0.6),
        EpochPoint(epoch=2, learning_rate=0.1),
    )
    broke = {"outcome": Outcome.FAILED, "curve": points}
    cases = {
        0: (training(0.6, **broke), "within", True),
        1: (training(0.3, **broke), "below", True),
        2: (
            msgspec.structs.replace(training(0.0, **broke), accuracy=None, curve=points[1:]),
            "not_run",
            True,
        ),
        3: (training(0.6, **broke), "not_calibrated", False),
        4: (training(0.6, 0.12, **broke), "within", True),
    }
    found = run_checks(FOLDER, evidence(trainings=cases), distribution="student")
    results = [one for one in found if one.label.en == "Result of the training made again"]
    assert [one.outcome for one in results[:5]] == [
        Outcome.PASSED, Outcome.FAILED, Outcome.FAILED, Outcome.MANUAL, Outcome.MANUAL,
    ]  # fmt: skip
    assert "by heart" in results[4].message.en
    assert (
        results[0].remark and "from epoch 2 on" in results[0].message.en and "60.0%" in results[0].message.en
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


def low(recipes: dict[int, Recipe], place: int, **more: object) -> tuple[Outcome, bool, str]:
    """Return how the result of the stage at `place` is judged where it came out below the band."""
    accuracy = more.pop("accuracy", 0.4)
    given = evidence(recipes=recipes, trainings={place: (training(accuracy), "below", True)}, **more)  # type: ignore[arg-type]
    found = run_checks(FOLDER, given, distribution="student")
    one = [one for one in found if one.label.en == "Result of the training made again"][place]
    return one.outcome, one.remark, one.message.en


JITTER = (Call(name="ColorJitter", arguments={"brightness": 0.4}), *recipe(2).data.train)
OWN_DRAW = {"fc.weight": Parameter(shape=(10, 10), initializer=Call(name="normal_", arguments={"std": 0.01}))}
SGD = recipe(0).optimisation.groups[0].options
OWN = {
    "clipped": (0, "optimisation", {"clipping": Call(name="clip_grad_norm_", arguments={"max_norm": 0.1})}),
    "summed": (0, "optimisation", {"loss": Loss(name="cross_entropy", arguments={"reduction": "sum"})}),
    "smoothed": (0, "optimisation", {"loss": Loss(name="cross_entropy", arguments={"label_smoothing": 0.1})}),
    "decayed": (0, "optimisation", {"groups": (ParameterGroup(parameters=(), options={**SGD, "weight_decay": 0.01}),)}),
    "gathered": (0, "loop", {"steps_per_batch": 0.25}),
    "jittered": (2, "data", {"train": JITTER}),
    "drawn": (0, "network", {"parameters": OWN_DRAW}),
}  # fmt: skip


@pytest.mark.parametrize("name", OWN)
def test_a_band_fails_nobody_for_settings_that_it_was_not_measured_with(name: str) -> None:
    """The budget's learning rate may not suit what a student chose beside another one: such a result informs."""
    place, part, fields = OWN[name]
    outcome, remarked, message = low(changed(place, part, **fields), place)
    assert (outcome, remarked) == (Outcome.PASSED, True) and "40.0%" in message
    outcome, _, _ = low(changed(place, part, **fields), place, accuracy=0.1)
    assert outcome is Outcome.MANUAL, "next to chance a person looks"


def test_another_rate_of_dropout_informs_too() -> None:
    """The sheet names no rate."""
    lines = tuple("dropout p0.9" if line == "dropout p0.5" else line for line in BATCHNORM)
    assert low({}, 5, canonical={5: lines})[0] is Outcome.PASSED
    assert low({}, 5)[0] is Outcome.FAILED


def test_low_results_that_nothing_explains_cost_once() -> None:
    """Six stages below their bands for the same unknown reason are one fault."""
    given = evidence(trainings={place: (training(0.4), "below", True) for place in range(6)})
    found = charge(given.assignment, run_checks(FOLDER, given, distribution="student"))
    marks, _, _ = mark(given.assignment, found)
    programmed = {stage.item for stage in given.assignment.stage}
    lost = {
        one.item
        for one in marks
        if one.item in programmed and (one.points or 0) + one.open < one.maximum - 1e-9
    }
    assert lost == {"Q15"}


def test_what_a_later_stage_forgets_of_an_earlier_one_is_told_there_and_costs_once() -> None:
    """Test images that are normalised at 3.1 and 3.2 and no longer from 3.3 on cost half of 3.3."""
    recipes = {
        place: msgspec.structs.replace(
            recipe(place),
            data=msgspec.structs.replace(
                recipe(place).data, evaluation=(*recipe(2).data.evaluation[:1], TENSOR)
            ),
        )
        for place in range(3, 6)
    }
    given = evidence(recipes=recipes, trainings={3: (training(0.4), "below", True)})
    found = charge(given.assignment, run_checks(FOLDER, given, distribution="student"))
    marks = {one.item: one for one in mark(given.assignment, found)[0]}
    assert (marks["3.3"].points or 0) + marks["3.3"].open == pytest.approx(0.625, abs=0.01)
    assert all(
        (marks[item].points or 0) + marks[item].open == pytest.approx(marks[item].maximum)
        for item in ("3.1", "3.2", "3.4", "3.5")
    )


def test_a_momentum_computed_in_single_precision_is_the_sheets() -> None:
    """0.9 as a float32 is 0.8999999761581421."""
    groups = (ParameterGroup(parameters=(), options={"lr": 0.01, "momentum": 0.8999999761581421}),)
    found = run_checks(
        FOLDER, evidence(recipes=changed(3, "optimisation", groups=groups)), distribution="student"
    )
    assert not [one for one in found if one.outcome is Outcome.FAILED]
