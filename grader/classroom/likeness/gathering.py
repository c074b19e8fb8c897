"""Takes out of graded hand-ins what can be compared, without what was handed out to all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.classroom.likeness.material import Material, Program
from grader.classroom.standing import Standing
from grader.model import Result
from grader.records import encode

_CODE_BYTES = 400_000
_NOTEBOOK_BYTES = 16 << 20
_IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".svg", ".pdf")
_POINTS = 5
"""A curve shorter than this is equal by chance."""


def materials(standings: Sequence[Standing], needs: dict[str, dict[str, str]]) -> tuple[Material, ...]:
    """Return what can be compared of every hand-in that has a result; `needs` holds the training keys by stage."""
    return tuple(
        _material(one, one.result, needs.get(one.hand_in.id, {}))
        for one in standings
        if one.result is not None
    )


def _material(one: Standing, result: Result, recipes: dict[str, str]) -> Material:
    files = [file for file in result.submission.files if not file.template]
    root = one.folder / "submission"
    return Material(
        id=one.hand_in.id,
        pseudonym=one.pseudonym,
        people=tuple(sorted({word for name in one.students for word in name.casefold().split()})),
        programs=tuple(_programs(root, [file.path for file in files])),
        answers={
            answer.question: answer.text
            for answer in result.answers
            if answer.state == "found" and answer.text.strip()
        },
        recipes=recipes,
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
            code = notebook_code(root / path)
        else:
            continue
        if code.strip():
            yield Program(path=path, code=code)


def notebook_code(path: Path) -> str:
    """Return the code cells of the notebook at `path`, joined; nothing where it is not one."""
    if path.stat().st_size > _NOTEBOOK_BYTES:
        return ""
    try:
        cells = json.loads(path.read_bytes())["cells"]
        sources = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    parts = ["".join(one) if isinstance(one, list) else one for one in sources if isinstance(one, str | list)]
    return "\n\n".join(str(part) for part in parts)[:_CODE_BYTES]
