"""An answer alone: without the question repeated above it, comments, and lines that were handed out."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from grader.answers.decoding import read_document
from grader.answers.likeness import Likeness, stems
from grader.answers.lines import Line, from_markdown, joined
from grader.answers.sections import Section, cut
from grader.model import Assignment, Question

_SENTENCE_END = re.compile(r"[?？]\W{0,3}(?=\s|$)|[.:](?=\s|$)|\n")
_REPLY = re.compile(r"^(?:\*\*|__)?(?:R[ée]p(?:onse|\.)?|Answer|R)\s?:(?:\*\*|__)?\s*", re.IGNORECASE)
_REPLY_TO_QUESTION = re.compile(rf"{_REPLY.pattern}|^A\s?:\s*", re.IGNORECASE)
_SUFFIXES = (".md", ".markdown", ".txt", ".text")
_PREFIX_MAX = 1500
_ASKS, _STATES, _SET_APART = 0.5, 0.8, 0.42
"""How nearly the beginning of a section must be the question to be taken for it: as a sentence that asks, as
another, and where it stands in a heading or in bold print."""


class Template:
    """The handed-out documents, by question and as a set of lines."""

    def __init__(self, folder: Path | None, assignment: Assignment, likeness: Likeness) -> None:
        """Read the Markdown and text files of `folder`, the read-me aside."""
        self.sections: dict[str, str] = {}
        self.lines: set[str] = set()
        for path in sorted(folder.glob("*")) if folder is not None and folder.is_dir() else ():
            if path.suffix.lower() not in _SUFFIXES or not path.is_file() or is_readme(path.name):
                continue
            text, _ = read_document(path, path.name)
            if text is None:
                continue
            lines = from_markdown(text, path.name)
            self.lines.update(squeezed(line.text) for line in lines)
            for section in cut(lines, assignment, likeness).sections:
                for question in section.questions:
                    self.sections[question] = squeezed(joined(section.lines))

    def holds(self, question: str, section: Section) -> bool:
        """Tell whether the section stands as it was handed out, up to white space and removed hints."""
        given = self.sections.get(question)
        return given is not None and squeezed(joined(section.lines)) == given


def is_readme(name: str) -> bool:
    """Tell whether a path's last part is a read-me."""
    return name.rpartition("/")[2].lower().startswith(("readme", "lisez"))


def squeezed(text: str) -> str:
    """Return `text` with every run of white space as one blank."""
    return " ".join(text.split())


def own_words(section: Section, question: Question, template: Template, likeness: Likeness) -> str:
    """Return what the student wrote under `question`, as Markdown; empty when there is nothing of theirs."""
    body = list(section.lines)
    while body and (not body[0].text.strip() or body[0].text.lstrip().startswith(">")):
        body.pop(0)
    body = [line for line in body if squeezed(line.text) not in template.lines or not line.text.strip()] if all(
        not line.text.strip() or squeezed(line.text) in template.lines for line in body
    ) else body  # fmt: skip
    tail = section.tail.strip(" *_★☆\\")
    if tail and section.from_heading and _is_title(tail, question, likeness):
        tail = ""
    lines = [Line(tail, section.place, strong=section.from_heading), *body] if tail else body
    if lines and tail and body and not body[0].continues:
        lines[1] = replace(body[0], continues=False)
    text = joined(lines)
    end = _asked_until(text, lines, question, likeness)
    return (_REPLY_TO_QUESTION if end else _REPLY).sub("", text[end:].strip("\n").strip())


def _is_title(tail: str, question: Question, likeness: Likeness) -> bool:
    """Tell a heading's own words (`Q10 : les couches`) from an answer given in it (`Q8 : padding = 2`)."""
    if _has_new_numbers(tail, question):
        return False
    return len(tail.split()) < 8 or tail.endswith("?") or likeness.covers(tail, question.id) > 0.5


def _has_new_numbers(text: str, question: Question) -> bool:
    given = set(re.findall(r"\d+", f"{question.text.fr} {question.text.en}"))
    return bool(set(re.findall(r"\d+", text)) - given - {question.id.lstrip("Q")})


def _asked_until(text: str, lines: list[Line], question: Question, likeness: Likeness) -> int:
    """Return where the question, repeated at the beginning, ends; 0 when it is not repeated."""
    apart = 0
    for line in lines:
        if not (
            line.strong
            or line.level
            or re.fullmatch(r"(?:\*\*|__|_|\*)\S.*(?:\*\*|__|_|\*)", line.text.strip())
        ):
            break
        apart += len(line.text) + 1
    best, end = 0.0, 0
    for match in _SENTENCE_END.finditer(text[:_PREFIX_MAX]):
        beginning = text[: match.end()]
        if len(stems(beginning)) < 2 or _has_new_numbers(beginning, question):
            continue
        alike = likeness.restates(beginning, question.id)
        covered = likeness.covers(beginning, question.id)
        asks = beginning.rstrip(" *_\n")[-1:] in "?？"
        set_apart = match.end() <= apart
        needed = _SET_APART if set_apart else _ASKS if asks else _STATES
        good = alike >= needed or (asks and covered >= 0.6) or (covered >= 0.9 and len(stems(beginning)) >= 5)
        if good and alike + 0.02 * asks > best + 1e-9:
            best, end = alike + 0.02 * asks, match.end()
    return end
