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

from grader.answers.features import Features
from grader.answers.likeness import Likeness
from grader.answers.lines import Line
from grader.answers.markers import Marker
from grader.answers.numbering import Scheme, schemes
from grader.model import Assignment

_ENTRY, _EXIT = 2.5, 1.5
"""For taking up a row of numbers after its first, and for leaving it before its last."""
_START = 0.7
"""For each marker of the same form left out before the first."""
_BACK_WORDED, _BACK, _BACK_ASKED = 3.5, 12.0, 3.0
"""For going back to an earlier question: with its word, with a bare number, with the question's own words."""
_AGAIN = 0.5
_GAP, _GAP_MAX = 0.06, 0.9
_FORM, _WORD = 0.3, 1.5
"""For going on in another form of number; for going from numbers with a word to bare ones, or back."""
_NEXT = 3
"""Questions further, a lone number in another form may still be the next answered one."""
_MANY, _ON_TOPIC, _ON_TOPIC_TITLED = 8, 0.05, 0.15
_NAMED = re.compile(r"answer|r[ée]ponse|question", re.IGNORECASE)
_RELATIVE = 2.0
"""What numbering anew in each part must explain beyond plain numbering."""


@dataclass(frozen=True)
class Chosen:
    """A marker and the questions whose answer begins there."""

    marker: Marker
    questions: tuple[str, ...]


@dataclass(frozen=True)
class _Node:
    """A marker taken for the questions from `first` to `last` of a scheme."""

    marker: int
    first: int
    last: int
    score: float


def choose(
    markers: list[Marker], lines: list[Line], assignment: Assignment, likeness: Likeness
) -> list[Chosen]:
    """Return the markers that are questions, in the order of the document."""
    numberings = schemes(assignment)
    features = Features(markers, lines, likeness, numberings[0].order)
    best, found = 0.0, list[Chosen]()
    for scheme in numberings:
        search = _Search(scheme, features)
        total, sequence = search.best()
        if total > best + (0 if scheme.plain else _RELATIVE) + 1e-9:
            best = total
            found = [
                Chosen(markers[node.marker], _questions(node, scheme, markers[node.marker]))
                for node in sequence
            ]
    named = bool(lines) and _NAMED.search(lines[0].place.file) is not None
    return found if named or _is_credible(found, markers, features) else []


def _is_credible(found: list[Chosen], markers: list[Marker], features: Features) -> bool:
    """Tell questions from the steps of some list: a few bare numbers must speak of what is asked."""
    bare = [one for one in found if not one.marker.worded and one.marker.question is None]
    if len(bare) < len(found) or len(found) >= _MANY:
        return True
    places = {marker.line: place for place, marker in enumerate(markers)}
    shares = [features.speaks_of(places[one.marker.line], one.questions[0]) for one in found]
    titled = any((one.marker.heading or one.marker.strong) and one.marker.tail for one in found)
    return bool(shares) and sum(shares) / len(shares) >= (_ON_TOPIC_TITLED if titled else _ON_TOPIC)


