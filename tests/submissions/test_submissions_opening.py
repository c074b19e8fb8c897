"""Hand-ins of every shape, kind and malice, opened."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.errors import GraderError, SubmissionError, UsageError
from grader.model import Submission
from grader.submissions import Caps, open_submission

MAIN = b"for epoch in range(3):\n    train()\n"
CAPS = Caps(files=50, total_bytes=1 << 20, members=200, file_bytes=200_000, depth=6, name_bytes=60)


def opened(path: Path, into: Path, template: Path | None = None, caps: Caps = CAPS) -> Submission:
    """Open a hand-in under small caps."""
    return open_submission(path, into, template, caps=caps)


def folder_of(where: Path, files: Mapping[str, bytes]) -> Path:
    """Make a folder that holds `files`."""
    for name, content in files.items():
        (where / name).parent.mkdir(parents=True, exist_ok=True)
        (where / name).write_bytes(content)
    return where


def zip_of(path: Path, files: Mapping[str, bytes]) -> Path:
    """Make a zip of `files` at `path`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tar_of(path: Path, files: Mapping[str, bytes], *extra: tarfile.TarInfo, mode: str = "w:gz") -> Path:
    """Make a tar of `files` and bare members at `path`."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in extra:
            archive.addfile(info)
    return path


def member(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    """Return a tar member without contents."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def paths(submission: Submission) -> list[str]:
    """Return the paths of a submission's files."""
    return [file.path for file in submission.files]


def notes(submission: Submission) -> str:
    """Return a submission's notes in English, joined."""
    return " ".join(note.en for note in submission.notes)


FILES = {"main.py": MAIN, "sub/helper.py": b"x = 1\n", "answers.md": "Auteurs : Zoé\n".encode()}


class TestShapes:
    """The same work, handed in every accepted way, is the same record."""

    def test_folder_zip_and_tars_agree(self, tmp_path: Path) -> None:
        """Digest, files, authors and programs do not depend on the wrapping."""
        sources = [folder_of(tmp_path / "tp", FILES), zip_of(tmp_path / "tp.zip", FILES)]
        for mode, name in (
            ("w", "tp.tar"),
            ("w:gz", "tp.tar.gz"),
            ("w:xz", "tp.tar.xz"),
            ("w:bz2", "tp.tbz2"),
        ):
            sources.append(tar_of(tmp_path / name, FILES, mode=mode))
        records = [opened(source, tmp_path / f"into{at}") for at, source in enumerate(sources)]
        assert all(record == records[0] for record in records[1:])
        assert paths(records[0]) == ["answers.md", "main.py", "sub/helper.py"]
        assert records[0].authors == ("Zoé",)
        assert (tmp_path / "into3" / "sub" / "helper.py").read_bytes() == b"x = 1\n"

    def test_wrapping_folders_are_taken_away(self, tmp_path: Path) -> None:
        """Folders that only hold one folder, even of the same name, do not count."""
        wrapped = {f"tp/tp/{name}": content for name, content in FILES.items()} | {
            "__MACOSX/tp/._main.py": b"\0"
        }
        plain = opened(folder_of(tmp_path / "a", FILES), tmp_path / "into1")
        found = opened(zip_of(tmp_path / "a.zip", wrapped), tmp_path / "into2")
        assert found == plain

    @pytest.mark.parametrize("name", ["solo.py", "report.md", "notebook.ipynb", "report.pdf"])
    def test_a_single_file_is_a_hand_in(self, tmp_path: Path, name: str) -> None:
        """One program or document alone is accepted."""
        (tmp_path / name).write_bytes(MAIN)
        found = opened(tmp_path / name, tmp_path / "into")
        assert paths(found) == [name]
        assert bool(found.entry_points) == name.endswith(".py")

    def test_what_systems_leave_around_is_ignored(self, tmp_path: Path) -> None:
        """Caches, version control, environments and desktop files are neither copied nor counted."""
        clutter = [
            ".DS_Store",
            ".git/config",
            "__pycache__/main.cpython-311.pyc",
            "venv/lib/x.py",
            "main.py~",
        ]
        clutter += [".venv/y.py", "__MACOSX/._a", ".ipynb_checkpoints/a.ipynb", "._main.py", "Thumbs.db"]
        found = opened(folder_of(tmp_path / "a", FILES | dict.fromkeys(clutter, b"x")), tmp_path / "into")
        assert paths(found) == ["answers.md", "main.py", "sub/helper.py"]
        assert found.notes == ()

    def test_opening_again_replaces_what_was_there(self, tmp_path: Path) -> None:
        """Nothing of an earlier opening remains."""
        folder_of(tmp_path / "into", {"old.py": MAIN})
        opened(folder_of(tmp_path / "a", FILES), tmp_path / "into")
        assert not (tmp_path / "into" / "old.py").exists()

    def test_an_output_inside_the_hand_in_is_not_handed_in(self, tmp_path: Path) -> None:
        """Grading into a folder of the hand-in gives the same record each time."""
        source = folder_of(tmp_path / "a", FILES)
        first = opened(source, source / "out" / "submission")
        (source / "out" / "result.json").write_text("{}")
        assert opened(source, source / "out" / "submission") == first

    def test_a_hand_in_is_never_overwritten(self, tmp_path: Path) -> None:
        """An output folder that holds the hand-in is refused, and nothing is lost."""
        source = folder_of(tmp_path / "a", FILES)
        for into in (source, tmp_path):
            with pytest.raises(UsageError, match="overwritten"):
                opened(source, into)
        assert (source / "main.py").exists()

    def test_copies_are_plain_files(self, tmp_path: Path) -> None:
        """Permissions of the hand-in are not taken over: no setuid, nothing unreadable, nothing executable."""
        source = folder_of(tmp_path / "a", FILES)
        (source / "main.py").chmod(0o4777)
        opened(source, tmp_path / "into")
        assert (tmp_path / "into" / "main.py").stat().st_mode & 0o7777 & ~0o022 == 0o644 & ~0o022


