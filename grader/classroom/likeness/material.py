"""What is compared of a hand-in."""

from __future__ import annotations

import msgspec


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """One file's code, cells of a notebook joined."""

    path: str
    code: str


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of one hand-in that is compared; what was handed out is not in it."""

    id: str
    pseudonym: str
    people: tuple[str, ...] = ()
    """Words of the authors' names: partners who handed in the same work twice are not a pair to look at."""
    programs: tuple[Program, ...] = ()
    answers: dict[str, str] = {}
    recipes: dict[str, str] = {}
    """Key of the training by stage."""
    curves: dict[str, str] = {}
    """Digest of each of the student's own curves, by stage or source."""
    images: dict[str, str] = {}
    """SHA-256 by path."""
