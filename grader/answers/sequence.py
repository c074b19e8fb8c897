"""Which of a document's markers are its questions: the sequence that explains the document best.

Every marker may stand for one question (or, where questions are numbered anew in each part, for one of several). A
sequence earns what its markers look like, their wording's likeness to the sheet's and a little for what follows; it
pays for going back, for leaving questions out, and for taking up or leaving a row of numbers in its midst, which is
what happens when the numbers of a list inside an answer are taken for questions. The best one is found exactly, by
dynamic programming over (question, marker).
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from grader.answers.likeness import Likeness
from grader.answers.lines import Line
from grader.answers.markers import Marker, section_of
from grader.model import Assignment

_ENTRY, _EXIT = 2.5, 1.5
"""For taking up a row of numbers after its first, and for leaving it before its last."""
_START = 0.7
"""For each marker of the same form left out before the first."""
_BACK_WORDED, _BACK = 1.5, 5.0
_AGAIN = 0.5
_GAP, _GAP_MAX = 0.06, 0.9
_RELATIVE = 2.0
"""What numbering anew in each part must explain beyond plain numbering."""


@dataclass(frozen=True)
class Chosen:
    """A marker and the questions whose answer begins there."""

    marker: Marker
    questions: tuple[str, ...]


@dataclass(frozen=True)
class _Node:
    marker: int
    first: int
    last: int
    score: float
    run: tuple[int, int] | None
    """The marker before and after it in its row of numbers, -1 for none."""


def choose(
    markers: list[Marker], lines: list[Line], assignment: Assignment, likeness: Likeness
) -> list[Chosen]:
    """Return the markers that are questions, in the order of the document."""
    features = _Features(markers, lines, likeness)
    best: tuple[float, list[tuple[_Node, tuple[str, ...]]]] = (0.0, [])
    for scheme in _schemes(assignment):
        total, found = _best_sequence(scheme, features)
        if total > best[0] + (0 if scheme.plain else _RELATIVE) + 1e-9:
            best = (total, found)
    return [Chosen(markers[node.marker], questions) for node, questions in best[1]]


@dataclass(frozen=True)
class _Scheme:
    """One way to number: from a written number to the questions it may mean."""

    order: tuple[str, ...]
    plain: bool
    sections: tuple[str, ...]
    """Of each question in `order`, the section or part that its number counts in."""
    numbers: tuple[int | None, ...]
    """Of each question in `order`, its number in this scheme."""
    prefixes: frozenset[str] | None
    """What may stand before the point; None when it must be the question's own part."""


def _schemes(assignment: Assignment) -> list[_Scheme]:
    questions = [one for one in assignment.question if one.kind not in ("implementation", "free")]
    order = tuple(one.id for one in questions)
    absolute = tuple(int(found[1]) if (found := re.fullmatch(r"Q(\d+)", one)) else None for one in order)
    digits = re.findall(r"\d+", assignment.slug)
    own = frozenset(("", *digits, "".join(digits), "-".join(digits)))
    schemes = [_Scheme(order, True, ("",) * len(order), absolute, own)]
    for depth in (1, 3):
        sections = tuple(one.section[:depth] for one in questions)
        counts: dict[str, int] = defaultdict(int)
        relative: list[int | None] = []
        for number, section in zip(absolute, sections, strict=True):
            counts[section] += number is not None
            relative.append(counts[section] if number is not None else None)
        schemes.append(_Scheme(order, False, sections, tuple(relative), frozenset(("",))))
        if depth == 1:
            schemes.append(_Scheme(order, False, sections, tuple(relative), None))
    return schemes


