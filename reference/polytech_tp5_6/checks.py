"""Checks of what the sheet itself states: the network of 2.1 and the five improvements of part 3.

Ordinary pytest functions: the docstring says what is checked, `@check` what it is worth. One mistake costs half
of its item, once; `fault` names it, so that later stages that carry it lose nothing more. This file and the
modules it is made of ship to students: they hold nothing that the sheet leaves to be found out.
"""

from __future__ import annotations

from typing import Any

import image_mistakes as images
import loop_mistakes as loop
import network_mistakes as network
from judging import flagged, judge_result
from mistake import HALF, QUARTER_POINT_OF_Q15, RESULT, judge
from stage_mistakes import judge_network

from grader.checking import StageEvidence, check, manual, remark
from grader.checking.preprocessing import constants, named, side

UNCHANGED: dict[str, Any] = {
    "cost": HALF, "fr": "Réseau et boucle inchangés", "en": "Network and loop unchanged",
}  # fmt: skip
TO_ITS_END: dict[str, Any] = {
    "cost": HALF, "fr": "Programme mené à son terme", "en": "Program run to its end",
}  # fmt: skip
RETRAINED: dict[str, Any] = {
    "cost": RESULT, "fr": "Résultat de l'apprentissage refait", "en": "Result of the training made again",
}  # fmt: skip

# ---------------------------------------------------------------- Q15: the network of section 2.1


@check(item="Q15", stage="baseline", cost=HALF, fr="Architecture du réseau", en="Architecture of the network")
def test_15_architecture(stage: StageEvidence) -> None:
    """The layers are those of section 2.1, in any equivalent writing."""
    judge(network.wrong_network(stage))


@check(item="Q15", stage="baseline", cost=HALF,
       fr="Sortie du réseau et fonction de coût", en="Output and loss function")  # fmt: skip
def test_15_output(stage: StageEvidence) -> None:
    """One softmax follows fc5, in the network or in the loss."""
    judge(network.wrong_output(stage))
    if stage.recipe.optimisation.loss.name not in ("cross_entropy", "nll_loss"):
        manual(
            fr="La fonction de coût n'est pas l'entropie croisée : une personne regardera.",
            en="The loss is not cross entropy: a person will look.",
            place=stage.place("loss"),
        )


@check(
    item="Q15", stage="baseline", cost=QUARTER_POINT_OF_Q15, fr="Taille de batch libre", en="Any batch size"
)
def test_15_batch(stage: StageEvidence) -> None:
    """The network takes batches of any size."""
    judge(network.fixed_batch(stage))


@check(item="Q15", stage="baseline", cost=HALF, fr="Boucle d'apprentissage", en="Training loop")
def test_15_loop(stage: StageEvidence) -> None:
    """Gradients are cleared, all weights are learnt, on training images only."""
    judge(loop.wrong_loop(stage))


@check(item="Q15", stage="baseline", cost=1.0,
       fr="Réseau appris à partir de zéro", en="Network learnt from scratch")  # fmt: skip
def test_15_from_scratch(stage: StageEvidence) -> None:
    """Weights are drawn at random and all learnt."""
    flags = flagged(stage)
    if flags:
        manual(
            fr="Des poids ne sont pas tirés au hasard ou pas appris (pré-entraînés ou figés ?) : une "
            "personne décidera.",
            en="Some weights are not drawn at random or not learnt (pretrained or frozen?): a person "
            "will decide.",
            place=stage.place("network"),
        )


@check(item="Q15", stage="baseline", **TO_ITS_END)
def test_15_runs_to_its_end(stage: StageEvidence) -> None:
    """The program of this stage ends without an error."""
    judge(loop.stops_early(stage))


@check(item="Q15", stage="baseline", **RETRAINED)
def test_15_result(stage: StageEvidence) -> None:
    """The retrained network reaches the reference's accuracy."""
    judge_result(stage)


# ---------------------------------------------------------------- 3.1: normalisation


@check(item="3.1", stage="normalization", cost=HALF,
       fr="Constantes de normalisation", en="Constants of the normalisation")  # fmt: skip
