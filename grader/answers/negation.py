"""Which words of an answer are negated: what negates, how far it reaches, and `ne ... que`, which only restricts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from grader.answers.word_lists import word_set

if TYPE_CHECKING:
    from grader.answers.words import Word

_NO = word_set(
    "not no never without cannot sans aucun aucune jamais ni nor neither none rien non nothing nobody guere"
    " doesnt isnt cant wont didnt arent wasnt werent hasnt havent hadnt couldnt shouldnt wouldnt"
)
_STEP_BEFORE = word_set(
    "le un du ce au petit grand de des les son faible bon gros trop meme chaque pas premier"
)
"""Before `pas`, they make it a step and no negation."""
_REACH = {"non": 2, "sans": 4, "without": 4, "aucun": 5, "aucune": 5, "no": 5, "ni": 4, "nor": 4}
_REACH_MOST = 7
_NE = ("ne", "n'")
_RESTRICTED = 6


def may_negate(form: str) -> bool:
    """Tell whether a word negates, or does after some others."""
    return form in _NO or form in ("pas", "plus") or form.endswith("n't")


def is_negator(form: str, before: Sequence[Word]) -> bool:
    """Tell whether a word negates, given the words before it."""
    if form in _NO or form.endswith("n't"):
        return True
    if form == "pas":
        last = before[-1].written if before else ""
        return last not in _STEP_BEFORE or any(word.written in _NE for word in before[-5:])
    if form == "plus":
        return any(word.written in _NE for word in before[-4:])
    return False


def mark_negations(words: list[Word]) -> None:
    """Mark what each negation reaches: on to the end of its clause at most, and back to the verb before it."""
    for place, word in enumerate(words):
        if word.written in ("que", "qu'") and _restricts(words, place):
            word.forms |= {"seulement", "only"}
        if not word.negator or _is_only(words, place) or _answers(words, place):
            continue
        for other in words[place + 1 : place + 1 + _REACH.get(word.written, _REACH_MOST)]:
            if other.clause != word.clause:
                break
            other.negated_by.add(place)
        for other in words[_back(words, place) : place]:
            other.negated_by.add(place)


def _is_only(words: list[Word], place: int) -> bool:
    """Tell `not only`, `non seulement`, `no doubt` and `sans doute` from negations."""
    after = words[place + 1].written if place + 1 < len(words) else ""
    return after in ("only", "just", "merely", "seulement", "uniquement", "doubt", "doute", "matter")


def _answers(words: list[Word], place: int) -> bool:
    """Tell the `no` that answers, and whose reason follows, from one that negates what follows."""
    after = words[place + 1].written if place + 1 < len(words) else ""
    return words[place].written in ("no", "non") and after in (
        "because",
        "car",
        "since",
        "as",
        "puisque",
        "parce",
    )


def _restricts(words: list[Word], place: int) -> bool:
    """Tell the `que` of `ne ... que`, which says `only`."""
    for word in reversed(words[max(0, place - _RESTRICTED) : place]):
        if word.negator or word.clause != words[place].clause:
            return False
        if word.written in _NE:
            return True
    return False


def _back(words: list[Word], place: int) -> int:
    """Return where a negation begins to reach: at its `ne`, or at the verb before `pas` and `not`."""
    for back in range(place - 1, max(-1, place - 6), -1):
        if words[back].clause != words[place].clause:
            break
        if words[back].written in _NE:
            return back
    if words[place].written in ("pas", "not") and place and words[place - 1].clause == words[place].clause:
        return place - 1
    return place
