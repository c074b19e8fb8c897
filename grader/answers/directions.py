"""Whether the figures of a sentence go the way its words say: `a drop from 82 to 84`, a test above its training."""

from __future__ import annotations

from itertools import pairwise, takewhile

from grader.answers import figures
from grader.answers.figures import Comparison, accuracies, comparisons, measured_on
from grader.answers.word_lists import word_set
from grader.answers.words import Reading, Word

_UP_VERBS = word_set(
    "monter monte augmenter augmente grimper grimpe gagner gagne rise rose increase climb gain improve ameliorer"
    " croitre progresser progresse bondir jump raise boost remonter up bondit soar shoot decoller"
)
_UP_NOUNS = word_set(
    "hausse gain augmentation increase rise amelioration improvement progression progres boost"
)
_DOWN_VERBS = word_set(
    "baisser baisse chuter chute tomber tombe descendre descend drop fall fell decrease diminuer diminue perdre perd"
    " lose lost decline regresser reculer recule plummet sink down effondrer effondre collapse plunge dive degringoler"
)
_DOWN_NOUNS = word_set(
    "baisse chute perte diminution drop fall decrease decline recul regression deterioration"
)
_OTHER_VERBS = word_set(
    "passer passe go goes went gone atteindre atteint reach obtenir obtient get got etre est is was were et and mais"
    " but while alors avec with have avoir rester stay remain finir end lent lentement slowly slower vite rapidement"
    " faster quickly"
)
"""Between a word that tells a direction and a number, they part the two."""
_OTHER_SUBJECTS = word_set(
    "ecart gap loss perte erreur error train apprentissage entrainement training surapprentissage overfitting temps"
    " time variance bruit noise oscillation sur over lr rate"
)
_AHEAD, _BEHIND = 7, 6
_CLOSE = 10.0
_SPLIT = 5.0
"""Points between training and test from which on one is above the other."""
_LEVEL = 3.0
_ROW = 4.0
_APART = 3
_SAME = 0.005
_CLAUSE = 9
_RIGHT_BEFORE = 2.6
_EPOCHS = word_set("epoque epoch epochs iteration")
_INSTEAD = word_set("lieu instead contre vs versus rather plutot than against compared")
_POINTS = word_set("point points pt pts")
_TRAIN = word_set("train training apprentissage entrainement")
_TEST = word_set("test validation")


def tags(reading: Reading) -> dict[str, list[int]]:
    """Return the places of numbers by what they are, and by whether they go where the words around them say."""
    return {
        **figures.tags(reading),
        **splits(reading),
        **durations(reading),
        "contrary": contrary(reading),
    }


def contrary(reading: Reading) -> list[int]:
    """Return where a comparison ends whose numbers go the other way than the words that announce or sum it up."""
    words = reading.words
    pairs = {(pair.first, pair.last): pair for pair in (*_ranges(words), *comparisons(reading))}
    return sorted(pair.last for pair in pairs.values() if _is_contrary(words, pair))


def _ranges(words: list[Word]) -> list[Comparison]:
    """Return `from A to B` and `de A à B`, of whatever numbers."""
    places = [place for place, word in enumerate(words) if word.value is not None]
    return [
        Comparison(words[one].value or 0.0, words[two].value or 0.0, one, two)
        for one, two in pairwise(places)
        if one
        and words[one - 1].written in ("de", "from")
        and two - one <= _APART
        and words[two - 1].written in ("a", "to", "→")
        and words[two].at - words[one].at < _ROW
    ]


def _is_contrary(words: list[Word], pair: Comparison) -> bool:
    change = pair.after - pair.before
    if abs(change) < _SAME * max(abs(pair.before), abs(pair.after)):
        return False
    said = _announced(words, pair.first) + _summed_up(words, pair.last)
    return any((direction > 0) != (change > 0) for direction in said)


def _announced(words: list[Word], first: int) -> list[int]:
    """Return the direction of the verb or noun that the numbers from `first` on belong to: 1, -1, or nothing."""
    for place in range(first - 1, max(-1, first - 1 - _AHEAD), -1):
        word = words[place]
        if words[first].at - word.at > _CLOSE or _is_level(words, place) or word.forms & _OTHER_VERBS:
            return []
        direction = _direction(word, _UP_VERBS | _UP_NOUNS, _DOWN_VERBS | (_DOWN_NOUNS - {"perte"}))
        if direction:
            return [] if word.negated_by else [direction]
    return []