class _Features:
    """What is known of each marker whatever the numbering: rows of numbers, support, text, section."""

    def __init__(self, markers: list[Marker], lines: list[Line], likeness: Likeness) -> None:
        self.markers, self.likeness = markers, likeness
        self.sections: list[str] = []
        self.heads: list[str] = []
        self.bodies: list[str] = []
        section, at = "", 0
        for place, marker in enumerate(markers):
            for line in lines[at : marker.line]:
                section = section_of(line) or section
            at = marker.line
            self.sections.append(section)
            end = markers[place + 1].line if place + 1 < len(markers) else len(lines)
            following = [line.text for line in lines[marker.line + 1 : min(end, marker.line + 12)]]
            head = [marker.tail]
            for line in lines[marker.line + 1 : min(end, marker.line + 4)]:
                head.append(line.text)
            self.heads.append("\n".join(head))
            self.bodies.append("\n".join([marker.tail, *following])[:1200])
        self.runs = _runs(markers, lines)
        self.support = _support(markers)
        self.earlier = _earlier(markers)
        self._scores: dict[tuple[int, str], float] = {}

    def score(self, place: int, question: str) -> float:
        """Return what the marker at `place` earns as the beginning of `question`."""
        key = (place, question)
        if key not in self._scores:
            marker = self.markers[place]
            parts = self.heads[place].split("\n")
            alike = max(
                self.likeness.restates(" ".join(parts[:count]), question)
                for count in range(1, len(parts) + 1)
            )
            about = self.likeness.speaks_of(self.bodies[place], question)
            support = min(1.2, 0.12 * self.support[marker.style])
            words = 0.3 if len(self.bodies[place].split()) >= 12 else 0.0
            self._scores[key] = marker.score + 3.0 * max(0.0, alike - 0.3) + 0.8 * about + support + words
        return self._scores[key]


def _runs(markers: list[Marker], lines: list[Line]) -> list[tuple[int, int]]:
    """Return, for each marker, the one before and the one after it in a row k, k+1, ... written and set alike."""
    last: dict[tuple[str, int, bool], int] = {}
    links = [[-1, -1] for _ in markers]
    for place, marker in enumerate(markers):
        if len(marker.numbers) != 1 or marker.worded:
            continue
        line = lines[marker.line]
        key = (marker.style, min(line.indent, 3), line.gap)
        before = last.get(key, -1)
        if before >= 0 and markers[before].numbers[0] + 1 == marker.numbers[0]:
            links[before][1], links[place][0] = place, before
        last[key] = place
    return [(before, after) for before, after in links]


def _support(markers: list[Marker]) -> dict[str, int]:
    """Return, by form, the length of the longest row of rising numbers written so."""
    tails: dict[str, dict[int, int]] = defaultdict(dict)
    for marker in markers:
        if marker.numbers:
            number = marker.numbers[0]
            lengths = tails[marker.style]
            longest = max((length for other, length in lengths.items() if other < number), default=0)
            lengths[number] = max(lengths.get(number, 0), longest + 1)
    found: dict[str, int] = defaultdict(int)
    found.update({style: max(lengths.values()) for style, lengths in tails.items()})
    return found


def _earlier(markers: list[Marker]) -> list[int]:
    """Return how many markers of the same form stand before each."""
    counts: dict[str, int] = defaultdict(int)
    found = []
    for marker in markers:
        found.append(counts[marker.style])
        counts[marker.style] += 1
    return found


def _nodes(scheme: _Scheme, place: int, features: _Features) -> list[_Node]:
    """Return what the marker at `place` may stand for."""
    marker = features.markers[place]
    index = {question: at for at, question in enumerate(scheme.order)}
    found = []
    if marker.question is not None:
        at = index.get(marker.question)
        spans = [(at, at)] if at is not None else []
    elif not marker.numbers or (scheme.prefixes is not None and marker.prefix not in scheme.prefixes):
        return []
    else:
        starts = [at for at, number in enumerate(scheme.numbers) if number == marker.numbers[0]]
        if scheme.prefixes is None:
            starts = [at for at in starts if scheme.sections[at] == marker.prefix]
        spans = [
            (at, min(at + marker.numbers[-1] - marker.numbers[0], len(scheme.order) - 1)) for at in starts
        ]
    for first, last in spans:
        score = features.score(place, scheme.order[first]) + _in_section(
            scheme, first, features.sections[place]
        )
        found.append(_Node(place, first, max(first, last), score, features.runs[place]))
    return found


def _in_section(scheme: _Scheme, at: int, section: str) -> float:
    """Return what it says that a heading with the section's own number stands before."""
    own = scheme.sections[at]
    if scheme.plain or not section or not own:
        return 0.0
    return 0.6 if section.startswith(own) or own.startswith(section) else -2.0


