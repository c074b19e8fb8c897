"""Likeness of written answers: shared runs of words, and across languages the same numbers and signs in the same order.

What many answers of the class share, the sheet's own wording and the figures everybody finds, counts for nothing, and
what few share for the more the rarer it is. Pairs are found by what they share, so that a class of a thousand is not a
million comparisons.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
_COMMON, _COMMON_FROM = 0.05, 8
"""Share of a class, and least number of hand-ins, beyond which what they have in common comes from the sheet."""
_PASSAGES = 5
_CHARACTERS = 1_500


def answer_evidence(
    class_: Sequence[Material], wording: Iterable[str] = ()
) -> dict[tuple[str, str], Evidence]:
    """Return, for each pair with at least one answer alike, how alike and which; `wording` is the sheet's own."""
    sheet = {feature for text in wording for feature in _features(text)}
    features = [
        {question: _features(text) - sheet for question, text in one.answers.items()} for one in class_
    ]
    weight = _weights(features)
    alike: dict[tuple[int, int], list[tuple[float, str]]] = {}
    for question in sorted({question for answers in features for question in answers}):
        for pair, share in _alike([answers.get(question, frozenset()) for answers in features], weight):
            alike.setdefault(pair, []).append((share, question))
    return {
        (class_[left].id, class_[right].id): _evidence(
            class_[left], class_[right], sorted(found, key=lambda row: (-row[0], _in_sheet(row[1])))
        )
        for (left, right), found in sorted(alike.items())
    }


def _weights(features: Sequence[Mapping[str, frozenset[int]]]) -> dict[int, float]:
    """Return what each feature weighs; what a good part of the class has is not in it."""
    seen = Counter(feature for answers in features for feature in frozenset().union(*answers.values()))
    most = max(_COMMON_FROM, _COMMON * len(features))
    return {feature: math.log(1 + len(features) / count) for feature, count in seen.items() if count <= most}


def _alike(
    answers: Sequence[frozenset[int]], weight: Mapping[int, float]
) -> Iterator[tuple[tuple[int, int], float]]:
    """Yield the pairs of answers to one question of which much is shared, and the share."""
    whose: dict[int, list[int]] = {}
    whole = [0.0] * len(answers)
    for place, features in enumerate(answers):
        for feature in features & weight.keys():
            whose.setdefault(feature, []).append(place)
            whole[place] += weight[feature]
    shared: dict[tuple[int, int], float] = {}
    for feature, places in whose.items():
        for pair in combinations(places, 2):
            shared[pair] = shared.get(pair, 0.0) + weight[feature]
    for (left, right), common in shared.items():
        smaller = min(whole[left], whole[right])
        if common >= _LEAST_WEIGHT and common / smaller >= LEAST:
            yield (left, right), min(common / smaller, 1.0)


def _features(text: str) -> frozenset[int]:
    """Return digests of runs of words, and of runs of numbers and signs, which survive translation."""
    words = [token.casefold() for token in _TOKEN.findall(text)]
    signs = [_number(token) for token in _SIGN.findall(text)]
    runs = {"w " + " ".join(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1)}
    runs |= {"s " + " ".join(signs[at : at + _SIGN_RUN]) for at in range(len(signs) - _SIGN_RUN + 1)}
    return frozenset(map(hash, runs))


def _number(token: str) -> str:
    return re.sub(r"[.,]", "", token) if token[0].isdigit() else token


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
            for question in sorted((question for _, question in alike[:_PASSAGES]), key=_in_sheet)
        ),
    )


def _in_sheet(question: str) -> tuple[tuple[int, str], ...]:
    """Return the place of a question in the order of the sheet: Q2 before Q10."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", question))
