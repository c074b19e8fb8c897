"""What Moodle's own importer would make of a worksheet, so that its traps are met here and not in the gradebook.

After `importgradeslib.php` of the offline feedback plug-in and `unformat_float` of Moodle's library: spaces go, the
locale's decimal separator becomes a point, then PHP's cast to float, by which any text is 0 and what follows a
number is cut. An empty cell is skipped; a negative grade, one above the maximum and a locked row are ignored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from grader.classroom.exports.cells import Sheet
from grader.classroom.exports.moodle_columns import Columns, columns_of

_FLOAT = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_NO = ("no", "non")


@dataclass(frozen=True)
class Imported:
    """What would be set for one row: the grade, or why nothing."""

    row: int
    identifier: str
    grade: float | None
    ignored: str = ""
    """`empty`, `negative`, `above`, `locked`."""


def php_float(text: str, decimal: str) -> float:
    """Return the number that Moodle would read in `text` where `decimal` separates decimals."""
    plain = text.replace(" ", "").replace("\xa0", "").replace("\u202f", "")
    if decimal != ".":
        plain = plain.replace(decimal, ".")
    found = _FLOAT.match(plain)
    return float(found[0]) if found else 0.0


def imported(sheet: Sheet, decimal: str) -> list[Imported]:
    """Return what the importer would do row by row, for a teacher whose Moodle writes decimals with `decimal`.

    Raises ValueError where it would refuse the whole file: a required column is absent.
    """
    columns = columns_of(sheet)
    if columns.missing:
        raise ValueError(", ".join(columns.missing))
    return [
        _row(sheet, columns, row, decimal)
        for row in range(1, len(sheet.rows))
        if any(cell.value for cell in sheet.rows[row])
    ]


def _row(sheet: Sheet, columns: Columns, row: int, decimal: str) -> Imported:
    identifier = sheet.value(row, columns["identifier"])
    text = sheet.value(row, columns["grade"])
    if not text.strip():
        return Imported(row, identifier, None, "empty")
    if columns["changeable"] >= 0 and sheet.value(row, columns["changeable"]).casefold() in _NO:
        return Imported(row, identifier, None, "locked")
    grade = php_float(text, decimal)
    if grade < 0:
        return Imported(row, identifier, None, "negative")
    maximum = maximum_of(sheet, columns, row)
    if maximum is not None and grade > maximum:
        return Imported(row, identifier, None, "above")
    return Imported(row, identifier, grade)


_PLUGINS = frozenset((("assignsubmission", "file"), ("assignfeedback", "file")))


def stored(path: str) -> tuple[str, str] | None:
    """Return the participant to whom the importer of feedback archives gives the file at `path`, and its name there.

    After `importziplib.php`: the parts of the path are tried in turn, each cut at `_` from the left into five pieces.
    None where the file would be dropped: no part names a participant, or its name begins with `.` or `~`.
    """
    parts = path.split("/")
    if parts[-1].startswith((".", "~")):
        return None
    for place, part in enumerate(parts):
        pieces = part.split("_", 4)
        if len(pieces) >= 4 and pieces[1].isdigit() and (pieces[2], pieces[3]) in _PLUGINS:
            rest = [*([pieces[4]] if len(pieces) > 4 and pieces[4] else []), *parts[place + 1 :]]
            return pieces[1], "/".join(rest)
    return None


def maximum_of(sheet: Sheet, columns: Columns, row: int) -> float | None:
    """Return the row's maximum grade, None where the worksheet does not tell; written in any language."""
    if columns["maximum"] < 0:
        return None
    text = sheet.value(row, columns["maximum"]).replace(",", ".")
    value = php_float(text, ".")
    return value if value > 0 else None
