"""Checks of the written answers: by computing where there is one right content, by the rubric elsewhere.

Teacher's only, as are the modules it is made of (`answer_*.py`, `rubric.toml`): the right answers stand here, and in
the `teacher` text of verdicts. What cannot be read for sure is left to a person; only what is plainly wrong fails.
"""

from __future__ import annotations

import re

from answer_formulas import (
    dense_factors,
    dense_in_words,
    dense_left_out,
    formulas,
    has_division,
    in_dense_part,
    is_dense,
    is_product,
    is_size,
    nothing_computed,
    plus_one,
    quote,
    wrong_weights,
)
from answer_layers import LAYERS, ROW, judge_layer, own_total, rows, wrong_rows
from answer_rubric import judge_written
from answer_values import dictionary_is_counted, grouped, judge_pair, percentages, rounds, told_small

from grader.answers import find_numbers
from grader.checking import Evidence, check, failed, manual, missing, remark, unreadable
from grader.model import Answer
from grader.text import Text

# ---------------------------------------------------------------- Q1: formulas

ROUNDS_UP = re.compile(
    r"ceil|[⌈⌉]|(?:entier|arrondi\w*)[^.\n]{0,20}? sup[ée]r|round\w* up|par exc[èe]s", re.IGNORECASE
)
"""⌈(x + 2p − k + 1)/s⌉ is right too, and ⌈(x + 2p − k)/s⌉ + 1 is not: the grammar knows no rounding up."""


@check(item="Q1", cost=1 / 3, fr="Taille de sortie d'une convolution", en="Output size of a convolution")
def test_q1_size(answer: Answer) -> None:
    """The output's side is (x + 2p - k)/s + 1, rounded down or not, in any notation."""
    found_here = formulas(answer)
    teacher = Text(
        fr="Attendu : ⌊(x + 2p − k)/s⌋ + 1, de même en y, et 1.",
        en="Expected: ⌊(x + 2p − k)/s⌋ + 1, the same in y, and 1.",
    )
    rounded_up = ROUNDS_UP.search(answer.text) is not None
    if any(is_size(found) for found in found_here) and not rounded_up:
        return
    wrong = [found for found in found_here if has_division(found)]
    if wrong and not rounded_up:
        failed(
            fr=f"La taille de sortie ne se calcule pas ainsi ({quote(wrong[0])}) : essayez-la sur "
            "32×32 avec k = 5, p = 2, s = 1.",
            en=f"The output size is not computed so ({quote(wrong[0])}): try it on 32×32 with k = 5, "
            "p = 2, s = 1.",
            place=answer.place, teacher=teacher,
        )  # fmt: skip
    nothing_computed(answer, teacher)
    manual(
        fr="La taille de sortie n'a pas été reconnue dans votre réponse : une personne la lira.",
        en="The output size was not recognised in your answer: a person will read it.",
        place=answer.place, teacher=teacher,
    )  # fmt: skip


@check(item="Q1", cost=1 / 3, fr="Nombre de poids du filtre", en="Number of weights of the filter")
def test_q1_weights(answer: Answer) -> None:
    """The filter has k·k·z weights, and one bias or not."""
    own = [found for found in formulas(answer) if not any(one.divides() for one in found.readings)]
    right = [
        found
        for found in own
        if any(is_product(one, "k k z") or plus_one(one, "k k z") for one in found.readings)
    ]
    teacher = Text(fr="Attendu : k·k·z (+ 1 biais).", en="Expected: k·k·z (+ 1 bias).")
    if any(not in_dense_part(answer, found) for found in right):
        return
    squares = wrong_weights(answer, own)
    if squares and not right:
        failed(
            fr=f"Le nombre de poids du filtre ({quote(squares[0])}) n'est pas le bon : pensez à "
            "toutes les dimensions du filtre.",
            en=f"The number of weights of the filter ({quote(squares[0])}) is not right: think of all "
            "its dimensions.",
            place=answer.place, teacher=teacher,
        )  # fmt: skip
    nothing_computed(answer, teacher)
    manual(
        fr="Le nombre de poids du filtre n'a pas été reconnu dans votre réponse : une personne la lira.",
        en="The number of weights of the filter was not recognised in your answer: a person will read it.",
        place=answer.place, teacher=teacher,
    )  # fmt: skip


