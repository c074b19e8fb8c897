"""A document cut at its questions, by headings of every kind.

`## Q10 ★`, `### 10.`, `**Q10.**`, `Question 10 :`, `Q5.10` are such headings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from grader.model import Assignment

_DASH = r"[-–—]"
_NUMBER = rf"(?:(?P<prefix>\d{{1,2}}(?:{_DASH}\d{{1,2}})?)\.)?(?P<number>\d{{1,2}})"
_MORE = r"(?P<more>(?:\s*(?:,|/|&|et|and|à|to|-|–)\s*Q?\d{1,2})*)"
_WORD = r"(?:(?:TP|TME|Lab)\s*\d[\d-]*\s*[,:.–-]?\s*)?(?:Questions?|Quest\.?|Q)\s*(?:n°|no\.?|#)?\s*"
_QUESTION = re.compile(
    rf"^{_WORD}{_NUMBER}{_MORE}(?![\d%])(?P<end>\s*(?:bis)?\s*[★*☆]?\s*(?:[.):：]|{_DASH}|★|$))(?P<tail>.*)$",
    re.IGNORECASE,
)
_IN_HEADING = re.compile(
    rf"^{_WORD}{_NUMBER}{_MORE}(?![\d%])(?P<end>[\s.:)★☆*–—-]*)(?P<tail>.*)$", re.IGNORECASE
)
_BARE = re.compile(r"^(?P<number>\d{1,2})\s*[.)]?\s*[★☆]?\s*$")
_LETTERED = re.compile(r"^(?P<id>(?!Q\d)[A-Z]{1,4}\d{0,2})\s*[★☆]?\s*[.:)–—-]*\s*(?P<tail>.*)$")
_HEADING = re.compile(r"^\s{0,3}(#{1,6})\s*(.+?)\s*#*\s*$")
_FENCE = re.compile(r"^\s{0,3}(```|~~~)")
_EMPHASIS = re.compile(r"^\s*(?:[-+]\s+)?[*_]{1,3}(?=\S)(.{1,200}?)[*_]{1,3}(.*)$")
PLAIN_LEVEL = 7


@dataclass
class Section:
    """The lines under one question of one document."""

    questions: tuple[str, ...]
    line: int
    """Of the heading, from 1."""
    tail: str = ""
    """What follows the number in the heading itself."""
    from_heading: bool = True
    lines: list[str] = field(default_factory=list)


@dataclass
class Cut:
    """A document in pieces: its questions' sections, and the lines of none."""

    sections: list[Section]
    rest: list[str]


def cut(text: str, assignment: Assignment) -> Cut:
    """Return the sections of `text` that answer questions of `assignment`; other numbers are none."""
    known = {question.id.upper(): question.id for question in assignment.question}
    prefixes = _prefixes(assignment.slug)
    result = Cut([], [])
    current: Section | None = None
    level, enclosing, fenced = 0, 0, False
    for place, line in enumerate(text.split("\n"), start=1):
        if _FENCE.match(line):
            fenced = not fenced
        heading = None if fenced else _HEADING.match(line)
        start = None if fenced else _start(line, heading, known, prefixes, current)
        if heading is not None:
            own = len(heading[1])
            if start is None and current is not None and own <= level:
                current = None
            if start is None and current is None:
                enclosing = own
        if start is not None:
            questions, tail = start
            current = Section(questions, place, tail, heading is not None) if questions else None
            level = len(heading[1]) if heading is not None else max(enclosing, 1)
            if current is not None:
                result.sections.append(current)
            continue
        (result.rest if current is None else current.lines).append(line)
    return result


def _prefixes(slug: str) -> frozenset[str]:
    """Return the lab numbers by which `Q5.10` may call its question 10: those in the coursework's name."""
    digits = re.findall(r"\d+", slug)
    return frozenset((*digits, "".join(digits), "-".join(digits)))


def _start(
    line: str,
    heading: re.Match[str] | None,
    known: Mapping[str, str],
    prefixes: frozenset[str],
    current: Section | None,
) -> tuple[tuple[str, ...], str] | None:
    """Return the questions that `line` opens and what follows on it; an empty tuple closes the current one."""
    words, tail = (heading[2], "") if heading is not None else (line.strip(), "")
    strong = _EMPHASIS.match(words)
    if strong is not None and not words.startswith("* "):
        words, tail = strong[1].strip(), strong[2].strip()
    if heading is not None:
        bare = _BARE.match(words)
        if bare is not None and f"Q{int(bare['number'])}" in known:
            return (known[f"Q{int(bare['number'])}"],), tail
        lettered = _LETTERED.match(words)
        if lettered is not None and lettered["id"] in known:
            return (known[lettered["id"]],), f"{lettered['tail']} {tail}".strip()
    match = (_IN_HEADING if heading is not None or (strong is not None and not tail) else _QUESTION).match(
        words
    )
    if match is None:
        return None
    return _opened(match, tail, known, prefixes, current)


def _opened(
    match: re.Match[str],
    tail: str,
    known: Mapping[str, str],
    prefixes: frozenset[str],
    current: Section | None,
) -> tuple[tuple[str, ...], str] | None:
    prefix = match["prefix"]
    after = f"{match['tail']} {tail}".strip()
    if prefix is not None and prefix not in prefixes:
        part_of_current = current is not None and f"Q{prefix}" in current.questions
        return None if part_of_current else ((), after)
    numbers = [match["number"], *re.findall(r"\d+", match["more"] or "")]
    if (
        len(numbers) == 2
        and re.search(rf"{_DASH}|à|to", match["more"] or "")
        and int(numbers[0]) < int(numbers[1])
    ):
        numbers = [str(number) for number in range(int(numbers[0]), int(numbers[1]) + 1)]
    questions = tuple(known[f"Q{int(number)}"] for number in numbers if f"Q{int(number)}" in known)
    return (questions, after) if questions else None
