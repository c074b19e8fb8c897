"""A mistake counts once, and where a person decides over its own stage it counts there alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.model import Result

pytestmark = [pytest.mark.conformance, pytest.mark.slow, pytest.mark.sandbox]

HAND_INS = Path(__file__).resolve().parents[1] / "handins"


def test_what_a_person_decides_elsewhere_costs_nothing_here(
    grade: Callable[..., Result], tmp_path: Path
) -> None:
    """Only comments show the augmentation alone: its missing crop does not cost the batch normalisation points too."""
    hand_in = shutil.copytree(HAND_INS / "base_commentee", tmp_path / "base_commentee")
    (hand_in / "expected.toml").unlink()
    program = (hand_in / "base.py").read_text(encoding="utf-8")
    (hand_in / "base.py").write_text(program.replace("transforms.RandomCrop(28), ", ""), encoding="utf-8")
    result = grade("polytech_tp5_6", hand_in, "static")
    marks = {mark.item: mark for mark in result.marks}
    assert marks["3.2"].points is None and marks["3.2"].outcome.value == "manual"
    last = marks["3.5"]
    assert last.outcome.value == "manual" and last.points is not None
    assert last.points + last.open == last.maximum, "nothing of it is lost"
    told = [one for one in result.verdicts if one.item == "3.5" and "RandomCrop" in one.message.en]
    assert [one.outcome.value for one in told] == ["manual"] and "comes from 3.2" in told[0].message.en
