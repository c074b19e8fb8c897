"""Where the words that patterns name stand in one reading: single words, stems, runs of words, numbers, negations."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from grader.answers.words import Reading

Choices = tuple[tuple[str, ...], ...]
"""Runs of words, any of which will do; what ends in `*` is the beginning of a word."""
Span = tuple[int, int]
NEGATION = "@not"
_FORMS_MAX = 10_000


@dataclass(frozen=True, eq=False)
class Sought:
    """Choices sorted by how they are looked for; equal ones are one object, so that none is looked for twice."""

    words: frozenset[str]
    """Single words and beginnings of words."""
    others: Choices
    """Runs of several words, numbers and negations."""


@lru_cache(maxsize=20_000)
def sought(choices: Choices) -> Sought:
    """Return `choices` sorted."""
    single = frozenset(run[0] for run in choices if len(run) == 1 and not _is_special(run[0]))
    return Sought(single, tuple(run for run in choices if len(run) > 1 or _is_special(run[0])))


def _is_special(piece: str) -> bool:
    return piece == NEGATION or piece.startswith("#")


class Index:
    """Which choices, and which pieces of longer ones, each form of a word answers to; found once for a class."""

    def __init__(self, all_sought: Iterable[Sought] = ()) -> None:
        self._by_piece: dict[str, list[Sought | str]] = {}
        self._known: set[Sought] = set()
        self._by_form: dict[str, tuple[Sought | str, ...]] = {}
        for one in all_sought:
            self.add(one)

    def __contains__(self, wanted: Sought) -> bool:
        return wanted in self._known

    def add(self, wanted: Sought) -> None:
        """Have `wanted` looked for too."""
        self._known.add(wanted)
        self._by_form.clear()
        for piece in wanted.words:
            self._by_piece.setdefault(piece, []).append(wanted)
        for run in wanted.others:
            for piece in run:
                found = self._by_piece.setdefault(piece, [])
                if piece not in found:
                    found.append(piece)

    def of(self, form: str) -> tuple[Sought | str, ...]:
        """Return what `form` answers to: choices by themselves, and pieces of longer ones as they are written."""
        found = self._by_form.get(form)
        if found is None:
            if len(self._by_form) >= _FORMS_MAX:
                self._by_form.clear()
            pieces = (form, *(f"{form[:length]}*" for length in range(len(form) + 1)))
            found = tuple(one for piece in pieces for one in self._by_piece.get(piece, ()))
            self._by_form[form] = found
        return found


class Lookup:
    """Looks words up in one reading, each choice once."""

    def __init__(self, reading: Reading, tags: Mapping[str, list[int]], index: Index) -> None:
        self._reading, self._tags, self._index = reading, tags, index
        self._found: dict[Sought, list[Span]] = {}
        self._read()

    def _read(self) -> None:
        self._stand: dict[Sought | str, set[int]] = {}
        for form, places in self._reading.known.items():
            for one in self._index.of(form):
                if one in self._stand:
                    self._stand[one].update(places)
                else:
                    self._stand[one] = set(places)

    def spans(self, wanted: Sought) -> list[Span]:
        """Return where any of `wanted` stands, first and last word of each, in order."""
        found = self._found.get(wanted)
        if found is None:
            if wanted not in self._index:
                self._index.add(wanted)
                self._read()
            single = self._stand.get(wanted)
            found = [(place, place) for place in sorted(single)] if single else []
            if wanted.others:
                runs = [span for run in wanted.others for span in self._runs(run)]
                found = sorted({*found, *runs}) if runs else found
            self._found[wanted] = found
        return found

    def _runs(self, pieces: tuple[str, ...]) -> Iterator[Span]:
        found = [self._places(piece) for piece in pieces]
        if not all(found):
            return
        for start in found[0]:
            place = start
            for places in found[1:]:
                place = self._next(place, places)
                if place < 0:
                    break
            if place >= 0:
                yield start, place

    def _next(self, place: int, wanted: Collection[int]) -> int:
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

    def _places(self, piece: str) -> Collection[int]:
        if piece == NEGATION:
            return {place for place, word in enumerate(self._reading.words) if word.negator}
        return self._numbers(piece[1:]) if piece.startswith("#") else self._stand.get(piece, ())

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
