"""The gradebook: a row a student, numbers where something is decided, and nothing that a spreadsheet could run."""

import csv
import io

import pytest
from class_results import decided, standing, undecided

from grader import courseworks
from grader.classroom.gradebook import as_csv, as_xlsx, defused, rows

ASSIGNMENT = courseworks.load("polytech_tp5_6").assignment
CLASS = (
    standing("1", decided(12.5, authors=("Ève Un", "Bob Deux"))),
    standing("2", undecided(), name="=cmd|' /C calc'!A0"),
    standing("3", None, name="Absent"),
)


def test_each_student_has_a_row_and_open_questions_stay_empty() -> None:
    """A pair shares one mark; undecided questions and ungraded hand-ins leave their cells empty, never 0."""
    head, *table = rows(CLASS, ASSIGNMENT, "en")
    at = {str(title): place for place, title in enumerate(head)}
    assert [row[at["student"]] for row in table] == ["Ève Un", "Bob Deux", "=cmd|' /C calc'!A0", "Absent"]
    assert [row[at["points earned"]] for row in table] == [12.5, 12.5, 10.0, None]
    assert [row[at["Q1"]] for row in table] == [0.75, 0.75, None, None]
    assert [row[at["state"]] for row in table] == ["graded", "graded", "to review", "not graded"]


def test_anonymous_tables_name_nobody() -> None:
    """Pseudonyms only: no name, no address, no folder that carries one; one row a hand-in."""
    table = rows(CLASS, ASSIGNMENT, "fr", anonymous=True)
    flat = " ".join(str(cell) for row in table for cell in row)
    assert len(table) == 4
    assert not any(word in flat for word in ("Ève", "Bob", "cmd", "Absent", "s1"))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "|x"])
def test_formulas_are_defused(text: str) -> None:
    """What a spreadsheet would compute becomes plain text."""
    assert defused(text).startswith("'")


def test_the_csv_has_decimal_points_and_text_in_no_grade_cell() -> None:
    """Read back by Python: numbers or nothing from the points on."""
    table = rows(CLASS, ASSIGNMENT, "fr")
    read = list(csv.reader(io.StringIO(as_csv(table).decode("utf-8-sig"), newline="")))
    first = read[0].index("points acquis")
    for row in read[1:]:
        for cell in row[first:]:
            assert cell == "" or float(cell) >= 0
    assert "12.5" in read[1]


def test_the_workbook_holds_numbers_as_numbers_and_no_formula() -> None:
    """Opened again: types as meant, and the same bytes each time."""
    from openpyxl import load_workbook

    table = rows(CLASS, ASSIGNMENT, "en")
    content = as_xlsx(table)
    sheet = load_workbook(io.BytesIO(content))["marks"]
    values = [[cell.value for cell in row] for row in sheet.iter_rows()]
    at = values[0].index("points earned")
    assert values[1][at] == 12.5 and values[4][at] is None
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    assert content == as_xlsx(table)
