"""The process in which checks run: crashes, hangs and files of a hand-in change no verdict but their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from checking_hand_in import FOLDER, evidence, write

from grader.checking import run_checks, run_checks_many
from grader.model import Outcome, Verdict

HEAD = """
import os, time
from grader.checking import check, failed, remark, manual

def declared(item, cost=0.5):
    return check(item=item, cost=cost, fr="x", en="x")
"""


def outcomes(found: tuple[Verdict, ...]) -> dict[str, Outcome]:
    return {one.check: one.outcome for one in found if one.check.startswith("test_")}


@pytest.mark.slow
def test_a_check_that_crashes_or_hangs_is_our_error_alone(tmp_path: Path) -> None:
    """An exception and an endless loop become `error`; the other checks keep their verdicts."""
    write(tmp_path / "checks.py", HEAD + """
@declared("Q15")
def test_passes(evidence): "It passes."
@declared("Q15")
def test_crashes(evidence): raise KeyError("secret")
@declared("3.1")
def test_hangs(evidence):
    while True: pass
@declared("3.2")
def test_fails(evidence): failed(fr="non", en="no", fault="f")
@declared("3.3")
def test_remarks(evidence): remark(fr="note", en="note")
""")  # fmt: skip
    found = run_checks(tmp_path, evidence(), distribution="student", check_limit_s=1)
    assert outcomes(found) == {
        "test_passes": Outcome.PASSED, "test_crashes": Outcome.ERROR, "test_hangs": Outcome.ERROR,
        "test_fails": Outcome.FAILED, "test_remarks": Outcome.PASSED,
    }  # fmt: skip
    crashed = next(one for one in found if one.check == "test_crashes")
    assert "secret" not in crashed.message.fr
    assert crashed.teacher is not None and "secret" in crashed.teacher.fr
    assert {one.outcome for one in found if one.item in ("3.4", "3.5")} == {Outcome.ERROR}


@pytest.mark.slow
def test_checks_may_use_fixtures_of_their_own(tmp_path: Path) -> None:
    """One of the file's, and one that stands in for ours; a check that would leave the process is an error alone."""
    write(tmp_path / "checks.py", HEAD + """
import pytest, sys
@pytest.fixture
def number(): return 3
@pytest.fixture
def answer(): return "ours"
@declared("Q15")
def test_own(evidence, number): assert number == 3 and evidence.assignment
@declared("3.1")
def test_instead(answer):
    if answer == "ours": failed(fr="non", en="no")
@declared("3.2")
def test_leaves(evidence): sys.exit(0)
@declared("3.3")
def test_plain(evidence): "It passes."
""")  # fmt: skip
    assert outcomes(run_checks(tmp_path, evidence(), distribution="student")) == {
        "test_own": Outcome.PASSED, "test_instead": Outcome.FAILED, "test_leaves": Outcome.ERROR,
        "test_plain": Outcome.PASSED,
    }  # fmt: skip


@pytest.mark.slow
def test_a_check_that_takes_the_process_down_is_never_a_pass(tmp_path: Path) -> None:
    """Checks that did not run after a hard exit with code 0 are errors; earlier verdicts stand."""
    write(tmp_path / "checks.py", HEAD + """
@declared("Q15")
def test_first(evidence): "It passes."
@declared("3.1")
def test_exits(evidence): os._exit(0)
@declared("3.2")
def test_never_reached(evidence): "It would pass."
""")  # fmt: skip
    found = outcomes(run_checks(tmp_path, evidence(), distribution="student"))
    assert found == {
        "test_first": Outcome.PASSED, "test_exits": Outcome.ERROR, "test_never_reached": Outcome.ERROR}  # fmt: skip


@pytest.mark.slow
def test_a_hand_in_that_ends_the_process_costs_no_other_its_verdicts(tmp_path: Path) -> None:
    """Many are checked in one process; after a hard exit the rest are checked alone, each with its own evidence."""
    write(tmp_path / "checks.py", HEAD + """
@declared("Q15")
def test_first(evidence): "It passes."
@declared("3.1")
def test_exits_for_one(evidence):
    text = evidence.answer("Q2").text
    if text == "b": os._exit(0)
    if text == "c": failed(fr="non", en="no", fault="f")
""")  # fmt: skip
    class_ = [evidence(answers={"Q2": text}) for text in ("a", "b", "c", "d")]
    found = [outcomes(one)["test_exits_for_one"] for one in run_checks_many(tmp_path, class_)]
    assert found == [Outcome.PASSED, Outcome.ERROR, Outcome.FAILED, Outcome.PASSED]


