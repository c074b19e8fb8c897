"""Pairs of hand-ins that look alike, with what shows it: a list for people to look at, which accuses nobody."""

from __future__ import annotations

from typing import Literal

import msgspec

Signal = Literal["code", "answers", "recipes", "curves", "images"]


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
    names: dict[str, str] = {}
    """How people call each hand-in of a pair, by its id; a pseudonym where nobody is to be named."""
