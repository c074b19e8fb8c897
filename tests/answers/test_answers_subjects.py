"""Of what an answer speaks, and whether its figures go where its words say: what fluent wrong answers turn round."""

from __future__ import annotations

import pytest

from grader.answers.directions import contrary, durations, splits
from grader.answers.patterns import Finder, parse_pattern
from grader.answers.words import read_words

GROUPS = (
    {"brick": (("brick",), ("brique",)), "wood": (("wood",), ("bois",))},
    {"thick": (("thick",), ("epais",)), "thin": (("thin",), ("mince",))},
)


def holds(pattern: str, text: str) -> bool:
    """Tell whether the pattern holds in the text, inside of no negation."""
    match = Finder(read_words(text), roles=GROUPS).find(parse_pattern(pattern, {}))
    return match is not None and not match.negated


@pytest.mark.parametrize(
    ("pattern", "text", "wanted"),
    [
        ("wood: burns", "Brick keeps the heat, whereas wood burns.", True),
        ("brick: burns", "Brick keeps the heat, whereas wood burns.", False),
        ("brick: chauffe", "Contrairement au bois, qui brûle, la brique chauffe.", True),
        ("wood: brule", "Contrairement au bois, qui brûle, la brique chauffe.", True),
        ("wood: dure", "La brique coûte plus que le bois, et elle dure.", False),
        ("brick: dure", "La brique coûte plus que le bois, et elle dure.", True),
        ("wood: cheaper", "One wall is far cheaper than in wood.", False),
        ("wood+thin: breaks", "Thick wood holds, a thin one breaks.", True),
        ("wood+thick: breaks", "Thick wood holds, a thin one breaks.", False),
        ("wood: warm", "It keeps warm, when it is wood.", True),
        ("wood: rots", "It rots while the wood is wet, never when it is brick.", True),
        ("brick: warm", "We took brick. It stays warm.", True),
        ("brick!: warm", "We took brick. It stays warm.", False),
        ("brick!: warm", "Brick is cheap, and it stays warm.", True),
    ],
)
def test_what_is_said_is_said_of_a_subject(pattern: str, text: str, wanted: bool) -> None:
    """A clause speaks of whom it names; one that is only compared with is left again; `!` ends with the sentence."""
    assert holds(pattern, text) is wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("L'accuracy passe de 82 à 84 %, donc une baisse de 2 points.", True),
        ("L'accuracy passe de 82 à 84 %, soit un gain de 2 points.", False),
        ("Test accuracy climbs from 85% to 82%.", True),
        ("Test accuracy climbs from 82% to 85%.", False),
        ("Le test gagne 3 points, de 84,6 % à 81,5 %.", True),
        ("La loss baisse et l'accuracy passe de 82 à 84 %.", False),
        ("The accuracy does not drop, from 82% to 84%.", False),
        ("The gap goes up from 17 to 8 points.", True),
        ("La loss de test tombe de 0,6 à 0,9.", True),
        ("La loss de test tombe de 0,9 à 0,6.", False),
        ("Elle monte plus lentement au départ (45 % au lieu de 52 %).", False),
        ("On monte à 83,9 % en test (82,3 avant), et 70 % dès la 2e époque.", False),
        ("De 82 à 84 %, et une baisse de l'écart.", False),
    ],
)
def test_figures_that_go_the_other_way_than_their_words_are_seen(text: str, wanted: bool) -> None:
    """A rise called a fall, or the reverse, is told; a word about something else is none about the figures."""
    assert bool(contrary(read_words(text))) is wanted


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("99 % en train contre 71 % en test", "apart"),
        ("99% train vs 70% test", "apart"),
        ("Le test passe de 72 à 78 % et le train de 100 à 88 %", "apart"),
        ("on a 71 % en test et 99 % en train", "apart"),
        ("un écart entre test (99,8 %) et train (71 %)", "reversed"),
        ("On atteint 99 % en test alors que le train plafonne à 70 %", "reversed"),
        ("Train and test accuracy are both low (35% and 34%)", "level"),
    ],
)
def test_training_and_test_are_held_against_each_other(text: str, kind: str) -> None:
    """Which of two accuracies is higher is known by what each was measured on, named beside it or in a row before."""
    assert [name for name, places in splits(read_words(text)).items() if places] == [kind]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Il faut désormais 20 époques au lieu de 8.", "longer"),
        ("We need 8 epochs instead of 20.", "shorter"),
        ("La convergence passe de 20 à 8 époques.", "shorter"),
    ],
)
def test_more_epochs_than_before_are_longer(text: str, kind: str) -> None:
    """How long it takes now is held against how long it took."""
    assert [name for name, places in durations(read_words(text)).items() if places] == [kind]
