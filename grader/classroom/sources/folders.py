"""Folders of hand-ins: one child each, or nbgrader's `submitted/STUDENT/ASSIGNMENT/` tree."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from grader.classroom.handin import HandIn
from grader.classroom.sources.ids import Ids
from grader.submissions import is_left_out
from grader.submissions.names import identifier, natural_key, shown

_ARCHIVES = (".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tbz2", ".txz", ".tar", ".zip", ".rar", ".7z")
_FILES = (".py", ".ipynb", ".pdf", ".docx", ".html", ".htm")
_TIMESTAMP = "timestamp.txt"


def children(folder: Path, ours: Path | None) -> tuple[HandIn, ...]:
    """Return one hand-in for each folder, archive, program, notebook or document in `folder`.

    `ours` is left out, and so is what systems and editors leave around. Two children of one name
    (`dupont/` and `dupont.zip`) are two hand-ins with two ids.
    """
    kept = [path for path in folder.iterdir() if _is_hand_in(path, ours)]
    kept.sort(key=lambda path: natural_key(path.name))
    ids = Ids()
    return tuple(
        HandIn(id=ids.unique(identifier(name)), name=shown(name), path=str(path))
        for path in kept
        for name in (_stem(path),)
    )


def _is_hand_in(path: Path, ours: Path | None) -> bool:
    if is_left_out(PurePosixPath(path.name)) or path.name.startswith(".") or path.is_symlink():
        return False
    if ours is not None and path.resolve() == ours:
        return False
    return path.is_dir() or path.name.lower().endswith(_ARCHIVES + _FILES)


def _stem(path: Path) -> str:
    if path.is_dir():
        return path.name
    low = path.name.lower()
    suffix = next((one for one in _ARCHIVES + _FILES if low.endswith(one)), "")
    return path.name[: len(path.name) - len(suffix)] or path.name


def nbgrader_root(folder: Path) -> Path | None:
    """Return the `submitted` folder of an nbgrader course at `folder`, None where there is none."""
    for root in (folder, folder / "submitted"):
        if root.is_dir() and next(root.glob(f"*/*/{_TIMESTAMP}"), None) is not None:
            return root
    if folder.name == "submitted" and any(path.is_dir() for path in folder.glob("*/*")):
        return folder
    return (
        folder / "submitted"
        if (folder / "submitted").is_dir() and (folder / "gradebook.db").exists()
        else None
    )


def nbgrader(root: Path) -> tuple[HandIn, ...]:
    """Return one hand-in for each `STUDENT/ASSIGNMENT` beneath nbgrader's `submitted` folder."""
    found, ids = [], Ids()
    folders = (path for path in root.glob("*/*") if path.is_dir() and not path.is_symlink())
    for path in sorted(folders, key=lambda path: natural_key(f"{path.parent.name}/{path.name}")):
        student = path.parent.name
        several = sum(1 for one in path.parent.iterdir() if one.is_dir()) > 1
        name = f"{student} ({path.name})" if several else student
        found.append(HandIn(id=ids.unique(identifier(name)), name=shown(name), path=str(path), key=student))
    return tuple(found)