@check(item="Q1", cost=1 / 3, fr="Équivalent fully-connected", en="Fully connected equivalent")
def test_q1_dense(answer: Answer) -> None:
    """A fully connected layer would have x·y·z·x'·y' weights, biases or not."""
    teacher = Text(fr="Attendu : x·y·z·x'·y' (+ x'·y' biais).", en="Expected: x·y·z·x'·y' (+ x'·y' biases).")
    products = [
        found
        for found in formulas(answer)
        if any({"x", "X", "n", "W", "w"} & one.names() for one in found.readings)
    ]
    right = [
        found for found in products if any(is_dense(one) for one in found.readings) or dense_factors(found)
    ]
    if any(in_dense_part(answer, found) for found in right) or dense_in_words(answer, formulas(answer)):
        return
    nothing_computed(answer, teacher)
    if not right:
        dense_left_out(answer, teacher)
    manual(
        fr="Le nombre de poids de la couche fully-connected n'a pas été reconnu avec certitude : une "
        "personne le lira.",
        en="The number of weights of the fully connected layer was not recognised for sure: a person "
        "will read it.",
        place=answer.place, teacher=teacher,
    )  # fmt: skip


@check(item="Q8", cost=0.5, fr="Padding des convolutions", en="Padding of the convolutions")
def test_q8_padding(answer: Answer) -> None:
    """A padding of 2 keeps the size under a 5×5 kernel."""
    judge_pair(answer, "padding", padding=2, stride=1)


@check(item="Q8", cost=0.5, fr="Stride des convolutions", en="Stride of the convolutions")
def test_q8_stride(answer: Answer) -> None:
    """A stride of 1 keeps the size."""
    judge_pair(answer, "stride", padding=2, stride=1)


@check(item="Q9", cost=0.5, fr="Padding des max poolings", en="Padding of the max poolings")
def test_q9_padding(answer: Answer) -> None:
    """A 2×2 pooling needs no padding."""
    judge_pair(answer, "padding", padding=0, stride=2)


@check(item="Q9", cost=0.5, fr="Stride des max poolings", en="Stride of the max poolings")
def test_q9_stride(answer: Answer) -> None:
    """A stride of 2 halves the size, or nearly so under another padding."""
    judge_pair(answer, "stride", padding=0, stride=2, alone=True)


def _layer(name: str) -> None:
    """Give a layer of question 10 its check."""

    @check(item="Q10", cost=ROW, fr=f"{name} : taille et poids", en=f"{name}: size and weights")
    def by_row(answer: Answer) -> None:
        judge_layer(answer, name)

    by_row.__name__ = by_row.__qualname__ = f"test_q10_{name}"
    globals()[by_row.__name__] = by_row


for _name in ("conv1", "conv2", "conv3", "fc4", "fc5"):
    _layer(_name)


@check(item="Q10", cost=ROW, fr="Poolings : tailles", en="Poolings: sizes")
def test_q10_pools(answer: Answer) -> None:
    """Poolings that are told have the right size; none needs to be told."""
    for name in ("pool1", "pool2", "pool3"):
        judge_layer(answer, name)


@check(
    item="Q10", cost=ROW, fr="Biais comptés partout ou nulle part", en="Biases counted everywhere or nowhere"
)
def test_q10_biases(answer: Answer) -> None:
    """Weights are counted with biases in every layer, or without in every layer."""
    with_biases, without = [], []
    for name, (_, weights, biases) in LAYERS.items():
        row = rows(answer).get(name)
        numbers = row.weights if row is not None and biases else ()
        has, has_not = (any(one.is_about(weights + extra) for one in numbers) for extra in (biases, 0))
        if has and not has_not:
            with_biases.append(name)
        if has_not and not has:
            without.append(name)
    if with_biases and without:
        failed(
            fr=f"Les biais sont comptés pour {', '.join(with_biases)} et pas pour "
            f"{', '.join(without)} : choisissez l'un ou l'autre partout.",
            en=f"Biases are counted for {', '.join(with_biases)} and not for {', '.join(without)}: "
            "choose one or the other throughout.",
            fault="answer_biases", place=answer.place,
        )  # fmt: skip


# ---------------------------------------------------------------- Q11: the total

TOTALS = (1_191_170, 1_190_000)
IMAGES = 50_000


