"""The same answers as students hand them in: Markdown, LaTeX, e-mail, notebook, Word, PDF, in many styles of numbering."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import docx
import weasyprint
from docx.oxml import parse_xml
from markdown_it import MarkdownIt

from grader.model import Assignment, Question
from grader.text import Language

_MARKDOWN = MarkdownIt("commonmark").enable("table")
_PARTS = {"1": "Réseaux convolutionnels", "2": "Apprentissage", "3": "Améliorations"}


@dataclass(frozen=True)
class Asked:
    """A question with its answer as Markdown."""

    question: Question
    answer: str

    @property
    def number(self) -> str:
        """The sheet's number, or the id of what has none."""
        return self.question.id.lstrip("Q")

    @property
    def numbered(self) -> bool:
        return self.question.id.startswith("Q")

    def wording(self, language: Language = "fr") -> str:
        return self.question.text.in_(language)

    @property
    def star(self) -> str:
        return " ★" if self.question.star else ""


def asked(assignment: Assignment, answers: dict[str, str]) -> list[Asked]:
    """Return the questions that `answers` answers, in the sheet's order."""
    return [Asked(one, answers[one.id]) for one in assignment.question if one.id in answers]


def _each(write: Callable[[Asked], str]) -> Callable[[list[Asked]], str]:
    return lambda all_: "\n\n".join(write(one) for one in all_)


_SECTIONS = (
    ["1.4", "1.4", "1.4", "1.4", "1.4", "1.4", "1.4", "2.1", "2.1", "2.1", "2.1", "2.1"]
    + ["2.2"] * 6
    + ["3.1"] * 3
    + ["3.2"] * 4
)
_SECTIONS += ["3.3"] * 3 + ["3.4"] * 5 + ["3.5"]
"""Of the questions 1 to 34, as the sheet has them."""


def _place_in(one: Asked, depth: int) -> int:
    """Return the question's place in its part or section, those left unanswered counted."""
    if not one.numbered:
        return 0
    before = _SECTIONS[: int(one.number)]
    return sum(section[:depth] == one.question.section[:depth] for section in before)


def _with_parts(
    write: Callable[[Asked, int], str], depth: int, title: Callable[[str], str]
) -> Callable[[list[Asked]], str]:
    """Number anew in each part (depth 1) or section (depth 3) of the sheet."""

    def build(all_: list[Asked]) -> str:
        pieces, part = [], ""
        for one in all_:
            own = one.question.section[:depth]
            if own != part:
                part = own
                pieces.append(title(own))
            pieces.append(write(one, _place_in(one, depth)))
        return "\n\n".join(pieces)

    return build


def _name(one: Asked, form: str) -> str:
    """Return the mark of a question: `form` with its number, or its id as a heading of the same kind."""
    return (
        form.format(n=one.number)
        if one.numbered
        else form.format(n="@")
        .replace("Question @", "P3")
        .replace("Q5.@", "P3")
        .replace("Q@", "P3")
        .replace("@", "P3")
    )


def _plain(markdown: str) -> str:
    return markdown.replace("**", "").replace("$", "")


def _tex_paragraph(one: Asked) -> str:
    star = r" $\bigstar$" if one.question.star else ""
    return rf"\paragraph{{{_name(one, '{n}.')}{star} {_tex(one.wording())}}}"


def _email(all_: list[Asked]) -> str:
    body = "\n\n".join(f"{_name(one, 'Q{n}')} : {_plain(one.answer)}" for one in all_ if one.question.star)
    return f"Bonjour,\n\nVoici nos réponses du soir pour le TP 5-6.\n\n{body}\n\nBonne soirée,\nCamille et Sacha\n"