def test_31_constants(stage: StageEvidence) -> None:
    """Means and deviations are the sheet's or the data's own; a slip of a digit is a remark."""
    judge(images.wrong_constants(stage))
    found = constants(stage.recipe.data.train)
    if found is not None and images.off(found) > images.TOLERANCE:
        remark(
            fr=f"Une constante semble mal recopiée : {images.listed(found[0])} et {images.listed(found[1])} ; rien "
            "n'est retiré.",
            en=f"A constant seems miscopied: {images.listed(found[0])} and {images.listed(found[1])}; nothing is "
            "taken off.",
            place=stage.place("train_transforms"),
        )


@check(item="3.1", stage="normalization", cost=HALF,
       fr="Même normalisation en test", en="Same normalisation in test")  # fmt: skip
def test_31_same_in_test(stage: StageEvidence) -> None:
    """Test images are normalised with the constants of training."""
    judge(images.normalised_otherwise_in_test(stage))


@check(item="3.1", stage="normalization", **UNCHANGED)
def test_31_network(stage: StageEvidence) -> None:
    """Nothing but the normalisation changes."""
    judge_network(stage)


@check(item="3.1", stage="normalization", **TO_ITS_END)
def test_31_runs_to_its_end(stage: StageEvidence) -> None:
    """The program of this stage ends without an error."""
    judge(loop.stops_early(stage))


@check(item="3.1", stage="normalization", **RETRAINED)
def test_31_result(stage: StageEvidence) -> None:
    """The retrained network reaches the reference's accuracy."""
    judge_result(stage)


# ---------------------------------------------------------------- 3.2: augmentation


@check(item="3.2", stage="augmentation", cost=HALF,
       fr="Crop aléatoire en apprentissage", en="Random crop in training")  # fmt: skip
def test_32_crop(stage: StageEvidence) -> None:
    """A random crop of 28; 32 out of a padded image is the sheet's second strategy, with a remark."""
    judge(images.wrong_crop(stage))
    if side(named(stage.recipe.data.train, "RandomCrop")) == 32:
        remark(
            fr="Crop de 32×32 dans l'image agrandie d'un bord : c'est la seconde stratégie du sujet, "
            "elle convient.",
            en="A crop of 32×32 out of the padded image: this is the sheet's second strategy, and fine.",
            place=stage.place("train_transforms"),
        )


@check(item="3.2", stage="augmentation", cost=HALF,
       fr="Symétrie horizontale en apprentissage", en="Horizontal flip in training")  # fmt: skip
def test_32_flip(stage: StageEvidence) -> None:
    """A horizontal flip, one chance in two."""
    judge(images.wrong_flip(stage))


@check(item="3.2", stage="augmentation", cost=HALF, fr="Images de test", en="Test images")
def test_32_test_images(stage: StageEvidence) -> None:
    """Test images are cropped at the centre and never changed at random."""
    judge(images.wrong_test_images(stage))


@check(item="3.2", stage="augmentation", cost=HALF, fr="Réseau inchangé, même nombre de paramètres",
       en="Network unchanged, same number of parameters")  # fmt: skip
def test_32_network(stage: StageEvidence) -> None:
    """pool3 rounds up, so that fc4 keeps its size; nothing else changes."""
    judge_network(stage)


@check(item="3.2", stage="augmentation", **TO_ITS_END)
def test_32_runs_to_its_end(stage: StageEvidence) -> None:
    """The program of this stage ends without an error."""
    judge(loop.stops_early(stage))


@check(item="3.2", stage="augmentation", **RETRAINED)
def test_32_result(stage: StageEvidence) -> None:
    """The retrained network reaches the reference's accuracy."""
    judge_result(stage)


# ---------------------------------------------------------------- 3.3: momentum and decay


@check(item="3.3", stage="optimizer", cost=HALF, fr="Momentum de 0,9", en="Momentum of 0.9")
def test_33_momentum(stage: StageEvidence) -> None:
    """SGD with a momentum of 0.9."""
    judge(loop.wrong_momentum(stage))


