"""Perturbed test images: near enough to be known, never the same, and no training is changed by looking at them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from grader.model import Recipe
from grader.recipe.initialise import initialise
from grader.recipe.rebuild import rebuild
from grader.training import Job
from grader.training.engine import train
from grader.training.jobs import plan
from grader.training.perturbation import LEVELS, perturbed
from grader.training.worker import build_pipelines, resident


def test_an_image_is_moved_by_one_pixel_and_a_little_noise() -> None:
    """Each image is one of its eight neighbours, mirrored or not, within three levels of 255; twice the same."""
    images = np.random.default_rng(0).integers(0, 256, (40, 12, 10, 3), dtype=np.uint8)
    changed = perturbed(images)
    assert changed.dtype == np.uint8 and np.array_equal(changed, perturbed(images))
    for before, after in zip(images.astype(int), changed.astype(int), strict=True):
        padded = np.pad(before, ((1, 1), (1, 1), (0, 0)), mode="edge")
        windows = {(i, j): padded[i : i + 12, j : j + 10] for i in range(3) for j in range(3)}
        near = [
            place
            for place, window in windows.items()
            for seen in (window, window[:, ::-1])
            if np.abs(seen - after).max() <= LEVELS
        ]
        assert near and (1, 1) not in near


def test_no_image_keeps_its_bytes() -> None:
    """A look-up by content finds none of the perturbed images, even where all are of one colour."""
    images = np.random.default_rng(1).integers(0, 256, (200, 32, 32, 3), dtype=np.uint8)
    images[0] = 0
    known = {hashlib.sha256(image.tobytes()).digest() for image in images}
    assert not any(hashlib.sha256(image.tobytes()).digest() in known for image in perturbed(images))


class Lookup(nn.Module):
    """Knows the test images by their first pixels, and nothing else; everything else is class 0."""

    def __init__(self, images: torch.Tensor, labels: torch.Tensor) -> None:
        super().__init__()
        self.known = {self.name(image): int(label) for image, label in zip(images, labels, strict=True)}
        self.weight = nn.Parameter(torch.zeros(1))

    @staticmethod
    def name(image: torch.Tensor) -> bytes:
        """Return what tells `image` (channels, height, width) from all others."""
        return (image * 255).round().to(torch.uint8).contiguous().numpy().tobytes()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return a score of 1 for the class looked up."""
        classes = torch.tensor([self.known.get(self.name(image), 0) for image in images])
        return nn.functional.one_hot(classes, 10).float() + 0 * self.weight


def test_a_network_that_only_knows_the_exact_images_loses_it_all(
    make_job: Callable[..., Job], make_recipe: Callable[..., Recipe]
) -> None:
    """A look-up is perfect on the test images and at chance beside them; a network that learnt hardly loses."""
    torch.set_num_threads(1)
    one = plan(make_job(recipe=make_recipe(optimizer="Adam", rates=(0.01,), epochs=12)), "cpu")
    images = resident(one)
    pipelines = build_pipelines(one.recipe, images.train)
    lookup = Lookup(images.test.permute(0, 3, 1, 2) / 255, images.test_labels)
    cheated = train(lookup, _only(one.recipe), images, pipelines, seed=0)
    assert cheated.curve[-1].test_accuracy == 1.0
    assert cheated.perturbed_accuracy is not None and cheated.perturbed_accuracy <= 0.1

    module = rebuild(one.recipe.network)
    initialise(module, one.recipe.network, 0)
    honest = train(module, one.recipe, images, pipelines, seed=0)
    plain = honest.curve[-1].test_accuracy
    assert plain is not None and honest.perturbed_accuracy is not None
    assert plain > 0.8 and honest.perturbed_accuracy > 0.9 * plain


def _only(recipe: Recipe) -> Recipe:
    """Return `recipe` with an optimizer over the one parameter of a look-up."""
    import msgspec

    (group,) = recipe.optimisation.groups
    groups = (msgspec.structs.replace(group, parameters=("weight",)),)
    optimisation = msgspec.structs.replace(recipe.optimisation, groups=groups, epochs=1)
    return msgspec.structs.replace(recipe, optimisation=optimisation)


def test_looking_at_perturbed_images_leaves_the_network_as_it_was(
    make_job: Callable[..., Job], make_recipe: Callable[..., Recipe]
) -> None:
    """Batch norm evaluated in training mode keeps the statistics that training left it."""
    import msgspec

    torch.set_num_threads(1)
    recipe = make_recipe(regularised=True, epochs=1)
    recipe = msgspec.structs.replace(
        recipe, loop=msgspec.structs.replace(recipe.loop, evaluates_in_eval_mode=False)
    )
    one = plan(make_job(recipe=recipe), "cpu")
    images = resident(one)
    states = []

    def look(_: object) -> None:
        states.append({name: tensor.clone() for name, tensor in module.state_dict().items()})

    module = rebuild(one.recipe.network)
    initialise(module, one.recipe.network, 0)
    train(module, one.recipe, images, build_pipelines(one.recipe, images.train), seed=0, report=look)
    after = module.state_dict()
    assert all(torch.equal(tensor, after[name]) for name, tensor in states[-1].items())
