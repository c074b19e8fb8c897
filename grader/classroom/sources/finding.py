"""Recognises what a class's work came as, by what stands in it rather than by its name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import msgspec

from grader import __version__
from grader.classroom.handin import HandIn, Platform, Source
from grader.classroom.sources.folders import children, nbgrader, nbgrader_root
from grader.classroom.sources.naming import Named, canvas_name, moodle_name
from grader.classroom.sources.packed import CLASS_CAPS, Reader, unpack
from grader.classroom.sources.table import from_table
from grader.errors import UsageError
from grader.records import read_record, write_record
from grader.submissions import opened
from grader.submissions.names import shown
from grader.text import Text

_KEPT = "unpacked.json"
_LOOKED_AT = 2_000
"""Names looked at to recognise a platform."""


def read_source(path: Path, into: Path, ours: Path | None = None) -> Source:
    """Return the class at `path`: a folder, a platform's archive, an nbgrader course or a CSV of paths.

    What has to be unpacked goes under `into`; `ours` is our own output beneath `path`, left out. Only the last
    attempt of each student counts. An archive that was unpacked there before is not unpacked again. Raises
    UsageError where there is nothing to grade, SubmissionError where the archive cannot be read.
    """
    if not path.exists():
        raise UsageError(fr=f"{shown(str(path))} n'existe pas.", en=f"{shown(str(path))} does not exist.")
    known = _Unpacked.load(into, path)
    if known is not None:
        return known
    platform, found = _found(path, into, ours.resolve() if ours else None)
    if not found:
        raise UsageError(
            fr=f"Aucune remise dans {shown(path.name)} : attendu un dossier de remises, l'archive de Moodle ou de "
            "Canvas, un cours nbgrader, ou un CSV avec une colonne « path ».",
            en=f"No hand-in in {shown(path.name)}: expected a folder of hand-ins, Moodle's or Canvas's archive, an "
            'nbgrader course, or a CSV with a column "path".',
        )
    last, superseded = _last_attempts(found)
    source = Source(platform=platform, hand_ins=last, superseded=superseded, notes=_notes(last, superseded))
    _Unpacked.keep(into, path, source)
    return source


class _Unpacked(msgspec.Struct, frozen=True, kw_only=True):
    """An archive that was unpacked to its end: as long as it stays the same file, it is not unpacked again."""

    archive: tuple[str, str, int, int]
    source: Source

    @staticmethod
    def load(into: Path, path: Path) -> Source | None:
        """Return the class that `path` was unpacked to, None where that is not whole or the file is another now."""
        try:
            kept = read_record(into / _KEPT, _Unpacked)
        except (OSError, msgspec.DecodeError):
            return None
        whole = all(Path(one.path).exists() for one in kept.source.hand_ins)
        return kept.source if whole and kept.archive == _identity(path) else None

    @staticmethod
    def keep(into: Path, path: Path, source: Source) -> None:
        """Note what `path`, an archive, was unpacked to; of a folder, which may change within, nothing is noted."""
        if path.is_file() and into.is_dir():
            write_record(into / _KEPT, _Unpacked(archive=_identity(path), source=source))


def _identity(path: Path) -> tuple[str, str, int, int]:
    status = path.stat()
    return __version__, str(path.resolve()), status.st_size, status.st_mtime_ns


def _found(path: Path, into: Path, ours: Path | None) -> tuple[Platform, tuple[HandIn, ...]]:
    if path.is_file() and path.suffix.lower() in (".csv", ".tsv"):
        return "table", from_table(path)
    if path.is_dir() and (root := nbgrader_root(path)) is not None:
        return "nbgrader", nbgrader(root)
    platform, reader = _platform(_some_names(path, ours))
    if reader is not None:
        return platform, _told_apart(unpack(path, into, reader, ours))
    if path.is_dir():
        return "folder", children(path, ours)
    return "folder", unpack(path, into, _top_level(path))


def _told_apart(found: tuple[HandIn, ...]) -> tuple[HandIn, ...]:
    """Return the hand-ins, under their numbers where blind marking gave all of them one word for a name."""
    names = {one.name.casefold() for one in found}
    blind = names == {"participant"} or (len(names) == 1 and len(found) > 1 and " " not in min(names))
    return tuple(
        msgspec.structs.replace(one, name=f"{one.name} {one.key}") if blind else one for one in found
    )


def _some_names(path: Path, ours: Path | None) -> list[PurePosixPath]:
    with opened(path, CLASS_CAPS, ours) as members:
        return [member.path for member, _ in zip(members, range(_LOOKED_AT), strict=False)]


def _platform(names: Iterable[PurePosixPath]) -> tuple[Platform, Reader | None]:
    """Return the platform whose way of naming most of `names` follow."""
    kept = [name for name in names if not name.name.startswith((".", "~"))]
    moodle = sum(moodle_name(name) is not None for name in kept)
    canvas = sum(canvas_name(name) is not None for name in kept)
    if moodle and 2 * moodle >= len(kept):
        return "moodle", moodle_name
    if canvas and 2 * canvas > len(kept):
        return "canvas", canvas_name
    return "folder", None


def _top_level(archive: Path) -> Reader:
    """Return a reader for an archive of folders: each first folder, or file, is a hand-in."""
    with opened(archive, CLASS_CAPS, None) as members:
        tops = {member.path.parts[0] for member in members if member.path.parts}
    wrapped = len(tops) == 1

    def read(path: PurePosixPath) -> Named | None:
        parts = path.parts[1:] if wrapped and len(path.parts) > 1 else path.parts
        if not parts or parts[0].startswith((".", "__MACOSX")):
            return None
        rest = PurePosixPath(*(parts[1:] or parts))
        return Named(name=parts[0], key=parts[0], path=rest)

    return read


def _last_attempts(found: tuple[HandIn, ...]) -> tuple[tuple[HandIn, ...], tuple[HandIn, ...]]:
    """Return the last attempt of each id, in order, and the earlier ones."""
    last: dict[str, HandIn] = {}
    for one in found:
        if one.id not in last or one.attempt >= last[one.id].attempt:
            last[one.id] = one
    kept = tuple(one for one in found if last[one.id] is one)
    return kept, tuple(one for one in found if last[one.id] is not one)


def _notes(last: tuple[HandIn, ...], superseded: tuple[HandIn, ...]) -> tuple[Text, ...]:
    notes = []
    names: dict[str, list[HandIn]] = {}
    for one in last:
        names.setdefault(one.name.casefold(), []).append(one)
    for same in names.values():
        if len(same) > 1:
            ids = ", ".join(one.id for one in same)
            notes.append(
                Text(
                    fr=f"{len(same)} remises au nom de {same[0].name}, notées séparément : {ids}.",
                    en=f"{len(same)} hand-ins in the name of {same[0].name}, graded apart: {ids}.",
                )
            )
    again = {one.id for one in superseded} | {one.id for one in last if one.attempt > 1}
    if again:
        ids = ", ".join(sorted(again)[:12])
        notes.append(
            Text(
                fr=f"Plusieurs tentatives, seule la dernière compte : {ids}.",
                en=f"Several attempts, only the last one counts: {ids}.",
            )
        )
    if late := [one.id for one in last if one.late]:
        notes.append(
            Text(
                fr=f"En retard selon la plateforme : {', '.join(late[:12])}{' …' if len(late) > 12 else ''}.",
                en=f"Late according to the platform: {', '.join(late[:12])}{' …' if len(late) > 12 else ''}.",
            )
        )
    return tuple(notes)
