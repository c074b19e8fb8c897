"""The checks of written answers on sentences as students write them: right ones never fail, wrong ones never pass."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from grader import courseworks
from grader.checking import Evidence, run_checks
from grader.model import (
    Answer,
    Answers,
    Conditions,
    Outcome,
    Recordings,
    SandboxRecord,
    Submission,
)

pytestmark = pytest.mark.slow

COURSEWORK = courseworks.load("polytech_tp5_6")


def outcomes(answers: Mapping[str, str]) -> dict[str, Outcome]:
    """Return the outcome of every check of a written answer, by its name."""
    given = Evidence(
        assignment=COURSEWORK.assignment,
        submission=Submission(id="a", name="a", digest=""),
        recordings=Recordings(sandbox=SandboxRecord(backend="fake")),
        stages=(),
        answers=Answers(answers=tuple(Answer(question=q, state="found", text=t) for q, t in answers.items())),
        conditions=Conditions(
            data="synthetic", budget="static", device="cpu", precision="fp32", seed=0, sandbox="fake"
        ),
    )
    found = run_checks(COURSEWORK.folder, given, distribution="teacher")
    return {one.check: one.outcome for one in found if one.item in answers}


LAYERS = (
    ("conv1", "32x32x3", "32x32x32", 2400), ("pool1", "32x32x32", "16x16x32", 0),
    ("conv2", "16x16x32", "16x16x64", 51200), ("pool2", "16x16x64", "8x8x64", 0),
    ("conv3", "8x8x64", "8x8x64", 102400), ("pool3", "8x8x64", "4x4x64", 0),
    ("fc4", "1024", "1000", 1024000), ("fc5", "1000", "10", 10000),
)  # fmt: skip


def layers(form: str, *, wrong: bool = False) -> str:
    """Return an answer to question 10 with a line of `form` per layer, all right unless `wrong`."""
    lines = [form.format(name=name, before=before, after=after, weights=weights)
             for name, before, after, weights in LAYERS]  # fmt: skip
    text = "\n".join(lines)
    return text.replace("51200", "1600").replace("8x8x64", "6x6x64").replace("1000", "100") if wrong else text


FORMS = {
    "input and output": "- {name} : entrée {before}, sortie {after}, {weights} poids",
    "an arrow": "- {name} : {before} -> {after}, {weights} poids",
    "a sentence": "{name} prend en entrée {before} et produit {after} avec {weights} poids à apprendre.",
    "a tuple": "{name}: ({after}), {weights}",
}
OTHERS_RIGHT: dict[str, dict[str, str]] = {
    "rounded": {"Q8": "un padding de deux pixels et un pas de un", "Q11": "Environ 1 200 000 poids, 50 000 images"},
    "in letters": {"Q8": "p = (k-1)/2 = 2 et s = 1", "Q9": "sans padding, avec un stride de 2",
                   "Q11": "à peu près 1,19 million de poids pour 50k images"},
}  # fmt: skip
WRONG: dict[str, dict[str, str]] = {
    "halves": {"Q8": "padding 2.5 et stride 1.5", "Q9": "stride=0.5, padding=0.5"},
    "other values": {
        "Q8": "p = 4, s = 2",
        "Q9": "padding = 1 et stride = 4",
        "Q11": "1 300 000 poids, 50 000 images",
    },
    "a part of the total": {"Q11": "1 025 000 poids contre 50 000 images"},
}


@pytest.mark.parametrize("form", FORMS)
def test_right_layers_never_fail(form: str) -> None:
    """However the layers are told, with their inputs or not, a right answer to question 10 does not fail."""
    found = outcomes({"Q10": layers(FORMS[form])})
    assert found.pop("test_q10_comment") is not Outcome.PASSED  # none was written
    assert Outcome.FAILED not in found.values()
    assert list(found.values()).count(Outcome.PASSED) >= 5


@pytest.mark.parametrize("form", FORMS)
def test_wrong_layers_never_pass(form: str) -> None:
    """Wrong weights of conv2, size of conv3 and outputs of fc4 pass in none of these forms."""
    found = outcomes({"Q10": layers(FORMS[form], wrong=True)})
    assert Outcome.PASSED not in {found[f"test_q10_{name}"] for name in ("conv2", "conv3", "fc4")}


def test_the_size_of_one_map_is_left_to_a_person() -> None:
    """`16x16` for conv2 is right as far as it goes; `14x14` is not."""
    right, wrong = "| couche | sortie | poids |\n|---|---|---|\n| conv2 | 16x16 | 51200 |\n", "14x14"
    assert outcomes({"Q10": right})["test_q10_conv2"] is Outcome.MANUAL
    assert outcomes({"Q10": right.replace("16x16", wrong)})["test_q10_conv2"] is Outcome.FAILED


@pytest.mark.parametrize("name", OTHERS_RIGHT)
def test_right_values_never_fail(name: str) -> None:
    """Right values pass or go to a person, however they are written."""
    assert set(outcomes(OTHERS_RIGHT[name]).values()) <= {Outcome.PASSED, Outcome.MANUAL}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_values_never_pass(name: str) -> None:
    """Wrong values fail or go to a person; the comparison of question 11 is judged by itself."""
    found = outcomes(WRONG[name])
    found.pop("test_q11_comparison", None)
    assert Outcome.PASSED not in found.values()


@pytest.mark.parametrize(
    "size", ["ceil((x+2p-k+1)/s)", "⌈(x+2p-k)/s⌉ + 1", "(x+2p-k+1)/s arrondi à l'entier supérieur"]
)
def test_a_size_that_is_rounded_up_goes_to_a_person(size: str) -> None:
    """One such formula is right and its neighbour is not: neither passes nor fails by itself."""
    assert outcomes({"Q1": f"Taille : {size}. Poids : k*k*z."})["test_q1_size"] is Outcome.MANUAL


def test_a_size_that_is_rounded_down_passes_and_a_wrong_one_fails() -> None:
    """The floor is no obstacle, and without any rounding up a wrong numerator is seen."""
    assert outcomes({"Q1": "floor((x+2p-k)/s) + 1"})["test_q1_size"] is Outcome.PASSED
    assert outcomes({"Q1": "(x+2p-k+1)/s"})["test_q1_size"] is Outcome.FAILED


@pytest.mark.parametrize(
    ("question", "text"),
    [
        (
            "Q8",
            "Sans padding le noyau 5x5 ferait perdre deux pixels par bord : il faut deux rangées de zéros, stride 1.",
        ),
        ("Q8", "2 zeros on each side, and we move one pixel at a time."),
        (
            "Q8",
            "Essayé sans padding puis avec un pas de 2, finalement nn.Conv2d(3, 32, 5, stride=1, padding=2).",
        ),
        ("Q9", "La fenêtre se déplace de deux cases, pas besoin d'ajouter des zéros."),
        ("Q9", "The stride must be equal to two, with no padding since no pixel is lost."),
        (
            "Q1",
            "((x+2p-k)/s + 1) × ((y+2p-k)/s + 1) ; poids : k·k·z (+1 de biais) ; fully-connected : xyz·H_out·W_out",
        ),
    ],
)
def test_values_told_in_words_pass(question: str, text: str) -> None:
    """What is said without an equals sign, or beside what was tried first, is read."""
    assert set(outcomes({question: text}).values()) == {Outcome.PASSED}


def test_what_is_not_computed_or_left_out_fails() -> None:
    """Words without a formula, a fully connected layer never spoken of, and a table never written earn nothing."""
    found = outcomes({"Q1": "La taille dépend de p, s et k, et il y a moins de poids qu'en fully-connected."})
    assert set(found.values()) == {Outcome.FAILED}
    found = outcomes({"Q1": "(x+2p-k)/s + 1, de même en y, et k·k·z poids."})
    assert [found[f"test_q1_{name}"] for name in ("size", "weights", "dense")] == [
        Outcome.PASSED, Outcome.PASSED, Outcome.FAILED,
    ]  # fmt: skip
    found = outcomes({"Q10": "Les tailles diminuent avec les poolings, les poids sont dans les couches."})
    assert found["test_q10_conv1"] is found["test_q10_fc4"] is Outcome.FAILED


def test_weights_alone_are_no_wrong_size() -> None:
    """`fc4 : 1 025 000` gives the weights and no size: a person looks at the row."""
    assert outcomes({"Q10": "conv1 2432, fc4 1025000, fc5 10010"})["test_q10_fc4"] is Outcome.MANUAL
