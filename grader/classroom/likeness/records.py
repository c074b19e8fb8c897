"""What is compared of a hand-in, and what a pair has in common."""

from __future__ import annotations

from typing import Literal

import msgspec

Signal = Literal["code", "answers", "recipes", "curves", "images"]


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


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """Something that two hand-ins share, side by side."""

    left_where: str
    left: str
    right_where: str
    right: str


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One signal of a pair: how strong, 0 to 1, and what shows it."""

    signal: Signal
    strength: float
    summary: str
    passages: tuple[Passage, ...] = ()


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two hand-ins worth a look."""

    left: str
    right: str
    strength: float
    evidence: tuple[Evidence, ...]


class Likeness(msgspec.Struct, frozen=True, kw_only=True):
    """The pairs of a class, the likest first."""

    compared: int
    pairs: tuple[Pair, ...] = ()
