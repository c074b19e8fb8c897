"""The same question in several documents: one answer, the fuller first, nothing lost, every place kept."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from grader.model import Place

_SAME = 0.8
"""Share of the shorter text's words that the longer one holds, for the two to be the same answer."""
_FULLER = 1.25


@dataclass(frozen=True)
class Piece:
    """What one section of one document says to a question."""

    text: str
    place: Place
    lost: int = 0
    second_hand: bool = False
    """Whether it comes from a PDF, in which formulas and tables have lost some of their form."""


def merge(pieces: list[Piece]) -> tuple[str, tuple[Place, ...]]:
    """Return the answer that `pieces` make together and where they stand, the first place being the answer's own.

    Pieces of one document follow each other. Of two documents that say the same one stays, the one with
    formulas as they were written unless the other is clearly fuller; what differs is joined, the fuller first.
    """
    documents: dict[str, list[Piece]] = {}
    for piece in pieces:
        documents.setdefault(piece.place.file, []).append(piece)
    whole = [_of_document(own) for own in documents.values()]
    kept: list[Piece] = []
    for piece in sorted(whole, key=lambda one: -len(one.text.split())):
        twin = next((at for at, other in enumerate(kept) if _says_the_same(piece.text, other.text)), None)
        if twin is None:
            kept.append(piece)
        elif kept[twin].second_hand and not piece.second_hand and not _is_fuller(kept[twin], piece):
            kept[twin] = piece
    places = [piece.place for piece in kept]
    places += [piece.place for piece in pieces if piece.place not in places]
    return "\n\n".join(piece.text for piece in kept), tuple(dict.fromkeys(places))


def _of_document(pieces: list[Piece]) -> Piece:
    first = pieces[0]
    text = "\n\n".join(dict.fromkeys(piece.text for piece in pieces if piece.text))
    return Piece(text, first.place, sum(piece.lost for piece in pieces), first.second_hand)


def _is_fuller(one: Piece, other: Piece) -> bool:
    return len(one.text.split()) > _FULLER * len(other.text.split()) + 5


def _says_the_same(one: str, other: str) -> bool:
    first, second = _words(one), _words(other)
    shorter = min(sum(first.values()), sum(second.values()))
    return shorter == 0 or sum((first & second).values()) >= _SAME * shorter


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.lower()))