class _Search:
    """The best sequence under one scheme that ends at each node, from the first marker to the last."""

    def __init__(self, scheme: Scheme, features: Features) -> None:
        self._scheme, self._features = scheme, features
        self._nodes: list[_Node] = []
        self._values: list[float] = []
        self._origins: list[int] = []
        self._awaits: list[int] = []
        """The marker that comes next in the row of numbers that the sequence stands in, -1 for none."""
        self._at: dict[int, list[int]] = defaultdict(list)
        self._pool: dict[tuple[int, str], int] = {}
        """By question and form, where the best sequence ends: nothing else of it matters for what follows."""

    def best(self) -> tuple[float, list[_Node]]:
        """Return the best total and its nodes in order."""
        for place, marker in enumerate(self._features.markers):
            fresh = [self._reach(node) for node in self._nodes_of(place)]
            for at in fresh:
                key = (self._nodes[at].last, marker.style)
                if key not in self._pool or self._left(at) > self._left(self._pool[key]):
                    self._pool[key] = at
        if not self._nodes:
            return 0.0, []
        at = max(range(len(self._nodes)), key=self._left)
        total, sequence = self._left(at), []
        while at >= 0:
            sequence.append(self._nodes[at])
            at = self._origins[at]
        return total, sequence[::-1]

    def _left(self, at: int) -> float:
        """Return the value of a sequence that ends at `at` or goes on outside its row of numbers."""
        return self._values[at] - (_EXIT if self._awaits[at] >= 0 else 0.0)

    def _nodes_of(self, place: int) -> list[_Node]:
        """Return what the marker at `place` may stand for."""
        marker, scheme = self._features.markers[place], self._scheme
        if marker.question is not None:
            starts = [at for at, question in enumerate(scheme.order) if question == marker.question]
        else:
            starts = scheme.meant(marker.numbers[0], marker.prefix)
            # Lists that number themselves go wrong where a question is left out: its words then say which it is.
            said = self._features.asks(place)
            if said is not None and scheme.order.index(said) not in starts:
                starts = [*starts, scheme.order.index(said)]
        spread = marker.numbers[-1] - marker.numbers[0] if marker.numbers else 0
        section = self._features.sections[place]
        return [
            _Node(
                place,
                at,
                min(at + max(spread, 0), len(scheme.order) - 1),
                self._features.score(place, scheme.order[at]) + scheme.fits(at, section),
            )
            for at in starts
        ]

    def _reach(self, node: _Node) -> int:
        """Add `node` with the best sequence that ends with it; return its place."""
        marker = self._features.markers[node.marker]
        before, after = self._features.runs[node.marker]
        entry = _ENTRY if before >= 0 else 0.0
        begin = min(_START * self._features.earlier[node.marker], 2.0) if not marker.worded else 0.0
        best, origin = -begin - entry, -1
        for at in self._at[before] if before >= 0 else []:
            if self._values[at] > best and self._scheme.follows(self._nodes[at].last, node.first):
                best, origin = self._values[at], at
        for (last, style), at in self._pool.items():
            stays = self._awaits[at] == node.marker or not marker.numbers
            value = self._values[at] if stays else self._left(at) - entry
            value -= self._step(last, node, marker) + self._change(at, style, node)
            if value > best:
                best, origin = value, at
        self._nodes.append(node)
        self._values.append(best + node.score)
        self._origins.append(origin)
        # A question without a number (`P3`) may stand amid a row of them.
        self._awaits.append(after if marker.numbers else self._awaits[origin] if origin >= 0 else -1)
        self._at[node.marker].append(len(self._nodes) - 1)
        return len(self._nodes) - 1

    def _step(self, last: int, node: _Node, marker: Marker) -> float:
        """Return what it costs to go on from question `last` to `node`."""
        forward = node.first - last
        if forward > 0:
            return min(_GAP * (forward - 1), _GAP_MAX) + self._scheme.new_part(last, node.first)
        if marker.worded:
            return _AGAIN if forward == 0 else _BACK_WORDED
        alike = self._features.alike(node.marker, self._scheme.order[node.first])
        return _BACK_ASKED if alike > 0.6 else _BACK

    def _change(self, before: int, style: str, node: _Node) -> float:
        """Return what it costs that a marker is written otherwise than the one before.

        A number that stands in no row and comes next in order is no list's: students change their ways midway.
        """
        marker, other = self._features.markers[node.marker], self._nodes[before]
        if style == marker.style or not marker.numbers:
            return 0.0
        if style.startswith("word") == marker.worded or style == "id":
            return _FORM
        bare = other if marker.worded else node
        near = marker.worded or 0 < node.first - other.last <= _NEXT
        return _FORM if near and max(self._features.runs[bare.marker]) < 0 else _WORD


def _questions(node: _Node, scheme: Scheme, marker: Marker) -> tuple[str, ...]:
    """Return the ids that a node stands for."""
    if len(marker.numbers) < 2:
        return (scheme.order[node.first],)
    part = scheme.sections[node.first]
    wanted = [at for number in marker.numbers for at, one in enumerate(scheme.numbers)
              if one == number and scheme.sections[at] == part]  # fmt: skip
    return tuple(dict.fromkeys(scheme.order[at] for at in wanted)) or (scheme.order[node.first],)
