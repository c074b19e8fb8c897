"""An archive beside a report is part of the hand-in; every other archive within stays closed."""

import io
import zipfile
from pathlib import Path

import pytest

from grader.submissions import Caps, open_submission


def packed(**files: str) -> bytes:
    """Return a zip of `files`; two underscores in a name stand for a dot, one for a slash."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", ".").replace("_", "/"), content)
    return out.getvalue()


def hand_in(tmp_path: Path, **files: bytes) -> Path:
    """Return a folder of `files`, named in the same way."""
    folder = tmp_path / "rendu"
    for name, content in files.items():
        path = folder / name.replace("__", ".").replace("_", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_an_archive_beside_a_report_is_opened(tmp_path: Path) -> None:
    """Its files are the hand-in's, a folder that only wraps them is taken away, and a note says so."""
    folder = hand_in(tmp_path, tp__zip=packed(TP_base__py="print(1)\n"), rapport__pdf=b"%PDF-1.4")
    found = open_submission(folder, tmp_path / "out")
    assert [file.path for file in found.files] == ["rapport.pdf", "tp/base.py"]
    assert (tmp_path / "out" / "tp" / "base.py").read_text() == "print(1)\n"
    assert not (tmp_path / "out" / "tp.zip").exists()
    assert any("opened" in note.en and "not opened" not in note.en for note in found.notes)


def test_an_archive_beside_programs_stays_closed(tmp_path: Path) -> None:
    """An old copy in `backup.zip` must not become a second program."""
    folder = hand_in(tmp_path, backup__zip=packed(base__py="old\n"), base__py=b"print(1)\n")
    found = open_submission(folder, tmp_path / "out")
    assert [file.path for file in found.files] == ["backup.zip", "base.py"]
    assert any("not opened" in note.en for note in found.notes)


def test_two_archives_stay_closed(tmp_path: Path) -> None:
    """Which one counts is not ours to guess."""
    folder = hand_in(tmp_path, a__zip=packed(base__py="1\n"), b__zip=packed(base__py="2\n"))
    assert [file.path for file in open_submission(folder, tmp_path / "out").files] == ["a.zip", "b.zip"]


def test_one_level_and_no_more(tmp_path: Path) -> None:
    """An archive within the archive is a file like any other, and told."""
    inner = packed(base__py="1\n").decode("latin-1")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("deep.zip", inner.encode("latin-1"))
        archive.writestr("etape.py", "1\n")
    folder = hand_in(tmp_path, tp__zip=out.getvalue(), notes__md=b"x\n")
    found = open_submission(folder, tmp_path / "out")
    assert [file.path for file in found.files] == ["notes.md", "tp/deep.zip", "tp/etape.py"]
    assert any("tp/deep.zip" in note.en and "not opened" in note.en for note in found.notes)


@pytest.mark.parametrize("caps", [Caps(files=2), Caps(total_bytes=100_000), Caps(members=2)])
def test_the_caps_are_those_of_the_whole_hand_in(tmp_path: Path, caps: Caps) -> None:
    """What would go beyond them stays closed, and the rest of the hand-in is still there."""
    archive = packed(a__py="1\n" * 20_000, b__py="2\n" * 20_000, c__py="3\n" * 20_000)
    folder = hand_in(tmp_path, tp__zip=archive, rapport__md=b"Q1\n")
    found = open_submission(folder, tmp_path / "out", caps=caps)
    assert [file.path for file in found.files] == ["rapport.md", "tp.zip"]
    assert not (tmp_path / "out.nested").exists()


def test_a_damaged_archive_costs_only_itself(tmp_path: Path) -> None:
    """The report beside it is graded, and the archive is told."""
    folder = hand_in(tmp_path, tp__zip=packed(a__py="1\n")[:-30], rapport__md=b"Q1\n")
    found = open_submission(folder, tmp_path / "out")
    assert [file.path for file in found.files] == ["rapport.md", "tp.zip"]
