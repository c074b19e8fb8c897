"""What is known of each marker whatever the numbering: rows of numbers, text around it, the section it stands in."""

from __future__ import annotations

from collections import defaultdict

from grader.answers.likeness import Likeness, stems
from grader.answers.lines import Line
from grader.answers.markers import Marker, section_of

_ASKED = 0.75
_OTHER_TITLE = 3.0
_ASKED_WORDS_MIN = 4


class Features:
    """The markers of one document with what each earns, computed once for all numberings."""

    def __init__(
        self, markers: list[Marker], lines: list[Line], likeness: Likeness, questions: tuple[str, ...]
    ) -> None:
        """Look around every marker once; `questions` are those that have answers in words."""
        self.questions = questions
        self.markers, self.likeness = markers, likeness
        self.sections: list[str] = []
        self.heads: list[list[str]] = []
        self.bodies: list[str] = []
        section, at = "", 0
        for place, marker in enumerate(markers):
            for line in lines[at : marker.line]:
                section = section_of(line) or section
            at = marker.line
            self.sections.append(section)
            end = markers[place + 1].line if place + 1 < len(markers) else len(lines)
            following = [line.text for line in lines[marker.line + 1 : min(end, marker.line + 12)]]
            self.heads.append([part[:600] for part in (marker.tail, *following[:3])])
            self.bodies.append("\n".join([marker.tail, *following])[:1200])
        self.runs = _runs(markers, lines)
        self.support = _support(markers)
        self.earlier = _earlier(markers)
        self._scores: dict[tuple[int, str], float] = {}
        self._asks: dict[int, str | None] = {}
        self._alike: dict[tuple[int, str], float] = {}

    def score(self, place: int, question: str) -> float:
        """Return what the marker at `place` earns as the beginning of `question`."""
        key = (place, question)
        if key not in self._scores:
            marker = self.markers[place]
            alike = self.alike(place, question)
            about = self.likeness.speaks_of(self.bodies[place], question)
            support = min(1.2, 0.12 * self.support[marker.style])
            words = 0.3 if len(self.bodies[place].split()) >= 12 else 0.0
            title = marker.heading or marker.strong
            if (
                title
                and not marker.worded
                and marker.tail
                and not self.likeness.covers(marker.tail, question)
            ):
                support -= _OTHER_TITLE  # `2. Méthodes`: a report's own section
            self._scores[key] = marker.score + 3.0 * max(0.0, alike - 0.3) + 0.8 * about + support + words
        return self._scores[key]

    def asks(self, place: int) -> str | None:
        """Return the question that the marker's line, with up to three more, is word for word or nearly; or None."""
        if place not in self._asks:
            long = sum(len(stems(part)) for part in self.heads[place]) >= _ASKED_WORDS_MIN
            asked = max(((self.alike(place, one), one) for one in self.questions if long), default=(0.0, ""))
            self._asks[place] = asked[1] if asked[0] >= _ASKED else None
        return self._asks[place]

    def speaks_of(self, place: int, question: str) -> float:
        """Return how much of the question's own words the marker and what follows take up, 0 to 1."""
        return max(self.alike(place, question), self.likeness.speaks_of(self.bodies[place], question))

    def alike(self, place: int, question: str) -> float:
        """Return how nearly the marker's line, with up to three more, is the question itself."""
        key = (place, question)
        if key not in self._alike:
            parts = self.heads[place]
            beginnings = (" ".join(parts[:count]) for count in range(1, len(parts) + 1))
            self._alike[key] = max(self.likeness.restates(text, question) for text in beginnings)
        return self._alike[key]


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
