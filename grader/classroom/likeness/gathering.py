"""Takes out of graded hand-ins what can be compared, without what was handed out to all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from grader.classroom.likeness.material import Material, Program
from grader.model import Result
from grader.records import encode, read_record
from grader.source import SourceUnreadable, read_program

_CODE_BYTES = 400_000
_NOTEBOOK_BYTES = 16 << 20
_IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".svg", ".pdf")
_POINTS = 5
"""A curve shorter than this is equal by chance."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A graded hand-in to be compared: where its result lies, and who made it."""

    id: str
    pseudonym: str
    folder: str
    people: tuple[str, ...] = ()
    """Words of the authors' names."""
    recipes: dict[str, str] = {}
    """Key of the training by stage."""


def material_of(member: Member) -> Material:
    """Return what can be compared of `member`; raises what reading its result raises."""
    result = read_record(Path(member.folder) / "result.json", Result)
    files = [file for file in result.submission.files if not file.template]
    root = Path(member.folder) / "submission"
    return Material(
        id=member.id,
        pseudonym=member.pseudonym,
        people=member.people,
        programs=tuple(_programs(root, [file.path for file in files])),
        answers={
            answer.question: answer.text
            for answer in result.answers
            if answer.state == "found" and answer.text.strip()
        },
        recipes=member.recipes,
        curves={
            curve.stage or curve.source: hashlib.sha256(encode(curve.points)).hexdigest()
            for curve in result.curves
            if len(curve.points) >= _POINTS
        },
        images={file.path: file.sha256 for file in files if file.path.lower().endswith(_IMAGES)},
    )


def _programs(root: Path, paths: Sequence[str]) -> Iterator[Program]:
    for path in paths:
        if path.endswith(".py"):
            code = (root / path).read_bytes()[:_CODE_BYTES].decode("utf-8", "replace")
        elif path.endswith(".ipynb"):
            code = _notebook(root / path)
        else:
            continue
        if code.strip():
            yield Program(path=path, code=code)


def _notebook(path: Path) -> str:
    """Return the code cells of the notebook at `path`, joined; nothing where it is not one."""
    if path.stat().st_size > _NOTEBOOK_BYTES:
        return ""
    try:
        cells = read_program(path.read_bytes(), path.name).chunks
    except SourceUnreadable:
        return ""
    return "\n\n".join(cell.text for cell in cells)[:_CODE_BYTES]
