"""Marks and reports back to Moodle: the teacher's own worksheet with grades filled in, and the feedback archive.

What is uploaded first matters: the archive touches every grade's date, after which the worksheet is stale.
"""

from __future__ import annotations

import html
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.classroom.exports.cells import Sheet, read_sheet
from grader.classroom.exports.moodle_columns import Columns, columns_of, participant
from grader.classroom.exports.moodle_import import imported, maximum_of, stored
from grader.classroom.handin import HandIn
from grader.classroom.standing import Standing, same_person
from grader.errors import UsageError
from grader.model import Result
from grader.text import Language, Text, figure

ORDER = Text(
    fr="Moodle : 1) déposez la feuille de notes, en cochant « mettre à jour les enregistrements modifiés plus "
    "récemment » ; 2) puis seulement l'archive de feedback. Dans l'autre ordre Moodle ignore les notes.",
    en='Moodle: 1) upload the worksheet, with "update records that were modified more recently" ticked; 2) only then '
    "the feedback archive. The other way round Moodle ignores the grades.",
)
_SEE = Text(fr="Détail dans le rapport joint.", en="Details in the report attached.")
_MARK = Text(fr="Note : {points} sur {maximum}{bonus}.", en="Mark: {points} out of {maximum}{bonus}.")
_BONUS = Text(fr=", et {bonus} de bonus", en=", and {bonus} of bonus")
_MARKER = "<!-- grader -->"


@dataclass(frozen=True)
class Filled:
    """A worksheet with grades in it, and what the teacher should know."""

    content: bytes
    notes: tuple[Text, ...]
    graded: int


