"""Numbers that were taken for no question and may yet begin an answer which is found nowhere else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from grader.answers.lines import Line
from grader.answers.markers import opened
from grader.model import Assignment, Place

_MAYBE = re.compile(
    r"^\W{0,4}(?P<word>(?:questions?|q|r[ée]ponses?|r)\s*(?:n\s?[°º])?\s*)?(?:\d{1,2}\s?\.\s?)?"
    r"(?P<number>\d{1,2})(?![\d%]|[.,]\d)\s*(?P<end>[).:°\]*★/–—-]|$)?",
    re.IGNORECASE,
)


def doubtful(
    lines: list[Line], chosen: Mapping[int, Sequence[str]], assignment: Assignment
) -> dict[str, Place]:
    """Return where a question that `chosen` (by line) lacks may begin: its number, where it would stand in order.

    The items of a list that counts from 1 within an answer are none.
    """
    order = {question.id: place for place, question in enumerate(assignment.question)}
    have = {identity for identities in chosen.values() for identity in identities}
    following = _following(len(lines), chosen, order)
    found: dict[str, Place] = {}
    before, listed = -1, 0
    for place, line in enumerate(lines):
        if place in chosen:
            before, listed = max(order[identity] for identity in chosen[place]), 0
            continue
        match = None if line.closed or not chosen else _MAYBE.match(opened(line)[0])
        if match is None or not (match["word"] or match["end"] is not None):
            continue
        number = int(match["number"])
        if not match["word"] and number == listed + 1 and before >= 0:
            listed = number
            continue
        identity = f"Q{number}"
        if identity not in have and before < order.get(identity, -1) < following[place]:
            found.setdefault(identity, line.place)
    return found


def _following(count: int, chosen: Mapping[int, Sequence[str]], order: Mapping[str, int]) -> list[int]:
    """Return, for each line, the place in the sheet's order of the next question that begins after it."""
    found, after = [0] * count, len(order)
    for place in reversed(range(count)):
        found[place] = after
        if place in chosen:
            after = min(order[identity] for identity in chosen[place])
    return found
