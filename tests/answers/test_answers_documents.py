"""The same answers in twenty-nine kinds of documents: each found, with exact boundaries, and with its place."""

from __future__ import annotations

import re
from pathlib import Path

import docx
import pytest
from answers_hand_in import COURSEWORK, answer, kinds, read, written
from answers_texts import ANSWERS
from documents_texts import STYLES, asked, bare, build, notebook, word_math
from docx.oxml import parse_xml

from grader.sandbox import choose

SHARE_MIN = 0.97
"""Of all answers in a document that must be found whole and without a word of another."""


def found_whole(style: str, answers: dict[str, str], folder: Path) -> float:
    """Return the share of answers that come out of the document exactly as they went in."""
    questions = asked(COURSEWORK.assignment, answers)
    if "starred" in style:
        questions = [one for one in questions if one.question.star]
    build(style, questions, folder)
    got = {one.question: one for one in read(folder).answers}
    wanted = {one.question.id: bare(one.answer) for one in questions}
    exact = 0
    for identity, text in wanted.items():
        own = bare(got[identity].text)
        formula = "Math" in style and identity == "Q1" and own.endswith(text)
        exact += own == text or formula
    extra = [one.question for one in got.values() if one.text and one.question not in wanted]
    assert extra == []
    return exact / len(wanted)


@pytest.mark.parametrize("style", STYLES)
def test_answers_are_found_whole(style: str, tmp_path: Path) -> None:
    """At least 97 of 100 answers have exact boundaries in each kind of document."""
    assert found_whole(style, ANSWERS, tmp_path) >= SHARE_MIN


@pytest.mark.parametrize("style", [one for one in STYLES if not one.startswith("pdf")])
def test_left_out_questions_shift_nothing(style: str, tmp_path: Path) -> None:
    """With every third answer missing the others are still found, and none is made up."""
    some = {identity: text for at, (identity, text) in enumerate(ANSWERS.items()) if at % 3}
    assert found_whole(style, some, tmp_path) >= SHARE_MIN


def test_a_list_in_an_answer_is_no_question(tmp_path: Path) -> None:
    """Numbers of a list, written as the questions are, stay in the answer they stand in."""
    listed = "1) moins de poids\n2) le partage\n3) la structure"
    text = f"1) a) rien\n\n2) Deux raisons :\n{listed}\n\n3) pour réduire\n\n4) non\n"
    answers = written(tmp_path, text, "reponses.txt")
    assert "la structure" in answer(answers, "Q2").text
    assert answer(answers, "Q3").text == "pour réduire"
    assert answer(answers, "Q4").text == "non"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "report.md",
            "## 1. Introduction\n\nDu texte.\n\n## 2. Méthodes\n\nIci.\n\n## 3. Conclusion\n\nFin.\n",
        ),
        ("README.md", "# Lancer\n\n1. créer un environnement\n2. installer torch\n3. lancer base.py\n"),
        ("notes.txt", "1. acheter du pain\n2. appeler Sacha\n"),
    ],
)
def test_numbered_sections_and_steps_are_no_answers(name: str, text: str, tmp_path: Path) -> None:
    """A report's own sections, a read-me's steps and a list of errands answer no question."""
    answers = written(tmp_path, text, name)
    assert [one.question for one in answers.answers if one.text] == []


def test_an_answer_tells_its_page_and_line(tmp_path: Path) -> None:
    """An answer of a PDF names its page, one of a notebook its cell, one of a text file its line."""
    build("pdf: Docs, Q10*", asked(COURSEWORK.assignment, ANSWERS), tmp_path)
    first, last = answer(read(tmp_path), "Q1").place, answer(read(tmp_path), "Q34").place
    assert first is not None and last is not None
    assert (first.file, first.page) == ("rapport.pdf", 1) and last.page > 2 and last.line > 0
    (tmp_path / "rapport.pdf").unlink()
    place = answer(written(tmp_path, notebook(["intro", "## Q8\n\np=2"]), "tp.ipynb"), "Q8").place
    assert place is not None and (place.page, place.line) == (3, 1)


def test_parts_in_several_documents_are_put_together(tmp_path: Path) -> None:
    """Each document gives what it holds; of the same answer the fuller stays, and both places are kept."""
    (tmp_path / "mail.txt").write_text("Q2 : moins de poids.\n\nQ3 : réduire la taille.\n")
    (tmp_path / "rapport.md").write_text(
        "## Q2\n\nMoins de poids, et la structure est gardée.\n\n## Q8\n\npadding 2\n"
    )
    answers = read(tmp_path)
    assert answer(answers, "Q2").text == "Moins de poids, et la structure est gardée."
    assert {place.file for place in (answer(answers, "Q2").place, *answer(answers, "Q2").also) if place} == {
        "mail.txt", "rapport.md"}  # fmt: skip
    assert answer(answers, "Q3").text == "réduire la taille."
    assert answer(answers, "Q8").text == "padding 2"


def test_different_answers_to_one_question_are_both_kept(tmp_path: Path) -> None:
    """Two documents that say different things lose nothing: the fuller comes first."""
    (tmp_path / "a.md").write_text("## Q3\n\nPour accélérer.\n")
    (tmp_path / "b.md").write_text("## Q3\n\nIl rend la sortie invariante aux petites translations.\n")
    text = answer(read(tmp_path), "Q3").text
    assert text.startswith("Il rend") and "Pour accélérer." in text


