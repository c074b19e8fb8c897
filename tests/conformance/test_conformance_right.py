"""Right work, written in whatever way, keeps every point."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from losses import automatic, losses

from grader.model import Outcome, Result

pytestmark = [pytest.mark.conformance, pytest.mark.slow, pytest.mark.sandbox]


def test_right_work_loses_nothing(
    right_work: Path, grade: Callable[..., Result], budgets: Callable[[Path], tuple[str, ...]]
) -> None:
    """The solution and every other right way lose nothing; trained, no automatic point is even open."""
    slug = right_work.parent.name if right_work.name == "solution" else right_work.parent.parent.name
    for budget in budgets(right_work):
        result = grade(slug, right_work, budget)
        told = [
            (v.check, v.outcome.value, v.message.en)
            for v in result.verdicts
            if v.outcome not in (Outcome.PASSED, Outcome.NOT_RUN)
        ]
        assert losses(result) == {}, told
        for mark in automatic(result):
            assert mark.points is not None, (mark, told)
            if budget == "quick":
                assert (mark.outcome, mark.open) == (Outcome.PASSED, 0), (mark, told)
