"""A class is found in whatever a platform gives: folders, archives, nbgrader's tree, a table of paths."""

import zipfile
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.classroom.sources import read_source
from grader.classroom.sources.naming import canvas_name, moodle_name
from grader.errors import UsageError


def archive(path: Path, members: dict[str, str]) -> Path:
    """Write a zip of `members` at `path` and return it."""
    with zipfile.ZipFile(path, "w") as made:
        for name, text in members.items():
            made.writestr(name, text)
    return path


def ids(path: Path, into: Path) -> list[str]:
    """Return the ids of the hand-ins at `path`."""
    return [one.id for one in read_source(path, into).hand_ins]


def test_each_child_of_a_folder_is_a_hand_in(tmp_path: Path) -> None:
    """Folders, archives and notebooks count; what systems leave around and our own output do not."""
    source = tmp_path / "classe"
    for name in ("Dupont Marie", "__MACOSX", "sortie"):
        (source / name).mkdir(parents=True)
    for name in ("durand.zip", "durand.ipynb", ".DS_Store", "notes.log"):
        (source / name).write_text("x")
    found = read_source(source, tmp_path / "in", ours=source / "sortie")
    assert [(one.id, one.name) for one in found.hand_ins] == [
        ("Dupont-Marie", "Dupont Marie"),
        ("durand", "durand"),
        ("durand-2", "durand"),
    ]
    assert "durand, durand-2" in found.notes[0].en


@pytest.mark.parametrize(
    "member",
    [
        "Éloïse d'Arc_4711_assignsubmission_file/tp/base.py",
        "Éloïse d'Arc_4711_assignsubmission_file_/tp/base.py",
        "DL-TP5-88/Éloïse d'Arc_4711_assignsubmission_file/tp/base.py",
        "Éloïse d'Arc_4711_assignsubmission_file_base.py",
    ],
)
def test_every_form_of_moodle_names_is_read(tmp_path: Path, member: str) -> None:
    """With folders of any version, inside a wrapper, or flat: the same person and number."""
    found = read_source(archive(tmp_path / "a.zip", {member: "print(1)"}), tmp_path / "in")
    (one,) = found.hand_ins
    assert (found.platform, one.name, one.key, one.id) == (
        "moodle", "Éloïse d'Arc", "4711", "Eloise-d-Arc_4711",
    )  # fmt: skip
    assert one.folder.startswith("Éloïse d'Arc_4711_assignsubmission_file")
    assert [path.name for path in Path(one.path).rglob("*.py")] or Path(one.path).name == "base.py"


def test_an_archive_is_unpacked_once_and_again_when_it_is_another_file(tmp_path: Path) -> None:
    """The same command goes on at once; a new download of the same name is a new class; a kill leaves nothing half."""
    path, into = tmp_path / "a.zip", tmp_path / "in"
    first = read_source(archive(path, {"Ann_7_assignsubmission_file/base.py": "1"}), into)
    file = Path(first.hand_ins[0].path)
    file.write_text("touched")
    assert read_source(path, into) == first and file.read_text() == "touched"
    (into / "unpacked.json").unlink()
    assert read_source(path, into) == first and file.read_text() == "1"
    second = read_source(archive(path, {"Ann_7_assignsubmission_file/base.py": "22"}), into)
    assert Path(second.hand_ins[0].path).read_text() == "22"
    file.unlink()
    assert Path(read_source(path, into).hand_ins[0].path).read_text() == "22"


@pytest.mark.parametrize(
    ("member", "name", "key", "path"),
    [
        ("Équipe A_91_assignsubmission_file/tp.py", "Équipe A", "91", "tp.py"),
        (
            "Participant 12_12_assignsubmission_file_mon_tp_final.py",
            "Participant 12",
            "12",
            "mon_tp_final.py",
        ),
        ("Jean_Martin_8_assignsubmission_file_/code/tp.py", "Jean Martin", "8", "code/tp.py"),
        ("G1-Ann Bee_5_assignsubmission_onlinetext_onlinetext.html", "G1-Ann Bee", "5", "onlinetext.html"),
    ],
)
def test_teams_blind_marking_and_edited_names_are_read(member: str, name: str, key: str, path: str) -> None:
    """The number before the fixed part is the participation, whatever stands before and after it."""
    found = moodle_name(PurePosixPath(member))
    assert found is not None and (found.name, found.key, str(found.path)) == (name, key, path)


def test_moodle_texts_typed_online_belong_to_the_same_hand_in(tmp_path: Path) -> None:
    """A file and an online text of one participant are one hand-in; blind marking keeps the number."""
    members = {
        "Participant_12_assignsubmission_file/base.py": "a",
        "Participant_12_assignsubmission_onlinetext/onlinetext.html": "b",
        "Participant_13_assignsubmission_file/base.py": "c",
    }
    found = read_source(archive(tmp_path / "a.zip", members), tmp_path / "in")
    assert [one.key for one in found.hand_ins] == ["12", "13"]
    assert [one.name for one in found.hand_ins] == ["Participant 12", "Participant 13"] and not found.notes
    assert sorted(path.name for path in Path(found.hand_ins[0].path).iterdir()) == [
        "base.py",
        "onlinetext.html",
    ]


