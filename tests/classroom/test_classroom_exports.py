"""Marks go back to the platforms as they are meant, and nothing else of their files changes."""

import csv
import io
import json
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from class_results import decided, standing, undecided
from hypothesis import given
from hypothesis import strategies as st

from grader.classroom.exports.canvas import fill_gradebook
from grader.classroom.exports.cells import read_sheet
from grader.classroom.exports.gradescope import autograder, results
from grader.classroom.exports.junit import junit
from grader.classroom.exports.moodle import fill_worksheet, write_feedback
from grader.classroom.exports.moodle_import import imported, php_float, stored
from grader.errors import UsageError
from grader.model import Total

ENGLISH = (
    "\ufeffIdentifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\r\n"
    'Participant 11,"Éloïse, dite d\'Arc",e@x.fr,Submitted for grading,,100.00,Yes,"Monday, 3 March",-,Bravo\r\n'
    "Participant 12,Jean Martin,j@x.fr,Submitted for grading,,100.00,Yes,-,-,\r\n"
    "Participant 13,Paul Durand,p@x.fr,No submission,,100.00,No,-,-,\r\n"
    "Participant 14,Marie Dupont,m@x.fr,No submission,,100.00,Yes,-,-,\r\n"
)
FRENCH = (
    "Identifiant;Nom complet;Adresse de courriel;Statut;Groupe;Note;Note maximale;La note peut être modifiée;"
    "Dernière modification (travail remis);Dernière modification (note);Feedback par commentaires\n"
    "Participant11;Éloïse d'Arc;e@x.fr;'Remis;;;100,00;Oui;-;-;\n"
    "Participant12;Jean Martin;j@x.fr;'Remis;;50,00;100,00;Oui;-;lundi 3 mars;\n"
    "Participant15;Une Équipière;u@x.fr;'Remis;Équipe A;;100,00;Oui;-;-;\n"
    "Participant16;Un Équipier;v@x.fr;'Remis;Équipe A;;100,00;Oui;-;-;\n"
)
CLASS = (
    standing("11", decided(12.5)),
    standing("12", undecided()),
    standing("13", decided(8.0)),
    standing("91", decided(15.0), name="Équipe A"),
)


def cells(content: bytes, separator: str) -> list[list[str]]:
    """Return the cells of a CSV as Python's own reader sees them."""
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=separator))


def test_an_english_worksheet_gets_grades_and_changes_nowhere_else() -> None:
    """A decimal point, scaled to Moodle's maximum; undecided stays empty; comments are added to what stands there."""
    filled = fill_worksheet(ENGLISH.encode(), CLASS, "en")
    before, after = cells(ENGLISH.encode(), ","), cells(filled.content, ",")
    assert [row[4] for row in after[1:]] == ["62.50", "", "40.00", ""]
    assert after[1][9].startswith("Bravo\n") and "12.5 out of 20" in after[1][9]
    kept = [0, 1, 2, 3, 5, 6, 7, 8]
    assert [[row[at] for at in kept] for row in after] == [[row[at] for at in kept] for row in before]
    assert filled.content.startswith(b"\xef\xbb\xbf") and b"\r\n" in filled.content
    assert "Participant 13 (locked)" in filled.notes[0].en


def test_a_french_worksheet_of_teams_is_filled_in_its_own_language() -> None:
    """Semicolons, identifiers without a space, a mark for each member of the team, a grade already there kept."""
    filled = fill_worksheet(FRENCH.encode(), CLASS, "fr")
    after = cells(filled.content, ";")
    assert [row[5] for row in after[1:]] == ["62.50", "50,00", "75.00", "75.00"]
    assert [row[3] for row in after[1:]] == ["'Remis"] * 4


def test_filling_a_worksheet_twice_is_filling_it_once() -> None:
    """Our own comment of an earlier run is replaced, not repeated."""
    once = fill_worksheet(ENGLISH.encode(), CLASS, "en").content
    assert fill_worksheet(once, CLASS, "en").content == once


def test_a_partner_without_a_hand_in_gets_the_shared_mark() -> None:
    """The row that bears the name of the second signature, and only if it is the only one."""
    pair = (standing("11", decided(10.0, authors=("Éloïse d'Arc", "DUPONT Marie")), name="Éloïse d'Arc"),)
    filled = fill_worksheet(ENGLISH.encode(), pair, "en")
    assert [row[4] for row in cells(filled.content, ",")[1:]] == ["50.00", "", "", "50.00"]
    assert "DUPONT Marie" in filled.notes[0].en


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [("12.50", ".", 12.5), ("12.50", ",", 12.5), ("12,5", ".", 12.0), ("12,5", ",", 12.5), ("N/A", ",", 0.0),
     ("1 200.5", ".", 1200.5), ("nan", ".", 0.0), ("", ".", 0.0)],
)  # fmt: skip
def test_the_importer_reads_numbers_as_moodle_does(text: str, decimal: str, value: float) -> None:
    """A comma is cut in an English Moodle, and every text is a zero."""
    assert php_float(text, decimal) == value


