"""A whole class, graded as an instructor would: killed and resumed, with hostile work in it, and back to Moodle.

The default is a class of six, killed once; `make class-test` sets CLASS_TEST_COUNT=30 and CLASS_TEST_KILLS=3.
"""

import csv
import io
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from class_maker import NAMES, make_class, make_moodle

from grader.classroom.exports.cells import read_sheet
from grader.classroom.exports.moodle_import import imported
from grader.model import Result
from grader.records import read_record

COUNT = int(os.environ.get("CLASS_TEST_COUNT", "6"))
KILLS = int(os.environ.get("CLASS_TEST_KILLS", "1"))
pytestmark = [pytest.mark.slow, pytest.mark.sandbox]


def command(source: Path, out: Path, *more: str) -> list[str]:
    """Return the command that grades `source` into `out`."""
    return [
        sys.executable, "-m", "grader.cli", "class", str(source), "--out", str(out), "--assignment",
        "polytech_tp5_6", "--budget", "static", "--data", "synthetic", "--jobs", "2", "--lang", "en", *more,
    ]  # fmt: skip


def started(source: Path, out: Path, home: Path, *more: str) -> subprocess.Popen[bytes]:
    """Return the class's grading, begun, with a cache of its own."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(home / "cache")}
    return subprocess.Popen(
        command(source, out, *more), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def graded(source: Path, out: Path, home: Path, *more: str) -> str:
    """Grade to the end and return what was said."""
    process = started(source, out, home, *more)
    said, _ = process.communicate(timeout=7200)
    assert process.returncode in (0, 1), said.decode()
    return said.decode()


def tries(out: Path) -> dict[tuple[str, str], int]:
    """Return how often each step was begun."""
    with sqlite3.connect(out / "class.sqlite") as sql:
        return {
            (key, kind): count for key, kind, count in sql.execute("SELECT hand_in, kind, tries FROM step")
        }


def results(out: Path) -> dict[str, bytes]:
    """Return every result by hand-in."""
    return {path.parent.name: path.read_bytes() for path in sorted(out.glob("students/*/result.json"))}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Return (source, out, home) of a class graded in one go."""
    home = tmp_path_factory.mktemp("class")
    make_class(home / "source", COUNT)
    graded(home / "source", home / "calm", home)
    return home / "source", home / "calm", home


def test_killed_and_resumed_it_gives_the_same_gradebook(undisturbed: tuple[Path, Path, Path]) -> None:
    """SIGKILL at random moments, the same command again: the same bytes, and what was done is not done again."""
    source, calm, home = undisturbed
    draw = random.Random(os.environ.get("CLASS_TEST_SEED", "1"))
    out = home / "killed"
    killed = 0
    for done in sorted(draw.sample(range(1, 2 * COUNT), KILLS)):
        process = started(source, out, home)
        while _done(out) < done and process.poll() is None:
            time.sleep(0.05)
        time.sleep(draw.uniform(0.0, 1.0))
        killed += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert killed == KILLS
    before = _finished(out)
    graded(source, out, home)
    assert (out / "gradebook.csv").read_bytes() == (calm / "gradebook.csv").read_bytes()
    assert (out / "gradebook.xlsx").read_bytes() == (calm / "gradebook.xlsx").read_bytes()
    assert results(out) == results(calm)
    assert all(_begun(out)[step] == count for step, count in before.items())


def _rows(out: Path, columns: str, where: str) -> list[tuple[str, ...]]:
    if not (out / "class.sqlite").exists():
        return []
    try:
        with sqlite3.connect(out / "class.sqlite") as sql:
            return sql.execute(f"SELECT {columns} FROM step WHERE {where}").fetchall()
    except sqlite3.OperationalError:
        return []


def _done(out: Path) -> int:
    return len(_rows(out, "hand_in", "state = 'done'"))


def _finished(out: Path) -> dict[tuple[str, str], str]:
    """Return how long each finished step took: it would differ if the step were done once more."""
    return {
        (key, kind): seconds for key, kind, seconds in _rows(out, "hand_in, kind, seconds", "state = 'done'")
    }


def _begun(out: Path) -> dict[tuple[str, str], str]:
    return {(key, kind): seconds for key, kind, seconds in _rows(out, "hand_in, kind, seconds", "1")}


