"""How much a text speaks of what a question asks, by the words that few questions share."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from functools import lru_cache

from grader.model import Assignment, Question

_STEM = 6
_TITLE_WORDS_MAX = 5
_STOP = re.compile(
    r"les|des|une|est|que|qui|quel(?:le)?s?|pour|par|dans|sur|avec|son|ses|leur|sont|aux|cette|ces|ont|plus|"
    r"the|and|are|what|which|for|with|that|this|how|does|from|its|can|you|your|was|has|have|not|did|been|"
    r"question|reponse|answer|part|partie"
)


@lru_cache(maxsize=20_000)
def stems(text: str) -> frozenset[str]:
    """Return the beginnings of the words of `text` that mean something, accents taken off."""
    bare = unicodedata.normalize("NFKD", text[:4000].lower()).encode("ascii", "ignore").decode()
    return frozenset(word[:_STEM] for word in re.findall(r"[a-z]{3,}", bare) if not _STOP.fullmatch(word))


class Likeness:
    """The questions of one coursework as sets of words, in both languages."""

    def __init__(self, assignment: Assignment) -> None:
        """Weigh each word by how few questions hold it."""
        self._asked = {question.id: _wordings(question) for question in assignment.question}
        counts: Counter[str] = Counter()
        for wordings in self._asked.values():
            counts.update(frozenset().union(*wordings))
        total = max(len(self._asked), 2)
        self._weights = {word: math.log(1 + total / count) for word, count in counts.items()}
        self._strange = math.log(1 + total)

    def _weight(self, words: frozenset[str]) -> float:
        return sum(self._weights.get(word, self._strange) for word in words)

    def restates(self, text: str, question: str) -> float:
        """Return how nearly `text` is the question itself, 0 to 1 (Dice's coefficient over weights)."""
        said = stems(text)
        if not said:
            return 0.0
        best = 0.0
        for asked in self._asked[question]:
            shared = self._weight(said & asked)
            best = max(best, 2 * shared / (self._weight(said) + self._weight(asked)))
        return best

    def covers(self, text: str, question: str) -> float:
        """Return the share of the words of `text` that stand in the question, 0 to 1."""
        said = stems(text)
        if not said:
            return 0.0
        return max(self._weight(said & asked) / self._weight(said) for asked in self._asked[question])

    def speaks_of(self, text: str, question: str) -> float:
        """Return the share of the question's words that `text` takes up, 0 to 1."""
        said = stems(text)
        return max(
            (self._weight(said & asked) / self._weight(asked) for asked in self._asked[question] if asked),
            default=0.0,
        )


def _wordings(question: Question) -> tuple[frozenset[str], ...]:
    """Return the words of a question in each language, whole and up to its colon (its title, if it has one)."""
    found = []
    for text in (question.text.fr, question.text.en):
        found.append(stems(text))
        title = stems(text.partition(" :" if " :" in text else ":")[0])
        if 2 <= len(title) <= _TITLE_WORDS_MAX and len(title) < len(found[-1]):
            found.append(title)
    return tuple(dict.fromkeys(found))