def test_the_importer_says_what_it_would_ignore() -> None:
    """Empty, above the maximum and locked rows; a worksheet without a required column is refused whole."""
    text = ENGLISH.replace("Submitted for grading,,100.00", "Submitted for grading,101,100.00", 1)
    assert [one.ignored for one in imported(read_sheet(text), ".")] == ["above", "empty", "empty", "empty"]
    with pytest.raises(ValueError, match="modified"):
        imported(read_sheet(ENGLISH.replace("Last modified (grade)", "x")), ".")


@pytest.mark.parametrize(
    "content", [b"a,b\n1,2\n", b"\xff\xfe\x00", b"", FRENCH.replace("Note;", "N;").encode()]
)
def test_what_is_no_worksheet_is_refused_with_a_sentence(content: bytes) -> None:
    """Nothing is guessed: a wrong file ends before anything is written."""
    with pytest.raises(UsageError):
        fill_worksheet(content, CLASS, "en")


def test_the_feedback_archive_keeps_moodles_folder_names(tmp_path: Path) -> None:
    """One report a folder, under the very name of the download, and nothing for those without one."""
    (tmp_path / "report.pdf").write_bytes(b"%PDF")
    name = "Éloïse d'Arc_11_assignsubmission_file_"
    class_ = (
        standing("11", decided(1.0), folder=tmp_path, moodle=name),
        standing("12", None, moodle="x_12_y"),
    )
    files = tmp_path / "one.zip", tmp_path / "two.zip"
    for file in files:
        write_feedback(file, class_)
    with zipfile.ZipFile(files[0]) as archive:
        assert archive.namelist() == [f"{name}/rapport.pdf"]
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("Jean Martin_11_assignsubmission_file/rapport.pdf", ("11", "rapport.pdf")),
        ("Jean Martin_11_assignsubmission_file_/rapport.pdf", ("11", "rapport.pdf")),
        ("retours/Jean Martin_11_assignfeedback_file_rapport.pdf", ("11", "rapport.pdf")),
        ("Jean_Martin_11_assignsubmission_file/rapport.pdf", None),
        ("Jean Martin_onze_assignsubmission_file/rapport.pdf", None),
        ("Jean Martin_11_assignsubmission_comments/rapport.pdf", None),
        ("Jean Martin_11_assignsubmission_file/~rapport.pdf", None),
    ],
)
def test_feedback_is_given_to_whom_the_importer_finds(path: str, found: tuple[str, str] | None) -> None:
    """An underscore in a name is fatal, a folder around it is not."""
    assert stored(path) == found


def test_a_report_under_an_edited_name_still_reaches_its_student(tmp_path: Path) -> None:
    """Where the folder's name would be dropped by Moodle, the report stands under one that is not."""
    (tmp_path / "report.pdf").write_bytes(b"%PDF")
    names = {"Jean_Martin_11_assignsubmission_file": "11", "a/b": "12"}
    class_ = tuple(standing(key, decided(1.0), folder=tmp_path, moodle=name) for name, key in names.items())
    write_feedback(tmp_path / "feedback.zip", class_)
    with zipfile.ZipFile(tmp_path / "feedback.zip") as archive:
        assert [stored(name) for name in archive.namelist()] == [("11", "rapport.pdf"), ("12", "rapport.pdf")]