@pytest.mark.slow
def test_a_file_of_checks_that_cannot_be_read_fails_nobody(tmp_path: Path) -> None:
    """A syntax error in checks.py gives an error for every automatic program item."""
    write(tmp_path / "checks.py", "def broken(:\n")
    found = run_checks(tmp_path, evidence(), distribution="student")
    assert {one.outcome for one in found if one.item in ("Q15", "3.1", "3.5")} == {Outcome.ERROR}


@pytest.mark.slow
def test_files_around_the_caller_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """conftest.py, pytest.ini, sitecustomize.py and modules named like ours, where the caller stands, are not seen."""
    forged = "import sys\nraise SystemExit('forged')\n"
    for name in ("conftest.py", "sitecustomize.py", "json.py", "msgspec.py", "pytest.py", "grader.py"):
        write(tmp_path / "handin" / name, forged)
    write(tmp_path / "handin" / "pytest.ini", "[pytest]\naddopts = --collect-only\n")
    write(tmp_path / "checks.py", HEAD + '\n@declared("Q15")\ndef test_passes(evidence): "It passes."\n')
    write(tmp_path / "conftest.py", forged)
    monkeypatch.chdir(tmp_path / "handin")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "handin"))
    monkeypatch.setenv("PYTEST_ADDOPTS", "--collect-only")
    assert outcomes(run_checks(tmp_path, evidence(), distribution="student")) == {
        "test_passes": Outcome.PASSED
    }


ANSWERS = {
    "Q1": "x' = (x+2p-k)/s + 1, y' = (y+2p-k)/s + 1. Filtre : k*k*z + 1. Fully-connected : x*y*z*x'*y'",
    "Q8": "p = 2, s = 1", "Q9": "p = 0, s = 2", "Q11": "1.19M pour 50 000 images", "Q13": "98,5 % en test sur MNIST",
    "Q10": "| c | taille | poids |\n|-|-|-|\n| conv1 | 32x32x32 | 2400 |\n| conv2 | 16x16x64 | 51200 |\n"
           "| conv3 | 8x8x64 | 102400 |\n| fc4 | 1000 | 1024000 |\n| fc5 | 10 | 10000 |\n\n"
           "La grande majorité des poids se trouve dans la première couche fully-connected, fc4.",
}  # fmt: skip


@pytest.mark.slow
def test_right_answers_pass_in_the_teacher_s_distribution() -> None:
    """Answers with one right content are judged right, half an answer earns half, and none is missing."""
    found = run_checks(FOLDER, evidence(answers=ANSWERS | {"Q2": "moins de poids"}), distribution="teacher")
    judged = [one for one in found if one.item in ANSWERS]
    assert {one.outcome for one in judged} == {Outcome.PASSED}
    assert [(one.outcome, one.cost) for one in found if one.item == "Q2"] == [(Outcome.FAILED, 0.5)]
    assert [one.outcome for one in found if one.item == "Q3"] == [Outcome.MISSING]


@pytest.mark.slow
def test_wrong_answers_fail_and_keep_the_right_ones_to_the_teacher() -> None:
    """A wrong row costs at Q10 only, its sum passes at Q11; students are not told the right value."""
    wrong = {
        "Q1": "(x + p - k)/s + 1, k*k*z, en fully connected x*y*z*x'*y'",
        "Q8": "p = 1 et s = 1",
        "Q10": ANSWERS["Q10"].replace("| 102400 |", "| 51200 |"),
        "Q11": "1 138 800, bien plus que les 50 000 exemples.",
    }
    found = run_checks(FOLDER, evidence(answers=wrong), distribution="teacher")
    assert {one.check for one in found if one.outcome is Outcome.FAILED} == {
        "test_q1_size", "test_q8_padding", "test_q10_conv3"}  # fmt: skip
    row = next(one for one in found if one.check == "test_q10_conv3")
    assert "102400" not in row.message.fr and row.teacher is not None and "102400" in row.teacher.fr
    assert [one.remark for one in found if one.check == "test_q11_total"] == [True]


@pytest.mark.slow
def test_students_see_answers_found_and_read_and_never_judged() -> None:
    """In the students' distribution a written answer is only found, or missing."""
    found = run_checks(FOLDER, evidence(answers=ANSWERS), distribution="student")
    assert {one.outcome for one in found if one.item in ANSWERS} == {Outcome.MANUAL}
    assert [one.outcome for one in found if one.item == "Q2"] == [Outcome.MISSING]