@check(item="3.3", stage="optimizer", cost=HALF,
       fr="Décroissance du learning rate", en="Decay of the learning rate")  # fmt: skip
def test_33_decay(stage: StageEvidence) -> None:
    """The learning rate is multiplied by 0.95 after each epoch, by whatever means."""
    schedule = stage.recipe.optimisation.schedule
    if len(schedule.rates) < 2 and schedule.stepped != "after_training":
        manual(
            fr="Une seule époque a été vue : la décroissance du learning rate ne se constate pas, "
            "une personne regardera.",
            en="Only one epoch was seen: the decay of the learning rate cannot be observed, a person "
            "will look.",
            place=stage.place("scheduler"),
        )
    judge(loop.wrong_decay(stage))


@check(item="3.3", stage="optimizer", **UNCHANGED)
def test_33_network(stage: StageEvidence) -> None:
    """Nothing but the optimizer changes."""
    judge_network(stage)


@check(item="3.3", stage="optimizer", **TO_ITS_END)
def test_33_runs_to_its_end(stage: StageEvidence) -> None:
    """The program of this stage ends without an error."""
    judge(loop.stops_early(stage))


@check(item="3.3", stage="optimizer", **RETRAINED)
def test_33_result(stage: StageEvidence) -> None:
    """The retrained network reaches the reference's accuracy."""
    judge_result(stage)


# ---------------------------------------------------------------- 3.4: dropout


@check(
    item="3.4", stage="dropout", cost=HALF, fr="Dropout entre fc4 et fc5", en="Dropout between fc4 and fc5"
)
def test_34_place(stage: StageEvidence) -> None:
    """Dropout stands between fc4 and fc5, before or after the ReLU."""
    judge(network.wrong_dropout_place(stage))


@check(item="3.4", stage="dropout", cost=HALF,
       fr="Dropout inactif en évaluation", en="Dropout inert in evaluation")  # fmt: skip
def test_34_mode(stage: StageEvidence) -> None:
    """Dropout is active in training and inert in evaluation."""
    judge(network.wrong_dropout_mode(stage))


@check(item="3.4", stage="dropout", **UNCHANGED)
def test_34_network(stage: StageEvidence) -> None:
    """Nothing but the dropout changes."""
    judge_network(stage)


@check(item="3.4", stage="dropout", **TO_ITS_END)
def test_34_runs_to_its_end(stage: StageEvidence) -> None:
    """The program of this stage ends without an error."""
    judge(loop.stops_early(stage))


@check(item="3.4", stage="dropout", **RETRAINED)
def test_34_result(stage: StageEvidence) -> None:
    """The retrained network reaches the reference's accuracy."""
    judge_result(stage)


# ---------------------------------------------------------------- 3.5: batch normalisation


@check(item="3.5", stage="batchnorm", cost=HALF, fr="Batch normalization après chaque convolution",
       en="Batch normalisation after each convolution")  # fmt: skip
def test_35_place(stage: StageEvidence) -> None:
    """A 2d batch normalisation stands right after each convolution."""
    judge(network.wrong_batchnorm(stage))


@check(item="3.5", stage="batchnorm", cost=HALF, fr="Modes train et eval", en="Train and eval modes")
def test_35_mode(stage: StageEvidence) -> None:
    """Batch normalisation measures the batch in training and uses its running statistics in evaluation."""
    judge(loop.wrong_mode(stage))


@check(item="3.5", stage="batchnorm", **UNCHANGED)
def test_35_network(stage: StageEvidence) -> None:
    """Nothing but the batch normalisation changes."""
    judge_network(stage)


@check(item="3.5", stage="batchnorm", **TO_ITS_END)
def test_35_runs_to_its_end(stage: StageEvidence) -> None:
    """The program of this stage ends without an error."""
    judge(loop.stops_early(stage))


@check(item="3.5", stage="batchnorm", **RETRAINED)
def test_35_result(stage: StageEvidence) -> None:
    """The retrained network reaches the reference's accuracy."""
    judge_result(stage)
