"""Variants and faulty work lay out as whole submissions, and say exactly what they must lose."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from grader.courseworks import load
from grader.model import Outcome
from reference.overlay import OverlayError, materialize

FOLDER = load("polytech_tp5_6").folder
VARIANTS = sorted(path for path in (FOLDER / "variants").iterdir() if path.is_dir())
FAULTY = sorted(path for path in (FOLDER / "faulty").iterdir() if path.is_dir())


def name(path: Path) -> str:
    return path.name


def texts(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def coursework(tmp_path: Path) -> Path:
    """A coursework of two files with one variant, whose overlay the test writes."""
    folder = tmp_path / "reference" / "some_slug"
    (folder / "solution").mkdir(parents=True)
    (folder / "assignment.toml").write_text("", encoding="utf-8")
    (folder / "solution" / "one.py").write_text("momentum = 0.9\nlr = 0.1\n", encoding="utf-8")
    (folder / "solution" / "two.py").write_text("momentum = 0.9\n", encoding="utf-8")
    (folder / "variants" / "other").mkdir(parents=True)
    return folder


def lay(coursework: Path, overlay: str) -> dict[str, bytes]:
    variant = coursework / "variants" / "other"
    (variant / "overlay.toml").write_text(overlay, encoding="utf-8")
    return texts(materialize(variant, coursework.parent / "out"))


@pytest.mark.parametrize("folder", VARIANTS + FAULTY, ids=name)
def test_every_overlay_gives_a_whole_submission_that_differs(folder: Path, tmp_path: Path) -> None:
    """Programs compile, answers and report are there, the grader's own notes are not."""
    laid_out = materialize(folder, tmp_path)
    files = texts(laid_out)
    assert {"answers.md", "report.md", "README.md"} <= set(files)
    assert not {"overlay.toml", "expected.toml"} & set(files)
    assert files != texts(FOLDER / "solution")
    for path in laid_out.glob("*.py"):
        compile(path.read_text(encoding="utf-8"), path.name, "exec")


@pytest.mark.parametrize("folder", FAULTY, ids=name)
def test_every_faulty_work_says_what_it_must_lose(folder: Path) -> None:
    """For each budget, known items lose no more than they are worth, with an outcome that allows it."""
    worth = {question.id: question.points for question in load("polytech_tp5_6").assignment.question}
    expected: dict[str, Any] = tomllib.loads((folder / "expected.toml").read_text(encoding="utf-8"))
    assert set(expected) == {"fault", "seen_in", "static", "quick"}
    assert set(expected["fault"]) == {"fr", "en"}
    for budget in ("static", "quick"):
        assert expected[budget]
        for item, row in expected[budget].items():
            assert 0 <= row["lost"] <= worth[item], item
            assert Outcome(row["outcome"]).decided == (row["lost"] > 0), item


@pytest.mark.parametrize("folder", FAULTY, ids=name)
def test_every_faulty_work_says_where_its_fault_shows(folder: Path) -> None:
    """Each place is a record of a known stage, or the answer to a known question, and what stands there."""
    assignment = load("polytech_tp5_6").assignment
    stages = {stage.id for stage in assignment.stage}
    questions = {question.id for question in assignment.question}
    expected = tomllib.loads((folder / "expected.toml").read_text(encoding="utf-8"))
    assert expected["seen_in"]
    for place in expected["seen_in"]:
        if "answer" in place:
            assert place["answer"] in questions
            assert set(place) in ({"answer", "holds"}, {"answer", "state"})
        else:
            assert place["stage"] in stages
            assert set(place) in ({"stage", "record", "value"}, {"stage", "record", "holds"})


def test_an_edit_changes_every_named_file_and_no_other(coursework: Path) -> None:
    """The passage is replaced in the files named; the rest is the base's."""
    files = lay(
        coursework,
        'base = "solution"\n[[edit]]\nfiles = ["two.py"]\nold = "momentum = 0.9"\nnew = "m = 0.5"\n',
    )
    assert files == {"one.py": b"momentum = 0.9\nlr = 0.1\n", "two.py": b"m = 0.5\n"}


def test_files_are_removed_and_own_files_are_laid_over(coursework: Path) -> None:
    """A removed file is gone, and a file of the overlay replaces that of its base."""
    (coursework / "variants" / "other" / "two.py").write_text("own = 1\n", encoding="utf-8")
    assert lay(coursework, 'base = "solution"\nremove = ["one.py"]\n') == {"two.py": b"own = 1\n"}


@pytest.mark.parametrize(
    "overlay",
    [
        'base = "solution"\n[[edit]]\nfiles = ["one.py"]\nold = "absent"\nnew = ""\n',
        'base = "solution"\n[[edit]]\nfiles = ["one.py"]\nold = " = "\nnew = ""\n',
        'base = "solution"\n[[edit]]\nfiles = ["three.py"]\nold = "m"\nnew = ""\n',
        'base = "solution"\nremove = ["three.py"]\n',
        'base = "nowhere"\n',
        'base = "variants/other"\n',
        'base = "solution"\nrenamed = []\n',
        "remove = []\n",
    ],
    ids=[
        "absent",
        "twice",
        "no_such_file",
        "nothing_to_remove",
        "no_base",
        "itself",
        "unknown_key",
        "no_key",
    ],
)
def test_an_overlay_that_does_not_fit_is_an_error(coursework: Path, overlay: str) -> None:
    """A passage that is absent or ambiguous, an unknown file, base or key stops the layout."""
    with pytest.raises(OverlayError):
        lay(coursework, overlay)
