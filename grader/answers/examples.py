"""Answers that were marked by hand, as a second reader: what those most similar to an answer were given.

Likeness is the cosine of weighted words and pairs of words. It knows nothing of meaning: examples give no marks, they
only confirm or doubt what a rubric found.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import mul
from pathlib import Path

import msgspec

from grader.errors import CourseworkError

NEIGHBOURS = 7
_STEM, _PAIR = 6, 5
_CHARACTERS_MAX = 4_000
_ACCENTS = re.compile(r"[\u0300-\u036f]")
_SAME = 0.999


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One answer to a question, and the share of the points that a person gave it."""

    question: str
    answer: str
    score: float
    lang: str = ""


@dataclass(frozen=True)
class Alike:
    """How the most similar examples were marked, each weighed by its likeness: shares of 1."""

    none: float
    """Of those that got nothing."""
    full: float
    """Of those that got all points."""


class Examples:
    """The examples of one question."""

    def __init__(self, marked: Sequence[tuple[Counter[str], float]], rarity: Mapping[str, float]) -> None:
        self._rarity = rarity
        self._rarest = max(rarity.values(), default=1.0)
        self._scores = [score for _, score in marked]
        self._holding: dict[str, list[tuple[int, float]]] = defaultdict(list)
        """By part, the examples that hold it, and how much it is of each."""
        for place, (parts, _) in enumerate(marked):
            weights = self._weights(parts)
            length = _length(weights)
            for part, weight in zip(parts, weights, strict=True):
                self._holding[part].append((place, weight / length))

    def alike(self, text: str) -> Alike | None:
        """Return how the examples most similar to `text` were marked, itself aside; None where there are too few."""
        near = sorted(zip(self._cosines(_parts(text)), self._scores, strict=True), reverse=True)
        near = [one for one in near if one[0] < _SAME][:NEIGHBOURS]
        weights = [max(likeness, 1e-6) ** 2 for likeness, _ in near]
        if len(near) < NEIGHBOURS:
            return None
        shares: dict[float, float] = defaultdict(float)
        whole = sum(weights)
        for weight, (_, score) in zip(weights, near, strict=True):
            shares[score] += weight / whole
        return Alike(shares[0.0], shares[1.0])

    def _cosines(self, parts: Counter[str]) -> list[float]:
        """Return how near each example is."""
        found = [0.0] * len(self._scores)
        weights = self._weights(parts)
        length = _length(weights)
        holding = self._holding
        for part, weight in zip(parts, weights, strict=True):
            if part in holding:
                own = weight / length
                for place, value in holding[part]:
                    found[place] += own * value
        return found

    def _weights(self, parts: Counter[str]) -> list[float]:
        """Return what each of `parts` weighs: more the rarer it is, and the more often it stands there."""
        rarity, rarest = self._rarity, self._rarest
        return [
            rarity.get(part, rarest) if count == 1 else (1 + math.log(count)) * rarity.get(part, rarest)
            for part, count in parts.items()
        ]


def _length(weights: Sequence[float]) -> float:
    return math.sqrt(sum(map(mul, weights, weights))) or 1.0


def load_examples(path: Path) -> dict[str, Examples]:
    """Return the marked examples at `path` by question; none where the file is not there."""
    if not path.is_file():
        return {}
    try:
        lines = path.read_bytes().splitlines()
        marked = [msgspec.json.decode(line, type=Example) for line in lines if line.strip()]
    except (OSError, msgspec.DecodeError) as error:
        raise CourseworkError(
            fr=f"{path.parent.name}/{path.name} ne se lit pas : {error}. Corrigez ce fichier.",
            en=f"{path.parent.name}/{path.name} cannot be read: {error}. Mend that file.",
        ) from error
    parts = [_parts(one.answer) for one in marked]
    rarity = _rarity(parts)
    by_question: dict[str, list[tuple[Counter[str], float]]] = defaultdict(list)
    for one, own in zip(marked, parts, strict=True):
        by_question[one.question].append((own, one.score))
    return {question: Examples(own, rarity) for question, own in by_question.items()}


def _parts(text: str) -> Counter[str]:
    """Return the words of a text, cut to stems, and its pairs of neighbours, with how often each stands there."""
    plain = text[:_CHARACTERS_MAX].lower()
    if not plain.isascii():
        plain = _ACCENTS.sub("", unicodedata.normalize("NFD", plain))
    words = re.findall(r"[a-z]{2,}|\d+", plain)
    heads = [word[:_PAIR] for word in words]
    return Counter([word[:_STEM] for word in words] + [f"{one} {two}" for one, two in pairwise(heads)])


def _rarity(texts: Sequence[Counter[str]]) -> dict[str, float]:
    seen: Counter[str] = Counter()
    for parts in texts:
        seen.update(parts.keys())
    return {part: math.log(2 * len(texts) / number) for part, number in seen.items()}
