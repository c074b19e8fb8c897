"""Whether a network takes the images of a run, tried on two of them before anything is trained."""

from __future__ import annotations

import torch
from torch import nn

from grader.errors import TrainingError
from grader.model import Recipe
from grader.training.engine import Images, Pipelines

_TRIED = 2
_FAILURES = (RuntimeError, ValueError, TypeError, IndexError, ArithmeticError, AttributeError)


@torch.no_grad()
def check_fit(module: nn.Module, recipe: Recipe, images: Images, pipelines: Pipelines) -> None:
    """Return where `module` gives a score to every class of `images`; the generators of torch stay as they are.

    Raises TrainingError, with both sizes, where the images are not of the size the network was made for, and where
    there are more classes than scores.
    """
    with torch.random.fork_rng(devices=[]):
        for pipeline, given in ((pipelines.train, images.train), (pipelines.evaluation, images.test)):
            inputs = pipeline.apply(given[:_TRIED])
            _check(module.eval(), tuple(recipe.network.input_shape), inputs, images.classes)


def _check(module: nn.Module, expected: tuple[int, ...], inputs: torch.Tensor, classes: int) -> None:
    size, wanted = ("x".join(map(str, shape)) for shape in (tuple(inputs.shape[1:]), expected))
    try:
        scores = module(inputs).flatten(1).shape[1]
    except _FAILURES as error:
        if size == wanted:
            raise
        raise TrainingError(
            fr=f"Le réseau est fait pour des images {wanted} (canaux x hauteur x largeur) ; celles de ce jeu, une "
            f"fois transformées, sont {size} : choisissez le jeu d'images du sujet.",
            en=f"The network is made for images of {wanted} (channels x height x width); those of this data set, "
            f"once transformed, are {size}: choose the sheet's data set.",
        ) from error
    if scores < classes:
        raise TrainingError(
            fr=f"Le réseau donne {scores} scores par image, et ce jeu d'images a {classes} classes : choisissez le jeu "
            "d'images du sujet.",
            en=f"The network gives {scores} scores an image, and this data set has {classes} classes: choose the "
            "sheet's data set.",
        )
