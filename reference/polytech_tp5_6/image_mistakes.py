"""What can be wrong with what happens to images before the network sees them."""

from __future__ import annotations

from loop_mistakes import never_evaluated
from mistake import Mistake

from grader.checking import StageEvidence
from grader.checking.preprocessing import (
    chance,
    constants,
    final_side,
    named,
    padding,
    random_ones,
    side,
)
from grader.text import figure

MEANS = ((0.491, 0.482, 0.447), (0.493, 0.484, 0.448))
"""The sheet's, and those of the JPEG copy of the images."""
DEVIATIONS = ((0.202, 0.199, 0.201), (0.247, 0.243, 0.262))
"""The sheet's, means of each image's own; and those over the training set, which its text describes."""
TOLERANCE = 0.002
SAME = 1e-5
"""Nearer than that, constants differ by the precision of their numbers only."""
SLIP = 0.03
"""Further off than a slip of a digit (0.491 for 0.419 is one), constants are other constants."""


def wrong_constants(stage: StageEvidence) -> Mistake | None:
    """Training images are not normalised with means and deviations of CIFAR-10."""
    train = constants(stage.recipe.data.train)
    place = stage.place("train_transforms")
    if train is None and constants(stage.recipe.data.evaluation) is not None:
        return Mistake(
            "normalization_test_only",
            "Les images d'apprentissage ne sont pas normalisées alors que celles de test le sont : "
            "normalisez les deux.",
            "Training images are not normalised although test images are: normalise both.",
            place,
        )
    if train is None:
        return Mistake(
            "normalization_absent",
            "Aucune normalisation à trois canaux n'est appliquée : ajoutez transforms.Normalize "
            "après ToTensor.",
            "No normalisation of three channels is applied: add transforms.Normalize after ToTensor.",
            place,
        )
    if off(train) <= SLIP:
        return None
    return Mistake(
        "normalization_constants",
        f"La normalisation utilise {listed(train[0])} et {listed(train[1])} ; le sujet donne μ = "
        "[0.491, 0.482, 0.447] et "
        "σ = [0.202, 0.199, 0.201].",
        f"The normalisation uses {listed(train[0])} and {listed(train[1])}; the sheet gives μ = "
        "[0.491, 0.482, 0.447] and "
        "σ = [0.202, 0.199, 0.201].",
        place,
    )  # fmt: skip


def off(found: tuple[tuple[float, ...], tuple[float, ...]]) -> float:
    """Return by how much the constants miss, all six, the nearest of the right ones; digits swapped count as a slip."""
    return max(
        min(_distance(found[0], right) for right in MEANS),
        min(_distance(found[1], right) for right in DEVIATIONS),
    )


def _distance(found: tuple[float, ...], right: tuple[float, ...]) -> float:
    apart = sorted(abs(one - other) for one, other in zip(found, right, strict=True))
    swapped = apart[1] <= TOLERANCE and any(
        sorted(f"{one:.3f}") == sorted(f"{other:.3f}") and one != other
        for one, other in zip(found, right, strict=True)
    )
    return min(apart[-1], SLIP) if swapped else apart[-1]


def _apart(
    first: tuple[tuple[float, ...], tuple[float, ...]], second: tuple[tuple[float, ...], tuple[float, ...]]
) -> float:
    pairs = zip((*first[0], *first[1]), (*second[0], *second[1]), strict=True)
    return max(abs(one - other) for one, other in pairs)


def listed(values: tuple[float, ...]) -> str:
    """Return the constants as a program writes them."""
    return "[" + ", ".join(f"{value:.4g}" for value in values) + "]"


def normalised_otherwise_in_test(stage: StageEvidence) -> Mistake | None:
    """Test images must be normalised with the constants of training."""
    train, test = constants(stage.recipe.data.train), constants(stage.recipe.data.evaluation)
    if train is None:
        return None
    if stage.recipe.data.evaluation is None:
        return never_evaluated(stage)
    place = stage.place("evaluation_transforms") or stage.place("train_transforms")
    apart = _apart(train, test) if test is not None else None
    if apart is not None and apart <= SAME:
        return None
    if apart is not None and apart <= TOLERANCE:
        return Mistake(
            "normalization_differs_in_test",
            "Les constantes de test et d'apprentissage diffèrent de peu, comme par un arrondi.",
            "The constants of test and training differ by little, as by rounding.",
            place,
            confirmed=False,
        )
    if test is None:
        return Mistake(
            "normalization_train_only",
            "Les images de test ne sont pas normalisées : appliquez-leur la même normalisation qu'en "
            "apprentissage.",
            "Test images are not normalised: apply to them the same normalisation as in training.",
            place,
        )
    return Mistake(
        "normalization_differs_in_test",
        "Les images de test sont normalisées avec d'autres constantes que celles d'apprentissage : "
        "reprenez les mêmes.",
        "Test images are normalised with other constants than training images: take the same ones.",
        place,
    )


