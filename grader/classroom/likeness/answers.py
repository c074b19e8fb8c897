"""Likeness of written answers: shared runs of words, and across languages the same numbers and signs in the same order.

What many answers of the class share, the sheet's own wording and the figures everybody finds, counts for little: each
feature weighs by how rare it is.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations

from grader.classroom.likeness.material import Material
from grader.model.likeness import Evidence, Passage

_RUN = 6
"""Words in a run."""
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|[=×*/^²³<>≤≥()\[\]{}\\|]", re.UNICODE)
_SIGN = re.compile(r"\d+(?:[.,]\d+)*|[=×*/^²³<>≤≥|]")
_SIGN_RUN = 4
LEAST = 0.35
_LEAST_WEIGHT = 6.0
"""Weight of shared features below which likeness is chance."""
_PASSAGES = 5
_CHARACTERS = 1_500


def answer_evidence(
    class_: Sequence[Material], wording: Iterable[str] = ()
) -> dict[tuple[str, str], Evidence]:
    """Return, for each pair with at least one answer alike, how alike and which; `wording` is the sheet's own."""
    sheet = {feature for text in wording for feature in _features(text)}
    features = {
        one.id: {question: _features(text) - sheet for question, text in one.answers.items()}
        for one in class_
    }
    seen = Counter(
        feature for answers in features.values() for feature in set().union(*answers.values(), frozenset())
    )
    weight = {feature: math.log(1 + len(class_) / count) for feature, count in seen.items()}
    found = {}
    for left, right in combinations(class_, 2):
        alike = _alike(left, right, features, weight)
        if alike:
            found[left.id, right.id] = _evidence(left, right, alike)
    return found


def _features(text: str) -> frozenset[str]:
    """Return runs of words, and runs of numbers and signs, which survive translation."""
    words = [token.casefold() for token in _TOKEN.findall(text)]
    signs = [_number(token) for token in _SIGN.findall(text)]
    runs = {"w " + " ".join(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1)}
    runs |= {"s " + " ".join(signs[at : at + _SIGN_RUN]) for at in range(len(signs) - _SIGN_RUN + 1)}
    return frozenset(runs)


def _number(token: str) -> str:
    return re.sub(r"[.,]", "", token) if token[0].isdigit() else token


def _alike(
    left: Material,
    right: Material,
    features: dict[str, dict[str, frozenset[str]]],
    weight: dict[str, float],
) -> list[tuple[float, str]]:
    """Return (share, question) of the answers of which much is shared, the likest first."""
    found = []
    for question in left.answers.keys() & right.answers.keys():
        one, other = features[left.id][question], features[right.id][question]
        shared = sum(weight[feature] for feature in one & other)
        smaller = min(sum(weight[f] for f in one), sum(weight[f] for f in other))
        if shared >= _LEAST_WEIGHT and smaller and shared / smaller >= LEAST:
            found.append((shared / smaller, question))
    return sorted(found, key=lambda row: (-row[0], row[1]))


def _evidence(left: Material, right: Material, alike: list[tuple[float, str]]) -> Evidence:
    common = len(left.answers.keys() & right.answers.keys())
    share = sum(one for one, _ in alike) / max(common, 1)
    return Evidence(
        signal="answers",
        strength=round(min(1.0, max(share, 0.5 * alike[0][0])), 3),
        summary=", ".join(f"{question} {100 * one:.0f} %" for one, question in alike[:8]),
        passages=tuple(
            Passage(
                left_where=question,
                left=left.answers[question][:_CHARACTERS],
                right_where=question,
                right=right.answers[question][:_CHARACTERS],
            )
            for _, question in alike[:_PASSAGES]
        ),
    )
