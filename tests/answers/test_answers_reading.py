"""Documents of every kind cut at their questions: headings, encodings, place holders, claims."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import courseworks
from grader.answers import read_answers
from grader.model import Answers, FileEntry, Submission
from grader.sandbox import choose

COURSEWORK = courseworks.load("polytech_tp5_6")


def read(root: Path) -> Answers:
    files = tuple(
        FileEntry(path=str(path.relative_to(root)), size_bytes=1, sha256="")
        for path in sorted(root.rglob("*"))
        if path.is_file()
    )
    documents = tuple(entry.path for entry in files if entry.path.endswith((".md", ".txt")))
    submission = Submission(id="a", name="a", digest="", files=files, documents=documents)
    return read_answers(submission, root, COURSEWORK.assignment, COURSEWORK.template, choose("none"))


def written(tmp_path: Path, text: str | bytes, name: str = "answers.md") -> Answers:
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(tmp_path)


def text_of(answers: Answers, question: str) -> str:
    return next(answer.text for answer in answers.answers if answer.question == question)


def state_of(answers: Answers, question: str) -> str:
    return next(answer.state for answer in answers.answers if answer.question == question)


@pytest.mark.parametrize(
    "heading",
    ["## Q10", "## Q10 ★", "### 10.", "## Question 10", "Question 10 :", "**Q10.**", "Q10.", "Q5.10.", "## Q5.10",
     "## TP 5 - Q10", "**Question 10** ★", "# Q 10", "Q10)", "## Q10 : Tailles et poids"],
)  # fmt: skip
def test_headings_of_every_kind_open_their_question(tmp_path: Path, heading: str) -> None:
    """The answer under the heading is question 10's, and the next heading ends it."""
    answers = written(tmp_path, f"# Rapport\n\n{heading}\n\nfc4 a le plus de poids.\n\n## Q11\n\n1 191 170\n")
    assert text_of(answers, "Q10").endswith("fc4 a le plus de poids.")
    assert text_of(answers, "Q11") == "1 191 170"


def test_numbered_lists_and_other_labs_are_no_questions(tmp_path: Path) -> None:
    """A list inside an answer belongs to it; `Q3.1` is question 1 of another lab."""
    answers = written(tmp_path, "## Q2\n\n1. moins de poids\n2. partage\n\nQ3.1. autre TP\n\n## Q8\n\np=2")
    assert text_of(answers, "Q2") == "1. moins de poids\n2. partage"
    assert state_of(answers, "Q1") == "missing"
    assert text_of(answers, "Q8") == "p=2"


def test_the_answer_may_stand_on_the_question_s_own_line(tmp_path: Path) -> None:
    """`**Q8.** padding 2` and a heading with figures are answers."""
    answers = written(tmp_path, "**Q8.** padding 2, stride 1\n\n## Q9 : padding 0, stride 2\n")
    assert text_of(answers, "Q8") == "padding 2, stride 1"
    assert text_of(answers, "Q9") == "padding 0, stride 2"


def test_two_questions_may_be_answered_together(tmp_path: Path) -> None:
    """One section for questions 8 and 9 answers both."""
    answers = written(tmp_path, "## Questions 8 et 9\n\nconv : p=2 ; pool : s=2\n")
    assert text_of(answers, "Q8") == text_of(answers, "Q9") == "conv : p=2 ; pool : s=2"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_every_usual_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    """UTF-8, UTF-16 and Windows-1252 come out alike; the last one with a note."""
    answers = written(tmp_path, "## Q3\n\nIl réduit la taille, à peu près.\n".encode(encoding))
    assert text_of(answers, "Q3") == "Il réduit la taille, à peu près."
    assert [problem.kind for problem in answers.problems] == (
        ["document_encoding"] if encoding == "cp1252" else []
    )


def test_the_template_holds_no_answer() -> None:
    """Every written question of the untouched template is `template`, and its report is empty."""
    assert COURSEWORK.template is not None
    answers = read(COURSEWORK.template)
    kinds = {q.id: q.kind for q in COURSEWORK.assignment.question}
    states = {a.state for a in answers.answers if kinds[a.question] not in ("implementation", "free")}
    assert states == {"template"}
    assert (answers.report, answers.claims) == ("", {})


def test_the_reference_s_answers_and_claims_are_all_found() -> None:
    """The solution answers every written question and states six accuracies."""
    answers = read(COURSEWORK.folder / "solution")
    kinds = {q.id: q.kind for q in COURSEWORK.assignment.question}
    assert {a.state for a in answers.answers if kinds[a.question] != "implementation"} == {"found"}
    assert list(answers.claims) == [stage.id for stage in COURSEWORK.assignment.stage]
    assert not any(answer.text.startswith(">") for answer in answers.answers)


def test_claims_are_read_whatever_the_words(tmp_path: Path) -> None:
    """English names, fractions, sums of names and a train column are understood."""
    head = "| Stage | train acc | test acc |\n|---|---|---|\n"
    table = head + "| baseline | 0.99 | 0.702 |\n| + norm | 1.0 | 0.741 |\n| batch norm | 0.9 | 0.85 |"
    claims = written(tmp_path, table).claims
    assert claims == {"baseline": 70.2, "normalization": 74.1, "batchnorm": 85}


def test_a_report_in_another_format_is_unreadable_not_missing(tmp_path: Path) -> None:
    """A document of a form that is not read never makes an answer missing."""
    (tmp_path / "rapport.odt").write_bytes(b"PK")
    answers = read(tmp_path)
    assert state_of(answers, "Q2") == "unreadable"
    assert [problem.kind for problem in answers.problems] == ["document_format"]


@pytest.mark.parametrize(
    "content", [b"", b"\x00\x01\x02" * 100, b"\xff" * 100, b"# " * 100_000, b"## Q1\n" * 50_000]
)
def test_no_document_breaks_the_reading(tmp_path: Path, content: bytes) -> None:
    """Empty, binary and absurd documents are read without an error."""
    assert len(written(tmp_path, content).answers) == len(COURSEWORK.assignment.question)


def test_a_page_of_blanks_is_cut(tmp_path: Path) -> None:
    """Blanks beyond what lays out a table are dropped, so that no pattern is kept busy; line ends are kept."""
    found = written(tmp_path, "## Q9\npadding" + " " * 50_000 + "2\n\n## Q11\n1 190 000\n")
    texts = {answer.question: answer for answer in found.answers}
    assert texts["Q9"].text == "padding" + " " * 200 + "2"
    place = texts["Q11"].place
    assert place is not None and place.line == 4
