"""Documents that break, hide, grow or reach out: a clear sentence, bounded time, nothing executed or fetched."""

from __future__ import annotations

import io
import json
import time
import zipfile
from pathlib import Path

import pikepdf
import pytest
import weasyprint
from answers_hand_in import COURSEWORK, answer, kinds, written
from documents_texts import notebook
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from grader.answers.likeness import Likeness
from grader.answers.lines import from_markdown, joined
from grader.answers.sections import cut

BOUND_S = 60.0
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def page(html: str) -> bytes:
    return bytes(weasyprint.HTML(string=html).write_pdf())


def word(body: str, before: str = "") -> bytes:
    """Return a DOCX of one part, `before` standing ahead of its root."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "word/document.xml",
            f'<?xml version="1.0"?>{before}<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>',
        )
    return buffer.getvalue()


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def saved(pdf: pikepdf.Pdf, **options: object) -> bytes:
    buffer = io.BytesIO()
    pdf.save(buffer, **options)
    return buffer.getvalue()


def test_a_pdf_of_400_pages_is_read_in_part(tmp_path: Path) -> None:
    """Its beginning is read, its length told, and the sheet's limit with it, in bounded time."""
    filler = "".join(f"<p>Page {at}, du texte qui n'est {'pas ' * (at % 7)}le même.</p>" for at in range(9))
    with pikepdf.open(io.BytesIO(page(f"<h2>Question 8 :</h2><p>padding 2</p>{filler}"))) as pdf:
        for _ in range(399):
            pdf.pages.append(pdf.pages[0])
        content = saved(pdf)
    started = time.monotonic()
    answers = written(tmp_path, content, "rapport.pdf")
    assert time.monotonic() - started < BOUND_S
    assert {"document_too_long", "page_limit"} <= set(kinds(answers))
    assert "padding 2" in answer(answers, "Q8").text


def test_an_encrypted_pdf_says_so(tmp_path: Path) -> None:
    """A password makes every answer unreadable, with a sentence that names the file."""
    with pikepdf.open(io.BytesIO(page("<p>Question 8 : p=2</p>"))) as pdf:
        content = saved(pdf, encryption=pikepdf.Encryption(user="secret", owner="secret"))
    answers = written(tmp_path, content, "rapport.pdf")
    assert kinds(answers) == ["document_encrypted"]
    found = answer(answers, "Q8")
    assert found.state == "unreadable" and found.note is not None and "rapport.pdf" in found.note.fr


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("rapport.pdf", b"%PDF-1.7 nothing more", "document_unreadable"),
        ("rapport.pdf", b"", "document_empty"),
        ("rapport.docx", b"PK\x03\x04 broken", "document_unreadable"),
        ("rapport.docx", b"", "document_empty"),
        ("rapport.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "document_encrypted"),
        ("tp.ipynb", b"", "document_empty"),
        ("tp.ipynb", b'{"cells": [{"cell_type": "markdown", "source": ["## Q8', "document_unreadable"),
        ("tp.ipynb", b'{"cells": [{"cell_type": "code", "source": ["\\n"]}]}', "document_empty"),
        ("tp.ipynb", b"[" * 100_000, "document_unreadable"),
        ("tp.ipynb", b'{"cells": 3}', "document_unreadable"),
        ("rapport.tex", b"\0\1\2" * 50, "document_unreadable"),
        ("rapport.tex", b" \n", "document_empty"),
    ],
)
def test_damaged_documents_are_told_apart(tmp_path: Path, name: str, content: bytes, kind: str) -> None:
    """Empty, damaged and protected documents each get their sentence, and no answer counts as missing."""
    answers = written(tmp_path, content, name)
    assert kinds(answers) == [kind]
    assert answer(answers, "Q8").state == "unreadable"


def test_a_scanned_pdf_holds_pictures_only(tmp_path: Path) -> None:
    """Pages without text are told as pictures, not as missing answers."""
    Image.new("RGB", (600, 800), "white").save(tmp_path / "scan.png")
    html = f"<img style='width:100%' src='{(tmp_path / 'scan.png').as_uri()}'>"
    (tmp_path / "work").mkdir()
    answers = written(tmp_path / "work", page(html), "rapport.pdf")
    assert kinds(answers) == ["document_unreadable"]
    assert "picture" in answers.problems[0].text.en


