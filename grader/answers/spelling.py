"""Misspelt words: what is in no dictionary and one slip away from a word of the rubric is read as that word."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from grader.answers.words import Reading, is_known

_SHORTEST, _LONGEST = 6, 24


def corrected(reading: Reading, stems: frozenset[str]) -> Reading:
    """Return `reading` in which unknown words also have the form of the word of `stems` that they nearly are.

    `stems` are words, or beginnings of words that end in `*`. One letter may be missing, added, wrong or exchanged
    with its neighbour; words of fewer than six letters are left alone.
    """
    meant = {
        place: near
        for place, word in enumerate(reading.words)
        if _SHORTEST <= len(word.written) <= _LONGEST
        and (near := _meant(word.written, reading.shown[word.start : word.end].lower(), stems))
    }
    if not meant:
        return reading
    words = [
        replace(word, forms=word.forms | {meant[place]}) if place in meant else word
        for place, word in enumerate(reading.words)
    ]
    return Reading(reading.shown, words, reading.cut)


@lru_cache(maxsize=50_000)
def _meant(form: str, written: str, stems: frozenset[str]) -> str | None:
    """Return the word that an unknown one is meant for, None for known ones and where none is near."""
    return _near(form, _index(stems)) if form.isalpha() and not is_known(written) else None


@lru_cache(maxsize=256)
def _index(stems: frozenset[str]) -> dict[str, str]:
    """Return every stem, and it with one letter left out, by that form."""
    index: dict[str, str] = {}
    for stem in sorted(stems):
        bare = stem.rstrip("*")
        if len(bare) >= _SHORTEST - (stem != bare) and bare.isalpha():
            for form in (bare, *_shortened(bare)):
                index.setdefault(form, stem)
    return index


def _shortened(form: str) -> list[str]:
    return [form[:place] + form[place + 1 :] for place in range(len(form))]


def _near(form: str, index: dict[str, str]) -> str | None:
    """Return the word that `form` is meant for, None where none is near."""
    for length in range(len(form), _SHORTEST - 2, -1):
        start = form[:length]
        for slip in (start, *_shortened(start)):
            stem = index.get(slip)
            if stem is None or (not stem.endswith("*") and length < len(form)):
                continue
            if abs(len(stem.rstrip("*")) - length) <= 1:
                return stem.rstrip("*") if not stem.endswith("*") else stem[:-1] + form[length:]
    return None
