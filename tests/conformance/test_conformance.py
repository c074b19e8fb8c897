"""Every coursework keeps its promises: right work earns all, the template nothing, faulty work loses what it must.

The cases are found by looking into `reference/`: adding a folder there adds its test here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from grader import courseworks
from grader.model import Mark, Outcome, Result
from grader.pipeline import Options, assess
from reference.overlay import materialize

pytestmark = [pytest.mark.conformance, pytest.mark.slow, pytest.mark.sandbox]

QUICK = ("solution", "separate_stages", "log_softmax_nll", "relu_on_logits", "scheduler_once", "never_eval_mode")
"""Graded at the quick budget here; every case is at the static one. `make conformance` takes all at both."""

Grade = Callable[..., Result]


@dataclass(frozen=True)
class Case:
    """One folder of a coursework to be graded."""

    slug: str
    folder: Path
    budget: str

    def __str__(self) -> str:
        return f"{self.slug}-{self.folder.name}-{self.budget}"


def cases(*kinds: str) -> list[Case]:
    found = []
    for slug in courseworks.slugs():
        root = courseworks.load(slug).folder
        folders = [path for kind in kinds for path in sorted((root / kind).glob("*")) if path.is_dir()]
        folders += [root / "solution"] if "solution" in kinds else []
        found += [Case(slug, path, "static") for path in folders if path.parent.name != "solution"]
        found += [Case(slug, path, "quick") for path in folders if path.name in QUICK]
    return found


@pytest.fixture
def grade(tmp_path: Path) -> Grade:
    """Grade a folder laid out whole, on the embedded images; `again` numbers further runs of the same test."""

    def run(slug: str, folder: Path, budget: str, *, again: int = 0) -> Result:
        submission = materialize(folder, tmp_path / f"in{again}")
        options = Options(
            submission=submission,
            out=tmp_path / f"out{again}",
            assignment=slug,
            budget=budget,
            data="synthetic",
            sandbox="bubblewrap",
            workers=1,
        )
        return assess(options)

    return run


def lost(mark: Mark) -> float:
    return round(mark.maximum - (mark.points or 0.0) - mark.open, 4)


def losses(result: Result) -> dict[str, tuple[float, str]]:
    """Return what each item lost and how it ended, for the items that lost something or did not end well."""
    return {mark.item: (lost(mark), mark.outcome.value) for mark in result.marks if lost(mark) > 0}


def automatic(result: Result) -> list[Mark]:
    asked = {q.id for q in courseworks.load(result.assignment).assignment.question if q.automatic}
    return [mark for mark in result.marks if mark.item in asked]


@pytest.mark.parametrize("case", cases("solution", "variants"), ids=str)
def test_right_work_loses_nothing(case: Case, grade: Grade) -> None:
    """The solution and every other right way keep all points; only what the budget left out stays open."""
    result = grade(case.slug, case.folder, case.budget)
    assert losses(result) == {}
    told = {v.check: (v.outcome.value, v.message.en) for v in result.verdicts if v.outcome is not Outcome.PASSED}
    for mark in automatic(result):
        if case.budget == "quick":
            assert (mark.outcome, mark.open) == (Outcome.PASSED, 0), (mark, told)
        else:
            assert mark.points is not None, (mark, told)


@pytest.mark.parametrize("case", cases("faulty"), ids=str)
def test_faulty_work_loses_exactly_what_it_must(case: Case, grade: Grade) -> None:
    """Each item of `expected.toml` loses those points with that outcome, and no other item loses anything."""
    expected: dict[str, Any] = tomllib.loads((case.folder / "expected.toml").read_text(encoding="utf-8"))
    result = grade(case.slug, case.folder, case.budget)
    promised = {item: (line["lost"], line["outcome"]) for item, line in expected[case.budget].items()}
    assert losses(result) == {item: line for item, line in promised.items() if line[0] > 0}
    outcomes = {mark.item: mark.outcome.value for mark in result.marks}
    for item, (_, outcome) in promised.items():
        assert outcomes[item] == outcome


@pytest.mark.parametrize("slug", courseworks.slugs())
def test_the_untouched_template_earns_nothing(slug: str, grade: Grade) -> None:
    """Handed in as it was handed out, it has zero points, none of them open, and nothing counts as a fault."""
    template = courseworks.load(slug).template
    assert template is not None
    result = grade(slug, template, "static")
    assert (result.total.points, result.total.open) == (0, 0)
    assert {mark.outcome for mark in result.marks if mark.maximum > 0} == {Outcome.MISSING}


@pytest.mark.parametrize("slug", courseworks.slugs())
def test_every_automatic_item_has_a_check_and_every_check_an_item(slug: str, grade: Grade) -> None:
    """Questions and checks match both ways."""
    coursework = courseworks.load(slug)
    result = grade(slug, coursework.folder / "solution", "static")
    checked = {verdict.item for verdict in result.verdicts}
    asked = {question.id for question in coursework.assignment.question}
    assert checked <= asked
    assert {question.id for question in coursework.assignment.question if question.automatic} <= checked


@pytest.mark.parametrize("slug", courseworks.slugs())
def test_the_same_hand_in_gets_the_same_marks_from_empty_caches(
    slug: str, grade: Grade, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two runs that share nothing write the same marks and the same curves, byte for byte."""
    folder = courseworks.load(slug).folder / "solution"
    results = []
    for turn in (1, 2):
        monkeypatch.setenv("GRADER_CACHE", str(tmp_path / f"cache{turn}"))
        results.append(grade(slug, folder, "quick", again=turn))
    assert (tmp_path / "out1/result.json").read_bytes() == (tmp_path / "out2/result.json").read_bytes()
    assert results[0].total == results[1].total