def test_a_figure_that_cannot_be_read_hides_no_gap(tmp_path: Path) -> None:
    """Beside most answers a broken figure leaves a missing answer missing; a broken report does not."""
    answers = "\n\n".join(f"## Q{number}\n\nUne phrase." for number in range(1, 24))
    (tmp_path / "answers.md").write_text(answers)
    (tmp_path / "~$rapport.docx").write_bytes(b"lock")
    assert answer(written(tmp_path, b"%PDF-1.4", "courbes.pdf"), "Q30").state == "missing"
    assert answer(written(tmp_path, b"%PDF-1.4", "rapport.pdf"), "Q30").state == "unreadable"


def test_word_bombs_do_not_go_off(tmp_path: Path) -> None:
    """A part that unpacks without end, entities that multiply and entities from outside are refused."""
    entities = "<!DOCTYPE a [<!ENTITY a 'ha'>" + "".join(
        f"<!ENTITY {chr(98 + at)} '{f'&{chr(97 + at)};' * 10}'>" for at in range(9)
    )
    outside = f"<!DOCTYPE a [<!ENTITY x SYSTEM '{(tmp_path / 'secret').as_uri()}'>]>"
    (tmp_path / "secret").write_text("the secret")
    bombs = {
        "zip": word(paragraph("a" * 80 * 1024**2)),
        "entities": word(paragraph("Question 8 : &j;"), entities + "]>"),
        "outside": word(paragraph("Question 8 : &x;"), outside),
        "deep": word("<w:p>" * 50_000 + "</w:p>" * 50_000),
    }
    for name, content in bombs.items():
        folder = tmp_path / name
        folder.mkdir()
        started = time.monotonic()
        answers = written(folder, content, "rapport.docx")
        assert time.monotonic() - started < BOUND_S
        assert len(answers.problems) == 1, name
        assert answer(answers, "Q8").text == ""
        assert "secret" not in str(answers)


def test_a_pdf_that_unpacks_without_end_is_cut(tmp_path: Path) -> None:
    """A page whose contents unpack to hundreds of megabytes ends within the limits of time and memory."""
    with pikepdf.open(io.BytesIO(page("<p>Question 8 : p=2</p>"))) as pdf:
        pdf.pages[0].Contents = pdf.make_stream(
            b"BT /F1 9 Tf (aaaaaaaaaaaaaaaaaaaaaaaaaaaaa) Tj ET\n" * 3_000_000
        )
        content = saved(pdf, compress_streams=True)
    started = time.monotonic()
    answers = written(tmp_path, content, "rapport.pdf")
    assert time.monotonic() - started < BOUND_S
    assert answers.problems


def test_latex_reads_no_other_file(tmp_path: Path) -> None:
    """`\\input` and `\\write18` do nothing, and a macro that grows stops growing."""
    (tmp_path / "secret.txt").write_text("the secret")
    source = (
        "\\newcommand{\\a}{\\b\\b\\b\\b\\b\\b\\b\\b}\\newcommand{\\b}{" + "x" * 280 + "}\n\\begin{document}\n"
        "\\section*{Question 8}\npadding 2 \\input{secret.txt}\\immediate\\write18{touch made}\n\n"
        "\\section*{Question 9}\n" + "\\a" * 500 + "{" * 5000 + "\n\\end{document}"
    )
    (tmp_path / "work").mkdir()
    answers = written(tmp_path / "work", source, "rapport.tex")
    assert "padding 2" in answer(answers, "Q8").text
    assert "the secret" not in str(answers)
    assert not list(tmp_path.rglob("made"))


def test_a_notebook_with_huge_outputs_and_no_kernel_is_read(tmp_path: Path) -> None:
    """Outputs are skipped while parsing, a kernelspec is not needed, and code cells answer nothing."""
    document = json.loads(notebook(["## Q8\n\npadding 2"]))
    document["cells"][1]["outputs"] = [
        {"data": {"image/png": "A" * 30_000_000}, "output_type": "display_data"}
    ]
    answers = written(tmp_path, json.dumps(document), "tp.ipynb")
    assert answer(answers, "Q8").text == "padding 2"
    assert kinds(answers) == []


