"""Patterns over words: order, nearness, negation, roles, spelling; whatever is written costs a bounded time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.answers.directions import tags
from grader.answers.figures import comparisons
from grader.answers.patterns import Finder, PatternError, parse_pattern
from grader.answers.spelling import corrected
from grader.answers.words import read_words

CLASSES = {"less": ("moins", "fewer", "reduc*"), "weights": ("poids", "weight", "parametre")}
ROLES = ({"train": (("train",), ("apprentissage",)), "test": (("test",), ("evaluation",))},)


def holds(pattern: str, text: str) -> bool:
    reading = read_words(text)
    found = Finder(reading, tags(reading), ROLES).find(parse_pattern(pattern, CLASSES))
    return found is not None and not found.negated


@pytest.mark.parametrize(
    ("pattern", "text", "wanted"),
    [
        ("@less @weights", "Il y a moins de poids à apprendre.", True),
        ("@less @weights", "Fewer parameters: the weights are shared.", True),
        ("@less @weights", "Le nombre de PARAMÈTRES est réduit, moins de mémoire", True),
        ("@less > @weights", "Les poids sont moins nombreux.", False),
        ("@weights > @less", "Les poids sont moins nombreux.", True),
        ("@less @weights", "Il n'y a pas moins de poids.", False),
        (
            "@less @weights",
            "Moins de calcul. " + "Le réseau est grand et lent. " * 3 + "Il a des poids.",
            False,
        ),
        ("taille depend* @not", "La sortie ne dépend pas de la taille.", True),
        ("taille depend* @not", "La sortie dépend de la taille.", False),
        ("taille depend*", "It doesn't depend on the taille.", False),
        ("@either taille depend*", "Elle ne dépend pas de la taille.", True),
        ("champ_recept* grand*", "le champ  réceptif devient plus grand", True),
        ("champ_recept* grand*", "le champ du voisin, réceptif et grand", False),
        ("pas trop_grand", "un pas d'apprentissage trop grand", True),
        ("pooling reduc* !dropout", "pooling reduces the size", True),
        ("pooling reduc* !dropout", "pooling with dropout reduces the size", False),
        ("#2.3 loss", "la loss vaut 2,3 au début", True),
        ("train: eteint*", "En train des neurones sont éteints, en test non.", True),
        ("test: eteint*", "En train des neurones sont éteints, en test rien.", False),
        ("test: eteint*", "On éteint des neurones en test.", True),
        ("only voisin*", "Un neurone ne voit que ses voisins.", True),
        ("only voisin*", "Un neurone ne voit pas que ses voisins.", False),
        ("poids petit*", "Un réseau non entraîné a des poids petits.", True),
        ("jusqu couche", "On calcule jusqu'à la couche 5.", True),
        ("#>9 epoque", "Il faut 30 époques.", True),
        ("#>9 epoque", "Il faut 3 époques.", False),
        (
            "neuron* depend* !empech*",
            "Cela empêche chaque petit groupe de neurones de trop dépendre du reste.",
            True,
        ),
        (
            "neuron* depend* !!empech*",
            "Cela empêche chaque petit groupe de neurones de trop dépendre du reste.",
            False,
        ),
        ("beaucoup poids", "bcp de poid", True),
    ],
)
def test_patterns_hold_where_they_say_so(pattern: str, text: str, wanted: bool) -> None:
    """Classes, order, distance, negation and roles each decide."""
    assert holds(pattern, text) is wanted


@pytest.mark.parametrize("pattern", ["", ">", "@nobody", "!only", "@not"])
def test_a_pattern_that_looks_for_nothing_is_refused(pattern: str) -> None:
    """A class that is not there and a pattern without a word are errors of the rubric."""
    with pytest.raises(PatternError):
        parse_pattern(pattern, CLASSES)


def test_a_slip_of_one_letter_is_read_as_the_word_it_is_near() -> None:
    """Unknown words one slip away count; words of the dictionary stay what they are."""
    stems = frozenset({"surapprentissage", "regularis*", "convolution"})
    reading = corrected(read_words("surraprentissage, régulariasation, convolutoin, apprentissage"), stems)
    assert "convolution" in reading.words[2].forms
    assert any(form.startswith("regularis") for form in reading.words[1].forms)
    assert not {"surapprentissage"} & reading.words[3].forms


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("On passe de 70,2 % à 74,6 % en test.", 70.2, 74.6),
        ("74.6% versus 70.2% without it", 70.2, 74.6),
        ("78.4 now vs 75.0", 75.0, 78.4),
        ("81,4 -> 83,0", 81.4, 83.0),
        ("Elle tombe de 80 % à 76 % en test", 80, 76),
        ("82,1 % en test (train 90 %) au lieu de 80,3 %", 80.3, 82.1),
        ("Le test passe de 72 à 78,5 % et le train de 100 à 88 %.", 72, 78.5),
        ("Sans augmentation : train 100 %, test 72 %. Avec : train 87 %, test 79 %.", 72, 79),
        ("With dropout we reach 82.5% in test. Without it, 81.0%.", 81.0, 82.5),
    ],
)
def test_before_and_after_are_told_apart(text: str, before: float, after: float) -> None:
    """A comparison has the older accuracy first, in whatever order it is told."""
    (pair,) = comparisons(read_words(text))
    assert (pair.before, pair.after) == (before, after)


def test_a_gain_in_brackets_behind_an_accuracy_is_one() -> None:
    """`83.5% (+1.8)` tells a difference in points; a sum does not."""
    assert len(tags(read_words("Final test accuracy is 83.5% (+1.8)."))["gain"]) == 1
    assert len(tags(read_words("77,9 % en test (+5 par rapport à la normalisation)"))["gain"]) == 1
    assert tags(read_words("k·k·z + 1 poids"))["gain"] == []


def test_a_gap_and_a_training_accuracy_are_no_comparison() -> None:
    """Train against test is a gap; epochs and sizes are no accuracies."""
    assert comparisons(read_words("train 99,8 % contre 70,6 % en test")) == ()
    assert tags(read_words("50 époques, batch de 64, crop 28x28"))["acc"] == []


@pytest.mark.parametrize(
    "unit",
    [
        "poids ",
        "ne pas ",
        "a",
        "1 ",
        "poids,",
        "(",
        "not ",
        "70,2 % à ",
        "<b>",
        "\u202e\u200b",
        "ﬁ",
        "é́",
        "→ ",
    ],
)
def test_a_megabyte_costs_a_bounded_time(unit: str) -> None:
    """Whatever is repeated, reading and finding end within seconds, and evidence is never longer than its cap."""
    start = time.perf_counter()
    reading = read_words(unit * (1_000_000 // len(unit)))
    finder = Finder(reading, tags(reading), ROLES)
    for pattern in (
        "@less @weights",
        "poids > poids > poids",
        "ne pas poids /20",
        "#acc #acc",
        "train: poids",
    ):
        match = finder.find(parse_pattern(pattern, CLASSES))
        assert match is None or len(reading.quote(match.first, match.last)) <= 200
    assert time.perf_counter() - start < 10


@given(st.text(alphabet="aezpo idst'n.,:;()%→=1273×\n\u200b\u202eéœİ", max_size=300))
@settings(max_examples=100, deadline=None)
def test_no_text_breaks_the_reading(text: str) -> None:
    """Any text is read, and every word lies where its quotation is taken from."""
    reading = read_words(text)
    assert all(word.start < word.end <= len(reading.shown) for word in reading.words)
    assert [word.at for word in reading.words] == sorted(word.at for word in reading.words)
