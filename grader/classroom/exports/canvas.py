"""Marks back to Canvas: the gradebook CSV that it exported, with one assignment's column filled in.

Canvas knows students by `ID` and the assignment by the number in the title of its column. The row "Points Possible"
says how many points it is worth there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from grader.classroom.exports.cells import Sheet, read_sheet
from grader.classroom.exports.moodle_import import php_float
from grader.classroom.standing import Standing, same_person
from grader.errors import UsageError

_ASSIGNMENT = re.compile(r".+ \((\d+)\)$")
_POSSIBLE = "points possible"


def fill_gradebook(content: bytes, standings: Sequence[Standing], *, column: str | None = None) -> bytes:
    """Return the gradebook `content` with the marks of every hand-in that is wholly decided, all else as it was.

    `column` names the assignment by its title or number; it may be left out where there is only one. Raises UsageError
    where the file is no Canvas gradebook, or it is not clear which column is meant.
    """
    try:
        sheet = read_sheet(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _not_one() from error
    titles = [cell.value.strip().lstrip("\ufeff") for cell in sheet.rows[0]] if sheet.rows else []
    if "Student" not in titles or "ID" not in titles:
        raise _not_one()
    place = _column(titles, column)
    possible = _points_possible(sheet, place)
    by_key = {one.hand_in.key: one for one in standings if one.hand_in.key}
    for row in range(1, len(sheet.rows)):
        if place >= len(sheet.rows[row]) or sheet.value(row, 0).strip().casefold() == _POSSIBLE:
            continue
        one = by_key.get(sheet.value(row, titles.index("ID"))) or _signed(
            sheet.value(row, titles.index("Student")), standings
        )
        if one is None or one.result is None or one.result.total.open:
            continue
        total = one.result.total
        worth = possible or total.maximum
        points = min((total.points + total.bonus) / total.maximum * worth, worth) if total.maximum else 0.0
        sheet.set(row, place, f"{points:.2f}")
    return sheet.text().encode("utf-8")


def _not_one() -> UsageError:
    return UsageError(
        fr="Ce n'est pas un carnet de notes de Canvas : exportez-le depuis « Notes », « Exporter ».",
        en='This is no Canvas gradebook: export it from "Grades", "Export".',
    )


def _column(titles: list[str], wanted: str | None) -> int:
    places = {place: found for place, title in enumerate(titles) if (found := _ASSIGNMENT.match(title))}
    if wanted is not None:
        places = {
            place: found
            for place, found in places.items()
            if wanted in (found[1], titles[place], titles[place][: found.start(1) - 2].strip())
        }
    if len(places) != 1:
        known = ", ".join(title for title in titles if _ASSIGNMENT.match(title)) or "-"
        raise UsageError(
            fr=f"Quelle colonne de Canvas ? Nommez-la avec --canvas-column. Colonnes de devoirs : {known}.",
            en=f"Which column of Canvas? Name it with --canvas-column. Columns of assignments: {known}.",
        )
    return next(iter(places))


def _points_possible(sheet: Sheet, column: int) -> float | None:
    for row in range(1, min(len(sheet.rows), 4)):
        if sheet.value(row, 0).strip().casefold() == _POSSIBLE:
            value = php_float(sheet.value(row, column).replace(",", "."), ".")
            return value if value > 0 else None
    return None


def _signed(student: str, standings: Sequence[Standing]) -> Standing | None:
    """Return the one hand-in that `student` signed as a partner, None where none or several bear the name."""
    found = [one for one in standings if any(same_person(student, name) for name in one.students)]
    return found[0] if len(found) == 1 else None
