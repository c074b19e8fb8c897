"""What happens to images: other right ways lose nothing, wrong ones that look right are seen."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from checking_hand_in import CENTRE, COURSEWORK, CROP, FLIP, FOLDER, NORMALIZE, TENSOR, evidence, recipe

from grader.checking import run_checks
from grader.model import Call, Outcome, Verdict

pytestmark = pytest.mark.slow

PAD = Call(name="Pad", arguments={"padding": 2})
SMALL = Call(name="Resize", arguments={"size": 28})
HALF = Call(name="Normalize", arguments={"mean": [0.5] * 3, "std": [0.5] * 3})


def flip(p: float) -> dict[str, Any]:
    return {"name": "RandomHorizontalFlip", "arguments": {"p": p}}


def sometimes(p: float, inner: float) -> Call:
    return Call(name="RandomApply", arguments={"transforms": [flip(inner)], "p": p})


def rounded(digits: int) -> Call:
    means, deviations = [0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]
    return Call(name="Normalize", arguments={
        "mean": [round(one, digits) for one in means], "std": [round(one, digits) for one in deviations],
    })  # fmt: skip


def judged(place: int, train: tuple[Call, ...], test: tuple[Call, ...] | None) -> dict[str, Verdict]:
    """Return the verdicts on the stage at `place` with these transforms, by the check's name."""
    own = recipe(place)
    data = msgspec.structs.replace(own.data, train=train, evaluation=test)
    given = evidence(recipes={place: msgspec.structs.replace(own, data=data)})
    stage = COURSEWORK.assignment.stage[place].id
    found = run_checks(FOLDER, given, distribution="student")
    return {one.check: one for one in found if one.stage == stage and one.outcome is not Outcome.NOT_RUN}


RIGHT: dict[str, tuple[int, tuple[Call, ...], tuple[Call, ...]]] = {
    "padded back to 32": (2, (CROP, PAD, FLIP, TENSOR, NORMALIZE), (TENSOR, NORMALIZE)),
    "flip through RandomApply": (2, (CROP, sometimes(0.5, 1.0), TENSOR, NORMALIZE), (CENTRE, TENSOR, NORMALIZE)),
    "flip with no chance in test": (2, (CROP, FLIP, TENSOR, NORMALIZE), (
        CENTRE, Call(name="RandomHorizontalFlip", arguments={"p": 0}), TENSOR, NORMALIZE)),
    "after the normalisation": (2, (TENSOR, NORMALIZE, CROP, FLIP), (TENSOR, NORMALIZE, CENTRE)),
    "constants in single precision": (1, (TENSOR, NORMALIZE), (TENSOR, Call(name="Normalize", arguments={
        "mean": [0.4909999966621399, 0.4819999933242798, 0.4469999969005585], "std": [0.202, 0.199, 0.201]}))),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_other_right_images_pass(name: str) -> None:
    """Each equivalent way to prepare the images passes every check of its stage."""
    found = judged(*RIGHT[name])
    assert {check: one.message.fr for check, one in found.items() if one.outcome is not Outcome.PASSED} == {}


OTHER: dict[str, tuple[int, tuple[Call, ...], tuple[Call, ...] | None, str, Outcome]] = {
    "flip half of half the time": (2, (CROP, sometimes(0.5, 0.5), TENSOR, NORMALIZE),
        (CENTRE, TENSOR, NORMALIZE), "test_32_flip", Outcome.FAILED),
    "flip drawn among others": (2, (CROP, Call(name="RandomChoice", arguments={"transforms": [flip(1.0)]}), TENSOR),
        (CENTRE, TENSOR), "test_32_flip", Outcome.MANUAL),
    "test images scaled": (2, (CROP, FLIP, TENSOR, NORMALIZE), (SMALL, TENSOR, NORMALIZE),
        "test_32_test_images", Outcome.MANUAL),
    "test images cropped, training ones padded": (2, (
        Call(name="RandomCrop", arguments={"size": 32, "padding": 4}), FLIP, TENSOR, NORMALIZE),
        (CENTRE, TENSOR, NORMALIZE), "test_32_test_images", Outcome.MANUAL),
    "test images not cropped": (2, (CROP, FLIP, TENSOR, NORMALIZE), (TENSOR, NORMALIZE),
        "test_32_test_images", Outcome.FAILED),
    "normalised twice": (1, (TENSOR, NORMALIZE, HALF), (TENSOR, NORMALIZE, HALF), "test_31_constants", Outcome.FAILED),
    "rounded otherwise in test": (1, (TENSOR, rounded(4)), (TENSOR, rounded(3)),
        "test_31_same_in_test", Outcome.MANUAL),
    "never evaluated, normalised": (1, (TENSOR, NORMALIZE), None, "test_31_same_in_test", Outcome.MANUAL),
    "never evaluated, cropped": (2, (CROP, FLIP, TENSOR, NORMALIZE), None, "test_32_test_images", Outcome.MANUAL),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER)
def test_other_images_are_not_taken_for_right(name: str) -> None:
    """What is wrong fails, what only a person can weigh goes to a person."""
    place, train, test, check, outcome = OTHER[name]
    found = judged(place, train, test)[check]
    assert found.outcome is outcome
    assert found.message.fr and found.message.en