def test_bad_work_costs_only_itself(undisturbed: tuple[Path, Path, Path]) -> None:
    """Everybody who handed something in has a mark and a report; the empty folder is told, and nobody got out.

    Every result says how it was kept apart.
    """
    _, calm, _ = undisturbed
    with (calm / "gradebook.csv").open(encoding="utf-8-sig", newline="") as file:
        states = {row["hand-in"]: row["state"] for row in csv.DictReader(file)}  # a pair has two rows
    assert len(states) == COUNT and list(states.values()).count("not graded") == 1
    assert len(list(calm.glob("students/*/report.pdf"))) == COUNT - 1
    sandboxes = {read_record(path, Result).conditions.sandbox for path in calm.glob("students/*/result.json")}
    assert sandboxes == {"bubblewrap"}
    assert not any(Path(folder, "HACKED").exists() for folder in ("/root", "/work", "/etc"))


def test_nobodys_words_stand_with_anybody_else(undisturbed: tuple[Path, Path, Path]) -> None:
    """What one wrote is in no other folder and not in the class report, and the class report names nobody."""
    _, calm, _ = undisturbed
    secret = f"secret de {NAMES[0]}"
    holders = {
        path.relative_to(calm).parts[1]
        for path in (calm / "students").rglob("*")
        if path.is_file() and secret.encode() in path.read_bytes()
    }
    assert len(holders) == 1
    page = (calm / "class-report.html").read_text("utf-8")
    assert secret not in page and not any(name in page for name in NAMES if len(name) > 3)


def test_a_new_attempt_a_new_scheme_and_a_choice_do_only_what_they_must(
    undisturbed: tuple[Path, Path, Path],
) -> None:
    """Changed answers regrade one hand-in; other points watch nothing again, and no report tells the old marks."""
    source, calm, home = undisturbed
    before = _begun(calm)
    (source / NAMES[0] / "answers.md").write_text("## Q1\n\nautre chose\n", encoding="utf-8")
    graded(source, calm, home)
    again = {key for key, seconds in _begun(calm).items() if before[key] != seconds}
    assert len({key for key, _ in again}) == 1 and {kind for _, kind in again} == {"watch", "judge", "report"}

    before = _begun(calm)
    scheme = home / "scheme.toml"
    scheme.write_text("[points]\nQ1 = 1.5\n", encoding="utf-8")
    said = graded(source, calm, home, "--scheme", str(scheme), "--anonymous", "--no-reports")
    again = {key for key, seconds in _begun(calm).items() if before[key] != seconds}
    assert {kind for _, kind in again} == {"judge", "report"}
    assert f"{COUNT - 1} reports are still to be made" in " ".join(said.split())
    assert not list(calm.glob("students/*/report.*"))
    for name in ("gradebook.csv", "class-report.html", "likeness.html", "likeness.json"):
        text = (calm / name).read_text("utf-8-sig")
        assert not any(name in text for name in NAMES if len(name) > 3), name


@pytest.mark.parametrize("language", ["en", "fr"])
def test_moodle_and_back(tmp_path: Path, language: str) -> None:
    """The download of either site is graded, and worksheet and archive go through the importer's rules."""
    source = make_moodle(tmp_path, language, 2)
    worksheet = tmp_path / ("Notes-TP-77.csv" if language == "fr" else "Grades-Lab-77.csv")
    worksheet.write_text(_worksheet(language), encoding="utf-8")
    said = graded(source, tmp_path / "out", tmp_path, "--moodle", str(worksheet))
    assert "Moodle: 1) upload the worksheet" in said
    filled = (tmp_path / "out" / "moodle" / worksheet.name).read_text("utf-8")
    read = imported(read_sheet(filled), "." if language == "en" else ",")
    assert [one.ignored for one in read] == ["empty", "empty"]
    with zipfile.ZipFile(tmp_path / "out" / "moodle" / "feedback.zip") as archive:
        names = archive.namelist()
        assert all(archive.read(name).startswith(b"%PDF") for name in names)
    mark = "_" if language == "fr" else ""
    assert names == [
        f"{name}_{900 + number}_assignsubmission_file{mark}/rapport.pdf"
        for number, name in sorted(enumerate(NAMES[:2]), key=lambda pair: names.index(
            f"{pair[1]}_{900 + pair[0]}_assignsubmission_file{mark}/rapport.pdf"))
    ]  # fmt: skip


def _worksheet(language: str) -> str:
    heads = {
        "en": "Identifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,"
        "Last modified (submission),Last modified (grade),Feedback comments",
        "fr": "Identifiant,Nom complet,Adresse de courriel,Statut,Note,Note maximale,La note peut être modifiée,"
        "Dernière modification (travail remis),Dernière modification (note),Feedback par commentaires",
    }
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(heads[language].split(","))
    yes = "Yes" if language == "en" else "Oui"
    for number, name in enumerate(NAMES[:2]):
        key = f"Participant {900 + number}" if language == "en" else f"Participant{900 + number}"
        writer.writerow([key, name, "x@y.fr", "x", "", "100.00", yes, "-", "-", ""])
    return out.getvalue()