TEXTS: dict[str, tuple[str, Callable[[list[Asked]], str]]] = {
    "md: ## Question 7 ★, restated": (
        "answers.md", _each(lambda one: f"## {_name(one, 'Question {n}')}{one.star}\n\n> {one.wording()}\n\n{one.answer}")),
    "md: ### 12.": ("rapport.md", _each(lambda one: f"### {_name(one, '{n}.')}{one.star}\n\n{one.answer}")),
    "md: ### 12. with the question": (
        "rapport.md", _each(lambda one: f"### {_name(one, '{n}.')} {one.wording()}\n\n{one.answer}")),
    "md: **Q5.10.** in line": ("notes.md", _each(lambda one: f"**{_name(one, 'Q5.{n}')}.** {one.answer}")),
    "md: 7 ) and parts": (
        "rapport.md",
        lambda all_: "# Rapport\n\nIntroduction.\n\n" + _with_parts(
            lambda one, _: f"{_name(one, '{n} )')} {one.answer}" if one.numbered else f"### P3\n\n{one.answer}",
            1, lambda part: f"## Partie {part} : {_PARTS[part]}")(all_)),
    "md: numbered in each part": (
        "rapport.md",
        _with_parts(lambda one, count: f"### Question {count}\n\n{one.answer}" if one.numbered else f"### P3\n\n{one.answer}",
                    1, lambda part: f"## Partie {part} : {_PARTS[part]}")),
    "md: numbered in each section": (
        "rapport.md",
        _with_parts(lambda one, count: f"**{count}.** {one.wording()}\n\n{one.answer}" if one.numbered else f"**P3**\n\n{one.answer}",
                    3, lambda part: f"## {part}")),
    "txt: e-mail, starred only": ("mail.txt", _email),
    "txt: 7)": ("reponses.txt", _each(lambda one: f"{_name(one, '{n})')} {_plain(one.answer)}")),
    "txt: number alone": ("reponses.txt", _each(lambda one: f"{_name(one, '{n}.')}\n{_plain(one.answer)}")),
    "txt: Q10*, in English": (
        "answers.txt",
        _each(lambda one: f"{_name(one, 'Q{n}')}{'*' if one.question.star else ''} {one.wording('en')}\n{_plain(one.answer)}")),
    "ipynb: ### Q3": ("tp.ipynb", lambda all_: notebook([f"### {_name(one, 'Q{n}')}\n{one.answer}" for one in all_])),
    "ipynb: <b>3.</b> restated": (
        "tp.ipynb",
        lambda all_: notebook([f"<b>{_name(one, '{n}.')} {one.wording()}</b><br>\n\n{one.answer}" for one in all_])),
    "tex: paragraph with a star": ("rapport.tex", lambda all_: tex(all_, _tex_paragraph)),
    "tex: subsection* Question": ("rapport.tex", lambda all_: tex(all_, lambda one: rf"\subsection*{{{_name(one, 'Question {n}')}}}")),
    "tex: enumerate": ("rapport.tex", lambda all_: tex_list(all_)),
}  # fmt: skip


def notebook(cells: list[str], **extra: object) -> str:
    """Return a notebook with these Markdown cells, a code cell with output after each."""
    built = []
    for text in cells:
        built.append({"cell_type": "markdown", "metadata": {}, "source": text.splitlines(keepends=True)})
        output = {"output_type": "stream", "name": "stdout", "text": ["1) loss 2.30\n", "Q7 done\n"]}
        built.append({"cell_type": "code", "source": "1. # no answer", "outputs": [output], "metadata": {}})
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": built, **extra})


def _tex(markdown: str) -> str:
    text = re.sub(r"([%&#_])", r"\\\1", markdown)
    return re.sub(r"\*\*(.+?)\*\*", r"\\textbf{\1}", text)


def _tex_answer(markdown: str) -> str:
    """Return an answer in LaTeX: tables, lists and bold print turned."""
    blocks = []
    for block in markdown.split("\n\n"):
        lines = block.split("\n")
        if lines[0].startswith("|"):
            rows = [
                " & ".join(_tex(cell.strip()) for cell in line.strip("|").split("|"))
                for line in lines
                if "---" not in line
            ]
            blocks.append(
                "\\begin{tabular}{|l|c|r|}\\hline\n"
                + " \\\\ \\hline\n".join(rows)
                + " \\\\ \\hline\n\\end{tabular}"
            )
        elif re.match(r"\d\. |- ", lines[0]):
            kind = "enumerate" if lines[0][0].isdigit() else "itemize"
            bare_lines = [re.sub(r"^(?:\d\.|-) ", "", line) for line in lines]
            items = "\n".join(rf"\item {_tex(line)}" for line in bare_lines)
            blocks.append(f"\\begin{{{kind}}}\n{items}\n\\end{{{kind}}}")
        else:
            blocks.append("\n".join(_tex(line) for line in lines))
    return "\n\n".join(blocks)


_PREAMBLE = "\\documentclass[11pt]{article}\n\\usepackage[utf8]{inputenc}\n\\title{TP 5-6}\n\\begin{document}\n\\maketitle\n"


def tex(all_: list[Asked], mark: Callable[[Asked], str]) -> str:
    """Return a LaTeX article with a heading for each question and sections for the sheet's parts."""
    body = _with_parts(
        lambda one, _: f"{mark(one)}\n{_tex_answer(one.answer)}",
        1,
        lambda part: rf"\section{{{_PARTS[part]}}}",
    )
    return f"{_PREAMBLE}{body(all_)}\n\\end{{document}}\n"


def tex_list(all_: list[Asked]) -> str:
    """Return a LaTeX article whose questions are the items of one list, numbered by LaTeX."""
    items, last = "", 0
    for one in all_:
        if one.numbered and int(one.number) != last + 1:
            items += rf"\setcounter{{enumi}}{{{int(one.number) - 1}}}" + "\n"
        last = int(one.number) if one.numbered else last
        items += rf"\item{'' if one.numbered else '[P3.]'} {_tex_answer(one.answer)}" + "\n\n"
    return f"{_PREAMBLE}\\begin{{enumerate}}\n{items}\n\\end{{enumerate}}\n\\end{{document}}\n"