@check(item="Q11", cost=0.5, fr="Nombre total de poids", en="Total number of weights")
def test_q11_total(answer: Answer, evidence: Evidence) -> None:
    """The total is the sheet's network's, or the sum of the student's own rows of Q10."""
    numbers = find_numbers(grouped(answer.text))
    teacher = Text(
        fr="Attendu : 1 191 170 (1 190 000 sans biais).", en="Expected: 1,191,170 (1,190,000 without biases)."
    )
    if any(number.is_about(total) or rounds(number, total) for number in numbers for total in TOTALS):
        return
    own = own_total(evidence)
    if own is not None and any(number.is_about(own) for number in numbers):
        wrong = ", ".join(wrong_rows(evidence))
        remark(
            fr="Ce total est bien la somme de vos lignes de la question 10 : rien n'est retiré ici. "
            f"Ligne à reprendre : {wrong}.",
            en="This total is indeed the sum of your rows of question 10: nothing is taken off here. "
            f"Row to look at again: {wrong}.",
            place=answer.place, teacher=teacher,
        )  # fmt: skip
    large = [number for number in numbers if number.value >= 10_000 and not number.is_about(IMAGES)]
    if not large and not told_small(answer.text):
        manual(
            fr="Aucun total n'a été lu dans votre réponse : une personne la lira.",
            en="No total was read in your answer: a person will read it.",
            place=answer.place, teacher=teacher,
        )  # fmt: skip
    failed(
        fr="Ce total n'est pas la somme des poids de vos couches : additionnez les lignes de la question 10.",
        en="This total is not the sum of the weights of your layers: add up the rows of question 10.",
        place=answer.place, teacher=teacher,
    )  # fmt: skip


@check(
    item="Q11", cost=0.5, fr="Comparaison au nombre d'exemples", en="Comparison with the number of examples"
)
def test_q11_comparison(answer: Answer, evidence: Evidence) -> None:
    """The total is set against the 50,000 training images, and the right way round."""
    judge_written(answer, evidence, cost=0.5)


# ---------------------------------------------------------------- Q13: a run of the code provided


@check(item="Q13", cost=1.0, fr="Code fourni lu et lancé", en="Code provided read and run")
def test_q13_run(evidence: Evidence) -> None:
    """A result on MNIST is stated, or a run of the student's own on MNIST was recorded."""
    answer = evidence.answer("Q13")
    if any(run.recipe is not None and run.recipe.data.dataset == "MNIST" and not recording.entry.template
           for recording, run in evidence.runs()):  # fmt: skip
        return
    if answer.state == "unreadable":
        unreadable(fr="Cette réponse n'a pas pu être lue automatiquement : une personne la lira.",
                   en="This answer could not be read automatically: a person will read it.")  # fmt: skip
    if answer.state != "found":
        missing(
            fr="Lancez base.py tel quel sur MNIST, puis notez les valeurs choisies et la précision obtenue.",
            en="Run base.py as it is on MNIST, then note the values chosen and the accuracy obtained.",
        )
    judge_written(
        answer, evidence, facts={"good": any(85 <= value <= 100 for value in percentages(answer.text))}
    )


# ---------------------------------------------------------------- by the rubric


@check(item="Q10", cost=ROW, fr="Commentaire de la répartition", en="Comment on how they are spread")
def test_q10_comment(answer: Answer, evidence: Evidence) -> None:
    """The comment says where most of the weights are."""
    judge_written(answer, evidence, cost=ROW)


@check(item="Q12", cost=1.0, fr="Réponse rédigée", en="Written answer")
def test_q12(answer: Answer, evidence: Evidence) -> None:
    """The count of BoW and SVM follows from a stated dictionary and all classes, and the network has more."""
    judge_written(answer, evidence, facts={"counted": dictionary_is_counted(answer.text)})


@check(item="Q15", cost=0.0, fr="Réponse rédigée", en="Written answer")
def test_q15_text(answer: Answer, evidence: Evidence) -> None:
    """What is written of the program informs; the program itself is judged."""
    judge_written(answer, evidence, cost=0.0)


def _written(question: str) -> None:
    """Give `question` a check that holds its answer against the rubric and nothing else."""

    @check(item=question, cost=1.0, fr="Réponse rédigée", en="Written answer")
    def by_rubric(answer: Answer, evidence: Evidence) -> None:
        judge_written(answer, evidence)

    by_rubric.__name__ = by_rubric.__qualname__ = f"test_{question.lower()}"
    globals()[by_rubric.__name__] = by_rubric


for _question in (*(f"Q{number}" for number in range(2, 35)), "P3"):
    if _question not in ("Q8", "Q9", "Q10", "Q11", "Q12", "Q13", "Q15"):
        _written(_question)
