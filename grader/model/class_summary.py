"""What a class as a whole did, in counts, accuracies and pseudonyms: no name, and nothing that a student wrote."""

from __future__ import annotations

from typing import Literal

import msgspec

from grader.model.training import Band
from grader.text import Language, Text


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """The mark of one hand-in: between `points` and `points + open`."""

    points: float
    open: float


class ItemTally(msgspec.Struct, frozen=True, kw_only=True):
    """How a question went: counts of hand-ins, which add up to those that were graded."""

    item: str
    maximum: float
    full: int
    part: int
    none: int
    open: int
    """Not wholly decided."""
    mean: float | None
    """Mean share of the points over the hand-ins that are decided, fraction of 1."""


class FaultTally(msgspec.Struct, frozen=True, kw_only=True):
    """One check that failed, by how many hand-ins, with some of them by pseudonym."""

    check: str
    item: str
    label: Text
    hand_ins: int
    examples: tuple[str, ...] = ()


class CurveTally(msgspec.Struct, frozen=True, kw_only=True):
    """One distinct training: its test accuracy by epoch, fractions of 1, and how many hand-ins share it."""

    epochs: tuple[int, ...]
    accuracies: tuple[float, ...]
    hand_ins: int


class StageTally(msgspec.Struct, frozen=True, kw_only=True):
    """One stage over the class."""

    stage: str
    title: Text
    accuracies: tuple[float, ...] = ()
    """Of our own retraining, fractions of 1, one a hand-in, the lowest first."""
    band: Band | None = None
    judgements: dict[str, int] = {}
    """Hand-ins by `Judgement`."""
    curves: tuple[CurveTally, ...] = ()


Why = Literal["nothing", "unusable", "ours", "fault", "open"]
"""Nothing was handed in; it cannot be opened; a step of ours failed; a check of ours failed; points are undecided."""


class Needing(msgspec.Struct, frozen=True, kw_only=True):
    """A hand-in that waits for a person."""

    pseudonym: str
    why: Why
    open: float = 0.0
    items: tuple[str, ...] = ()


class ClassSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A graded class, ready to be shown."""

    title: Text
    language: Language
    conditions: str
    """Data, budget, seed and sandbox, as they were the same for all."""
    hand_ins: int
    maximum: float
    marks: tuple[Span, ...]
    """One a graded hand-in."""
    items: tuple[ItemTally, ...]
    faults: tuple[FaultTally, ...]
    """The most frequent first."""
    stages: tuple[StageTally, ...]
    needing: tuple[Needing, ...]
    """Those without a mark first, then by what is open."""
    trained_stages: int = 0
    trainings: int = 0
    """Distinct ones."""
