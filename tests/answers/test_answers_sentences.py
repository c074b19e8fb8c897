"""Sentences on layers that speak of inputs and kernels too: only the output counts as the size."""

from __future__ import annotations

import pytest

from grader.answers import read_layers

TABLE = "| couche | sortie | poids |\n|---|---|---|\n| conv2 | {} | 51200 |\n"
SAID = {
    "an arrow from the input": "conv2 : 16x16x32 -> 16x16x64, 51200 poids",
    "both named": "conv2 : entrée 16x16x32, sortie 16x16x64, 51200 poids",
    "both in one breath": "conv2 prend en entrée 16x16x32 et produit 16x16x64 avec 51200 poids à apprendre",
    "the filters first": "conv2 : 64 filtres 5x5x32, sortie 16x16x64, 51200 poids",
    "the kernel in brackets": "conv2 (noyau de taille 5x5x32) : taille 16x16x64 ; nombre de poids : 51200",
    "tuples": "conv2: (32, 16, 16) -> (64, 16, 16), 51200 weights",
    "maps of a size": TABLE.format("64 cartes de 16x16"),
    "LeNet's notation": TABLE.format("64@16x16"),
}


@pytest.mark.parametrize("name", SAID)
def test_the_output_is_told_from_input_and_kernel(name: str) -> None:
    """Whatever else is said of the layer, its size and its weights are read."""
    row = read_layers(SAID[name], first_dense=4)["conv2"]
    assert row.size == (64, 16, 16)
    assert [number.value for number in row.weights] == [51200]


def test_a_second_size_is_kept_apart() -> None:
    """Where nothing says which of two sizes is the output, both are told."""
    row = read_layers("fc4 : 1024 -> 1000, 1024000 poids", first_dense=4)["fc4"]
    assert row.size == (1024,)
    assert (1000,) in row.other_sizes


def test_a_size_in_brackets_is_not_taken_for_weights() -> None:
    """`(1000), 1024000` gives the size first."""
    row = read_layers("fc4: (1000), 1024000 poids", first_dense=4)["fc4"]
    assert row.size == (1000,)
    assert [number.value for number in row.weights] == [1024000]
