"""Answers written to take the checks down: each is read quickly, and none is taken for our own fault or for right."""

from __future__ import annotations

import time
from pathlib import Path
from types import ModuleType

import pytest
from checking_hand_in import FOLDER, evidence, write

from grader.checking import run_checks
from grader.model import Outcome

LENGTH = 60_000
PAGES = {
    "digits": "9" * LENGTH,
    "long_number": "padding = " + "9" * 5_000 + " stride = " + "9" * 5_000,
    "blanks": "padding" + " " * LENGTH + "x",
    "blank_lines": "padding" + "\n" * LENGTH + "x",
    "mixed_blanks": "stride" + " \n" * (LENGTH // 2) + "x",
    "one_word": "moves" * (LENGTH // 5),
    "words": "moves " * (LENGTH // 6),
}


@pytest.mark.parametrize("page", sorted(PAGES))
def test_no_page_keeps_the_reading_of_values_busy(page: str, values: ModuleType) -> None:
    """A page of one character, one word or one number is read at once, and states no value."""
    start = time.process_time()
    assert values.stated(PAGES[page], values.PADDING) | values.stated(PAGES[page], values.STRIDE) == set()
    assert time.process_time() - start < 2


def test_values_are_still_read_across_lines_and_blanks(values: ModuleType) -> None:
    """What a student writes plainly is read whatever its layout."""
    assert values.stated("un padding   de 2\n\n avec  stride\t= 1", values.PADDING) == {2}
    assert values.stated("un padding de 2\n\n avec  stride\t= 1", values.STRIDE) == {1}


@pytest.mark.slow
def test_an_answer_that_takes_too_long_goes_to_a_person(tmp_path: Path) -> None:
    """A check of an answer that runs out of time is undecided, never an error of ours."""
    write(tmp_path / "checks.py", """
from grader.checking import check

@check(item="Q9", cost=1.0, fr="x", en="x")
def test_hangs(answer):
    while True: pass
""")  # fmt: skip
    given = evidence(answers={"Q9": "9" * 100})
    found = run_checks(tmp_path, given, distribution="student", check_limit_s=1)
    (verdict,) = (one for one in found if one.check == "test_hangs")
    assert verdict.outcome is Outcome.MANUAL
    assert verdict.teacher is not None and "test_hangs" in verdict.teacher.en


@pytest.mark.slow
@pytest.mark.parametrize("text", ["5", "(((((", "je ne sais pas", "=1+1 <b>0</b> ²", "\ud7ff 12 % NaN -inf"])
def test_a_line_without_content_earns_nothing(text: str) -> None:
    """No check of an answer passes on a line that says nothing, in a way that leaves points decided."""
    questions = ("Q1", "Q8", "Q9", "Q10", "Q11", "Q13")
    found = [
        one
        for one in run_checks(FOLDER, evidence(answers=dict.fromkeys(questions, text)))
        if one.item in questions
    ]
    assert not [one for one in found if one.outcome is Outcome.ERROR]
    for question in questions:
        open_or_lost = sum(
            one.cost for one in found if one.item == question and one.outcome is not Outcome.PASSED
        )
        assert open_or_lost >= 1, question
