"""The training loop as a sheet hands it out, written by hand: what the engine must equal bit for bit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from grader.model import Recipe
from grader.recipe.initialise import initialise
from grader.recipe.rebuild import rebuild
from grader.training.engine import Images, Pipelines

Prepared = Callable[[nn.Module], Any]


def seeded(seed: int, purpose: str) -> int:
    """Return the seed that the engine derives for `purpose`."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{purpose}".encode()).digest()[:7], "big")


def train_by_hand(
    recipe: Recipe,
    images: Images,
    pipelines: Pipelines,
    *,
    optimizer: Prepared,
    scheduler: Callable[[Any], Any] | None = None,
    stepped: str = "epoch",
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    before_step: Callable[[nn.Module], object] = lambda module: None,
    every: int = 1,
    clears: bool = True,
    epochs: int = 3,
    seed: int = 0,
    metric: str = "",
) -> tuple[nn.Module, list[float], list[float]]:
    """Return the trained network, its training loss per epoch, and the first group's rate at each batch."""
    torch.set_num_threads(1)
    module = rebuild(recipe.network)
    initialise(module, recipe.network, seed)
    module.to(memory_format=torch.channels_last)
    torch.manual_seed(seeded(seed, "draws"))
    order = torch.Generator().manual_seed(seeded(seed, "order"))
    stepper = optimizer(module)
    mover = scheduler(stepper) if scheduler is not None else None
    losses, rates = [], []
    for _ in range(epochs):
        module.train()
        total, count = 0.0, len(images.train)
        for number, chosen in enumerate(torch.randperm(count, generator=order).split(recipe.data.batch_size)):
            inputs = pipelines.train.apply(images.train[chosen]).to(memory_format=torch.channels_last)
            value = loss(module(inputs), images.train_labels[chosen])
            value.backward()
            rates.append(stepper.param_groups[0]["lr"])
            if (number + 1) % every == 0:
                before_step(module)
                stepper.step()
                if clears:
                    module.zero_grad()
            if mover is not None and stepped == "batch":
                mover.step()
            total += float(value.detach() * len(chosen))
        losses.append(total / count)
        if mover is not None and stepped == "epoch":
            mover.step(*([losses[-1]] if metric else []))
    return module, losses, rates