@pytest.mark.parametrize("source", [["import torch\n", "# Q8 : padding 2"], "print('Q8')"])
def test_a_notebook_of_code_alone_hides_no_answers(tmp_path: Path, source: str | list[str]) -> None:
    """A program in a notebook is no unreadable report: nothing is told of it, and what nobody wrote is missing."""
    document = {"nbformat": 4, "cells": [{"cell_type": "code", "source": source, "outputs": []}]}
    answers = written(tmp_path, json.dumps(document), "tp.ipynb")
    assert kinds(answers) == []
    assert answer(answers, "Q8").state == "missing"


def test_what_cannot_be_seen_is_dropped_and_told(tmp_path: Path) -> None:
    """Zero-width and right-to-left characters split no word and turn no text round."""
    text = "## Q8\n\npad\u200bding \u202e2\u202c et stride\u2060 1\n"
    for name, content in (("answers.md", text.encode()), ("tp.ipynb", notebook([text]).encode())):
        folder = tmp_path / name.partition(".")[2]
        folder.mkdir()
        answers = written(folder, content, name)
        assert answer(answers, "Q8").text == "padding 2 et stride 1"
        assert kinds(answers) == ["document_hidden_characters"]


def test_a_megabyte_in_one_answer_is_cut(tmp_path: Path) -> None:
    """The beginning of an endless answer is kept, the rest told, and the next answer found."""
    started = time.monotonic()
    answers = written(tmp_path, "## Q3\n\n" + "mot 1. " * 160_000 + "\n\n## Q8\n\np=2\n")
    assert time.monotonic() - started < BOUND_S
    assert len(answer(answers, "Q3").text) <= 60_000
    assert kinds(answers) == ["answer_too_long"]
    assert answer(answers, "Q8").text == "p=2"


def test_html_and_scripts_are_no_words(tmp_path: Path) -> None:
    """Tags go, scripts and comments with all they hold; headings in HTML count, and `x < 3` stays."""
    text = (
        "<h2>Question 8</h2>\n\n<b>padding</b> 2 si x < 3<script>\nalert('Question 9 : non')\n</script>\n"
        "<!-- Question 10 : caché -->\n<iframe src='http://example.invalid/'></iframe>\n"
    )
    answers = written(tmp_path, text)
    assert answer(answers, "Q8").text == "**padding** 2 si x < 3"
    assert [answer(answers, one).state for one in ("Q9", "Q10")] == ["missing", "missing"]


@pytest.mark.parametrize(
    "text", ["1. a\n" * 30_000, "Question 8 : a\n" * 20_000, "## " + "Q1 " * 100_000, "|" * 500_000]
)
def test_absurd_texts_end_in_time(tmp_path: Path, text: str) -> None:
    """Thousands of numbers, headings and bars are read within the bound."""
    started = time.monotonic()
    written(tmp_path, text, "reponses.txt")
    assert time.monotonic() - started < BOUND_S


_LINES = st.lists(
    st.one_of(
        st.sampled_from(
            ["", "## Q3", "1. un", "2) deux", "Question 7 :", "### 3.1 Normalisation", "```", "| a | b |"]
        ),
        st.text(alphabet="abcdé 0123.)*#|$", max_size=30),
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(_LINES)
def test_no_word_is_lost(lines: list[str]) -> None:
    """Whatever is taken for a question, every word of a document is in a section, in its number's line, or outside."""
    text = "\n".join(lines)
    document = from_markdown(text, "a.txt", markup=False)
    pieces = cut(document, COURSEWORK.assignment, Likeness(COURSEWORK.assignment))
    kept = [line for section in pieces.sections for line in section.lines] + pieces.rest
    opening = {section.place.line for section in pieces.sections}
    told = {line.place.line for line in kept} | opening
    lost = [line for line in document if line.text.strip() and line.place.line not in told]
    assert all("Q" in line.text for line in lost), joined(lost)