def wrong_crop(stage: StageEvidence) -> Mistake | None:
    """Training images are cropped at random: 28 of 32, or 32 of a padded image."""
    train = stage.recipe.data.train
    crop = named(train, "RandomCrop")
    size, border = side(crop), padding(train, crop)
    if crop is not None and size is not None and (size == 28 or (size == 32 and border > 0)):
        return None
    place = stage.place("train_transforms")
    if crop is not None and size == 32:
        return Mistake(
            "augmentation_crop",
            "RandomCrop(32) sans padding ne change rien à une image de 32×32 : prenez une taille de "
            "28, ou ajoutez padding=4.",
            "RandomCrop(32) without padding changes nothing in a 32×32 image: take a size of 28, or "
            "add padding=4.",
            place,
        )
    seen = f"on trouve RandomCrop({size})" if crop is not None else "on ne trouve aucun RandomCrop"
    seen_en = f"RandomCrop({size})" if crop is not None else "no RandomCrop"
    return Mistake(
        "augmentation_crop",
        f"En apprentissage, {seen} ; le sujet demande un crop aléatoire de taille 28.",
        f"In training there is {seen_en}; the sheet asks for a random crop of size 28.",
        place,
    )


def wrong_flip(stage: StageEvidence) -> Mistake | None:
    """Training images are mirrored one time in two."""
    flip = named(stage.recipe.data.train, "RandomHorizontalFlip")
    probability = chance(stage.recipe.data.train, "RandomHorizontalFlip")
    if probability == 0.5:
        return None
    place = stage.place("train_transforms")
    if flip is None:
        return Mistake(
            "augmentation_flip",
            "Il manque la symétrie horizontale aléatoire en apprentissage : ajoutez "
            "transforms.RandomHorizontalFlip().",
            "The random horizontal flip is missing in training: add transforms.RandomHorizontalFlip().",
            place,
        )
    if probability is None:
        return Mistake(
            "augmentation_flip",
            "La symétrie horizontale est tirée au sort d'une façon que nous ne savons pas lire.",
            "The horizontal flip is drawn in a way that we cannot read.",
            place,
            confirmed=False,
        )
    return Mistake(
        "augmentation_flip",
        f"La symétrie horizontale est appliquée avec probabilité {figure(probability, 'fr')} ; le sujet demande "
        "une chance sur deux.",
        f"The horizontal flip is applied with probability {probability:g}; the sheet asks for one "
        "chance in two.",
        place,
    )


def wrong_test_images(stage: StageEvidence) -> Mistake | None:
    """Test images are never random, and have the size of training images."""
    data = stage.recipe.data
    if data.evaluation is None:
        return never_evaluated(stage)
    place = stage.place("evaluation_transforms") or stage.place("train_transforms")
    random = random_ones(data.evaluation)
    if random:
        return Mistake(
            "augmentation_in_test",
            f"Les images de test sont elles aussi transformées au hasard ({', '.join(random)}) : en "
            "test, gardez un crop centré.",
            f"Test images are changed at random too ({', '.join(random)}): in test, keep a centre crop.",
            place,
        )
    learnt, tested = final_side(data.train), final_side(data.evaluation)
    if learnt is not None and learnt == tested:
        return _scaled_in_test(stage)
    if learnt == 28 and tested is not None:
        return Mistake(
            "augmentation_test_size",
            "Les images de test n'ont pas la taille de celles d'apprentissage : ajoutez "
            "transforms.CenterCrop(28) en test.",
            "Test images do not have the size of training images: add transforms.CenterCrop(28) in test.",
            place,
        )
    if side(named(data.train, "RandomCrop")) == 28 or learnt != tested:
        return Mistake(
            "augmentation_test_size",
            f"Les images de test ({_size(tested)}) n'ont pas la taille de celles d'apprentissage "
            f"({_size(learnt)}).",
            f"Test images ({_size_en(tested)}) do not have the size of training images ({_size_en(learnt)}).",
            place,
            confirmed=False,
        )
    return None


def _scaled_in_test(stage: StageEvidence) -> Mistake | None:
    """Test images made smaller have the right size, but show more than the crops that were learnt."""
    data = stage.recipe.data
    if named(data.evaluation, "Resize") is None or named(data.train, "Resize") is not None:
        return None
    return Mistake(
        "augmentation_test_resize",
        "Les images de test sont mises à l'échelle (Resize) et non recadrées ; le sujet demande un "
        "crop centré, transforms.CenterCrop(28).",
        "Test images are scaled (Resize) and not cropped; the sheet asks for a centre crop, "
        "transforms.CenterCrop(28).",
        stage.place("evaluation_transforms"),
        confirmed=False,
    )


def _size(value: int | None) -> str:
    return "taille inconnue" if value is None else f"{value}×{value}"


def _size_en(value: int | None) -> str:
    return "unknown size" if value is None else f"{value}×{value}"
