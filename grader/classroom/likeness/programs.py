"""Likeness of code by winnowing (Schleimer, Wilkerson, Aiken, 2003), with copydetect: names and comments do not count.

What was handed out is subtracted, and so is what a good part of the class shares, since it comes from the sheet.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from grader.classroom.likeness.material import Material
from grader.model.likeness import Evidence, Passage

_K = 25
"""Tokens that must agree; shorter agreement is chance."""
_WINDOW = 8
_COMMON = 0.25
_COMMON_FROM = 8
"""Size of a class from which common passages are subtracted."""
LEAST = 0.3
_PASSAGES = 6
_PASSAGE_CHARACTERS = 1_200
_MOST_COMPARED = 1_000
"""Pairs looked at closely; far fewer are listed."""
_SMALL = 40
"""Fingerprints below which there is too little to compare."""


def code_evidence(class_: Sequence[Material], handed_out: str) -> dict[tuple[str, str], Evidence]:
    """Return, for each pair whose own code agrees in at least `LEAST` of the shorter one, what agrees."""
    prints = {one.id: _fingerprint("\n".join(program.code for program in one.programs)) for one in class_}
    common = _fingerprint(handed_out).hashes | _shared_by_many(prints)
    for one in prints.values():
        _subtract(one, common)
    found = {}
    for left, right in _worth_comparing(class_, prints):
        if evidence := _compare(left, right, prints[left.id], prints[right.id]):
            found[left.id, right.id] = evidence
    return found


def _worth_comparing(class_: Sequence[Material], prints: dict[str, Any]) -> list[tuple[Material, Material]]:
    """Return the pairs that share enough fingerprints to be looked at closely, those that share most if many do."""
    shares = []
    for (place, left), (other, right) in combinations(enumerate(class_), 2):
        one, two = prints[left.id].hashes, prints[right.id].hashes
        shorter = min(len(one), len(two))
        if shorter >= _SMALL and (common := len(one & two)) >= 0.5 * LEAST * shorter:
            shares.append((-common / shorter, place, other))
    return [(class_[place], class_[other]) for _, place, other in sorted(shares)[:_MOST_COMPARED]]


def _fingerprint(code: str) -> Any:
    from copydetect import CodeFingerprint

    return CodeFingerprint("code.py", _K, _WINDOW, fp=io.StringIO(code))


def _shared_by_many(prints: dict[str, Any]) -> set[int]:
    if len(prints) < _COMMON_FROM:
        return set()
    counts = Counter(value for one in prints.values() for value in one.hashes)
    return {value for value, count in counts.items() if count > _COMMON * len(prints)}


def _subtract(one: Any, common: set[int]) -> None:
    from copydetect.utils import get_token_coverage

    one.hashes = one.hashes - common
    one.hash_idx = {value: places for value, places in one.hash_idx.items() if value not in common}
    one.token_coverage = get_token_coverage(one.hash_idx, one.k, len(one.filtered_code))


def _compare(left: Material, right: Material, one: Any, other: Any) -> Evidence | None:
    from copydetect import compare_files

    _, shares, slices = compare_files(one, other)
    strength = float(min(max(shares), 1.0))
    if strength < LEAST:
        return None
    return Evidence(
        signal="code",
        strength=round(strength, 3),
        summary=f"{100 * shares[0]:.0f} % / {100 * shares[1]:.0f} %",
        passages=tuple(_passages(left, right, one, other, slices)),
    )


def _passages(left: Material, right: Material, one: Any, other: Any, slices: Any) -> list[Passage]:
    """Return the longest shared passages of each, side by side in the order of their length."""

    def longest(code: str, places: Any) -> list[tuple[int, int]]:
        pieces = [_whole_lines(code, int(start), int(end)) for start, end in zip(*places, strict=True)]
        return sorted(pieces, key=lambda piece: piece[0] - piece[1])[:_PASSAGES]

    found = []
    for a, b in zip(longest(one.raw_code, slices[0]), longest(other.raw_code, slices[1]), strict=False):
        found.append(
            Passage(
                left_where=_where(left, a[0]),
                left=_excerpt(one.raw_code, *a),
                right_where=_where(right, b[0]),
                right=_excerpt(other.raw_code, *b),
            )
        )
    return found


def _whole_lines(code: str, start: int, end: int) -> tuple[int, int]:
    """Return the passage with the lines whole in which it begins and ends: tokens are no places to read from."""
    after = code.find("\n", max(end - 1, 0))
    return code.rfind("\n", 0, start) + 1, len(code) if after < 0 else after


def _excerpt(code: str, start: int, end: int) -> str:
    """Return the passage, of one that is too long as many of its lines as may be shown."""
    shown = code[start : min(end, start + _PASSAGE_CHARACTERS)]
    return shown if start + len(shown) == end else shown.rpartition("\n")[0] or shown


def _where(material: Material, place: int) -> str:
    """Return the file and line of a place in the joined code."""
    for program in material.programs:
        if place <= len(program.code):
            line = program.code.count("\n", 0, place) + 1
            return f"{program.path}:{line}"
        place -= len(program.code) + 1
    return material.programs[-1].path if material.programs else ""
