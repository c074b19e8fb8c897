"""The batches that a network learns from: an epoch's images in its order, transformed as the recipe says."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from grader.model import Pipeline as DataRecipe
from grader.training.transforms import Pipeline

GROUP_IMAGES = 8192
"""About how many images a GPU transforms at once; there dropout has a generator of its own, so no draw moves."""

Batch = tuple[Tensor, Tensor]
"""What the network is fed, (n, channels, height, width), and the labels (n,)."""


def fed(pipeline: Pipeline, images: Tensor, device: torch.device) -> Tensor:
    """Return uint8 `images` (n, height, width, channels) as a network takes them, its memory channels last."""
    return pipeline.apply(images).to(device=device, memory_format=torch.channels_last)


class Batches:
    """Each time it is gone through, an epoch: drawn from `order` where the recipe shuffles."""

    def __init__(
        self,
        images: Tensor,
        labels: Tensor,
        pipeline: Pipeline,
        recipe: DataRecipe,
        order: torch.Generator,
        device: torch.device,
    ) -> None:
        self._images, self._labels, self._pipeline, self._recipe = images, labels, pipeline, recipe
        self._order, self._device = order, device

    def __len__(self) -> int:
        return len(self._cuts())

    def __iter__(self) -> Iterator[Batch]:
        count = len(self._images)
        shuffled = self._recipe.shuffle
        order = torch.randperm(count, generator=self._order) if shuffled else torch.arange(count)
        order = order.to(self._device)
        for group in self._groups():
            first = group[0][0]
            chosen = order[first : group[-1][1]]
            inputs, labels = self._made(chosen)
            for start, end in group:
                yield inputs[start - first : end - first], labels[start - first : end - first]

    def full(self, count: int) -> list[Batch]:
        """Return at most `count` batches of full size, not shuffled; what they draw is drawn again later."""
        state = torch.get_rng_state()
        whole = [cut for cut in self._cuts() if cut[1] - cut[0] == self._recipe.batch_size]
        made = [self._made(torch.arange(*cut, device=self._device)) for cut in whole[:count]]
        torch.set_rng_state(state)
        return made

    def _made(self, chosen: Tensor) -> Batch:
        return fed(self._pipeline, self._images[chosen], self._device), self._labels[chosen]

    def _groups(self) -> list[list[tuple[int, int]]]:
        """Return the batches whose images are transformed together: on a CPU each by itself."""
        cuts, together = self._cuts(), 1
        if self._device.type == "cuda" and self._pipeline.batched is not None:
            together = max(1, GROUP_IMAGES // self._recipe.batch_size)
        return [cuts[first : first + together] for first in range(0, len(cuts), together)]

    def _cuts(self) -> list[tuple[int, int]]:
        """Return where each batch of an epoch begins and ends."""
        count, size = len(self._images), self._recipe.batch_size
        cuts = [(start, min(start + size, count)) for start in range(0, count, size)]
        short = cuts[-1][1] - cuts[-1][0] < size
        return cuts[:-1] if short and self._recipe.drop_last and len(cuts) > 1 else cuts