def test_names_shared_by_two_students_stay_apart(tmp_path: Path) -> None:
    """Moodle's number tells them apart, and the note says so."""
    members = {f"Jean Martin_{key}_assignsubmission_file/base.py": key for key in ("7", "8")}
    found = read_source(archive(tmp_path / "a.zip", members), tmp_path / "in")
    assert [one.id for one in found.hand_ins] == ["Jean-Martin_7", "Jean-Martin_8"]
    assert "2 hand-ins in the name of Jean Martin" in found.notes[0].en


def test_canvas_names_tell_late_work_and_later_attempts(tmp_path: Path) -> None:
    """The last attempt counts, and lateness is told, not judged."""
    members = {
        "dupontmarie_LATE_31_901_tp.zip": "x",
        "martinjean_32_902_tp.py": "old",
        "martinjean_32_903_tp-1.py": "new",
    }
    found = read_source(archive(tmp_path / "a.zip", members), tmp_path / "in")
    assert found.platform == "canvas"
    assert [(one.key, one.attempt, one.late) for one in found.hand_ins] == [("31", 1, True), ("32", 2, False)]
    assert Path(found.hand_ins[1].path).read_text() == "new"
    assert "only the last one counts: martinjean_32" in found.notes[0].en


def test_a_file_of_a_second_attempt_stands_beside_what_was_handed_in_again(tmp_path: Path) -> None:
    """Canvas numbers only a file whose name was there before: one that is new to the attempt is as good."""
    members = {"x_32_7_tp-1.py": "new", "x_32_8_plan.md": "only now", "x_32_5_tp.py": "old"}
    (one,) = read_source(archive(tmp_path / "a.zip", members), tmp_path / "in").hand_ins
    handed_in = {path.name: path.read_text() for path in Path(one.path).iterdir()}
    assert (one.attempt, handed_in) == (2, {"tp.py": "new", "plan.md": "only now"})


def test_nbgrader_trees_are_read(tmp_path: Path) -> None:
    """`submitted/STUDENT/ASSIGNMENT/` gives one hand-in a student."""
    for student in ("bob", "alice"):
        folder = tmp_path / "course" / "submitted" / student / "ps1"
        folder.mkdir(parents=True)
        (folder / "timestamp.txt").write_text("2026-01-01 00:00:00 UTC")
    found = read_source(tmp_path / "course", tmp_path / "in")
    assert (found.platform, [one.key for one in found.hand_ins]) == ("nbgrader", ["alice", "bob"])


def test_a_table_of_paths_is_read_in_french_too(tmp_path: Path) -> None:
    """Semicolons, a byte-order mark, attempts by id, and two people of one name."""
    table = tmp_path / "classe.csv"
    table.write_text(
        "\ufeffNom;Chemin;Identifiant;Retard\nMarie;a;u1;non\nMarie;b;u2;oui\nMarie;c;u1;\nVide;;u3;\n",
        encoding="utf-8",
    )
    found = read_source(table, tmp_path / "in")
    assert [(one.id, Path(one.path).name, one.late) for one in found.hand_ins] == [
        ("u2", "b", True), ("u1", "c", False), ("u3", "", False),
    ]  # fmt: skip


def test_a_hand_in_beyond_the_caps_costs_only_itself(tmp_path: Path) -> None:
    """A bomb in one folder of the class's archive is refused, the others are kept."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("Ok_1_assignsubmission_file/base.py", "print(1)")
        for number in range(20):
            made.writestr(f"Bombe_2_assignsubmission_file/{number}.txt", b"0" * (30 << 20))
    found = read_source(path, tmp_path / "in").hand_ins
    assert [(one.name, one.refused is None) for one in found] == [("Bombe", False), ("Ok", True)]


def test_nothing_to_grade_is_said(tmp_path: Path) -> None:
    """An empty folder, a table without paths and a path that is not there end with a sentence."""
    (tmp_path / "vide").mkdir()
    (tmp_path / "t.csv").write_text("name,mark\nx,1\n")
    for name in ("vide", "t.csv", "absent"):
        with pytest.raises(UsageError):
            read_source(tmp_path / name, tmp_path / "in")


@given(st.text(max_size=60))
def test_no_name_breaks_the_readers(name: str) -> None:
    """Whatever a file is called, the readers return a name inside the hand-in or None."""
    for reader in (moodle_name, canvas_name):
        for text in (name, f"{name}_12_assignsubmission_file_{name}", f"{name}_12_34_{name}"):
            found = reader(PurePosixPath(text.replace("\0", "")))
            assert found is None or (found.key and not found.path.is_absolute())


@pytest.mark.parametrize("attempt", ["²", "-1", "9" * 5_000, "two", ""])
def test_an_attempt_that_is_no_number_is_the_next_one(attempt: str, tmp_path: Path) -> None:
    """Rows of one student count up by themselves where the column says nothing usable."""
    (tmp_path / "t.csv").write_text(f"id,path,attempt\na,x,{attempt}\na,y,{attempt}\n", encoding="utf-8")
    (last,) = read_source(tmp_path / "t.csv", tmp_path / "in").hand_ins
    assert (last.attempt, Path(last.path).name) == (2, "y")


def test_a_cell_beyond_all_bounds_is_a_sentence(tmp_path: Path) -> None:
    """A quotation mark that is never closed makes one cell of a whole class: told, and no fault of ours."""
    (tmp_path / "t.csv").write_text('id,path\na,"x\n' + "b,y\n" * 50_000, encoding="utf-8")
    with pytest.raises(UsageError, match="open quote"):
        read_source(tmp_path / "t.csv", tmp_path / "in")
