"""Every log of a hand-in to the student's own curves, each with the stage that its name tells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import msgspec

from grader.logs.events import read_events
from grader.logs.notebooks import read_notebook
from grader.logs.printed import read_printed
from grader.logs.series import Kind, Series, kind_of, points_of
from grader.logs.tables import read_csv, read_json
from grader.model import Stage, StudentCurve
from grader.stage_names import stage_of_path

FILES_MAX = 200
FILE_BYTES_MAX = 8_000_000
TOTAL_BYTES_MAX = 64_000_000
CURVES_MAX = 60
_PRINTED = (".log", ".out", ".txt", ".stdout")
_EVENTS = re.compile(r"(?:^|[./])events\.out\.tfevents\.")


def read_logs(root: Path, names: Iterable[str], stages: tuple[Stage, ...]) -> tuple[StudentCurve, ...]:
    """Return the curves in the files `names` under `root`, by file, each with the stage that its name tells.

    At most 200 files of 8 MB and 60 curves are read. A file that is no log gives nothing, whatever it holds.
    """
    found: list[StudentCurve] = []
    total = 0
    grouped: dict[str, dict[Kind, Series]] = {}
    for name in sorted(_logs(names), key=_natural)[:FILES_MAX]:
        content = _content(root / name, min(FILE_BYTES_MAX, TOTAL_BYTES_MAX - total))
        total += len(content)
        if _EVENTS.search(name):
            _gather_events(name, content, grouped)
        else:
            found += _curves(name, content)
    found += [
        StudentCurve(source=source, form="events", name=PurePosixPath(source).name, points=points)
        for source, series in grouped.items()
        if len(points := points_of(series)) > 1
    ]
    return tuple(_placed(curve, stages) for curve in found[:CURVES_MAX])


def _logs(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if name.lower().endswith((*_PRINTED, ".csv", ".tsv", ".json", ".ipynb")) or _EVENTS.search(name):
            yield name


def _natural(name: str) -> list[tuple[int, str]]:
    """Return a key that puts `run2` before `run10`."""
    return [(int(piece), "") if piece.isdecimal() else (-1, piece) for piece in re.split(r"(\d{1,9})", name)]


def _content(path: Path, most: int) -> bytes:
    """Return what stands at `path`, nothing where it is too large or cannot be read."""
    try:
        if most <= 0 or path.is_symlink() or path.stat().st_size > most:
            return b""
        return path.read_bytes()
    except OSError:
        return b""


def _curves(name: str, content: bytes) -> Iterator[StudentCurve]:
    suffix, stem = PurePosixPath(name).suffix.lower(), PurePosixPath(name).stem
    if suffix in _PRINTED:
        for points in read_printed(_text(content)):
            yield StudentCurve(source=name, form="printed", points=points)
    elif suffix == ".ipynb":
        for label, points in read_notebook(content):
            yield StudentCurve(source=name, form="notebook", name=label, points=points)
    elif suffix == ".json":
        for label, series in read_json(content, stem).items():
            if len(points := points_of(series)) > 1:
                yield StudentCurve(source=name, form="json", name=label, points=points)
    else:
        for label, series in read_csv(_text(content), stem).items():
            if len(points := points_of(series)) > 1:
                yield StudentCurve(source=name, form="csv", name=label, points=points)


def _text(content: bytes) -> str:
    """Return `content` as text: UTF-16 where it says so, else UTF-8, else Windows-1252."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _gather_events(name: str, content: bytes, grouped: dict[str, dict[Kind, Series]]) -> None:
    """Put the scalars of one event file to those of its run.

    Programs write a run as one folder, or as folders for its halves (`run/train`, `run/Loss_test`) below it.
    """
    folder = PurePosixPath(name).parent
    outer = folder.parent if kind_of(folder.name) or _is_half(folder.name) else folder
    run = grouped.setdefault(str(outer), {})
    for tag, series in read_events(content).items():
        kind = kind_of(f"{tag} {folder.name}") if folder != outer else kind_of(tag)
        if kind is not None:
            run.setdefault(kind, sorted(series))


def _is_half(folder: str) -> bool:
    return re.fullmatch(r"(?:train\w*|test\w*|val\w*|eval\w*)", folder, re.IGNORECASE) is not None


def _placed(curve: StudentCurve, stages: tuple[Stage, ...]) -> StudentCurve:
    """Return the curve with the stage that its own name tells, else the file's."""
    stage = stage_of_path(curve.name, stages) or stage_of_path(curve.source, stages)
    return msgspec.structs.replace(curve, name=curve.name[:120], stage=stage)
