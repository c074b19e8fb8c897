"""Values of padding and stride as students write them, in figures, in words and in formulas."""

from __future__ import annotations

from types import ModuleType

import pytest

from grader import courseworks
from grader.model import Answer

FOLDER = courseworks.load("polytech_tp5_6").folder


@pytest.mark.parametrize(("text", "padding", "stride"), [
    ("s=1, p=(k-1)/2 soit 2 ici", 2, 1),
    ("P=(5-1)/2=2 and S=1", 2, 1),
    (r"$p = \lfloor k/2 \rfloor = 2$ et $s = 1$", 2, 1),
    ("2 pour le padding et 1 pour le stride", 2, 1),
    ("padding 'same' (2 pixels) et stride 1", 2, 1),
    ("il faut deux pixels de bord et un pas de 1", 2, 1),
    ("We slide by a single pixel and add a two-pixel border all around.", 2, 1),
    ("un bord de 2 pixels, et on avance d'un seul pixel", 2, 1),
    ("on avance de deux pixels sans ajouter de bord", 0, 2),
    ("Pas de bord ajouté et un pas de deux pixels, avec une fenêtre 2×2.", 0, 2),
    ("No border is added, and the stride is two.", 0, 2),
    ("stride = taille du noyau = 2 ; padding nul", 0, 2),
])  # fmt: skip
def test_values_are_read_however_they_are_written(
    values: ModuleType, text: str, padding: int, stride: int
) -> None:
    """A form that ends in its value, a border instead of a padding, one pixel at a time: each states one value."""
    answer = Answer(question="Q8", state="found", text=text)
    assert (values.paddings(answer), values.strides(answer)) == ({padding}, {stride})


@pytest.mark.parametrize("text", ["p = (k-1)/2", "un padding de (k-1)/2", "the border has some pixels"])
def test_a_form_alone_states_no_value(values: ModuleType, text: str) -> None:
    """What the student left to be computed is not computed here."""
    assert values.paddings(Answer(question="Q8", state="found", text=text)) == set()


def test_a_total_in_groups_with_blanks_is_one_number(values: ModuleType) -> None:
    """`1, 191, 170` is a total; three sizes of one layer are not."""
    assert values.grouped("soit 1, 191, 170 poids") == "soit 1,191,170 poids"
    assert values.grouped("une entrée (3, 224, 224)") == "une entrée (3, 224, 224)"