def _summed_up(words: list[Word], last: int) -> list[int]:
    """Return the direction of a noun that closes on the numbers: `..., so a drop of two points`."""
    for place in range(last + 1, min(last + 1 + _BEHIND, len(words))):
        word = words[place]
        if (
            word.at - words[last].at > _CLOSE
            or word.value is not None
            or word.forms & _OTHER_SUBJECTS - {"perte"}
        ):
            return []
        direction = _direction(word, _UP_NOUNS, _DOWN_NOUNS)
        if direction and words[place - 1].written in (
            "un",
            "une",
            "a",
            "an",
            "en",
            "la",
            "the",
            "de",
            "of",
            "nette",
        ):
            after = words[place + 1 : place + 5]
            other = any(one.forms & _OTHER_SUBJECTS for one in after if one.at - word.at < _BEHIND)
            return [] if other or word.negated_by else [direction]
    return []


def _is_level(words: list[Word], place: int) -> bool:
    """Tell a number that is no difference in points."""
    return words[place].value is not None and not any(
        one.forms & _POINTS for one in words[place + 1 : place + 3]
    )


def _direction(word: Word, up: frozenset[str], down: frozenset[str]) -> int:
    rises, falls = bool(word.forms & up), bool(word.forms & down)
    return 0 if rises == falls else 1 if rises else -1


def durations(reading: Reading) -> dict[str, list[int]]:
    """Return where two numbers of epochs told as now and before end: `longer` or `shorter` than it was."""
    words = reading.words
    found: dict[str, list[int]] = {"longer": [], "shorter": []}
    places = [place for place, word in enumerate(words) if word.value is not None]
    for left, right in pairwise(places):
        near = (*words[left + 1 : left + 3], *words[right + 1 : right + 3])
        between = {form for word in words[left + 1 : right] for form in word.forms}
        if words[right].at - words[left].at > _CLOSE or not any(word.forms & _EPOCHS for word in near):
            continue
        now, before = (words[left].value or 0.0), (words[right].value or 0.0)
        if words[left - 1 if left else 0].written in ("de", "from") and between & {"a", "to", "→"}:
            now, before = before, now
        elif not between & _INSTEAD:
            continue
        if now != before:
            found["longer" if now > before else "shorter"].append(right)
    return found


def splits(reading: Reading) -> dict[str, list[int]]:
    """Return where an accuracy in training and one in test end side by side, by which of the two is higher.

    `apart` is training above by five points or more, `reversed` likewise, `level` within three points.
    """
    words = reading.words
    found: dict[str, list[int]] = {"apart": [], "reversed": [], "level": []}
    for left, right in pairwise(accuracies(reading)):
        one, two = _beside(words, left), _beside(words, right)
        if not one and not two:
            one, two = _respectively(words, left, right)
        one, two = one or _before(words, left), two or _before(words, right)
        if not one or not two or one == two or words[right].at - words[left].at > 2 * _CLOSE:
            continue
        train, test = (left, right) if one == "train" else (right, left)
        above = _percent(words[train]) - _percent(words[test])
        kind = "level" if abs(above) <= _LEVEL else "apart" if above >= _SPLIT else "reversed"
        if kind != "reversed" or above <= -_SPLIT:
            found[kind].append(right)
    return found


def _beside(words: list[Word], place: int) -> str:
    """Return what an accuracy was measured on, as the words right behind, right before or around it have it."""
    following = takewhile(lambda word: word.written not in ("et", "and"), words[place + 1 : place + 4])
    behind = [word for word in following if word.clause == words[place].clause]
    ahead = [word for word in words[max(0, place - 2) : place] if words[place].at - word.at <= _RIGHT_BEFORE]
    return _named(behind[::-1]) or _named(ahead) or measured_on(words, place)


def _before(words: list[Word], place: int) -> str:
    """Return which set was named last before the accuracy, in its clause or the one before."""
    clauses = (words[place].clause - 1, words[place].clause)
    return _named(
        [
            word
            for word in words[max(0, place - _CLAUSE) : place]
            if words[place].at - word.at < _CLOSE and word.clause in clauses
        ]
    )


def _named(words: list[Word]) -> str:
    """Return which set the last of `words` that names one does."""
    named = [word for word in words if bool(word.forms & _TRAIN) != bool(word.forms & _TEST)]
    return "" if not named else "train" if named[-1].forms & _TRAIN else "test"


def _respectively(words: list[Word], left: int, right: int) -> tuple[str, str]:
    """Return what two numbers in a row were measured on, where the two sets are named in a row before them."""
    if words[right].at - words[left].at > _ROW:
        return "", ""
    named = [
        "train" if word.forms & _TRAIN else "test"
        for word in words[max(0, left - 12) : left]
        if bool(word.forms & _TRAIN) != bool(word.forms & _TEST) and words[left].at - word.at < 2 * _CLOSE
    ]
    return (named[-2], named[-1]) if len(named) > 1 else ("", "")


def _percent(word: Word) -> float:
    value = word.value or 0.0
    return value * 100 if value <= 1 else value
