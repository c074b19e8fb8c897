"""The six stages of the sheet: their bands were measured with numbers that must never move."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hand_written
import pytest
import torch
from torch import nn

from grader.model import Call, Loop, Loss, Optimisation, ParameterGroup, Pipeline, Recipe, Schedule
from grader.recipe.capture import capture
from grader.recipe.digest import digest
from grader.recipe.initialise import initialise
from grader.recipe.rebuild import rebuild
from grader.training import DataSource, Job
from grader.training.engine import train
from grader.training.jobs import plan
from grader.training.worker import build_pipelines, resident

NORMALISE = Call(name="Normalize", arguments={"mean": [0.491, 0.482, 0.447], "std": [0.202, 0.199, 0.201]})
CROP = (Call(name="RandomCrop", arguments={"size": 28}), Call(name="RandomHorizontalFlip"))
STAGES = ("base", "normalization", "augmentation", "optimizer", "dropout", "batchnorm")


class Sheet(nn.Module):
    """The network of the sheet with fewer channels: three convolutions, two linear layers."""

    def __init__(self, *, dropout: bool, batchnorm: bool) -> None:
        super().__init__()
        parts: list[nn.Module] = []
        for before, after in ((3, 8), (8, 12), (12, 12)):
            parts.append(nn.Conv2d(before, after, 5, padding=2))
            parts += [nn.BatchNorm2d(after)] if batchnorm else []
            parts += [nn.ReLU(), nn.MaxPool2d(2, 2, ceil_mode=True)]
        self.features = nn.Sequential(*parts)
        drop = [nn.Dropout(0.5)] if dropout else []
        self.classifier = nn.Sequential(nn.Linear(192, 32), nn.ReLU(), *drop, nn.Linear(32, 10))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return ten scores per image."""
        hidden = self.features(images)
        return self.classifier(hidden.view(hidden.size(0), -1))


def recipe_of(stage: str) -> Recipe:
    """Return the sheet's recipe with all that has come up to `stage`."""
    reached = STAGES.index(stage)
    train = ((*CROP,) if reached >= 2 else ()) + (Call(name="ToTensor"),)
    evaluation = ((Call(name="CenterCrop", arguments={"size": 28}),) if reached >= 2 else ()) + (
        Call(name="ToTensor"),
    )
    if reached >= 1:
        train, evaluation = (*train, NORMALISE), (*evaluation, NORMALISE)
    torch.manual_seed(0)
    module = Sheet(dropout=reached >= 4, batchnorm=reached >= 5)
    network = capture(module, (3, 28, 28) if reached >= 2 else (3, 32, 32))
    options: dict[str, Any] = {"lr": 0.1, "momentum": 0.9 if reached >= 3 else 0, "weight_decay": 0}
    schedule = Schedule(rates=(0.1,) * 3)
    if reached >= 3:
        schedule = Schedule(
            name="ExponentialLR", arguments={"gamma": 0.95}, stepped="epoch",
            rates=tuple(0.1 * 0.95**epoch for epoch in range(3)),
        )  # fmt: skip
    paths = tuple(path for path, one in network.parameters.items() if not one.buffer)
    return Recipe(
        network=network,
        data=Pipeline(dataset="CIFAR10", train=train, evaluation=evaluation, batch_size=16, shuffle=True),
        optimisation=Optimisation(
            loss=Loss(name="cross_entropy"),
            optimizer="SGD",
            groups=(ParameterGroup(parameters=paths, options=options),),
            schedule=schedule,
            epochs=3,
        ),
        loop=Loop(evaluates_in_eval_mode=True),
    )


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_of_the_sheet_is_trained_as_by_hand(
    make_job: Callable[..., Job], small_data: DataSource, stage: str
) -> None:
    """Every weight and every loss is that of the sheet's own loop, to the last bit."""
    one = plan(make_job(recipe=recipe_of(stage)), "cpu")
    images = resident(one)
    pipelines = build_pipelines(one.recipe, images.train)
    rates = one.recipe.optimisation.schedule.rates
    momentum = one.recipe.optimisation.groups[0].options["momentum"]
    expected, losses, _ = hand_written.train_by_hand(
        one.recipe,
        images,
        pipelines,
        optimizer=lambda module: torch.optim.SGD(
            module.parameters(), lr=rates[0], momentum=momentum, foreach=False
        ),
        scheduler=lambda optimizer: torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda epoch: rates[min(epoch, 2)] / rates[0]
        ),
    )
    module = rebuild(one.recipe.network)
    initialise(module, one.recipe.network, 0)
    outcome = train(module, one.recipe, images, pipelines, seed=0)
    assert [point.train_loss for point in outcome.curve] == losses
    for path, tensor in module.state_dict().items():
        assert torch.equal(tensor, expected.state_dict()[path]), path


def test_the_fingerprints_of_the_stages_are_the_ones_they_were(golden: Callable[[str, str], None]) -> None:
    """What a recipe gained since is left out of its fingerprint where it does not use it: caches stay good."""
    golden("stage_digests.txt", "".join(f"{stage} {digest(recipe_of(stage))}\n" for stage in STAGES))


def test_settled_stages_keep_their_fingerprints(
    make_job: Callable[..., Job], golden: Callable[[str, str], None]
) -> None:
    """The key of a training is made of its settled recipe: equal recipes find what was trained before."""
    lines = []
    for stage in STAGES:
        recipe = plan(make_job(recipe=recipe_of(stage)), "cpu").recipe
        lines.append(f"{stage} {digest(recipe)}\n")
    golden("settled_digests.txt", "".join(lines))