def _best_sequence(scheme: _Scheme, features: _Features) -> tuple[float, list[tuple[_Node, tuple[str, ...]]]]:
    """Return the best total and its nodes with their questions."""
    values: list[float] = []
    back: list[int] = []
    nodes: list[_Node] = []
    by_marker: dict[int, list[int]] = defaultdict(list)
    pool: dict[tuple[int, str], int] = {}
    for place in range(len(features.markers)):
        fresh = []
        for node in _nodes(scheme, place, features):
            value, origin = _reach(node, scheme, features, nodes, values, by_marker, pool)
            fresh.append(len(nodes))
            nodes.append(node)
            values.append(value)
            back.append(origin)
            by_marker[place].append(fresh[-1])
        for at in fresh:
            key = (nodes[at].last, features.markers[place].style)
            if key not in pool or _left(at, nodes, values) > _left(pool[key], nodes, values):
                pool[key] = at
    if not nodes:
        return 0.0, []
    at = max(range(len(nodes)), key=lambda one: _left(one, nodes, values))
    total, sequence = _left(at, nodes, values), []
    while at >= 0:
        node = nodes[at]
        sequence.append((node, _questions(node, scheme, features.markers[node.marker])))
        at = back[at]
    return total, sequence[::-1]


def _left(at: int, nodes: list[_Node], values: list[float]) -> float:
    """Return the value of a sequence that ends here or goes on outside the row of numbers."""
    run = nodes[at].run
    return values[at] - (_EXIT if run is not None and run[1] >= 0 else 0.0)


def _reach(
    node: _Node,
    scheme: _Scheme,
    features: _Features,
    nodes: list[_Node],
    values: list[float],
    by_marker: dict[int, list[int]],
    pool: dict[tuple[int, str], int],
) -> tuple[float, int]:
    """Return the best value of a sequence that ends with `node`, and the node before it (-1 for none)."""
    marker = features.markers[node.marker]
    entry = _ENTRY if node.run is not None and node.run[0] >= 0 else 0.0
    begin = min(_START * features.earlier[node.marker], 2.0) if not marker.worded else 0.0
    best, origin = -begin - entry, -1
    for at in by_marker.get(node.run[0], []) if node.run is not None else []:
        follows = nodes[at].last + 1 == node.first or _next_number(nodes[at], node, scheme)
        if follows and values[at] > best:
            best, origin = values[at], at
    for (last, style), at in pool.items():
        step = _step(node.first - last, marker.worded, style == marker.style)
        value = _left(at, nodes, values) - step - entry - _new_part(scheme, last, node.first, marker)
        if value > best:
            best, origin = value, at
    return best + node.score, origin


def _next_number(before: _Node, node: _Node, scheme: _Scheme) -> bool:
    """Tell whether only questions without a number lie between two."""
    return before.last < node.first and all(
        number is None for number in scheme.numbers[before.last + 1 : node.first]
    )


def _step(forward: int, worded: bool, same_form: bool) -> float:
    """Return what it costs to go `forward` questions on."""
    if forward > 0:
        return min(_GAP * (forward - 1), _GAP_MAX) + (0.0 if same_form else 0.3)
    if forward == 0:
        return _AGAIN if worded else _BACK
    return _BACK_WORDED if worded else _BACK


def _new_part(scheme: _Scheme, last: int, first: int, marker: Marker) -> float:
    """Return what beginning another part costs where numbers begin anew: it should begin at its first question."""
    if scheme.plain or scheme.prefixes is None or scheme.sections[last] == scheme.sections[first]:
        return 0.0
    return 0.3 + 0.5 * min((scheme.numbers[first] or 1) - 1, 4) if marker.numbers else 0.0


def _questions(node: _Node, scheme: _Scheme, marker: Marker) -> tuple[str, ...]:
    """Return the ids that a node stands for."""
    if len(marker.numbers) < 2:
        return (scheme.order[node.first],)
    part = scheme.sections[node.first]
    wanted = [at for number in marker.numbers for at, one in enumerate(scheme.numbers)
              if one == number and scheme.sections[at] == part]  # fmt: skip
    return tuple(dict.fromkeys(scheme.order[at] for at in wanted)) or (scheme.order[node.first],)
