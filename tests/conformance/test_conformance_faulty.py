"""Faulty work loses exactly what its folder says, at each budget, and nothing else."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from losses import losses

from grader.model import Result

pytestmark = [pytest.mark.conformance, pytest.mark.slow, pytest.mark.sandbox]


def test_faulty_work_loses_exactly_what_it_must(
    faulty_work: Path, grade: Callable[..., Result], budgets: Callable[[Path], tuple[str, ...]]
) -> None:
    """Each item of `expected.toml` loses those points with that outcome, and no other item loses anything."""
    expected = tomllib.loads((faulty_work / "expected.toml").read_text(encoding="utf-8"))
    for budget in budgets(faulty_work):
        result = grade(faulty_work.parent.parent.name, faulty_work, budget)
        promised = {item: (line["lost"], line["outcome"]) for item, line in expected[budget].items()}
        assert losses(result) == {item: loss for item, loss in promised.items() if loss[0] > 0}
        outcomes = {mark.item: mark.outcome.value for mark in result.marks}
        assert {item: outcomes[item] for item in promised} == {
            item: loss[1] for item, loss in promised.items()
        }
