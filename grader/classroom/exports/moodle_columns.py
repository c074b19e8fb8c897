"""The columns of Moodle's offline grading worksheet, in the languages in which teachers download it.

Moodle's importer wants `recordid`, `grade` and `lastmodifiedgrade` under the exact titles of the uploading teacher's
language, so titles are only ever recognised here and never written.
"""

from __future__ import annotations

from dataclasses import dataclass

from grader.classroom.exports.cells import Sheet

_TITLES: dict[str, tuple[str, ...]] = {
    "identifier": ("identifier", "identifiant"),
    "name": ("full name", "nom complet"),
    "email": ("email address", "adresse de courriel", "adresse e-mail"),
    "status": ("status", "statut"),
    "group": ("group", "groupe"),
    "grade": ("grade", "note"),
    "maximum": ("maximum grade", "note maximale"),
    "changeable": ("grade can be changed", "la note peut être modifiée"),
    "modified": ("last modified (grade)", "dernière modification (note)"),
    "feedback": ("feedback comments", "feedback par commentaires"),
}
REQUIRED = ("identifier", "grade", "modified")


@dataclass(frozen=True)
class Columns:
    """Where each known column stands; -1 where the worksheet has none."""

    places: dict[str, int]

    def __getitem__(self, name: str) -> int:
        return self.places.get(name, -1)

    @property
    def missing(self) -> tuple[str, ...]:
        """The required columns that are not there."""
        return tuple(name for name in REQUIRED if self[name] < 0)


def columns_of(sheet: Sheet) -> Columns:
    """Return the columns that the first row of `sheet` names."""
    titles = [cell.value.strip().casefold() for cell in sheet.rows[0]] if sheet.rows else []
    places = {
        name: next((place for place, title in enumerate(titles) if title in known), -1)
        for name, known in _TITLES.items()
    }
    return Columns(places)


def participant(identifier: str) -> str:
    """Return the number in an identifier cell: `Participant 4711`, `Participant4711` and `4711` are the same."""
    digits = "".join(sign for sign in identifier if sign.isdigit())
    return digits.lstrip("0") or digits
