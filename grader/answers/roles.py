"""Of what an answer speaks, word by word: the subject that a clause names, or that the clause before it did.

Subjects come in groups of rivals (train and test, convolution and dense layer, a large step and a small one), and a
word may belong to one subject of each group. What an answer says of the wrong one is its commonest fluent mistake.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping

from grader.answers.word_lists import word_set
from grader.answers.words import Reading, Word

_LEADS = 4
"""Words of a clause before which a subject is named first: what is said of it follows."""
_COMPARES = word_set(
    "than contrairement unlike versus vs instead oppose contrary contrast rapport compared contraire"
)
_PLAIN = word_set("que qu'")
_DEGREE = word_set("plus moins autant meme same more less fewer davantage")
_ASIDE = 5
"""Words between one that compares and the subject it only mentions."""
_WHEN = ("while", "when", "during", "pendant", "lorsque", "lorsqu'", "quand")
"""Words that open a clause which tells when the one before it holds."""
_SENTENCE = 8.0
"""From the end of a sentence on, words stand further apart than this."""
_RELATIVE = word_set("qui que qu' dont ou which who whose that where")


def spoken_of(reading: Reading, named: Mapping[int, str], *, near: bool = False) -> list[str]:
    """Return, word by word, which subject is spoken of, given the places that name one; "" before any is named.

    In a clause that names one, it is that one; where a clause names several, the one named last before the word, or
    the next one where the names follow what is said of them; else as in the clause before, or, where nothing was
    named yet, in the one behind that tells when (`it is off while the model is tested`). A subject that something else
    is only compared with (`unlike dense layers`) is left again at the end of its clause, unless a relative clause goes
    on about it. With `near` no subject is carried beyond its sentence.
    """
    words = reading.words
    clauses: dict[int, list[int]] = {}
    for place, word in enumerate(words):
        clauses.setdefault(word.clause, []).append(place)
    spoken, before = [""] * len(words), ""
    left: str | None = None
    rows = list(clauses.values())
    for row, places in enumerate(rows):
        own = [place for place in places if place in named]
        if near and places[0] and words[places[0]].at - words[places[0] - 1].at > _SENTENCE:
            before, left = "", None
        leads = bool(own) and words[own[0]].at - words[places[0]].at < _LEADS
        meant = [place for place in own if not _compared_with(words, place)]
        if not own and not before and row + 1 < len(rows):
            before = _told_when(words, places[-1], rows[row + 1], named)
        carried = before if left is None or words[places[0]].forms & _RELATIVE else left
        for place in places:
            last = own[: bisect_right(own, place)][-1:]
            following = meant[bisect_left(meant, place) :][:1]
            chosen = (last or following) if leads else (following or last)
            spoken[place] = named[chosen[0]] if chosen else carried
        if own:
            before = named[own[-1]]
            left = None if own[-1] in meant else named[meant[-1]] if meant else carried
        else:
            before, left = carried, None
    return spoken


def _told_when(words: list[Word], last: int, following: list[int], named: Mapping[int, str]) -> str:
    """Return the subject of a clause that tells when the one ending at `last` holds; "" where the next tells none."""
    first = words[following[0]]
    if first.written not in _WHEN or first.at - words[last].at > _SENTENCE:
        return ""
    return next((named[place] for place in following if place in named), "")


def _compared_with(words: list[Word], place: int) -> bool:
    """Tell whether the subject named at `place` is one that another is compared with."""
    clause = words[place].clause
    for back in range(place - 1, max(-1, place - 2 - _ASIDE), -1):
        if words[back].clause != clause:
            return False
        if words[back].forms & _COMPARES:
            return True
        if words[back].written in _PLAIN:
            return any(
                word.forms & _DEGREE for word in words[max(0, back - 6) : back] if word.clause == clause
            )
    return False
