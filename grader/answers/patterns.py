"""Patterns over the words of an answer: what has to stand close together for something to be said.

    "@less > poids|weight*"        a word of the class `less`, then a form of `poids` or of what begins with `weight`
    "depend* taille|size @not"     in any order; `@not` asks for a negation that reaches the rest
    "champ_recepti* agrandi*"      `_` holds words together, articles between them aside
    "pooling !dropout /20"         no `dropout` in between or nearby; all within 20 words, not 10
    "pooling !!not > big !.small"  `!!`: nor further off; `!.`: only not in between
    "@either @lr oscill*"          with or without a negation, which changes nothing here
    "train: @off neuron*"          only where the role `train` is spoken of (see `roles` in rubrics); `lr+big:` both,
                                   `train!:` where the same sentence names it
    "#acc @than #acc"              numbers by what they are (`grader.answers.figures`), or by value: `#2.3`, `#>9`

A pattern that asks for no negation does not hold inside of one; that is told apart from not being there.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from grader.answers.lookup import NEGATION, Choices, Index, Lookup, Sought, Span, sought
from grader.answers.roles import spoken_of
from grader.answers.words import Reading, Word

WINDOW = 10.0
_TRIES_MAX = 100
_BESIDE, _FAR = 3.0, 12.0
_EITHER = "@either"

Roles = tuple[Mapping[str, Choices], ...]
"""Groups of rival subjects: by its name, the words that name each."""


class PatternError(ValueError):
    """A pattern names no word, or a class that is not there."""


@dataclass(frozen=True)
class Term:
    """One thing to find: any of several runs of words."""

    choices: Choices
    absent: bool = False
    reach: float = 0.0
    """How far around the others an absent term must not stand."""

    @cached_property
    def sought(self) -> Sought:
        """Its choices as they are looked up."""
        return sought(self.choices)


@dataclass(frozen=True)
class Pattern:
    """Terms that have to stand within `window` of each other."""

    terms: tuple[Term, ...]
    ordered: bool
    denies: bool
    """Whether it asks for a negation."""
    window: float
    source: str
    either: bool = False
    """Whether a negation changes nothing."""
    role: str = ""
    """The subject that has to be spoken of where it holds, or several of different groups (`lr+big`)."""

    @cached_property
    def sought(self) -> tuple[Sought, ...]:
        """What has to be there, term by term."""
        return tuple(term.sought for term in self.terms if not term.absent)


@dataclass(frozen=True)
class Match:
    """Where a pattern holds, or would hold but for a negation."""

    first: int
    last: int
    negated: bool
    width: float


def parse_pattern(source: str, classes: Mapping[str, tuple[str, ...]]) -> Pattern:
    """Return the pattern that `source` writes. Raises PatternError for classes that are not in `classes`."""
    words = source.split()
    window = WINDOW
    if words and (match := re.fullmatch(r"/(\d+)", words[-1])):
        window = float(match[1])
        words.pop()
    role = words.pop(0)[:-1] if words and words[0].endswith(":") else ""
    denies = NEGATION in words
    terms = tuple(_term(word, classes, source) for word in words if word not in (">", NEGATION, _EITHER))
    if not any(not term.absent for term in terms):
        raise PatternError(f"{source!r} looks for nothing")
    return Pattern(terms, ">" in words, denies, window, source, _EITHER in words, role)


def _term(word: str, classes: Mapping[str, tuple[str, ...]], source: str) -> Term:
    absent = word.startswith("!")
    choices: list[tuple[str, ...]] = []
    for choice in word.lstrip("!.").split("|"):
        if choice == NEGATION:
            choices.append((choice,))
        elif choice.startswith("@"):
            if choice[1:] not in classes:
                raise PatternError(f"{source!r} names the class {choice}, which is not there")
            choices += [tuple(one.split("_")) for one in classes[choice[1:]]]
        elif choice:
            choices.append(tuple(choice.split("_")))
    if not choices:
        raise PatternError(f"{source!r} has an empty term")
    reach = 0.0 if word.startswith("!.") else _FAR if word.startswith("!!") else _BESIDE
    return Term(tuple(choices), absent, reach)


class Finder:
    """Finds patterns in one reading; what a term matches is looked up once."""

    def __init__(
        self,
        reading: Reading,
        tags: Mapping[str, list[int]] | None = None,
        roles: Roles = (),
        index: Index | None = None,
    ) -> None:
        self.reading = reading
        self._lookup = Lookup(reading, tags or {}, index or Index())
        self._groups = roles
        self._where: dict[str, list[bool]] = {}

    def find(self, pattern: Pattern) -> Match | None:
        """Return the closest place where `pattern` holds; else one where only a negation is in its way; else None."""
        spans = []
        for wanted in pattern.sought:
            spans.append(self._lookup.spans(wanted))
            if not spans[-1]:
                return None
        if pattern.role:
            spoken = self._spoken(pattern.role)
            spans = [[span for span in found if spoken[span[0]]] for found in spans]
            if not all(spans):
                return None
        absent = [(self._lookup.spans(term.sought), term.reach) for term in pattern.terms if term.absent]
        found: Match | None = None
        for start in spans[0][:_TRIES_MAX]:
            match = self._around(start, spans, absent, pattern)
            if match is not None and (
                found is None or (match.negated, match.width) < (found.negated, found.width)
            ):
                found = match
        return found

    def nearness(self, pattern: Pattern) -> float:
        """Return which share of what `pattern` asks for stands anywhere, however far apart, 0 to 1."""
        return sum(bool(self._lookup.spans(wanted)) for wanted in pattern.sought) / len(pattern.sought)

    def _around(
        self, start: Span, spans: list[list[Span]],
        absent: list[tuple[list[Span], float]], pattern: Pattern,
    ) -> Match | None:  # fmt: skip
        words = self.reading.words
        chosen = [start]
        for others in spans[1:]:
            best = _nearest(others, chosen, words, ordered=pattern.ordered, window=pattern.window)
            if best is None:
                return None
            chosen.append(best)
        first, last = min(span[0] for span in chosen), max(span[1] for span in chosen)
        width = words[last].at - words[first].at
        if width > pattern.window:
            return None
        for ends, reach in absent:
            if any(words[first].at - reach <= words[span[0]].at <= words[last].at + reach for span in ends):
                return None
        own = {place for span in chosen for place in range(span[0], span[1] + 1)}
        negators = {by for place in own if not words[place].negator for by in words[place].negated_by} - own
        if pattern.denies:
            near = negators or any(words[place].negator for place in range(first, last + 1))
            return Match(first, last, False, width) if near else None
        return Match(first, last, bool(negators) and not pattern.either, width)

    def _spoken(self, roles: str) -> list[bool]:
        """Return, word by word, whether all of `roles` (`lr+big`) are spoken of there."""
        if roles not in self._where:
            subjects = [self._of_group(role) for role in roles.split("+")]
            self._where[roles] = [all(pairs) for pairs in zip(*subjects, strict=True)]
        return self._where[roles]

    def _of_group(self, role: str) -> list[bool]:
        name, near = role.removesuffix("!"), role.endswith("!")
        group = next(group for group in self._groups if name in group)
        words = self.reading.words
        named = {
            place: one
            for one, choices in group.items()
            for place, _ in self._lookup.spans(sought(choices))
            if not words[place].negator  # `pas` that negates is no step
            and self.reading.shown[max(0, words[place].start - 1)]
            != "."  # `model.train()` is a call and no role
        }
        return [spoken == name for spoken in spoken_of(self.reading, named, near=near)]


def _nearest(
    others: list[Span], chosen: list[Span], words: list[Word], *, ordered: bool, window: float
) -> Span | None:  # fmt: skip
    """Return the span of `others` that keeps what is chosen closest together and overlaps none of it."""
    low, high = min(span[0] for span in chosen), max(span[1] for span in chosen)
    start = 0
    if ordered:
        start = bisect_left(others, (chosen[-1][1] + 1, 0))
    else:
        start = max(0, bisect_left(others, (low, 0)) - 12)
    best, best_width = None, window + 1e-9
    for span in others[start : start + 60]:
        first, last = span
        width = words[last if last > high else high].at - words[first if first < low else low].at
        if width < best_width and not any(first <= end and begin <= last for begin, end in chosen):
            best, best_width = span, width
    return best
