"""Puts the signals of each pair together and keeps the pairs worth a look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from grader.classroom.likeness.answers import answer_evidence
from grader.classroom.likeness.facts import fact_evidence
from grader.classroom.likeness.material import Material
from grader.classroom.likeness.programs import code_evidence
from grader.model.likeness import Evidence, Likeness, Pair

_WORTH_A_LOOK = 0.35
_MOST_PAIRS = 200


def likeness(class_: Sequence[Material], *, handed_out: str = "", wording: Iterable[str] = ()) -> Likeness:
    """Return the pairs of `class_` that look alike, the likest first.

    `handed_out` is the code that all were given, `wording` what the sheet says. Two hand-ins signed by the same people
    are no pair. The strength of a pair is the chance that one of its signals is right, taken as independent.
    """
    found: dict[tuple[str, str], list[Evidence]] = {}
    for pair, evidence in (
        *code_evidence(class_, handed_out).items(),
        *answer_evidence(class_, wording).items(),
        *fact_evidence(class_),
    ):
        found.setdefault(pair, []).append(evidence)
    people = {one.id: set(one.people) for one in class_}
    pairs = [
        Pair(left=left, right=right, strength=_together(signals), evidence=tuple(_ordered(signals)))
        for (left, right), signals in found.items()
        if not (people[left] and people[left] == people[right])
    ]
    kept = [pair for pair in pairs if pair.strength >= _WORTH_A_LOOK]
    kept.sort(key=lambda pair: (-pair.strength, pair.left, pair.right))
    return Likeness(compared=len(class_), pairs=tuple(kept[:_MOST_PAIRS]))


def _together(signals: Iterable[Evidence]) -> float:
    apart = 1.0
    for one in signals:
        apart *= 1.0 - one.strength
    return round(1.0 - apart, 3)


def _ordered(signals: Iterable[Evidence]) -> list[Evidence]:
    return sorted(signals, key=lambda one: (-one.strength, one.signal))