def fill_worksheet(
    content: bytes, standings: Sequence[Standing], language: Language, *, anonymous: bool = False
) -> Filled:
    """Return the worksheet `content` with a grade and a comment for every hand-in that is wholly decided.

    Nothing else changes by a byte. Grades have a decimal point, which English and French Moodle both read; comments
    are added to what stands there; what is noticed names nobody where `anonymous`. The result is passed through the
    importer's rules in both languages before it is returned. Raises UsageError where the file is not such a worksheet.
    """
    try:
        sheet = read_sheet(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _not_one("UTF-8") from error
    columns = columns_of(sheet)
    if columns.missing:
        raise _not_one(", ".join(columns.missing))
    wanted: dict[int, float] = {}
    notes: list[Text] = []
    for row, one in _rows(sheet, columns, standings, [] if anonymous else notes).items():
        if one.result is None or one.result.total.open:
            continue
        maximum = maximum_of(sheet, columns, row) or one.result.total.maximum
        grade = round(_share(one.result) * maximum, 2)
        sheet.set(row, columns["grade"], f"{grade:.2f}")
        wanted[row] = grade
        if columns["feedback"] >= 0:
            _comment(sheet, row, columns["feedback"], one.result, language)
    notes += _traps(sheet, wanted)
    return Filled(sheet.text().encode("utf-8"), tuple(notes), len(wanted))


def _share(result: Result) -> float:
    total = result.total
    return min(max((total.points + total.bonus) / total.maximum, 0.0), 1.0) if total.maximum else 0.0


def _not_one(what: str) -> UsageError:
    return UsageError(
        fr=f"Ce n'est pas une feuille de notes de Moodle ({what}) : téléchargez-la depuis le devoir, « Télécharger "
        "la feuille de notes ».",
        en=f'This is no Moodle grading worksheet ({what}): download it from the assignment, "Download grading '
        'worksheet".',
    )


def _rows(
    sheet: Sheet, columns: Columns, standings: Sequence[Standing], notes: list[Text]
) -> dict[int, Standing]:
    """Return the hand-in of each row: by number, by team, or by the name of a partner who signed it."""
    by_number = {participant(one.hand_in.key): one for one in standings if one.hand_in.key}
    by_team = {one.hand_in.name.casefold(): one for one in standings}
    found: dict[int, Standing] = {}
    for row in range(1, len(sheet.rows)):
        team = sheet.value(row, columns["group"]).casefold() if columns["group"] >= 0 else ""
        one = by_number.get(participant(sheet.value(row, columns["identifier"]))) or by_team.get(team)
        if one is not None:
            found[row] = one
    _partners(sheet, columns, standings, found, notes)
    return found


def _partners(
    sheet: Sheet,
    columns: Columns,
    standings: Sequence[Standing],
    found: dict[int, Standing],
    notes: list[Text],
) -> None:
    """Add the rows of partners without a hand-in of their own, where just one row bears the name."""
    if columns["name"] < 0:
        return
    alone = [row for row in range(1, len(sheet.rows)) if row not in found]
    for one in standings:
        for name in one.students[1:]:
            rows = [row for row in alone if same_person(sheet.value(row, columns["name"]), name)]
            if len(rows) == 1:
                found[rows[0]] = one
                notes.append(
                    Text(
                        fr=f"{name} a la note de {one.hand_in.name}, dont la remise porte aussi son nom.",
                        en=f"{name} gets the mark of {one.hand_in.name}, whose hand-in is signed by both.",
                    )
                )


def _comment(sheet: Sheet, row: int, column: int, result: Result, language: Language) -> None:
    """Add our comment to what stands in the cell; a comment of ours from an earlier run is replaced."""
    kept = sheet.value(row, column).split(_MARKER)[0].rstrip()
    total = result.total
    bonus = _BONUS.in_(language).format(bonus=figure(total.bonus, language)) if total.bonus else ""
    lines = [
        _MARK.in_(language).format(
            points=figure(total.points, language), maximum=figure(total.maximum, language), bonus=bonus
        ),
        *(text.in_(language) for text in result.fix_first),
        _SEE.in_(language),
    ]
    own = _MARKER + "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    sheet.set(row, column, f"{kept}\n{own}" if kept else own)


def _traps(sheet: Sheet, wanted: dict[int, float]) -> list[Text]:
    """Return what the importer would ignore; raises AssertionError where it would read another mark."""
    ignored: list[str] = []
    for decimal in (".", ","):
        read = {one.row: one for one in imported(read_sheet(sheet.text()), decimal)}
        for row, grade in wanted.items():
            if read[row].ignored:
                ignored.append(f"{read[row].identifier} ({read[row].ignored})")
            elif read[row].grade != grade:
                raise AssertionError(f"Moodle would read {read[row].grade} for {grade}")
    if not ignored:
        return []
    listed = ", ".join(dict.fromkeys(ignored))
    return [
        Text(fr=f"Moodle ignorera ces lignes : {listed}.", en=f"Moodle will ignore these rows: {listed}.")
    ]


def write_feedback(path: Path, standings: Sequence[Standing]) -> bool:
    """Write the feedback archive: each report under the very folder name that Moodle gave to the hand-in.

    A name that somebody edited since, so that Moodle would drop the report, is written as Moodle writes it. Returns
    whether there is one: without reports an archive of older ones is taken away, since nobody may be sent old marks.
    """
    if not any(one.report is not None and one.hand_in.folder for one in standings):
        path.unlink(missing_ok=True)
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in standings:
            if one.report is None or not one.hand_in.folder:
                continue
            info = zipfile.ZipInfo(_stored_as(one.hand_in, _report_name(one.report)), (2000, 1, 1, 0, 0, 0))
            archive.writestr(info, one.report.read_bytes(), zipfile.ZIP_DEFLATED)
    unfinished.replace(path)
    return True


def _stored_as(hand_in: HandIn, name: str) -> str:
    path = f"{hand_in.folder}/{name}"
    if stored(path) == (hand_in.key, name):
        return path
    person = hand_in.folder.partition(f"_{hand_in.key}_")[0].replace("_", " ").strip()
    return f"{person or hand_in.key}_{hand_in.key}_assignsubmission_file/{name}"


def _report_name(path: Path) -> str:
    return f"rapport{path.suffix}"
