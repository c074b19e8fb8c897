"""The programs of a hand-in with their switches and choices set otherwise, wherever those are written down."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from grader.model import EntryPoint
from grader.submissions.entry_points import imports_of
from grader.submissions.settings_files import SUFFIXES
from grader.submissions.switches import rebuilt, states, states_of_file
from grader.submissions.syntax import Source
from grader.submissions.tested import Tested, tested

Switched = tuple[EntryPoint, dict[str, str]]
_MOST_FILES = 6
_MOST_BYTES = 32 * 1024


def switched_programs(
    folder: Path, points: Sequence[EntryPoint], sources: Sequence[Source]
) -> Iterator[Switched | None]:
    """Yield each program as it is with switches set otherwise, and the files that hold them then.

    None stands for states of a program that are left out, being too many.

    The first program that uses a file stands for all that do; one that is given arguments has its choices there.
    """
    by_path = {source.path: source for source in sources}
    known = tested(source.tree for source in sources)
    ordered = [point for point in points if not (point.arguments or point.environment or point.typed)]
    for source in sources:
        user = next((one for one in ordered if _uses(one, source.path, by_path)), None)
        if user is not None:
            raw = (folder / source.path).read_bytes()
            for state in states(source, known):
                if state is None:
                    yield None
                    continue
                text = rebuilt(source.program, raw, state.pieces)
                if text is not None:
                    yield msgspec.structs.replace(user, origin=state.origin), {source.path: text}
    yield from _of_files(folder, ordered, by_path, known)


def _of_files(
    folder: Path, points: Sequence[EntryPoint], by_path: Mapping[str, Source], known: Tested
) -> Iterator[Switched | None]:
    """Yield the programs with another state of a file of settings that their source names."""
    for path in sorted(one for one in folder.rglob("*") if one.suffix.lower() in SUFFIXES)[:_MOST_FILES]:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _MOST_BYTES:
            continue
        named = [source.path for source in by_path.values() if _names(source, path.name)]
        user = next((one for one in points if any(_uses(one, name, by_path) for name in named)), None)
        if user is None:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for state in states_of_file(text, known):
            if state is None:
                yield None
                continue
            files = {path.relative_to(folder).as_posix(): state.pieces[0]}
            yield msgspec.structs.replace(user, origin=state.origin), files


def _names(source: Source, name: str) -> bool:
    """Whether a program names a file, or the file's stem between quotation marks as hydra wants it."""
    stem = re.escape(name.rpartition(".")[0])
    told = re.compile(rf"{re.escape(name)}|[\"']{stem}[\"']")
    return any(told.search(chunk.text) for chunk in source.program.chunks)


def _uses(point: EntryPoint, path: str, by_path: Mapping[str, Source]) -> bool:
    return point.path == path or path in imported_by(point.path, by_path)


def imported_by(path: str, by_path: Mapping[str, Source]) -> set[str]:
    """Return the paths of the hand-in's modules that the program imports, and that those import."""
    waiting, seen = [path], set[str]()
    while waiting:
        source = by_path.get(waiting.pop())
        fresh = imports_of(source, set(by_path)) - seen if source is not None else set()
        seen |= fresh
        waiting += fresh
    return seen - {path}
