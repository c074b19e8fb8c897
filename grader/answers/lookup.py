"""Where the words that patterns name stand in one reading: single words, stems, runs of words, numbers, negations."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from grader.answers.words import Reading

Choices = tuple[tuple[str, ...], ...]
"""Runs of words, any of which will do; what ends in `*` is the beginning of a word."""
Span = tuple[int, int]
NEGATION = "@not"


@dataclass(frozen=True, eq=False)
class Sought:
    """Choices sorted by how they are looked for; equal ones are one object, so that none is looked for twice."""

    words: frozenset[str]
    stems: frozenset[str]
    others: Choices
    """Runs of several words, numbers and negations."""


@lru_cache(maxsize=20_000)
def sought(choices: Choices) -> Sought:
    """Return `choices` sorted."""
    single = {run[0] for run in choices if len(run) == 1 and not _is_special(run[0])}
    stems = {piece for piece in single if piece.endswith("*")}
    others = tuple(run for run in choices if len(run) > 1 or _is_special(run[0]))
    return Sought(frozenset(single - stems), frozenset(stem[:-1] for stem in stems), others)


def _is_special(piece: str) -> bool:
    return piece == NEGATION or piece.startswith("#")


class Lookup:
    """Looks up words in one reading, each choice once."""

    def __init__(self, reading: Reading, tags: Mapping[str, list[int]]) -> None:
        self._reading, self._tags = reading, tags
        self._known = reading.known
        self._forms = frozenset(self._known)
        self._in_order = sorted(self._known)
        self._beginnings = frozenset().union(*map(_beginnings, self._known))
        self._found: dict[Sought, list[Span]] = {}

    def spans(self, wanted: Sought) -> list[Span]:
        """Return where any of `wanted` stands, first and last word of each, in order."""
        found = self._found.get(wanted)
        if found is None:
            found = self._found[wanted] = self._look_for(wanted)
        return found

    def _look_for(self, wanted: Sought) -> list[Span]:
        places: set[int] = set()
        for form in wanted.words & self._forms:
            places.update(self._known[form])
        for stem in wanted.stems & self._beginnings:
            places.update(self._beginning(stem))
        single = [(place, place) for place in sorted(places)]
        runs = [span for run in wanted.others for span in self._runs(run)]
        return sorted({*single, *runs}) if runs else single

    def _runs(self, pieces: tuple[str, ...]) -> Iterator[Span]:
        if not all(map(self._stands, pieces)):
            return
        later = [frozenset(self._places(piece)) for piece in pieces[1:]]
        for start in self._places(pieces[0]):
            place = start
            for places in later:
                place = self._next(place, places)
                if place < 0:
                    break
            if place >= 0:
                yield start, place

    def _stands(self, piece: str) -> bool:
        """Return whether `piece` may stand anywhere at all."""
        return piece in self._forms or piece[:-1] in self._beginnings or _is_special(piece)

    def _next(self, place: int, wanted: frozenset[int]) -> int:
        """Return the place of the next piece: the word that follows, or one behind words of no weight; -1 for none."""
        words = self._reading.words
        for other in range(place + 1, min(place + 4, len(words))):
            if words[other].at - words[other - 1].at > 2:
                return -1
            if other in wanted:
                return other
            if words[other].at - words[other - 1].at >= 1:
                return -1
        return -1

    def _places(self, piece: str) -> Iterable[int]:
        if piece == NEGATION:
            return [place for place, word in enumerate(self._reading.words) if word.negator]
        if piece.startswith("#"):
            return self._numbers(piece[1:])
        return self._beginning(piece[:-1]) if piece.endswith("*") else self._known.get(piece, [])

    def _beginning(self, stem: str) -> set[int]:
        """Return where words begin with `stem`."""
        found: set[int] = set()
        for at in range(bisect_left(self._in_order, stem), len(self._in_order)):
            form = self._in_order[at]
            if not form.startswith(stem):
                break
            found.update(self._known[form])
        return found

    def _numbers(self, what: str) -> list[int]:
        if what and what[0] not in "<>" and not what[0].isdigit():
            return self._tags.get(what, [])
        values = [(place, self._reading.words[place].value or 0.0) for place in self._reading.numbers]
        if not what:
            return [place for place, _ in values]
        if what[0].isdigit():
            wanted = float(what)
            return [place for place, value in values if abs(value - wanted) < 1e-9]
        bound = float(what[1:])
        return [place for place, value in values if (value < bound if what[0] == "<" else value > bound)]


@lru_cache(maxsize=20_000)
def _beginnings(form: str) -> frozenset[str]:
    return frozenset(form[:length] for length in range(len(form) + 1))
