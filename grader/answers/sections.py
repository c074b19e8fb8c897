"""A document cut at its questions: what stands under each, and what stands under none."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from grader.answers.doubts import doubtful
from grader.answers.likeness import Likeness
from grader.answers.lines import Line
from grader.answers.markers import Marker, find_markers, section_of
from grader.answers.sequence import Chosen, choose
from grader.model import Assignment, Place

_CLOSING = re.compile(
    r"^\s*(?:--\s*$|(?:bien\s+)?cordialement\b|bien à vous\b|bonne\s+(?:soirée|journée|fin|réception|lecture)\b|"
    r"(?:best|kind)?\s*regards\b|sincerely\b|cheers\b|merci d'avance\b|à (?:bientôt|demain)\b).{0,60}$",
    re.IGNORECASE,
)
_SIGNATURE_LINES = 8


@dataclass
class Section:
    """The lines under one question of one document."""

    questions: tuple[str, ...]
    place: Place
    tail: str = ""
    """What follows the number on its own line."""
    from_heading: bool = True
    """Whether the number stands in a heading or in bold print."""
    lines: list[Line] = field(default_factory=list)


@dataclass
class Cut:
    """A document in pieces: its questions' sections, and the lines of none."""

    sections: list[Section]
    rest: list[Line]
    doubtful: dict[str, Place] = field(default_factory=dict)
    """Where questions that have no section may begin all the same."""


def cut(lines: list[Line], assignment: Assignment, likeness: Likeness) -> Cut:
    """Return the sections of a document that answer questions of `assignment`, and the rest of it."""
    markers = find_markers(lines, assignment, likeness)
    chosen = {one.marker.line: one for one in choose(markers, lines, assignment, likeness)}
    foreign = {marker.line: marker for marker in markers if marker.prefix and marker.line not in chosen}
    questions = {place: one.questions for place, one in chosen.items()}
    result = Cut([], [], doubtful(lines, questions, assignment))
    current: Section | None = None
    level = enclosing = 0
    for place, line in enumerate(lines):
        if place in chosen:
            current, level = _open(chosen[place], line, enclosing), line.level or max(enclosing, 1)
            result.sections.append(current)
            continue
        if place in foreign and not _part_of(foreign[place], current):
            current = None
            continue
        if current is not None and _ends(line, level):
            current = None
        if line.level and current is None:
            enclosing = line.level
        (result.rest if current is None else current.lines).append(line)
    for section in result.sections[-1:]:
        result.rest.extend(_unsigned(section))
    return result


def _open(chosen: Chosen, line: Line, enclosing: int) -> Section:
    marker = chosen.marker
    tail = marker.tail if marker.question is None or marker.style == "id" else ""
    set_apart = marker.heading or (marker.strong and not tail) or marker.style.startswith("title")
    section = Section(chosen.questions, line.place, tail, set_apart)
    if line.lost:
        section.lines.append(Line("", line.place, lost=line.lost))
    return section


def _ends(line: Line, level: int) -> bool:
    """Tell whether a line that opens no question ends the one before: a heading of its rank, or a part's title."""
    if line.closed:
        return False
    if line.level:
        return line.level <= level
    return bool(section_of(line)) and (line.gap or line.strong) and len(line.words) < 70


def _part_of(marker: Marker, current: Section | None) -> bool:
    """Tell `Q10.1` under question 10, which is a part of it, from the question of another lab."""
    return current is not None and f"Q{marker.prefix}" in current.questions


def _unsigned(section: Section) -> list[Line]:
    """Take a letter's closing words off the last section; return them."""
    start = max(0, len(section.lines) - _SIGNATURE_LINES)
    for place in range(start, len(section.lines)):
        if _CLOSING.match(section.lines[place].text):
            closing = section.lines[place:]
            del section.lines[place:]
            return closing
    return []
