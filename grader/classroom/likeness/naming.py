"""Whom the page of pairs names: people as the platform calls them, or nobody."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

import msgspec

from grader.classroom.standing import Standing, same_person
from grader.model.likeness import Evidence, Likeness, Pair, Passage

_SHORTEST = 3
"""Letters of a name's part that is covered; shorter ones are words of the language."""
_COVER = "▮▮▮"


def named(found: Likeness, standings: Sequence[Standing]) -> Likeness:
    """Return `found` with the name of every hand-in in it."""
    paired = {key for pair in found.pairs for key in (pair.left, pair.right)}
    names = {one.hand_in.id: " & ".join(_people(one)) for one in standings if one.hand_in.id in paired}
    return msgspec.structs.replace(found, names=names)


def _people(one: Standing) -> tuple[str, ...]:
    """Return whose hand-in it is, as the gradebook names them, behind the name it came under if that is nobody's."""
    own = any(same_person(one.hand_in.name, name) for name in one.students)
    return one.students if own else (one.hand_in.name, *one.students)


def covered(found: Likeness, standings: Sequence[Standing]) -> Likeness:
    """Return `found` with pseudonyms for ids, and every part of anybody's name covered in what is quoted."""
    pseudonyms = {one.hand_in.id: one.pseudonym for one in standings}
    cover = _Cover(standings)
    pairs = tuple(
        Pair(
            left=pseudonyms[pair.left],
            right=pseudonyms[pair.right],
            strength=pair.strength,
            evidence=tuple(_without_names(one, cover) for one in pair.evidence),
        )
        for pair in found.pairs
    )
    return Likeness(
        compared=found.compared,
        pairs=pairs,
        names={key: key for pair in pairs for key in (pair.left, pair.right)},
    )


class _Cover:
    """Covers the parts of names in a text, accents and case apart, also within file names and identifiers."""

    def __init__(self, standings: Iterable[Standing]) -> None:
        parts: set[str] = set()
        for one in standings:
            for name in (*one.students, one.hand_in.name, one.hand_in.id, one.hand_in.key, one.hand_in.email):
                parts.update(word for word in re.split(r"[\W_]+", _plain(name)[0]) if len(word) >= _SHORTEST)
        ordered = sorted(parts, key=lambda word: (-len(word), word))
        words = "|".join(map(re.escape, ordered))
        self._names = re.compile(rf"(?<![^\W_])(?:{words})(?![^\W_])") if words else None

    def __call__(self, text: str) -> str:
        """Return `text` without names."""
        if self._names is None:
            return text
        plain, places = _plain(text)
        pieces, end = [], 0
        for hit in self._names.finditer(plain):
            start, stop = places[hit.start()], places[hit.end()]
            pieces += [text[end:start], _COVER]
            end = stop
        return "".join([*pieces, text[end:]])


def _plain(text: str) -> tuple[str, list[int]]:
    """Return `text` in small letters without accents, and for each of its signs the place in `text`, then its end."""
    signs: list[str] = []
    places: list[int] = []
    for place, sign in enumerate(text):
        for part in unicodedata.normalize("NFKD", sign.casefold()):
            if not unicodedata.combining(part):
                signs.append(part)
                places.append(place)
    return "".join(signs), [*places, len(text)]


def _without_names(one: Evidence, cover: _Cover) -> Evidence:
    return msgspec.structs.replace(
        one,
        passages=tuple(
            Passage(
                left_where=cover(passage.left_where),
                left=cover(passage.left),
                right_where=cover(passage.right_where),
                right=cover(passage.right),
            )
            for passage in one.passages
        ),
    )
