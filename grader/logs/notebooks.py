"""Notebooks as their students left them: what the cells printed, and which plots they show."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from grader.logs.printed import read_printed
from grader.model import CurvePoint

CELLS_MAX = 2_000
OUTPUTS_MAX = 400
TEXT_MAX = 4_000_000
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.{1,200})", re.MULTILINE)


def read_notebook(content: bytes) -> list[tuple[str, tuple[CurvePoint, ...]]]:
    """Return the curves that the cells of a notebook printed, each under the heading that stands above it."""
    found: list[tuple[str, tuple[CurvePoint, ...]]] = []
    room = TEXT_MAX
    for heading, outputs in _cells(content):
        text = "".join(_printed(output) for output in outputs)[:room]
        room -= len(text)
        found += [(heading, points) for points in read_printed(text)]
    return found


def plots_of(content: bytes) -> list[tuple[str, str]]:
    """Return heading and SHA-256 of every PNG or JPEG that the cells of a notebook show."""
    found = []
    for heading, outputs in _cells(content):
        for output in outputs:
            data = output.get("data")
            for kind in ("image/png", "image/jpeg"):
                encoded = _joined(data.get(kind)) if isinstance(data, dict) else ""
                if encoded:
                    found.append((heading, _digest(encoded)))
    return found


def _cells(content: bytes) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the outputs of each cell that has some, with the last heading above it; nothing for broken JSON."""
    try:
        book = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError):
        return
    cells = book.get("cells") if isinstance(book, dict) else None
    heading = ""
    for cell in cells[:CELLS_MAX] if isinstance(cells, list) else ():
        if not isinstance(cell, dict):
            continue
        if cell.get("cell_type") == "markdown":
            headings = _HEADING.findall(_joined(cell.get("source"))[:20_000])
            heading = headings[-1].strip() if headings else heading
        outputs = cell.get("outputs")
        if isinstance(outputs, list):
            yield heading, [one for one in outputs[:OUTPUTS_MAX] if isinstance(one, dict)]


def _printed(output: dict[str, Any]) -> str:
    data = output.get("data")
    return _joined(output.get("text")) or (_joined(data.get("text/plain")) if isinstance(data, dict) else "")


def _joined(lines: Any) -> str:
    """Return a notebook's text, which is one string or a list of lines."""
    if isinstance(lines, list):
        return "".join(line for line in lines if isinstance(line, str))
    return lines if isinstance(lines, str) else ""


def _digest(encoded: str) -> str:
    try:
        return hashlib.sha256(base64.b64decode(encoded)).hexdigest()
    except (binascii.Error, ValueError):
        return hashlib.sha256(encoded.encode()).hexdigest()
