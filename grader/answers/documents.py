"""Which files of a hand-in are read for answers, in which order, and each of them as lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from grader.answers.converting import SUFFIXES, Converter
from grader.answers.decoding import read_document, without_hidden
from grader.answers.lines import Line, from_blocks, from_markdown
from grader.answers.own_words import is_readme
from grader.answers.problems import document_format, document_state, hidden_characters
from grader.model import Problem, Submission

DOCUMENTS_MAX = 40
CONVERTED_MAX = 12
_PLAIN = (".md", ".markdown", ".txt", ".text")
_OTHER = (".doc", ".odt", ".rtf", ".pages")
_NOT_DOCUMENTS = re.compile(
    r"(?:^|/)(?:requirements|licen[cs]e|classes|labels|log)[^/]*\.txt$|(?:^|/)(?:~\$|\.)",
    re.IGNORECASE,
)
_SHEETS = re.compile(
    r"sujet|[ée]nonc[ée]|handout|instructions|consignes|assignment[_ -]?sheet", re.IGNORECASE
)
_ORDER = ("answer", "reponse", "réponse", "report", "rapport", "compte", "cr")


@dataclass(frozen=True)
class Read:
    """A document that was read, or what is known of one that was not."""

    name: str
    lines: list[Line]
    readable: bool = True
    pages: int = 0
    converted: bool = False


def candidates(submission: Submission) -> tuple[list[str], list[str]]:
    """Return the documents to read, answers.md first, then the report, then the others; and those of other forms."""
    untouched = {entry.path for entry in submission.files if entry.template}
    names = dict.fromkeys((*submission.documents, *(entry.path for entry in submission.files)))
    kept = [
        name
        for name in names
        if not _NOT_DOCUMENTS.search(name) and not _SHEETS.search(PurePosixPath(name).stem)
    ]
    plain = [
        name for name in kept if name.lower().endswith(_PLAIN) and not (name in untouched and is_readme(name))
    ]
    converted = [name for name in kept if name.lower().endswith(SUFFIXES) and name not in untouched]
    other = sorted(name for name in kept if name.lower().endswith(_OTHER) and name not in untouched)
    first = sorted(plain, key=_rank)[:DOCUMENTS_MAX]
    return [*first, *sorted(converted, key=_rank)[:CONVERTED_MAX]], other


def is_report(name: str) -> bool:
    """Tell whether a document's name says that it holds answers or the report, and not some figure."""
    return (
        re.search(r"answer|r[ée]ponse|report|rapport|compte|\bcr\b|\btp", PurePosixPath(name).stem, re.I)
        is not None
    )


def _rank(name: str) -> tuple[int, int, int, str]:
    stem = PurePosixPath(name).stem.lower()
    place = next((at for at, word in enumerate(_ORDER) if word in stem), len(_ORDER) + is_readme(name))
    form = SUFFIXES.index(suffix) if (suffix := _suffix(name)) in SUFFIXES else -1
    return place, form, name.count("/"), name


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def read(name: str, root: Path, converter: Converter) -> tuple[Read, tuple[Problem, ...]]:
    """Return the document `name` of the hand-in under `root`, and what is worth telling about it."""
    if _suffix(name) not in SUFFIXES:
        text, problems = read_document(root / name, name)
        if text is None:
            return Read(name, [], readable=False), problems
        text, hidden = without_hidden(text)
        told = (*problems, *((hidden_characters(name, hidden),) if hidden else ()))
        return Read(
            name, from_markdown(text, name, markup=not name.lower().endswith((".txt", ".text")))
        ), told
    document = converter.convert(root / name)
    if document is None:
        return Read(name, [], readable=False, converted=True), (document_state(name, "too_much"),)
    lines, hidden = [], 0
    for line in from_blocks(document, name):
        text, count = without_hidden(line.text)
        hidden += count
        lines.append(replace(line, text=text))
    found: list[Problem] = []
    partly = document.state == "read" and document.pictures > 0
    if document.state != "read" or partly:
        found.append(document_state(name, "some_pictures" if partly else document.state, document.pages))
    if hidden:
        found.append(hidden_characters(name, hidden))
    readable = document.state in ("read", "cut")
    return Read(name, lines, readable, document.pages, converted=True), tuple(found)


def unread(names: list[str]) -> tuple[Problem, ...]:
    """Return a problem for each document of a form that is not read."""
    return tuple(document_format(name) for name in names[:5])
