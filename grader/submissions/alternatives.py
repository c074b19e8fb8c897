"""What the hand-in holds beyond what runs unasked: switches set otherwise, and, as weaker evidence, earlier states.

A switch is the author's own live code, so what it shows counts like what a flag on the command line shows, behind all
that runs unasked. Comments and older commits are weaker evidence and never decide.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

import msgspec

from grader.model import VARIANTS, EntryPoint, Problem
from grader.source import Program, SourceUnreadable, read_program
from grader.submissions.entry_points import (
    UNTRIED,
    FoundPrograms,
    imports_of,
    left_over,
    made_up,
    numbered,
    programs,
)
from grader.submissions.history import Version
from grader.submissions.switched import imported_by, switched_programs
from grader.submissions.switches import rebuilt
from grader.submissions.syntax import Source, tree_of
from grader.submissions.traits import traits_of
from grader.submissions.uncommenting import CALLS, uncommented
from grader.text import Text

MOST = 12
"""Earlier states of one hand-in."""
MOST_SWITCHED = 14
_FROM_HISTORY = 8
_TOO_MANY = Problem(
    kind=UNTRIED,
    text=Text(
        fr="Réglages et versions antérieures sont trop nombreux pour être tous essayés.",
        en="Settings and earlier versions are too many to be tried all.",
    ),
)


def find_alternatives(
    folder: Path, found: FoundPrograms, history: Iterable[Version], paths: Sequence[str] = ()
) -> tuple[tuple[EntryPoint, ...], tuple[Problem, ...]]:
    """Return further ways to run programs of the hand-in, writing their files; and a problem if they are too many.

    Of earlier states only those with other improvements than the programs handed in are kept, each set of them once.
    `paths` are all files of the hand-in. Those of variants go to `folder`/VARIANTS; ids go on from those of the
    entry points.
    """
    points = [point for point in found.entry_points if not point.template]
    every = list(itertools.islice(switched_programs(folder, points, found.sources), MOST_SWITCHED + 1))
    more = len(every) > MOST_SWITCHED or None in every
    changed = [one for one in every[:MOST_SWITCHED] if one is not None]
    switched = {files: point for point, files in ((point, _write(folder, files)) for point, files in changed)}
    known = {_traits(point, found.sources) for point in points}
    made: list[EntryPoint] = []
    for point, files, traits in [
        *_of_history(history, found.sources),
        *_of_comments(folder, points, found.sources),
    ]:
        if traits in known:
            continue
        known.add(traits)
        if len(made) >= MOST:
            more = True
            break
        made.append(msgspec.structs.replace(point, variant=_write(folder, files)))
    spare = [*made_up(found, paths), *left_over(found)]
    ways = numbered([*spare, *_switched(switched), *made], first=len(found.entry_points) + 1)
    return ways, (_TOO_MANY,) if more else ()


def _switched(found: dict[str, EntryPoint]) -> list[EntryPoint]:
    """Return the programs with the files that they run with, each set of files once."""
    return [msgspec.structs.replace(point, variant=variant) for variant, point in found.items()]


def _traits(point: EntryPoint, sources: Sequence[Source]) -> frozenset[str]:
    """Return what the program names, in its own file and in those of the hand-in that it imports.

    Switches are no guide to what is on, so a program that has some shares its traits with no other.
    """
    if _is_told(point) or any(value is True for value in point.keywords.values()):
        return frozenset({point.named.en})
    by_path = {source.path: source for source in sources}
    own = by_path.get(point.path)
    if own is None:
        return frozenset()
    imported = (by_path[path] for path in imports_of(own, set(by_path)))
    return traits_of(own.tree).union(*(traits_of(source.tree) for source in imported))


def _is_told(point: EntryPoint) -> bool:
    """Whether the program is told what to do from outside."""
    return bool(point.arguments or point.environment or point.typed)


def _of_comments(
    folder: Path, points: Sequence[EntryPoint], sources: Sequence[Source]
) -> Iterator[tuple[EntryPoint, dict[str, str], frozenset[str]]]:
    """Yield each program as the comments of its file, or of a module that it imports, would have it."""
    by_path = {source.path: source for source in sources}
    for source in sources:
        users = [one for one in points if one.path == source.path]
        users += [one for one in points if source.path in imported_by(one.path, by_path)]
        for variant in uncommented(_joined(source.program)) if users else ():
            text = rebuilt(
                source.program, (folder / source.path).read_bytes(), _pieces(source.program, variant.text)
            )
            if text is None:
                continue
            changed = Source(source.path, tree_of(read_program(text.encode(), source.path)), source.program)
            point = msgspec.structs.replace(users[0], evidence="uncommented", origin=variant.origin)
            others = [changed if one.path == source.path else one for one in sources]
            yield point, {source.path: text}, _traits(point, others) | (variant.traits & {CALLS})


def _joined(program: Program) -> str:
    """Return a script, or the cells of a notebook one behind the other; what cannot be parsed is left out."""
    return "\n".join("" if chunk.error is not None else chunk.text for chunk in program.chunks)


def _pieces(program: Program, text: str) -> dict[int, str]:
    """Return what `text`, a joined program in which no line has moved, has for each piece that it changes."""
    lines, start = text.split("\n"), 0
    pieces: dict[int, str] = {}
    for number, chunk in enumerate(program.chunks):
        count = 1 if chunk.error is not None else chunk.text.count("\n") + 1
        own = "\n".join(lines[start : start + count])
        if chunk.error is None and own != chunk.text:
            pieces[number] = own
        start += count
    return pieces


def _of_history(
    history: Iterable[Version], sources: Sequence[Source]
) -> Iterator[tuple[EntryPoint, dict[str, str], frozenset[str]]]:
    """Yield the programs of each commit that differ from those handed in."""
    now = {source.path: source.program for source in sources}
    count = 0
    for version in history:
        read = list(_sources(version.files))
        points, _, _ = programs(read, set())
        for point in points:
            program = next(source.program for source in read if source.path == point.path)
            if now.get(point.path) == program and len(version.files) == 1:
                continue
            origin = Text(
                fr=f"version du {version.day}, commit {version.commit[:7]}",
                en=f"version of {version.day}, commit {version.commit[:7]}",
            )
            if count < 5 * _FROM_HISTORY:
                count += 1
                marked = msgspec.structs.replace(point, evidence="history", origin=origin)
                yield marked, version.files, _traits(marked, read)


def _sources(files: dict[str, str]) -> Iterator[Source]:
    for path, text in sorted(files.items()):
        try:
            program = read_program(text.encode(), path)
        except SourceUnreadable:
            continue
        yield Source(path, tree_of(program), program)


def _write(folder: Path, files: dict[str, str]) -> str:
    """Write the files of a variant, and return the name of its folder, which tells its content."""
    digest = hashlib.sha256(msgspec.json.encode(sorted(files.items()))).hexdigest()[:16]
    for path, text in files.items():
        target = folder / VARIANTS / digest / PurePosixPath(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return digest
