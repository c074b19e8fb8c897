"""In which combinations switches and choices of a program are worth trying: the order of the sheet, as names tell it.

A name only decides what is tried, and content what was found: `--batch-norm` may do anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MOST_RUNS = 12

_RANKS = (
    (5, r"batch_?-?norm|(?:^|[_-])bn|bn(?:$|[_-])|batchn"),
    (4, r"drop"),
    (3, r"mom|sched|decay|nesterov|decroi|optim|(?:^|[_-])opti?(?:$|[_-])|exp\w*_?lr|lr_?exp|^sgd.+"),
    (2, r"aug|flip|crop|rogn|miroir"),
    (1, r"norm|standard"),
)
"""Which improvement a name speaks of, by its place in the usual order; batch norm first, which holds the word norm."""
_PATTERNS = tuple((place, re.compile(pattern, re.IGNORECASE)) for place, pattern in _RANKS)
_BETTER = re.compile(r"expo|ameli|improv|plus|full|all|avec|with|oui|yes|true|^1$", re.IGNORECASE)
_PLAIN = re.compile(
    r"^(?:sgd|plain|simple|base\w*|none|no|off|aucun\w*|const\w*|vanilla|sans|false|0|)$", re.IGNORECASE
)

Words = tuple[str, ...]


def rank(name: str) -> int:
    """Return the place of the improvement that `name` speaks of, 0 for none."""
    return next((place for place, pattern in _PATTERNS if pattern.search(name)), 0)


@dataclass(frozen=True)
class Setting:
    """Something that may be set: what is typed or written while it is off, and for each step up."""

    name: str
    off: Words
    steps: tuple[tuple[int, Words], ...]
    """With the rank of each; one for a switch, several for a choice whose values are improvements."""


def switch(name: str, on: Words, off: Words = ()) -> Setting:
    """Return what is either on or off; one of the two may need no word."""
    return Setting(name, off, ((rank(name), on),))


def choice(name: str, values: Sequence[tuple[str, Words]], default: str) -> Setting | None:
    """Return a choice some values of which are improvements, as in `--optim sgd|momentum`; None for any other."""
    own = rank(name)
    ranked = [(rank(value), words) for value, words in values if rank(value)]
    if not ranked and own:
        ranked = [(own, words) for value, words in values if _BETTER.search(value)]
    better = [words for _, words in ranked]
    plain = [one for one in values if one[1] not in better]
    if not ranked:
        return None
    if any(value == default for value, _ in plain):
        off: Words = ()
    else:
        off = next((words for value, words in plain if _PLAIN.match(value)), plain[0][1] if plain else ())
    return Setting(name, off, tuple(sorted(ranked, key=lambda one: one[0])))


@dataclass(frozen=True)
class Flag:
    """One switch or choice: what to type for each of its variants."""

    name: str
    variants: tuple[tuple[str, ...], ...]
    """One for a switch; one a value for a choice."""
    is_choice: bool
    positional: bool = False
    default: str = ""
    """Of a choice: what it holds by itself."""
    off: tuple[str, ...] = ()
    """What turns a switch off that is on by itself; its variant is then nothing."""

    @property
    def setting(self) -> Setting | None:
        """How it is put together with others; None for a choice of which nobody knows what its values are."""
        if not self.is_choice:
            return switch(self.name, self.variants[0], self.off)
        values = [(words[-1], words) for words in self.variants if len(words) < 3]
        return None if self.positional else choice(self.name, values, self.default)


def chain(settings: Sequence[Setting]) -> Iterator[Words]:
    """Yield what stands for everything off, then for one step more at a time, in the order that names tell.

    Steps of no known improvement keep their place in the program.
    """
    steps = [(place, at, words) for at, one in enumerate(settings) for place, words in one.steps]
    known = iter(sorted((one for one in steps if one[0]), key=lambda one: one[0]))
    state = [one.off for one in settings]
    yield _words(state)
    for step in [next(known) if one[0] else one for one in steps]:
        state[step[1]] = step[2]
        yield _words(state)


def alone(settings: Sequence[Setting]) -> Iterator[Words]:
    """Yield what stands for each setting at its first step by itself."""
    for one in settings:
        yield _words([other.steps[0][1] if other is one else other.off for other in settings])


def combined(
    found: Sequence[Words], settings: Sequence[Setting], needed: Words = ()
) -> tuple[tuple[Words, ...], int]:
    """Return the runs `found`, each setting alone, and the settings one step more at a time; and how many are left out.

    `needed` stands in front of what is put together here. At most MOST_RUNS, those found and the cumulative ones first
    to be kept.
    """
    cumulative = [(*needed, *words) for words in chain(settings)] if settings else []
    single = [(*needed, *words) for words in alone(settings)]
    found = found or ([()] if not needed else [])
    ordered = dict.fromkeys([*found, *cumulative, *single])
    chosen = set(list(ordered)[:MOST_RUNS])
    kept = tuple(run for run in dict.fromkeys([*found, *single, *cumulative]) if run in chosen)
    return kept, len(ordered) - len(chosen)


def _words(state: Sequence[Words]) -> Words:
    return tuple(word for words in state for word in words)
