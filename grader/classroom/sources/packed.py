"""Archives of a whole class: members go to one folder a hand-in, each under the caps of a single hand-in."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from grader.classroom.handin import HandIn
from grader.classroom.sources.ids import Ids
from grader.classroom.sources.naming import Named
from grader.errors import SubmissionError
from grader.submissions import Caps, Member, copy_all, opened
from grader.submissions.names import identifier, natural_key, shown

CLASS_CAPS = Caps(files=1_000_000, total_bytes=64 << 30, members=2_000_000, file_bytes=1 << 30)
Reader = Callable[[PurePosixPath], Named | None]
_Files = list[tuple[Named, Member]]


def unpack(source: Path, into: Path, reader: Reader, ours: Path | None = None) -> tuple[HandIn, ...]:
    """Return one hand-in a participation named by `reader` in the archive or folder `source`, copied under `into`.

    `ours` is our own folder beneath `source`, left out. A hand-in beyond the caps is kept with the reason;
    the others do not suffer. Raises SubmissionError where the archive itself cannot be read.
    """
    with opened(source, CLASS_CAPS, ours) as members:
        grouped = _grouped(members, reader)
        packed_bytes = None if source.is_dir() else source.stat().st_size
        ids = _ids(grouped)
        found = [_copied(ids[key], key, files, into, packed_bytes) for key, files in grouped.items()]
    return tuple(sorted(found, key=lambda one: (natural_key(one.name), natural_key(one.key))))


def _grouped(members: Iterable[Member], reader: Reader) -> dict[str, _Files]:
    """Return the files of each participation; of a file handed in again the last one, beside what stands by itself.

    Canvas numbers a file when another of its name was there before: what bears no number may well be as new.
    """
    grouped: dict[str, _Files] = {}
    last: dict[tuple[str, PurePosixPath], int] = {}
    for member in members:
        named = reader(member.path)
        if named is not None:
            grouped.setdefault(named.key, []).append((named, member))
            place = named.key, named.path
            last[place] = max(named.attempt, last.get(place, 1))
    return {
        key: [one for one in files if one[0].attempt == last[key, one[0].path]]
        for key, files in grouped.items()
    }


def _ids(grouped: dict[str, _Files]) -> dict[str, str]:
    """Return the id of each participation; two never share one."""
    ids = Ids()
    return {
        key: ids.unique(f"{identifier(files[0][0].name)}_{identifier(key)}") for key, files in grouped.items()
    }


def _copied(own_id: str, key: str, files: _Files, into: Path, packed_bytes: int | None) -> HandIn:
    first, attempt = files[0][0], max(named.attempt for named, _ in files)
    folder = into / f"{own_id}_{attempt}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    moved = [Member(named.path, member.kind, member.size_bytes, member.open) for named, member in files]
    refused = None
    try:
        copied = copy_all(moved, folder, Caps(), packed_bytes)
        notes = copied.notes()
    except SubmissionError as error:
        refused, notes = error.text, ()
    return HandIn(
        id=own_id,
        name=shown(first.name),
        path=str(_single(folder)),
        attempt=attempt,
        late=any(named.late for named, _ in files),
        key=key,
        folder=next((named.folder for named, _ in files if named.folder), ""),
        refused=refused,
        notes=notes,
    )


def _single(folder: Path) -> Path:
    """Return the one file that `folder` holds, else the folder: an archive alone is what was handed in."""
    entries = list(folder.iterdir())
    return entries[0] if len(entries) == 1 and entries[0].is_file() else folder
