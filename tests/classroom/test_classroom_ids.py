"""Two students are never taken for one, whatever their names lose on the way to a folder's name."""

import zipfile
from pathlib import Path

import pytest

from grader.classroom.sources import read_source

NAMES = ("Éloise", "Eloise", "eloise", "eloise-2", "山田", "田中")


def answers(folder: Path, text: str) -> None:
    """Put a hand-in of one document there."""
    folder.mkdir(parents=True)
    (folder / "answers.md").write_text(text, encoding="utf-8")


def make(kind: str, tmp_path: Path) -> Path:
    """Return a source of the kind in which everybody wrote their own name."""
    root = tmp_path / "source"
    if kind == "folder":
        for name in NAMES:
            answers(root / name, name)
        return root
    if kind == "nbgrader":
        for name in NAMES:
            answers(root / "submitted" / name / "tp", name)
        (root / "gradebook.db").touch()
        return root
    if kind == "table":
        for name in NAMES:
            answers(tmp_path / name, name)
        rows = "".join(f"{name};{name}\n" for name in NAMES)
        (tmp_path / "class.csv").write_text(f"id;path\n{rows}", encoding="utf-8")
        return tmp_path / "class.csv"
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        for name in NAMES:
            archive.writestr(f"{name}/answers.md", name)
    return tmp_path / "class.zip"


@pytest.mark.parametrize("kind", ["folder", "nbgrader", "table", "archive"])
def test_everybody_keeps_their_own_work(kind: str, tmp_path: Path) -> None:
    """Accents, capitals, scripts without Latin letters: as many hand-ins as students, each with its own words."""
    found = read_source(make(kind, tmp_path), tmp_path / "incoming")
    assert not found.superseded
    assert len({one.id.casefold() for one in found.hand_ins}) == len(found.hand_ins) == len(NAMES)
    read = set()
    for one in found.hand_ins:
        path = Path(one.path)
        read.add((path / "answers.md" if path.is_dir() else path).read_text("utf-8"))
    assert read == set(NAMES)


def test_the_same_class_gives_the_same_ids(tmp_path: Path) -> None:
    """Ids name folders of finished work: they must not change from one run to the next."""
    source = make("archive", tmp_path)
    first, second = (read_source(source, tmp_path / "incoming") for _ in range(2))
    assert first == second
