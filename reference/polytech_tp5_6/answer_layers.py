"""The layers of question 10 and what they come to, held against a student's own rows."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from grader.answers import LayerRow, read_layers
from grader.checking import Evidence, failed, manual
from grader.model import Answer
from grader.text import Text

LAYERS: dict[str, tuple[tuple[int, ...], int, int]] = {
    "conv1": ((32, 32, 32), 2_400, 32), "pool1": ((32, 16, 16), 0, 0),
    "conv2": ((64, 16, 16), 51_200, 64), "pool2": ((64, 8, 8), 0, 0),
    "conv3": ((64, 8, 8), 102_400, 64), "pool3": ((64, 4, 4), 0, 0),
    "fc4": ((1000,), 1_024_000, 1000), "fc5": ((10,), 10_000, 10),
}  # fmt: skip
"""Output size, weights, biases."""
ROW = 0.25


def rows(answer: Answer) -> dict[str, LayerRow]:
    """Return what the answer says of each layer."""
    return _rows(answer.text)


@lru_cache(maxsize=8)  # sixteen checks bear on one table
def _rows(text: str) -> dict[str, LayerRow]:
    return read_layers(text, first_dense=4)


def size_is_right(row: LayerRow, name: str) -> bool:
    """Tell whether the output size is right, in any order, or given as a product."""
    wanted = LAYERS[name][0]
    product = 1
    for dim in wanted:
        product *= dim
    return row.size in (wanted, (product,))


def is_side_only(row: LayerRow, name: str) -> bool:
    """Tell whether the size is that of one map, right as far as it goes: how many there are may stand elsewhere."""
    wanted = LAYERS[name][0]
    return len(wanted) == 3 and row.size == (min(wanted[1:]),) * 2


def is_doubtful(row: LayerRow, name: str) -> bool:
    """Tell whether the right size stands in the sentence, but beside another one that was read first."""
    return not size_is_right(row, name) and any(
        size_is_right(replace(row, size=size), name) for size in row.other_sizes
    )


def weights_are_right(row: LayerRow, name: str) -> bool:
    """Tell whether the weights are right, with biases or without."""
    _, weights, biases = LAYERS[name]
    return any(number.is_about(weights) or number.is_about(weights + biases) for number in row.weights)


def judge_layer(answer: Answer, name: str) -> None:
    """Judge what the answer says of one layer; a row that cannot be read in full is left to a person."""
    found = rows(answer)
    size, weights, biases = LAYERS[name]
    teacher = Text(
        fr=f"Attendu : {'×'.join(map(str, size))}, {weights} poids et {biases} biais.",
        en=f"Expected: {'×'.join(map(str, size))}, {weights} weights and {biases} biases.",
    )
    row = found.get(name)
    learns = weights > 0
    if row is None and not learns:
        return
    if not any(one.size or one.weights for one in found.values()) and not re.search(r"\d{3}", answer.text):
        failed(
            fr=f"La ligne de {name} n'est pas donnée : écrivez la taille de sa sortie et son nombre de poids.",
            en=f"The row of {name} is not given: write the size of its output and its number of weights.",
            fault=f"answer_layer_{name}", place=answer.place, teacher=teacher,
        )  # fmt: skip
    if row is not None and row.size in ((weights,), (weights + biases,)) and not row.weights:
        _not_found(answer, name, teacher)  # its weights alone, which stand where a size might
    if row is None or row.size is None or (learns and not row.weights):
        wrong_size = row is not None and row.size is not None and not size_is_right(row, name)
        if not wrong_size:
            _not_found(answer, name, teacher)
    if row is not None and is_doubtful(row, name):
        _not_found(answer, name, teacher)
    partial = row is not None and is_side_only(row, name)
    if partial and row is not None and (not learns or not row.weights or weights_are_right(row, name)):
        _not_found(answer, name, teacher)
    if row is not None and row.size is not None and not partial and not size_is_right(row, name):
        failed(
            fr=f"La taille de sortie de {name} ({'×'.join(map(str, row.size))}) n'est pas la bonne : "
            "reprenez la formule de la question 1.",
            en=f"The output size of {name} ({'×'.join(map(str, row.size))}) is not right: take the "
            "formula of question 1 again.",
            fault=f"answer_layer_{name}", place=answer.place, teacher=teacher,
        )  # fmt: skip
    if row is not None and learns and not weights_are_right(row, name):
        failed(
            fr=f"Le nombre de poids de {name} ({row.weights[0].text}) n'est pas le bon : comptez ce "
            "que reçoit chaque filtre ou neurone.",
            en=f"The number of weights of {name} ({row.weights[0].text}) is not right: count what "
            "each filter or neuron receives.",
            fault=f"answer_layer_{name}", place=answer.place, teacher=teacher,
        )  # fmt: skip


def _not_found(answer: Answer, name: str, teacher: Text) -> None:
    manual(
        fr=f"La ligne de {name} n'a pas été lue en entier : une personne la regardera.",
        en=f"The row of {name} was not read in full: a person will look at it.",
        place=answer.place, teacher=teacher,
    )  # fmt: skip


def own_total(evidence: Evidence) -> float | None:
    """Return the sum of the student's own rows of Q10, None when one of the five is not there."""
    found = rows(evidence.answer("Q10"))
    learning = [name for name, (_, weights, _) in LAYERS.items() if weights]
    if any(name not in found or not found[name].weights for name in learning):
        return None
    return sum(found[name].weights[0].value for name in learning)


def wrong_rows(evidence: Evidence) -> list[str]:
    """Return the layers whose weights in the student's own table of Q10 are not right."""
    found = rows(evidence.answer("Q10"))
    learning = [name for name, (_, weights, _) in LAYERS.items() if weights]
    return [name for name in learning if name in found and not weights_are_right(found[name], name)]
