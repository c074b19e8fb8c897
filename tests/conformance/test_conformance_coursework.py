"""A coursework is whole: its template earns nothing, its checks and questions match, its marks repeat."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from grader import courseworks
from grader.model import Outcome, Result
from grader.pipeline import Options, assess

pytestmark = [pytest.mark.conformance, pytest.mark.slow, pytest.mark.sandbox]

SLUGS = courseworks.slugs()


@pytest.mark.parametrize("slug", SLUGS)
def test_the_untouched_template_earns_nothing(slug: str, grade: Callable[..., Result]) -> None:
    """Handed in as it was handed out, it has no points, none of them open, and nothing counts as a fault."""
    template = courseworks.load(slug).template
    assert template is not None
    result = grade(slug, template, "static")
    assert (result.total.points, result.total.open) == (0, 0)
    assert {mark.outcome for mark in result.marks if mark.maximum > 0} == {Outcome.MISSING}
    assert result.problems == ()


@pytest.mark.parametrize("slug", SLUGS)
def test_questions_and_checks_match_both_ways(slug: str, grade: Callable[..., Result]) -> None:
    """Every automatic item has a check, and every check an item of the coursework."""
    coursework = courseworks.load(slug)
    result = grade(slug, coursework.folder / "solution", "static")
    checked = {verdict.item for verdict in result.verdicts}
    assert checked <= {question.id for question in coursework.assignment.question}
    assert {question.id for question in coursework.assignment.question if question.automatic} <= checked


@pytest.mark.parametrize("slug", SLUGS)
def test_the_same_hand_in_gets_the_same_bytes_from_two_empty_caches(
    slug: str, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two runs that share nothing but the seed write the same result.json: marks, curves, words."""
    solution = courseworks.load(slug).folder / "solution"
    written = []
    for turn, place in enumerate((cache, tmp_path / "cache")):
        monkeypatch.setenv("GRADER_CACHE", str(place))
        options = Options(
            submission=solution,
            out=tmp_path / f"out{turn}",
            assignment=slug,
            budget="quick",
            data="synthetic",
            sandbox="bubblewrap",
            workers=1,
        )
        assess(options)
        written.append((options.out / "result.json").read_bytes())
    assert written[0] == written[1]
