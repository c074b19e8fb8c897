"""What was measured against expectation: an honest report of it is no mistake of the student's."""

from __future__ import annotations

from collections.abc import Iterator

from grader.checking.claims import Known, experiments, logged, ours
from grader.checking.evidence import Evidence

NAMES = ("fall", "wider", "above")
"""A test accuracy below the stage before's, a wider gap between train and test than there, and test above train."""


def measured(question: str, evidence: Evidence) -> frozenset[str]:
    """Return which surprises the student's own logs show of the stage that `question` asks about, or else our training.

    The logs come first: what they show of both stages is not looked up in ours.
    """
    place = next((place for one, place in experiments(evidence) if one.id == question), None)
    if place is None:
        return frozenset()
    for now, before in _sources(place, evidence):
        if now is not None and (before is not None or not place):
            return frozenset(_surprises(now, before))
    return frozenset()


def _sources(place: int, evidence: Evidence) -> Iterator[tuple[Known | None, Known | None]]:
    stage = evidence.assignment.stage[place]
    before = evidence.assignment.stage[place - 1] if place else None
    yield logged(stage, evidence.curves), logged(before, evidence.curves) if before is not None else None
    yield ours(stage, evidence), ours(before, evidence) if before is not None else None


def _surprises(now: Known, before: Known | None) -> Iterator[str]:
    gap, gap_before = _gap(now), _gap(before) if before is not None else None
    if now.final is not None and before is not None and before.final is not None and now.final < before.final:
        yield "fall"
    if gap is not None and gap_before is not None and gap > gap_before:
        yield "wider"
    if gap is not None and gap < 0:
        yield "above"


def _gap(known: Known) -> float | None:
    return known.train[-1] - known.final if known.train and known.final is not None else None
