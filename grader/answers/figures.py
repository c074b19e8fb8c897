"""What the numbers of a sentence are: accuracies, gains, and pairs of accuracies told as before and after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from itertools import pairwise, takewhile
from typing import Literal, TypeVar

from grader.answers.word_lists import word_set
from grader.answers.words import Reading, Word

T = TypeVar("T")
_UNITS = word_set(
    "epoque epoch iteration passe passes image neurone neuron neurons filtre filter pixel px batch poids weight"
    " parametre parameter params param couche layer classe class sec seconde second min minute fois times degre"
    " degree mots word kernel × mo gb mb heure"
)
_NAMED = word_set(
    "epoque epoch lr p batch bs taille size seed crop rotation gamma momentum alpha question q tp k t etape stage"
    " kernel noyau crops eta decroissance coefficient"
)
_ACCURACY = word_set("accuracy acc precision score test train val validation top prec performance")
_TO = word_set("→ a to vers puis then jusqu")
_THAN = word_set("contre vs versus against lieu instead rather plutot than compared rapport before avant")
_BEFORE = word_set(
    "avant before previous auparavant formerly precedemment previously prev without sans precedent base baseline"
)
_WAS = word_set("was were etait avait had")
"""Between two accuracies, before the older one."""
_GAIN = word_set("+ gain gagne gagner gagnant win bring apporte apporter plus improve ameliorer of de up")
_POINTS = word_set("point points pt pts")
_TRAIN = word_set("train training apprentissage entrainement learning")
_TEST = word_set("test validation val evaluation")
_RELATIVE = word_set("rapport compare compared relative relativement over vs")
_GAP = word_set("ecart gap fosse")
_NEAR = 4
_LEAP = 3.0
_SAME = 0.4
"""Points below which two accuracies are the same."""
_UP_TO = ("a", "to", "→")
_WITHOUT = word_set("sans without avant before")
_WITH = word_set("avec with apres after")
_CASE = 14.0


@dataclass(frozen=True)
class Comparison:
    """Two accuracies of one sentence, told as before and after."""

    before: float
    after: float
    first: int
    last: int
    """Places of the two numbers among the words."""


def tags(reading: Reading) -> dict[str, list[int]]:
    """Return the places of numbers by what they are.

    `acc` are accuracies, `gain` gains in points; `rise`, `fall` and `same` end a comparison, as does every `pair`; a
    `leap` is a rise of three points or more, a `testfall` a fall of what is said to be a test accuracy.
    """
    pairs = comparisons(reading)
    found: dict[str, list[int]] = {
        "acc": list(accuracies(reading)),
        "gain": gains(reading),
        "rise": [],
        "fall": [],
        "same": [],
        "leap": [],
        "testfall": [],
    }
    for pair in pairs:
        change = pair.after - pair.before
        found["same" if abs(change) < _SAME else "rise" if change > 0 else "fall"].append(pair.last)
        if change >= _LEAP:
            found["leap"].append(pair.last)
        if change <= -_SAME and "test" in (
            measured_on(reading.words, pair.first),
            measured_on(reading.words, pair.last),
        ):
            found["testfall"].append(pair.last)
    found["pair"] = sorted(pair.last for pair in pairs)
    return found


def _once(find: Callable[[Reading], T]) -> Callable[[Reading], T]:
    """Have `find` look at each reading once."""

    @wraps(find)
    def found(reading: Reading) -> T:
        if find.__name__ not in reading.once:
            reading.once[find.__name__] = find(reading)
        kept: T = reading.once[find.__name__]
        return kept

    return found


@_once
def accuracies(reading: Reading) -> Sequence[int]:
    """Return the places of the numbers that read as an accuracy in percent."""
    return tuple(place for place in reading.numbers if _is_accuracy(reading.words, place))


def _is_accuracy(words: list[Word], place: int) -> bool:
    value = words[place].value or 0.0
    after = (
        words[place + 1] if place + 1 < len(words) and words[place + 1].at - words[place].at < 2.6 else None
    )
    percent = after is not None and (
        after.written == "%" or "pourcent" in after.forms or "percent" in after.forms
    )
    if percent:
        following = words[place + 2] if place + 2 < len(words) else None
        share = following is not None and bool({"poids", "parametre", "param", "weight"} & following.forms)
        return 5 <= value <= 100 and not share
    if after is not None and after.forms & (_UNITS | _POINTS) and after.at - words[place].at < 1.6:
        return False
    before = [word for word in words[max(0, place - 2) : place] if words[place].at - word.at < 3]
    if any(word.forms & _NAMED or word.written in ("×", "≤") for word in before):
        return False
    near = {form for word in words[max(0, place - _NEAR) : place + _NEAR] for form in word.forms}
    if (
        0.1 < value < 1
        and near & _ACCURACY
        and value * 100 == round(value * 100, 2)
        and value not in (0.5, 0.9, 0.95)
    ):
        return True
    fraction = abs(value - round(value)) > 1e-9
    return (fraction and 30 <= value < 100) or (50 <= value <= 100 and bool(near & (_ACCURACY | _TO | _THAN)))


def gains(reading: Reading) -> list[int]:
    """Return the places of numbers that state a difference in points."""
    words = reading.words
    found = []
    for place in reading.numbers:
        word = words[place]
        if word.value is None or word.value > 60:
            continue
        after = words[place + 1 : place + 4]
        before = words[max(0, place - 3) : place]
        if any(one.forms & _GAP and one.clause == word.clause for one in words[max(0, place - 12) : place]):
            continue  # of the gap between train and test, and not of an accuracy
        points = any(one.forms & _POINTS for one in after[:2])
        plus = bool(before) and before[-1].written == "+"
        signed = plus and (
            any(one.written == "%" for one in after[:1])
            or any(one.forms & _RELATIVE for one in after[:2])
            or _beside_accuracy(words, place)
        )
        told = any(one.forms & (_GAIN - {"of", "de", "plus"}) for one in before) and any(
            one.written == "%" for one in after[:1]
        )
        if points or signed or told:
            found.append(place)
    return found


def _beside_accuracy(words: list[Word], place: int) -> bool:
    """Tell whether the sign and number at `place` stand right behind an accuracy: `83.5% (+1.8)`."""
    behind = [one for one in range(max(0, place - 3), place - 1) if words[one].value is not None]
    return bool(behind) and _is_accuracy(words, behind[-1]) and words[place].at - words[behind[-1]].at < 5


@_once
def comparisons(reading: Reading) -> tuple[Comparison, ...]:
    """Return the accuracies told as before and after: `de A à B`, `A → B`, `B contre A`, `B (A avant)`.

    Training accuracies are left out: set beside a test accuracy they tell a gap, and their own fall is no loss.
    """
    words = reading.words
    places = [place for place in accuracies(reading) if measured_on(words, place) != "train"]
    found = []
    for left, right in pairwise(places):
        if words[right].at - words[left].at > 14:
            continue
        order = _order(words, left, right)
        if order is None:
            continue
        one, two = (left, right) if order == "rising" else (right, left)
        found.append(Comparison(_percent(words[one]), _percent(words[two]), left, right))
    return tuple(found) or _by_case(words, places)


def _by_case(words: list[Word], places: list[int]) -> tuple[Comparison, ...]:
    """Return `Sans X : A. Avec : B.` as a comparison: each case opens a clause of its own, and holds one accuracy."""
    told: dict[str, list[int]] = {"without": [], "with": []}
    for place in places:
        opening = [
            word
            for at, word in enumerate(words[:place])
            if word.forms & (_WITHOUT | _WITH)
            and words[place].at - word.at < _CASE
            and (not at or words[at - 1].clause != word.clause)
        ]
        if opening:
            told["without" if opening[-1].forms & _WITHOUT else "with"].append(place)
    if len(told["without"]) != 1 or len(told["with"]) != 1:
        return ()
    (before,), (after,) = told["without"], told["with"]
    first, last = sorted((before, after))
    return (Comparison(_percent(words[before]), _percent(words[after]), first, last),)


def _order(words: list[Word], left: int, right: int) -> Literal["rising", "falling"] | None:
    """Return which of two numbers was there before: the left one ("rising"), the right one, or None."""
    between = {form for word in words[left + 1 : right] for form in word.forms}
    following = takewhile(lambda word: word.value is None, words[right + 1 : right + 4])
    behind = {form for word in following if word.at - words[right].at < 4 for form in word.forms}
    ahead = {form for word in words[max(0, left - 3) : left] for form in word.forms}
    if behind & _BEFORE or between & _THAN - {"avant", "before"}:
        return "falling"
    near = 12 if ahead & {"de", "from", "passer", "passe"} else 7
    if between & {"→", "to", "a", "vers", "jusqu"} and words[right].at - words[left].at < near:
        return "rising"
    earlier = _BEFORE | _WAS
    if between & earlier:
        place = next(place for place in range(left + 1, right) if words[place].forms & earlier)
        return "rising" if words[place].at - words[left].at < words[right].at - words[place].at else "falling"
    if ahead & _BEFORE and words[right].at - words[left].at < 8:
        return "rising"
    return None


def measured_on(words: list[Word], place: int) -> Literal["train", "test", ""]:
    """Return on which images an accuracy was measured, where the words around it tell, those nearest first."""
    clause = words[place].clause
    following = takewhile(lambda word: word.written not in ("et", "and"), words[place + 1 : place + 4])
    behind = [word for word in following if word.clause == clause]
    before = [word for word in words[max(0, place - 4) : place] if word.clause == clause]
    since = next(
        (one for one in range(place - 2, max(-1, place - 4), -1) if words[one].value is not None), None
    )
    if since is not None and words[place - 1].written in _UP_TO:  # `from A to B`: B is of what A is
        before += words[max(0, since - 4) : since]
    around = [word for word in words[max(0, place - 4) : place + 5] if abs(word.at - words[place].at) < 4]
    for near in (behind, before, around):
        forms = {form for word in near for form in word.forms}
        train, test = bool(forms & _TRAIN), bool(forms & _TEST)
        if train != test:
            return "train" if train else "test"
    return ""


def _percent(word: Word) -> float:
    value = word.value or 0.0
    return value * 100 if value < 1 else value