class TestRefused:
    """What cannot be graded is refused in one sentence of both languages."""

    def refuse(self, path: Path, tmp_path: Path, expected: str, caps: Caps = CAPS) -> None:
        """Assert the error, its sentence and its exit code."""
        with pytest.raises((SubmissionError, UsageError), match=expected) as caught:
            opened(path, tmp_path / "into", caps=caps)
        assert caught.value.exit_code == 2
        assert caught.value.text.fr and "\n" not in caught.value.text.en

    def test_a_missing_path(self, tmp_path: Path) -> None:
        """A path that does not exist is a mistake of usage."""
        self.refuse(tmp_path / "nowhere", tmp_path, "does not exist")

    def test_an_empty_folder(self, tmp_path: Path) -> None:
        """Nothing, or nothing but clutter, is empty."""
        self.refuse(folder_of(tmp_path / "a", {".DS_Store": b"x", ".git/HEAD": b"x"}), tmp_path, "is empty")

    def test_empty_archives(self, tmp_path: Path) -> None:
        """An archive without files is empty too."""
        self.refuse(zip_of(tmp_path / "a.zip", {}), tmp_path, "is empty")
        self.refuse(tar_of(tmp_path / "a.tar.gz", {}), tmp_path, "is empty")

    @pytest.mark.parametrize("start", [b"Rar!\x1a\x07\x01\x00", b"7z\xbc\xaf\x27\x1c\x00\x04"])
    def test_other_formats_named_zip(self, tmp_path: Path, start: bytes) -> None:
        """A rar or 7z archive is recognised whatever its name, and the mend is told."""
        (tmp_path / "tp.zip").write_bytes(start + bytes(100))
        self.refuse(tmp_path / "tp.zip", tmp_path, r"(rar|7z) archive, which is not read: hand in a \.zip")

    def test_damaged_archives(self, tmp_path: Path) -> None:
        """A cut or overwritten archive is called damaged."""
        whole = zip_of(tmp_path / "whole.zip", {"main.py": os.urandom(5000)}).read_bytes()
        (tmp_path / "cut.zip").write_bytes(whole[:2000])
        self.refuse(tmp_path / "cut.zip", tmp_path, "damaged")
        (tmp_path / "hit.zip").write_bytes(whole[:1000] + b"\xff" * 50 + whole[1050:])
        self.refuse(tmp_path / "hit.zip", tmp_path, "damaged")
        packed = tar_of(tmp_path / "whole.tar.gz", {"main.py": os.urandom(5000)}).read_bytes()
        (tmp_path / "cut.tar.gz").write_bytes(packed[:3000])
        self.refuse(tmp_path / "cut.tar.gz", tmp_path, "damaged")

    def test_an_encrypted_archive(self, tmp_path: Path) -> None:
        """A password is asked away, not asked for."""
        raw = bytearray(zip_of(tmp_path / "a.zip", {"main.py": MAIN}).read_bytes())
        raw[6] |= 1
        raw[raw.index(b"PK\x01\x02") + 8] |= 1
        (tmp_path / "a.zip").write_bytes(raw)
        self.refuse(tmp_path / "a.zip", tmp_path, "password")

    @pytest.mark.parametrize(
        "name", ["../evil.py", "a/../../evil.py", "/etc/evil.py", "..\\evil.py", "C:\\evil.py"]
    )
    def test_paths_that_leave(self, tmp_path: Path, name: str) -> None:
        """A path upwards or from the root refuses the archive, and nothing is written outside."""
        self.refuse(zip_of(tmp_path / "a.zip", {"main.py": MAIN, name: MAIN}), tmp_path, "leaves the folder")
        self.refuse(tar_of(tmp_path / "a.tar", {name: MAIN}, mode="w"), tmp_path, "leaves the folder")
        assert not (tmp_path / "evil.py").exists()

    def test_a_bomb_by_ratio(self, tmp_path: Path) -> None:
        """An archive that unpacks to a thousand times its size is stopped on the way."""
        bomb = {f"{at}.py": bytes(8 << 20) for at in range(4)}
        caps = Caps(ratio=50)
        self.refuse(zip_of(tmp_path / "a.zip", bomb), tmp_path, "far beyond its size", caps)
        self.refuse(tar_of(tmp_path / "a.tar.gz", bomb), tmp_path, "far beyond its size", caps)

    def test_too_many_bytes(self, tmp_path: Path) -> None:
        """The total is capped whatever the form."""
        files = {f"{at}.txt": os.urandom(150_000) for at in range(9)}
        self.refuse(folder_of(tmp_path / "a", files), tmp_path, "More than 1 MiB")

    def test_a_zip_that_lies_about_sizes(self, tmp_path: Path) -> None:
        """Bytes are counted as they come out: a forged small size does not help."""
        raw = zip_of(tmp_path / "a.zip", {"main.py": bytes(900_000)}).read_bytes()
        forged = raw.replace((900_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
        (tmp_path / "a.zip").write_bytes(forged)
        with pytest.raises(SubmissionError):
            opened(tmp_path / "a.zip", tmp_path / "into")

    def test_too_many_files(self, tmp_path: Path) -> None:
        """A folder with a data set in it is refused with the reason."""
        self.refuse(
            folder_of(tmp_path / "a", {f"{at}.txt": b"x" for at in range(60)}), tmp_path, "More than 50 files"
        )
        self.refuse(
            folder_of(tmp_path / "b", {f"{at}.pyc": b"x" for at in range(300)}), tmp_path, "too many files"
        )

    def test_a_tar_header_that_asks_for_gigabytes(self, tmp_path: Path) -> None:
        """An extended header of a declared gigabyte is not read into memory."""
        info = tarfile.TarInfo("pax")
        info.type, info.size = tarfile.XHDTYPE, 1 << 30
        with gzip.open(tmp_path / "a.tar.gz", "wb") as packed:
            packed.write(info.tobuf(tarfile.USTAR_FORMAT) + bytes(1 << 20))
        self.refuse(tmp_path / "a.tar.gz", tmp_path, "damaged")

    def test_an_unknown_kind_of_file(self, tmp_path: Path) -> None:
        """A picture is no hand-in."""
        (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff" + bytes(100))
        self.refuse(tmp_path / "photo.jpg", tmp_path, "no folder, no zip or tar")


class TestSetAside:
    """What is left out of an otherwise good hand-in is noted once, and the rest is graded."""

    def test_links_are_not_followed(self, tmp_path: Path) -> None:
        """Symbolic links in a folder, links of both kinds in archives: noted, never read."""
        secret = tmp_path / "secret.txt"
        secret.write_text("labels")
        source = folder_of(tmp_path / "a", FILES)
        (source / "link.txt").symlink_to(secret)
        (source / "dir").symlink_to(tmp_path)
        found = opened(source, tmp_path / "into1")
        assert paths(found) == ["answers.md", "main.py", "sub/helper.py"]
        assert notes(found) == "Links not followed: dir, link.txt."
        packed = tar_of(
            tmp_path / "a.tar.gz",
            FILES,
            member("hard.txt", tarfile.LNKTYPE, str(secret)),
            member("soft.txt", tarfile.SYMTYPE, "../../secret.txt"),
            member("pipe", tarfile.FIFOTYPE),
            member("disk", tarfile.BLKTYPE),
        )
        found = opened(packed, tmp_path / "into2")
        assert paths(found) == ["answers.md", "main.py", "sub/helper.py"]
        assert "hard.txt, soft.txt" in notes(found) and "disk, pipe" in notes(found)

    def test_a_link_in_a_zip_is_not_followed(self, tmp_path: Path) -> None:
        """A zip member whose Unix mode says link is noted."""
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr("main.py", MAIN)
            info = zipfile.ZipInfo("link.py")
            info.external_attr = 0o120777 << 16
            archive.writestr(info, "/etc/passwd")
        found = opened(tmp_path / "a.zip", tmp_path / "into")
        assert paths(found) == ["main.py"] and "link.py" in notes(found)

    def test_a_named_pipe_is_not_opened(self, tmp_path: Path) -> None:
        """A pipe in a folder does not make the grader wait for ever."""
        source = folder_of(tmp_path / "a", FILES)
        os.mkfifo(source / "pipe.py")
        assert "pipe.py" in notes(opened(source, tmp_path / "into"))

    def test_large_deep_and_long_ones(self, tmp_path: Path) -> None:
        """One file too large, too deep or of too long a name is left out by itself."""
        odd = {"weights.pt": bytes(300_000), "a/b/c/d/e/f/g.py": MAIN, f"{'n' * 80}.py": MAIN}
        found = opened(folder_of(tmp_path / "a", FILES | odd), tmp_path / "into")
        assert paths(found) == ["answers.md", "main.py", "sub/helper.py"]
        assert "weights.pt" in notes(found) and "a/b/c/d/e/f/g.py" in notes(found)

    def test_nested_archives_are_not_opened(self, tmp_path: Path) -> None:
        """An archive in the archive is kept as a file and noted."""
        inner = zip_of(tmp_path / "inner.zip", {"hidden.py": MAIN}).read_bytes()
        found = opened(zip_of(tmp_path / "a.zip", FILES | {"inner.zip": inner}), tmp_path / "into")
        assert "not opened: inner.zip" in notes(found)
        assert not any("hidden" in path for path in paths(found))

    def test_names_that_clash(self, tmp_path: Path) -> None:
        """Names that differ by case are kept and noted; a name that comes twice keeps its first content."""
        found = opened(
            folder_of(tmp_path / "a", {"main.py": MAIN, "Main.py": b"y = 2\n"}), tmp_path / "into1"
        )
        assert paths(found) == ["Main.py", "main.py"] and "differ by case" in notes(found)
        raw = zip_of(tmp_path / "a.zip", {"main.py": MAIN, "nain.py": b"forged"}).read_bytes()
        (tmp_path / "a.zip").write_bytes(raw.replace(b"nain.py", b"main.py"))
        found = opened(tmp_path / "a.zip", tmp_path / "into2")
        assert (tmp_path / "into2" / "main.py").read_bytes() == MAIN and "There twice" in notes(found)

    def test_names_that_are_not_utf8_survive(self, tmp_path: Path) -> None:
        """Latin-1 names in folders, tars and zips become the letters that were meant."""
        source = folder_of(tmp_path / "a", {"main.py": MAIN})
        with open(os.fsencode(source) + b"/r\xe9ponses.md", "wb") as file:
            file.write(b"text")
        packed = tar_of(tmp_path / "b.tar", {"main.py": MAIN, "r\udce9ponses.md": b"text"}, mode="w")
        records = [opened(source, tmp_path / "into1"), opened(packed, tmp_path / "into2")]
        assert [paths(record) for record in records] == [["main.py", "réponses.md"]] * 2
        raw = zip_of(tmp_path / "c.zip", {"main.py": MAIN, "r__ponses.md": b"text"}).read_bytes()
        (tmp_path / "c.zip").write_bytes(raw.replace(b"r__ponses", "réponses".encode()))
        assert paths(opened(tmp_path / "c.zip", tmp_path / "into3")) == ["main.py", "réponses.md"]

    def test_hostile_names_are_made_harmless(self, tmp_path: Path) -> None:
        """Line breaks, escapes and right-to-left marks do not reach a terminal or a report."""
        found = opened(folder_of(tmp_path / "a\u202e\x1b[31m", {"a\nb\u202e.py": MAIN}), tmp_path / "into")
        assert paths(found) == ["a_b_.py"]
        assert found.name == "a__[31m" and found.id == "a__-31m"


class TestTemplate:
    """Files equal to what was handed out are marked."""

    def test_white_space_at_line_ends_does_not_count(self, tmp_path: Path) -> None:
        """Other line ends, trailing spaces and a byte-order mark leave a file untouched; a change does not."""
        template = folder_of(
            tmp_path / "template", {"base.py": MAIN, "answers.md": b"# Q1\n", "empty.py": b""}
        )
        files = {
            "renamed.py": b"\xef\xbb\xbf" + MAIN.replace(b"\n", b"  \r\n") + b"\n\n",
            "answers.md": b"# Q1\nmine\n",
            "__init__.py": b"",
        }
        found = opened(folder_of(tmp_path / "a", files), tmp_path / "into", template)
        assert {file.path: file.template for file in found.files} == {
            "__init__.py": False,
            "answers.md": False,
            "renamed.py": True,
        }
        assert [point.template for point in found.entry_points] == [True]


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30) | st.lists(
    st.sampled_from(["..", ".", "a", "b.py", "/", "\\", "C:", "é", "__MACOSX", "\u202e"]), max_size=6
).map("/".join)
RELAXED = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@RELAXED
@given(names=st.lists(NAMES.filter(bool), min_size=1, max_size=6, unique=True), as_zip=st.booleans())
def test_any_names_stay_inside(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], as_zip: bool
) -> None:
    """Whatever an archive calls its members, files are written inside or the archive is refused."""
    where = tmp_path_factory.mktemp("names")
    files = {name: MAIN for name in names}
    try:
        archive = zip_of(where / "a.zip", files) if as_zip else tar_of(where / "a.tar", files, mode="w")
    except ValueError:
        return
    before = set(where.rglob("*"))
    try:
        found = opened(archive, where / "into")
    except GraderError:
        found = None
    written = set(where.rglob("*")) - before
    assert all(path.resolve().is_relative_to((where / "into").resolve()) for path in written)
    for file in found.files if found else ():
        assert (where / "into" / file.path).is_file()
        assert file.path.isprintable() and ".." not in file.path.split("/")


@RELAXED
@given(data=st.data(), kind=st.sampled_from(["zip", "tar", "tar.gz"]))
def test_damaged_archives_never_crash(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, kind: str
) -> None:
    """Bytes overwritten anywhere in an archive give a record or a sentence, nothing else."""
    where = tmp_path_factory.mktemp("damaged")
    path = where / f"a.{kind}"
    if kind == "zip":
        zip_of(path, FILES)
    else:
        tar_of(path, FILES, mode="w" if kind == "tar" else "w:gz")
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw[: data.draw(st.integers(1, len(raw)))])
    try:
        found = opened(path, where / "into")
    except GraderError:
        return
    assert found.files and all((where / "into" / file.path).is_file() for file in found.files)


@pytest.mark.parametrize("packed", [False, True])
def test_results_of_an_earlier_grading_are_no_part_of_the_work(tmp_path: Path, packed: bool) -> None:
    """Who graded inside the folder hands in reports of ours: they are left aside, told, and nobody's answers."""
    work = tmp_path / "work"
    for name in ("base.py", "graded/tp/result.json", "graded/tp/verdicts.json", "graded/tp/submission.json",
                 "graded/tp/report.pdf", "graded/tp/submission/base.py", "mine/result.json"):  # fmt: skip
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text("import torch", encoding="utf-8")
    source = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", work)) if packed else work
    opened = open_submission(source, tmp_path / "out")
    assert {file.path for file in opened.files} == {"base.py", "mine/result.json"}
    assert not (tmp_path / "out" / "graded" / "tp").exists() and not opened.documents
    assert any("graded/tp" in note.en and "left aside" in note.en for note in opened.notes)
