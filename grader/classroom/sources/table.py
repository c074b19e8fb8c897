"""A class as a CSV of paths, for whoever keeps hand-ins somewhere of their own.

One row a hand-in. `path` is needed, relative to the file; `id`, `name`, `email`, `attempt` and `late` may be there,
in English or French. Comma, semicolon or tabulator; UTF-8, with or without a mark.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from grader.classroom.handin import HandIn
from grader.classroom.sources.ids import Ids
from grader.errors import UsageError
from grader.submissions.names import identifier, shown

_COLUMNS = {
    "path": ("path", "chemin", "file", "fichier", "folder", "dossier"),
    "id": ("id", "identifier", "identifiant", "sid", "student_id", "numero", "numéro"),
    "name": ("name", "full name", "nom", "nom complet", "student", "étudiant", "etudiant"),
    "email": ("email", "e-mail", "mail", "adresse de courriel", "courriel"),
    "attempt": ("attempt", "tentative", "essai"),
    "late": ("late", "retard", "en retard"),
}
_YES = frozenset(("1", "yes", "true", "late", "oui", "vrai", "x"))
_LARGEST_BYTES = 32 << 20


def from_table(file: Path) -> tuple[HandIn, ...]:
    """Return the hand-ins that the rows of `file` name, in its order.

    Raises UsageError where there is no column of paths, or the file is no text.
    """
    if file.stat().st_size > _LARGEST_BYTES:
        raise _unusable(file, "trop gros", "too large")
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unusable(file, "pas en UTF-8", "not UTF-8") from error
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text.partition("\n")[0])))
    except csv.Error as error:
        fr, en = "une cellule démesurée, ou un guillemet resté ouvert", "a huge cell, or an open quote"
        raise _unusable(file, fr, en) from error
    columns = _columns(rows[0]) if rows else {}
    if "path" not in columns:
        raise _unusable(file, "sans colonne « path »", 'without a column "path"')
    given, ids = dict[str, list[str]](), Ids()
    return tuple(
        _hand_in(file, row, columns, given, ids) for row in rows[1:] if any(cell.strip() for cell in row)
    )


def _delimiter(head: str) -> str:
    return max((",", ";", "\t"), key=head.count)


def _columns(head: list[str]) -> dict[str, int]:
    places = {title.strip().casefold(): place for place, title in reversed(list(enumerate(head)))}
    return {
        field: places[title]
        for field, titles in _COLUMNS.items()
        for title in reversed(titles)
        if title in places
    }


def _hand_in(
    file: Path, row: list[str], columns: dict[str, int], given: dict[str, list[str]], ids: Ids
) -> HandIn:
    def cell(field: str) -> str:
        place = columns.get(field, -1)
        return row[place].strip() if 0 <= place < len(row) else ""

    path = cell("path")
    name = cell("name") or cell("id") or Path(path).stem
    key = cell("id")
    told = cell("attempt")
    attempt = int(told) if told.isascii() and told.isdecimal() and len(told) < 5 else 0
    # Rows of one id are attempts of one student; without ids, rows of one name are different people.
    earlier = given.setdefault(key, []) if key else []
    earlier.append(earlier[0] if earlier else ids.unique(identifier(key or name)))
    return HandIn(
        id=earlier[0],
        name=shown(name),
        path=str(file.parent / path) if path else "",
        attempt=attempt or len(earlier),
        late=cell("late").casefold() in _YES,
        key=key,
        email=cell("email"),
    )


def _unusable(file: Path, fr: str, en: str) -> UsageError:
    return UsageError(
        fr=f"{shown(file.name)} n'est pas une liste de remises ({fr}) : il faut un CSV avec une colonne « path ».",
        en=f'{shown(file.name)} is no list of hand-ins ({en}): a CSV with a column "path" is needed.',
    )
