"""Small networks, recipes and images that train in a moment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from torch import nn

from grader.model import (
    Budget,
    Call,
    Loop,
    Loss,
    Optimisation,
    ParameterGroup,
    Pipeline,
    Recipe,
    Schedule,
)
from grader.recipe.capture import capture
from grader.training import DataSource, Job
from grader.training.resident import Loaded, keep

RecipeMaker = Callable[..., Recipe]


class SmallNetwork(nn.Module):
    """One convolution, one pooling and one linear layer; dropout and batch norm where asked."""

    def __init__(self, *, regularised: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, padding=1)
        self.norm = nn.BatchNorm2d(6) if regularised else nn.Identity()
        self.pool = nn.AdaptiveAvgPool2d(4)
        self.drop = nn.Dropout(0.3) if regularised else nn.Identity()
        self.head = nn.Linear(96, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return ten scores per image."""
        hidden = self.pool(torch.relu(self.norm(self.conv(images))))
        return self.head(self.drop(hidden.view(hidden.size(0), -1)))


@pytest.fixture(scope="session")
def make_recipe() -> RecipeMaker:
    """`make_recipe(regularised=..., optimizer=..., rates=..., loop=..., loss=..., train=...)` returns a recipe."""
    networks = {
        regularised: capture(SmallNetwork(regularised=regularised), (3, 32, 32))
        for regularised in (False, True)
    }

    def make(
        *,
        regularised: bool = False,
        optimizer: str = "SGD",
        options: dict[str, Any] | None = None,
        rates: tuple[float, ...] = (0.05,),
        epochs: int = 3,
        loss: Loss | None = None,
        loop: Loop | None = None,
        train: tuple[Call, ...] = (Call(name="ToTensor"),),
        **changes: Any,
    ) -> Recipe:
        network = networks[regularised]
        paths = tuple(path for path, one in network.parameters.items() if not one.buffer)
        recipe = Recipe(
            network=network,
            data=Pipeline(
                dataset="CIFAR10",
                train=train,
                evaluation=(Call(name="ToTensor"),),
                batch_size=16,
                shuffle=True,
            ),
            optimisation=Optimisation(
                loss=loss or Loss(name="cross_entropy"),
                optimizer=optimizer,
                groups=(ParameterGroup(parameters=paths, options={"lr": rates[0], **(options or {})}),),
                schedule=Schedule(rates=rates),
                epochs=epochs,
            ),
            loop=loop or Loop(),
        )
        return msgspec.structs.replace(recipe, **changes)

    return make


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> DataSource:
    """Ninety training and sixty test images of ten classes that differ in brightness and hue."""
    generator = np.random.default_rng(0)

    def part(count: int) -> tuple[np.ndarray, np.ndarray]:
        labels = np.arange(count, dtype=np.int64) % 10
        base = np.stack([labels * 20, 255 - labels * 20, labels % 3 * 100], axis=1)[:, None, None, :]
        noise = generator.integers(-20, 20, (count, 32, 32, 3))
        return np.clip(base + noise, 0, 255).astype(np.uint8), labels

    arrays = Loaded(*part(90), *part(60))
    cache = tmp_path_factory.mktemp("data")
    return keep(cache, "small", "small", tuple("abcdefghij"), arrays)


@pytest.fixture
def make_job(make_recipe: RecipeMaker, small_data: DataSource) -> Callable[..., Job]:
    """`make_job(name, recipe, seed=...)` returns a job on the small images, under a budget that sets nothing."""

    def make(name: str = "stage", recipe: Recipe | None = None, **changes: Any) -> Job:
        given = {"budget": Budget(), "budget_name": "full", "device": "cpu", "precision": "fp32", **changes}
        return Job(name=name, recipe=recipe or make_recipe(), data=small_data, **given)

    return make


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """An empty cache."""
    return tmp_path / "cache"
