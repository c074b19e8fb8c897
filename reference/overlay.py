"""Lays out a whole submission from a folder that holds only how it differs from another one.

A folder under `variants/` or `faulty/` may have an `overlay.toml`:

    base = "solution"                 # a folder of the same coursework, laid out first
    remove = ["etape6_batchnorm.py"]  # files of the base that this submission does not have

    from_template = ["answers.md"]    # files exactly as they are handed out to students

    [[edit]]                          # a passage that reads differently, in each of these files
    files = ["etape4_optimiseur.py", "etape5_dropout.py"]
    old = "momentum=0.9"
    new = "momentum=0.5"

Its other files are laid over the base before the edits are made. A folder without an
`overlay.toml` is a whole submission already. An edit whose passage does not occur exactly once in
each of its files is an error, so that no faulty work can lose its fault unnoticed.
"""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import msgspec

TEMPLATES = Path(__file__).resolve().parent.parent / "student_template"
NOT_HANDED_IN = ("overlay.toml", "expected.toml", "__pycache__")


class Edit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One passage replaced in each of `files`, paths inside the submission."""

    files: tuple[str, ...]
    old: str
    new: str


class Overlay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a submission differs from its base."""

    base: str
    remove: tuple[str, ...] = ()
    from_template: tuple[str, ...] = ()
    edit: tuple[Edit, ...] = ()


class OverlayError(ValueError):
    """An overlay does not fit its base."""


def materialize(folder: Path, into: Path) -> Path:
    """Lay the whole submission of `folder` out as `into/<name of folder>` and return that path.

    Raises OverlayError when it does not fit its base, FileExistsError when the target is there already.
    """
    target = into / folder.name
    overlay = read_overlay(folder)
    into.mkdir(parents=True, exist_ok=True)
    target.mkdir()
    _lay(folder, overlay, target)
    return target


def read_overlay(folder: Path) -> Overlay | None:
    """Return the folder's overlay, or None when it is a whole submission."""
    path = folder / "overlay.toml"
    if not path.exists():
        return None
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Overlay)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise OverlayError(f"{folder.name}/overlay.toml cannot be read: {error}") from error


def _lay(folder: Path, overlay: Overlay | None, target: Path) -> None:
    if overlay is not None:
        base = _coursework(folder) / overlay.base
        if not base.is_dir() or base == folder:
            raise OverlayError(f"{folder.name}: the base {overlay.base!r} is not a folder of this coursework")
        _lay(base, read_overlay(base), target)
        for name in overlay.remove:
            _existing(folder, target, name).unlink()
        for name in overlay.from_template:
            shutil.copyfile(TEMPLATES / _coursework(folder).name / name, _existing(folder, target, name))
    ignore = shutil.ignore_patterns(*NOT_HANDED_IN)
    shutil.copytree(folder, target, ignore=ignore, dirs_exist_ok=True)
    for edit in overlay.edit if overlay is not None else ():
        for name in edit.files:
            _apply(folder, _existing(folder, target, name), edit)


def _apply(folder: Path, path: Path, edit: Edit) -> None:
    text = path.read_text(encoding="utf-8")
    found = text.count(edit.old)
    if found != 1:
        raise OverlayError(f"{folder.name}: {path.name} holds {found} times, not once: {edit.old!r}")
    path.write_text(text.replace(edit.old, edit.new), encoding="utf-8")


def _existing(folder: Path, target: Path, name: str) -> Path:
    path = target / name
    if not path.is_file():
        raise OverlayError(f"{folder.name}: its base has no file {name!r}")
    return path


def _coursework(folder: Path) -> Path:
    for parent in folder.resolve().parents:
        if (parent / "assignment.toml").exists():
            return parent
    raise OverlayError(f"{folder.name}: no assignment.toml in any folder above it")