def test_office_math_becomes_latex(tmp_path: Path) -> None:
    """A fraction under a floor in Office Math is read as such."""
    word_math(asked(COURSEWORK.assignment, ANSWERS)[:2], tmp_path / "rapport.docx")
    assert r"\lfloor \frac{x+2p-k}{s} \rfloor+1" in answer(read(tmp_path), "Q1").text


def test_an_old_formula_object_makes_the_answer_unreadable(tmp_path: Path) -> None:
    """A formula that is an embedded object is lost to us: unreadable with a sentence, not missing and not wrong."""
    document = docx.Document()
    document.add_paragraph("Question 1 :")
    names = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    document.add_paragraph("La taille est ")._p.append(parse_xml(f"<w:r {names}><w:object/></w:r>"))
    document.add_paragraph("Question 3 :")
    document.add_paragraph("Pour réduire la taille des cartes.")
    document.save(str(tmp_path / "rapport.docx"))
    answers = read(tmp_path)
    assert answer(answers, "Q1").state == "unreadable"
    assert answer(answers, "Q1").note is not None
    assert answer(answers, "Q3").state == "found"
    assert answer(answers, "Q5").state == "missing"


def test_a_picture_alone_is_unreadable(tmp_path: Path) -> None:
    """An answer that is a picture is unreadable; a picture beside words takes nothing from them."""
    text = (
        "## Q10\n\n![table](couches.png)\n\n## Q19\n\nOn passe de 70 à 74 %.\n\n![courbe](a.png)\n\n## Q20\n"
    )
    answers = written(tmp_path, text)
    assert [answer(answers, one).state for one in ("Q10", "Q19", "Q20")] == ["unreadable", "found", "missing"]


def test_a_long_report_without_a_free_part_is_told(tmp_path: Path) -> None:
    """A PDF of too many pages, with questions left out and answers alone, is told so three times."""
    many = {
        identity: f"{text}\n\n{'Et encore une phrase. ' * 150}"
        for identity, text in ANSWERS.items()
        if identity != "Q5"
    }
    build("pdf: Word, Question 7", asked(COURSEWORK.assignment, many), tmp_path)
    answers = read(tmp_path)
    assert kinds(answers) == ["page_limit", "questions_missing", "free_part_missing"]
    assert re.search(r": Q5\.", answers.problems[1].text.en)


@pytest.mark.sandbox
def test_documents_are_converted_inside_the_sandbox(tmp_path: Path) -> None:
    """In bubblewrap a PDF and a Word document give what they give without."""
    some = dict(list(ANSWERS.items())[:6])
    build("pdf: Docs, Q10*", asked(COURSEWORK.assignment, some), tmp_path)
    build("docx: Question 7 ★ as headings", asked(COURSEWORK.assignment, some), tmp_path)
    assert read(tmp_path, choose("bubblewrap")) == read(tmp_path)


MIXED = {
    "bare": "1) Une.\n\n2 ) Moins de poids.\n\nQ10* 32x32x32\n\n11. 1191170\n\n12. Dix.\n",
    "words between": "Question 1\nUne.\n\n2 ) Moins de poids.\n\nQ10* 32x32x32\n\n11. 1191170\n\nQ12 dix SVM.\n",
    "a lone number": "Q1. Une.\n\n2.\nMoins de poids.\n\nQuestion 10 : 32x32\n\n(11) 1191170\n\nQ12. Dix.\n",
    "in one breath": "Q1 une formule.\n\nQ2 moins de poids.\n\nQ5.10 voir base\n\nR11 : 1191170\n\n12°) Dix.\n",
}


@pytest.mark.parametrize("name", MIXED)
def test_ways_to_number_may_change_midway(name: str, tmp_path: Path) -> None:
    """A number in another form than its neighbours is heard where it comes next in order."""
    answers = written(tmp_path, MIXED[name], "reponses.txt")
    found = [one.question for one in answers.answers if one.text]
    assert found == ["Q1", "Q2", "Q10", "Q11", "Q12"]
    assert answer(answers, "Q2").text.lower() == "moins de poids."


def test_a_list_in_an_answer_does_not_stand_for_a_question_left_out(tmp_path: Path) -> None:
    """The tight list of the second answer is neither question 1, which is missing, nor 3."""
    text = "Q2*\nTrois gains :\n1. moins\n2. partage\n3. structure\n\n4) Non.\n\nQuestion 5\nUn noyau.\n\n6) Oui.\n"
    answers = written(tmp_path, text, "reponses.txt")
    assert [one.question for one in answers.answers if one.text] == ["Q2", "Q4", "Q5", "Q6"]
    assert answer(answers, "Q3").state == "missing"


def test_a_number_that_was_not_taken_leaves_its_question_to_a_person(tmp_path: Path) -> None:
    """Where the number of a question without an answer stands in order, nobody says that it is missing."""
    text = "## Q1\n\nUne.\n\n## Q2\n\nDeux.\nQ3 le calcul\n\n## Q4\n\nUne partie.\n\n## Q8\n\np=2\n"
    answers = written(tmp_path, text)
    third = answer(answers, "Q3")
    assert (third.state, third.place and third.place.line) == ("unreadable", 8)
    assert third.note is not None and "person" in third.note.en
    assert answer(answers, "Q5").state == "missing"
