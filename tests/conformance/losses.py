"""What a result took away, item by item."""

from __future__ import annotations

from grader import courseworks
from grader.model import Mark, Result


def losses(result: Result) -> dict[str, tuple[float, str]]:
    """Return the points that each item lost and how it ended, for the items that lost any."""
    found = {mark.item: (_lost(mark), mark.outcome.value) for mark in result.marks}
    return {item: loss for item, loss in found.items() if loss[0] > 0}


def automatic(result: Result) -> list[Mark]:
    """Return the marks of the items that checks decide."""
    asked = {q.id for q in courseworks.load(result.assignment).assignment.question if q.automatic}
    return [mark for mark in result.marks if mark.item in asked]


def _lost(mark: Mark) -> float:
    return round(mark.maximum - (mark.points or 0.0) - mark.open, 2)
