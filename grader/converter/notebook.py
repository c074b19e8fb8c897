"""The Markdown cells of a Jupyter notebook, cell by cell; code, outputs and attachments are left alone."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from grader.converter.gathering import SOURCE_BYTES_MAX, Gathered, Unreadable, tidy
from grader.model.document import Block, Document

_PICTURE = re.compile(r"!\[[^\]]*\]\([^)\s]*[^)]*\)|<img\b[^>]*>", re.IGNORECASE)
_HEADING = re.compile(r"^\s{0,3}(#{1,6})\s*(.+?)\s*#*\s*$")
_FENCE = re.compile(r"^\s{0,3}(```|~~~)")


class _Cell(msgspec.Struct):
    """What is wanted of a cell; everything else in it is skipped while parsing."""

    cell_type: str = ""
    source: str | list[str] = ""


class _Worksheet(msgspec.Struct):
    cells: list[_Cell] = []


class _Notebook(msgspec.Struct):
    cells: list[_Cell] = []
    worksheets: list[_Worksheet] = []
    """Where notebooks of format 3 keep their cells."""


def read(source: Path) -> Document:
    """Return the Markdown cells at `source`, `page` being the cell's number; raises Unreadable.

    A notebook with code and no writing is read and holds nothing; one without either is `empty`.
    """
    if source.stat().st_size > SOURCE_BYTES_MAX:
        raise Unreadable("damaged")
    raw = source.read_bytes()
    if not raw.strip():
        raise Unreadable("empty")
    try:
        notebook = msgspec.json.decode(raw.removeprefix(b"\xef\xbb\xbf"), type=_Notebook)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unreadable("damaged") from error
    gathered = Gathered()
    cells = notebook.cells or [cell for sheet in notebook.worksheets for cell in sheet.cells]
    for number, cell in enumerate(cells, start=1):
        if cell.cell_type in ("markdown", "heading", "raw"):
            text = cell.source if isinstance(cell.source, str) else "".join(cell.source)
            _cell(text, number, gathered)
    document = gathered.document()
    program = any(cell.cell_type == "code" and "".join(cell.source).strip() for cell in cells)
    # A notebook of code alone is a program that was handed in, not a report that went missing.
    return (
        msgspec.structs.replace(document, state="read") if document.state == "empty" and program else document
    )


def _cell(text: str, number: int, gathered: Gathered) -> None:
    fenced, first, pending = False, True, False
    for line_number, line in enumerate(text.splitlines(), start=1):
        if _FENCE.match(line):
            fenced = not fenced
        if not line.strip():
            pending = True
            continue
        lost = len(_PICTURE.findall(line)) if not fenced else 0
        line = _PICTURE.sub("", line) if lost else line
        heading = None if fenced else _HEADING.match(line)
        gathered.add(
            Block(
                kind="heading" if heading else "code" if fenced or _FENCE.match(line) else "text",
                text=tidy(heading[2]) if heading else line.rstrip()[:100_000],
                level=len(heading[1]) if heading else 0,
                gap=first or pending,
                indent=(len(line) - len(line.lstrip())) // 2,
                page=number,
                line=line_number,
                lost=lost,
            )
        )
        first = pending = False
