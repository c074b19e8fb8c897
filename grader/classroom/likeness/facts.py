"""Likeness by what cannot be reworded: the student's own curves, pictures, and recipes off the beaten track."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations

from grader.classroom.likeness.material import Material
from grader.model.likeness import Evidence, Passage, Signal

_USUAL = 0.1
"""A recipe that a tenth of the class has is the sheet's, not somebody's."""


def fact_evidence(class_: Sequence[Material]) -> Iterator[tuple[tuple[str, str], Evidence]]:
    """Yield what each pair shares exactly: curves, pictures, and recipes that are rare in the class."""
    recipes = Counter(key for one in class_ for key in set(one.recipes.values()))
    usual = {key for key, count in recipes.items() if count > max(2, _USUAL * len(class_))}
    for left, right in combinations(class_, 2):
        pair = left.id, right.id
        yield from _one(pair, "curves", left.curves, right.curves, 0.9)
        yield from _one(pair, "images", left.images, right.images, 0.8)
        yield from _one(pair, "recipes", _rare(left, usual), _rare(right, usual), 0.3)


def _rare(one: Material, usual: set[str]) -> dict[str, str]:
    return {stage: key for stage, key in one.recipes.items() if key not in usual}


def _one(
    pair: tuple[str, str], signal: Signal, left: dict[str, str], right: dict[str, str], weight: float
) -> Iterator[tuple[tuple[str, str], Evidence]]:
    where = {value: name for name, value in right.items()}
    shared = [(name, where[value]) for name, value in sorted(left.items()) if value in where]
    if not shared:
        return
    strength = weight * min(1.0, 0.5 + 0.5 * len(shared) / max(min(len(left), len(right)), 1))
    passages = tuple(
        Passage(left_where=one, left="=", right_where=other, right="=") for one, other in shared[:8]
    )
    summary = f"{len(shared)} / {min(len(left), len(right))}"
    yield pair, Evidence(signal=signal, strength=round(strength, 3), summary=summary, passages=passages)