@given(
    st.lists(
        st.lists(st.text(alphabet='ab";,\n\r é', max_size=6), min_size=2, max_size=4), min_size=1, max_size=4
    )
)
def test_cells_are_read_as_pythons_reader_reads_them(table: list[list[str]]) -> None:
    """Any table that Python writes is read back alike, and stays the same text where nothing is changed."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL).writerows([["x", "y"], *table])
    sheet = read_sheet(out.getvalue())
    assert [[cell.value for cell in row] for row in sheet.rows[1:]] == table
    assert sheet.text() == out.getvalue()


@given(st.text(alphabet='a";,\n\r', max_size=40), st.text(alphabet='b";,\n', max_size=8))
def test_a_changed_cell_is_read_back_and_damages_no_other(text: str, value: str) -> None:
    """Whatever stands in the file and in the cell, quoting is what keeps them apart."""
    sheet = read_sheet("x;y\nu;v\n" + text)
    sheet.set(1, 1, value)
    again = read_sheet(sheet.text())
    assert again.rows[1][1].value == value
    assert [[c.value for c in row] for row in again.rows[2:]] == [
        [c.value for c in row] for row in sheet.rows[2:]
    ]


CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,TP 5-6 (881),TP 7 (882),Final Score\n"
    "    Points Possible,,,,,40,20,(read only)\n"
    '"Martin, Jean",12,x,y,A,,,\n"Arc, Éloïse d\'",11,x,y,A,,3,\n'
)


def test_canvas_gets_the_column_that_is_meant() -> None:
    """Scaled to the points possible there; undecided stays empty; which of several columns must be said."""
    filled = fill_gradebook(CANVAS.encode(), CLASS, column="881")
    assert [row[5] for row in cells(filled, ",")[1:]] == ["40", "", "25.00"]
    assert [row[6] for row in cells(filled, ",")[1:]] == ["20", "", "3"]
    with pytest.raises(UsageError, match="Which column"):
        fill_gradebook(CANVAS.encode(), CLASS)


def test_gradescope_gets_no_score_where_nothing_is_decided() -> None:
    """Decided questions carry a score and a status, open ones neither, and the whole says that it is not final."""
    final, open_ = results(decided(20.0), "en"), results(undecided(), "fr")
    assert final["score"] == 20.0
    assert {test["status"] for test in final["tests"]} == {"passed"}
    assert all("score" not in test and "status" not in test for test in open_["tests"] if test["max_score"])
    assert open_["visibility"] == "after_published" and "10 points sur 20" in open_["output"]
    allowed = {"score", "max_score", "status", "name", "number", "output"}
    assert all(set(test) <= allowed for test in final["tests"]) and json.dumps(final)


def test_without_reports_there_is_no_archive_of_old_ones(tmp_path: Path) -> None:
    """Marks made anew withdraw the reports; the archive that holds their older ones goes too."""
    archive = tmp_path / "moodle" / "feedback.zip"
    folder = tmp_path / "s1"
    folder.mkdir()
    (folder / "report.pdf").write_bytes(b"%PDF")
    one = standing("11", decided(12.5), folder=folder, moodle="X_11_assignsubmission_file")
    assert write_feedback(archive, (one,)) and archive.is_file()
    (folder / "report.pdf").unlink()
    assert not write_feedback(archive, (one,)) and not archive.exists()


def test_a_bonus_fills_up_to_the_maximum_on_every_platform_and_is_told() -> None:
    """Gradescope, Moodle and Canvas give the same mark for the same work: never more than all points."""
    total = Total(points=19.0, decided=20.0, open=0.0, maximum=20.0, bonus=1.5)
    result = msgspec.structs.replace(decided(19.0), total=total)
    one = (standing("11", result),)
    gradescope = results(result, "fr")
    assert gradescope["score"] == 20.0 and gradescope["output"].startswith("1,5 de bonus")
    moodle = cells(fill_worksheet(ENGLISH.encode(), one, "en").content, ",")[1]
    assert moodle[4] == "100.00" and "19 out of 20, and 1.5 of bonus" in moodle[9]
    assert cells(fill_gradebook(CANVAS.encode(), one, column="881"), ",")[3][5] == "40.00"


def test_the_autograder_archive_has_its_two_programs_at_the_root() -> None:
    """`setup.sh` and `run_autograder` can be executed, and the wheel lies beside them."""
    content = autograder("tp.whl", b"wheel", slug="polytech_tp5_6", budget="quick", language="fr")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["setup.sh", "run_autograder", "tp.whl"]
        assert all(
            archive.getinfo(name).external_attr >> 16 & 0o111 for name in ("setup.sh", "run_autograder")
        )


def test_junit_tells_undecided_from_failed() -> None:
    """Open items are skipped, points are properties, and the counts add up."""
    suite = ElementTree.fromstring(junit(undecided(), "en"))[0]
    worth = sum(mark.maximum > 0 for mark in undecided().marks)
    assert (suite.get("failures"), suite.get("skipped")) == ("0", str(worth))
    found = ElementTree.fromstring(junit(decided(20.0), "en"))[0][0]
    assert [one.get("name") for one in found.iter("property")] == ["points", "max_points"]
    assert found.find("skipped") is None and found.find("failure") is None