# ---------------------------------------------------------------- PDF

_BASE = "table{border-collapse:collapse} td,th{border:1px solid;padding:2px 18px}"
SHEETS = {
    # As LaTeX sets it: justified, hyphenated, small, a running header and a page number.
    "latex": "@page{size:A4;margin:3.2cm 3.5cm;@top-right{content:'TP 5-6 — Dupont, Martin';font-size:9pt}"
             "@bottom-center{content:counter(page)}}"
             "body{font:10pt/1.2 'DejaVu Serif';text-align:justify;hyphens:auto} h1{font-size:17pt} h2{font-size:14pt}"
             "p{margin:0;text-indent:1.5em} h2+p,h3+p{text-indent:0} h3{font-size:10pt;display:block;margin:.8em 0 .2em}",
    "word": "@page{size:A4;margin:2.5cm;@bottom-right{content:'Page ' counter(page) ' sur ' counter(pages);font-size:9pt}}"
            "body{font:11pt/1.15 'DejaVu Sans'} p{margin:0 0 8pt} h2{font-size:16pt;color:#2e74b5} h3{font-size:13pt;color:#2e74b5}",
    "docs": "@page{size:A4;margin:2.54cm} body{font:11pt/1.15 'Liberation Sans','DejaVu Sans'} p{margin:0}"
            "h1{font-size:26pt;font-weight:normal} h2{font-size:20pt;font-weight:normal} h3{font-size:14pt;font-weight:normal;color:#434343}",
}  # fmt: skip


def pdf(all_: list[Asked], sheet: str, mark: Callable[[Asked], str], *, header: bool = True) -> bytes:
    """Return a PDF laid out as `sheet` says, `mark` giving the HTML before each answer."""
    pieces, part = ["<h1>Rapport de TP 5-6</h1>"], ""
    for one in all_:
        if header and one.question.section[:1] != part:
            part = one.question.section[:1]
            pieces.append(f"<h2>{_PARTS[part]}</h2>")
        pieces.append(
            mark(one)
            .replace("{answer}", _MARKDOWN.render(one.answer))
            .replace("¤</p><p>", "")
            .replace("¤", "")
        )
    html = f"<html lang=fr><style>{_BASE}{SHEETS[sheet]}</style>{''.join(pieces)}"
    return bytes(weasyprint.HTML(string=html).write_pdf())


# ---------------------------------------------------------------- HTML


def page(all_: list[Asked], mark: Callable[[Asked], str]) -> str:
    """Return a whole page, `mark` giving the HTML of each question and where its `{answer}` stands."""
    pieces = (mark(one).replace("{answer}", _MARKDOWN.render(one.answer)) for one in all_)
    return f"<!DOCTYPE html><html><head><meta charset=utf-8><title>9. Rien</title></head><body><h1>TP</h1>{''.join(pieces)}"


def exported(all_: list[Asked]) -> str:
    """Return what Jupyter makes of a notebook: writing and code in cells, `¶` after headings, formulas as typed."""
    cells = (
        f"<div class='jp-Cell jp-MarkdownCell'><div class='jp-RenderedMarkdown'><h3>{_name(one, 'Q{n}')}"
        f"<a class='anchor-link' href='#x'>¶</a></h3>{_MARKDOWN.render(one.answer)}</div></div>"
        "<div class='jp-Cell jp-CodeCell'><pre>In [1]: x = 3</pre><div class='jp-OutputArea'>Q4 : 12</div></div>"
        for one in all_
    )
    return f"<html><style>p{{}}</style><script>let q = 1</script><body>{''.join(cells)}</body></html>"


PAGES: dict[str, Callable[[list[Asked]], str]] = {
    "html: typed online, <strong>Question 7": lambda all_: page(
        all_, lambda one: f"<p><strong>{_name(one, 'Question {n}')}</strong>&nbsp;:</p>{{answer}}"
    ).partition("<h1>")[2].partition("</h1>")[2],
    "html: one list": lambda all_: page(
        all_, lambda one: f"<ol start={one.number}><li>{{answer}}</li></ol>" if one.numbered else "<h3>P3</h3>{answer}"
    ),
    "html: <h3>3. with the question": lambda all_: page(all_, lambda one: f"<h3>{_name(one, '{n}.')} {one.wording()}</h3>{{answer}}"),
    "html: exported notebook": exported,
}  # fmt: skip


