"""gradebook.csv and gradebook.xlsx: one row a student, one column a question, nothing where nothing is decided."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from grader.classroom.standing import Standing
from grader.model import Assignment, Result
from grader.records import write_bytes
from grader.text import Language, Text

Cell = str | float | int | None
"""A number is a mark and nothing else; None is an empty cell: undecided, never 0."""

_HEADS: tuple[tuple[str, Text], ...] = (
    ("student", Text(fr="étudiant", en="student")),
    ("hand_in", Text(fr="remise", en="hand-in")),
    ("pseudonym", Text(fr="pseudonyme", en="pseudonym")),
    ("email", Text(fr="courriel", en="e-mail")),
    ("late", Text(fr="retard", en="late")),
    ("attempt", Text(fr="tentative", en="attempt")),
    ("state", Text(fr="état", en="state")),
    ("points", Text(fr="points acquis", en="points earned")),
    ("open", Text(fr="points ouverts", en="points open")),
    ("maximum", Text(fr="sur", en="out of")),
    ("bonus", Text(fr="bonus", en="bonus")),
)
_GRADED = Text(fr="noté", en="graded")
_REVIEW = Text(fr="à relire", en="to review")
_NOT_GRADED = Text(fr="non noté", en="not graded")
_YES = Text(fr="oui", en="yes")


def rows(
    standings: Iterable[Standing], assignment: Assignment, language: Language, *, anonymous: bool = False
) -> list[list[Cell]]:
    """Return the head and one row a student; `anonymous` leaves out whatever says who they are, their order too."""
    items = [question.id for question in assignment.question]
    private = {"student", "email", "hand_in"} if anonymous else set()
    kept = [name for name, _ in _HEADS if name not in private]
    head: list[Cell] = [text.in_(language) for name, text in _HEADS if name not in private]
    table = [[*head, *items]]
    for one in sorted(standings, key=lambda one: one.pseudonym) if anonymous else standings:
        for student in one.students if not anonymous else (one.pseudonym,):
            facts = _facts(one, student, language)
            table.append([*(facts[name] for name in kept), *_marks(one.result, items)])
    return table


def _facts(one: Standing, student: str, language: Language) -> dict[str, Cell]:
    total = one.result.total if one.result else None
    state = _NOT_GRADED if total is None else _REVIEW if total.open else _GRADED
    return {
        "student": student,
        "hand_in": one.hand_in.id,
        "pseudonym": one.pseudonym,
        "email": one.hand_in.email,
        "late": _YES.in_(language) if one.hand_in.late else "",
        "attempt": str(one.hand_in.attempt),
        "state": state.in_(language),
        "points": total.points if total and total.decided else None,
        "open": total.open if total else None,
        "maximum": total.maximum if total else None,
        "bonus": total.bonus if total and total.decided else None,
    }


def _marks(result: Result | None, items: Sequence[str]) -> list[Cell]:
    """Return the points of each item that is wholly decided."""
    marks = {mark.item: mark for mark in result.marks} if result else {}
    return [
        mark.points
        if (mark := marks.get(item)) is not None and mark.points is not None and not mark.open
        else None
        for item in items
    ]


def defused(text: str) -> str:
    """Return `text` so that no spreadsheet takes it for a formula."""
    flat = text.replace("\r", " ").replace("\n", " ").replace("\t", " ")
    return f"'{flat}" if flat.lstrip()[:1] in ("=", "+", "-", "@", "|", "%") else flat


def as_csv(table: Sequence[Sequence[Cell]]) -> bytes:
    """Return `table` as CSV in UTF-8 with a mark, so that spreadsheets read accents; decimal points everywhere."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in table:
        writer.writerow([_text(cell) for cell in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    return defused(cell) if isinstance(cell, str) else f"{cell:g}"


def as_xlsx(table: Sequence[Sequence[Cell]]) -> bytes:
    """Return `table` as a workbook: numbers as numbers, text as text, head and first column frozen."""
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)  # rows go to disk as they come
    sheet: Any = book.create_sheet("marks")
    sheet.freeze_panes = "B2"
    for column, title in enumerate(table[0]):
        widest = max(len(str(row[column] or "")) for row in table)
        width = min(max(widest + 1, len(str(title)) + 1, 6), 40)
        sheet.column_dimensions[get_column_letter(column + 1)].width = width
    for place, row in enumerate(table):
        sheet.append([_cell(sheet, value, bold=place == 0) for value in row])
    out = io.BytesIO()
    book.save(out)
    return _without_dates(out.getvalue())


def _cell(sheet: Any, value: Cell, *, bold: bool) -> Any:
    """Return the workbook's cell for `value`: a number, a text that is no formula, or nothing."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    if value is None or value == "":
        return None
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, value=defused(value))
    cell.data_type = "s"
    if bold:
        cell.font = Font(bold=True)
    return cell


def _without_dates(content: bytes) -> bytes:
    """Return the workbook with no word of when it was made: the same marks give the same bytes."""
    import re
    import zipfile

    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as before,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            body = before.read(name)
            if name == "docProps/core.xml":
                body = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2000-01-01T00:00:00Z", body)
            after.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), body, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def write_gradebook(
    out: Path, standings: Sequence[Standing], assignment: Assignment, language: Language, *, anonymous: bool
) -> tuple[Path, Path]:
    """Write gradebook.csv and gradebook.xlsx into `out` and return their paths."""
    table = rows(standings, assignment, language, anonymous=anonymous)
    files = out / "gradebook.csv", out / "gradebook.xlsx"
    write_bytes(files[0], as_csv(table))
    write_bytes(files[1], as_xlsx(table))
    return files
