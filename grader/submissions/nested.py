"""An archive within a hand-in: opened once, one level deep, where it plainly holds the programs.

Platforms hand over folders in which `tp.zip` lies beside `rapport.pdf`. Where there is one archive at the top and no
program outside it, what is in it belongs to the hand-in; any other archive stays closed and is told.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path, PurePosixPath

from grader.errors import SubmissionError
from grader.submissions.caps import Caps, is_left_out
from grader.submissions.copying import Copied, copy_all
from grader.submissions.members import UNREADABLE, Member, opened

_ARCHIVES = (".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tbz2", ".txz", ".tar", ".zip")
_PROGRAMS = (".py", ".ipynb")


def open_nested(into: Path, copied: Copied, caps: Caps) -> None:
    """Put what the one archive at the top of `into` holds in a folder of its name, under what is left of `caps`.

    Nothing changes where there is no such archive, where it cannot be read, or where it goes beyond the caps.
    """
    archive = _the_one(copied)
    if archive is None:
        return
    aside = into.with_name(f"{into.name}.nested")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        found = _unpacked(into / archive, aside, _left(caps, copied))
        if found.digests:
            _take_in(into, copied, archive, aside, found)
    except (SubmissionError, RuntimeError, *UNREADABLE):
        return  # still among the archives that were not opened, which a note names
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _the_one(copied: Copied) -> str | None:
    """Return the only archive at the top of a hand-in without programs outside it."""
    archives = [path for path in copied.digests if "/" not in path and path.lower().endswith(_ARCHIVES)]
    if len(archives) != 1 or any(path.lower().endswith(_PROGRAMS) for path in copied.digests):
        return None
    return archives[0]


def _left(caps: Caps, copied: Copied) -> Caps:
    return replace(
        caps,
        files=max(caps.files - len(copied.digests), 0),
        total_bytes=max(caps.total_bytes - copied.total_bytes, 0),
    )


def _unpacked(archive: Path, aside: Path, caps: Caps) -> Copied:
    with opened(archive, caps, None) as members:
        kept = [member.path for member in members if member.kind == "file" and not is_left_out(member.path)]
    tops = {path.parts[0] for path in kept}
    wrapped = len(tops) == 1 and all(len(path.parts) > 1 for path in kept)
    with opened(archive, caps, None) as members:
        moved = (replace(member, path=_within(member, wrapped=wrapped)) for member in members)
        return copy_all(moved, aside, caps, archive.stat().st_size)


def _within(member: Member, *, wrapped: bool) -> PurePosixPath:
    return PurePosixPath(*member.path.parts[1:]) if wrapped and len(member.path.parts) > 1 else member.path


def _take_in(into: Path, copied: Copied, archive: str, aside: Path, found: Copied) -> None:
    """Make the files in `aside` part of the hand-in, in place of the archive."""
    folder = _folder_name(archive, copied)
    aside.rename(into / folder)
    (into / archive).unlink()
    del copied.digests[archive], copied.sizes[archive]
    copied.digests |= {f"{folder}/{path}": digest for path, digest in found.digests.items()}
    copied.sizes |= {f"{folder}/{path}": size for path, size in found.sizes.items()}
    copied.total_bytes += found.total_bytes
    _no_longer_closed(copied, archive)
    copied.set_aside("opened", PurePosixPath(archive))
    for why, paths in found.aside.items():
        for path in paths:
            copied.set_aside(why, PurePosixPath(folder) / path)


def _folder_name(archive: str, copied: Copied) -> str:
    suffix = next(one for one in _ARCHIVES if archive.lower().endswith(one))
    stem = archive[: len(archive) - len(suffix)] or "archive"
    taken = {path.partition("/")[0].casefold() for path in copied.digests}
    return stem if stem.casefold() not in taken else archive.replace(".", "_")


def _no_longer_closed(copied: Copied, archive: str) -> None:
    """Forget that `archive` was not opened; its path there may still bear the folders that wrapped the hand-in."""
    closed = copied.aside.get("nested", [])
    named = sorted((path for path in closed if PurePosixPath(path).name == archive), key=len)
    if named:
        closed.remove(named[0])
    if not closed:
        copied.aside.pop("nested", None)
