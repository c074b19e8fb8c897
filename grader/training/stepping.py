"""What happens at one batch: forward, loss, backward, and a step of the optimizer where the program makes one."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from grader.errors import TrainingError
from grader.model import Loop, Recipe
from grader.training.optimisation import LossFunction, build_clipping, build_loss, build_optimizer

_NEAR = 0.05
"""How far the recorded steps per batch may be from a whole number, or from one over a whole number."""


class Stepping:
    """The network of a training with its optimizer, as the recorded loop moves them."""

    def __init__(
        self, module: nn.Module, recipe: Recipe, classes: int, device: torch.device, precision: str
    ) -> None:
        self.module, self.device, self.precision = module, device, precision
        self.loss: LossFunction = build_loss(recipe.optimisation.loss, classes)
        self.optimizer = build_optimizer(module, recipe.optimisation)
        self.clip = build_clipping(module, recipe.optimisation.clipping)
        self.clears = recipe.loop.clears_gradients
        self.every, self.times = cadence(recipe.loop)
        self.waiting = 0
        """Batches since the latest step."""
        self.graphed: Callable[[Tensor, Tensor], tuple[Tensor, Tensor] | None] | None = None
        """Forward and backward in one go for batches that it takes, see `graphs`."""
        self.optimizer.zero_grad()

    def learn(self, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Learn from a batch; return the network's output, n x classes, and the loss."""
        made = self.graphed(inputs, labels) if self.graphed is not None else None
        output, loss = made or self.backward(inputs, labels)
        if made is not None or loss.requires_grad:
            self._step()
        return output.detach(), loss.detach()

    def backward(self, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Add to the gradients what this batch says, and return output and loss."""
        output = self.forward(inputs)
        loss = self.loss(output, labels)
        if loss.requires_grad:
            loss.backward()
        return output, loss

    def forward(self, inputs: Tensor) -> Tensor:
        """Return float32 outputs of shape (n, classes)."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            output: Tensor = self.module(inputs)
        return output.float().flatten(1)

    def tensors(self) -> list[Tensor]:
        """Return all that the network holds: parameters and buffers."""
        return [*self.module.parameters(), *self.module.buffers()]

    def begin_epoch(self) -> None:
        """Count batches afresh, as `for i, batch in enumerate(loader)` does."""
        self.waiting = 0

    def _step(self) -> None:
        """Step the optimizer as often as recorded, and clear the gradients where the program did."""
        self.waiting += 1
        if self.waiting < self.every:
            return
        self.waiting = 0
        self.clip()
        for _ in range(self.times):
            self.optimizer.step()
        if self.clears:
            # The module's, not the optimizer's: parameters that no group holds must not pile up either.
            self.module.zero_grad()


def cadence(loop: Loop) -> tuple[int, int]:
    """Return (batches from one step to the next, optimizer steps made then); never a step is (1, 0).

    Raises TrainingError for a loop that steps at no regular pace.
    """
    pace = loop.steps_per_batch
    if pace <= 0:
        return 1, 0
    count = round(pace) if pace > 1 else round(1 / pace)
    if abs((pace if pace > 1 else 1 / pace) - count) > _NEAR * count:
        raise TrainingError(
            fr=f"Cette recette ne peut pas être réentraînée ici : l'optimiseur fait {pace:g} pas par batch, et nous ne "
            "savons pas lesquels.",
            en=f"This recipe cannot be trained again here: the optimizer makes {pace:g} steps a batch, and we do not "
            "know which.",
        )
    return (1, count) if pace > 1 else (count, 1)