PDFS: dict[str, Callable[[list[Asked]], bytes]] = {
    "pdf: LaTeX, 3. with the question": lambda all_: pdf(all_, "latex", lambda one: f"<h3>{_name(one, '{n}.')}{one.star} {one.wording()}</h3>{{answer}}"),
    "pdf: LaTeX, 7) in line": lambda all_: pdf(all_, "latex", lambda one: f"<p>{_name(one, '{n})')} ¤</p>{{answer}}"),
    "pdf: Word, Question 7": lambda all_: pdf(all_, "word", lambda one: f"<h3>{_name(one, 'Question {n}')} :</h3>{{answer}}"),
    "pdf: Word, bold question": lambda all_: pdf(all_, "word", lambda one: f"<p><b>{_name(one, '{n}.')} {one.wording()}</b></p>{{answer}}"),
    "pdf: Docs, Q10*": lambda all_: pdf(all_, "docs", lambda one: f"<h3>{_name(one, 'Q{n}')}{'*' if one.question.star else ''}</h3>{{answer}}"),
    "pdf: Docs, 2. alone": lambda all_: pdf(all_, "docs", lambda one: f"<p>{_name(one, '{n}.')}</p>{{answer}}<br>"),
}  # fmt: skip


# ---------------------------------------------------------------- Word

_MATH = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'


def office_math(text: str) -> str:
    """Return a fraction under a floor, (text)/s, in Office Math."""

    def run(letters: str) -> str:
        return f"<m:r><m:t>{letters}</m:t></m:r>"

    fraction = f"<m:f><m:num>{run(text)}</m:num><m:den>{run('s')}</m:den></m:f>"
    floor = '<m:dPr><m:begChr m:val="⌊"/><m:endChr m:val="⌋"/></m:dPr>'
    return f"<m:oMath {_MATH}><m:d>{floor}<m:e>{fraction}</m:e></m:d>{run('+1')}</m:oMath>"


def _fill(document: docx.document.Document, markdown: str) -> None:
    for block in markdown.split("\n\n"):
        lines = block.split("\n")
        if lines[0].startswith("|"):
            rows = [
                [cell.strip() for cell in line.strip("|").split("|")] for line in lines if "---" not in line
            ]
            table = document.add_table(len(rows), len(rows[0]))
            for at, row in enumerate(rows):
                for column, cell in enumerate(row):
                    table.cell(at, column).text = cell
        elif lines[0].startswith("- "):
            for line in lines:
                document.add_paragraph(line[2:], style="List Bullet")
        else:
            for line in lines:
                document.add_paragraph(line)


def word_headings(all_: list[Asked], path: Path) -> None:
    """Write a document with a heading for each question."""
    document = docx.Document()
    document.add_heading("Rapport", 0)
    for one in all_:
        document.add_heading(f"{_name(one, 'Question {n}')}{one.star}", 2)
        _fill(document, one.answer)
    document.save(str(path))


def word_numbered(all_: list[Asked], path: Path) -> None:
    """Write a document whose questions are numbered by Word itself, in bold, with the question's words."""
    document = docx.Document()
    for one in all_:
        if one.numbered:
            document.add_paragraph(style="List Number").add_run(one.wording()).bold = True
        else:
            document.add_paragraph().add_run("P3").bold = True
        _fill(document, one.answer)
    document.save(str(path))


def word_math(all_: list[Asked], path: Path) -> None:
    """Write a document with `1.` typed before each answer and a formula in Office Math in the first."""
    document = docx.Document()
    for one in all_:
        document.add_paragraph(_name(one, "{n}."))
        if one.number == "1":
            paragraph = document.add_paragraph("La sortie vaut ")
            paragraph._p.append(parse_xml(office_math("x+2p−k")))
        _fill(document, one.answer)
    document.save(str(path))


WORDS: dict[str, Callable[[list[Asked], Path], None]] = {
    "docx: Question 7 ★ as headings": word_headings,
    "docx: numbered by Word, bold question": word_numbered,
    "docx: 2. alone, Office Math": word_math,
}
STYLES = (*TEXTS, *PDFS, *PAGES, *WORDS)


def build(style: str, all_: list[Asked], folder: Path) -> Path:
    """Write the document of `style` into `folder`; return its path."""
    if style in TEXTS:
        name, write = TEXTS[style]
        (folder / name).write_text(write(all_), encoding="utf-8")
        return folder / name
    if style in PDFS:
        (folder / "rapport.pdf").write_bytes(PDFS[style](all_))
        return folder / "rapport.pdf"
    if style in PAGES:
        (folder / "rapport.html").write_text(PAGES[style](all_), encoding="utf-8")
        return folder / "rapport.html"
    WORDS[style](all_, folder / "rapport.docx")
    return folder / "rapport.docx"


def bare(text: str) -> str:
    """Return the letters and figures of a text alone: what no way of setting it changes."""
    return "".join(re.findall(r"[^\W_]", re.sub(r"(?m)^\s*(?:\d\.|[-•]|\([a-z]\))\s|---", "", text))).lower()
