"""What a compiled transform is: it takes its draws image by image and works on whole batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grader.training.transforms.words import Numbers, Words, fractions

Drawn = tuple[Any, ...]
"""The draws of one stage for a batch: tensors on the CPU whose first axis counts images."""

Row = Sequence[Any] | Numbers
Rows = Sequence[Row] | Numbers
"""What each image of a batch took: words, or numbers already made of them."""


class NotCompilable(Exception):
    """This pipeline has no batched form; torchvision runs it instead."""


class Form(NamedTuple):
    """What the images are at one point of a pipeline.

    `pixels`: uint8, Pillow images to torchvision; `bytes` and `floats`: uint8 and float32 tensors to torchvision.
    Here they are (n, height, width, channels) all along, and only what comes out is seen channels first.
    """

    kind: Literal["pixels", "bytes", "floats"]
    channels: int
    height: int
    width: int


class Stage:
    """One transform. This one does nothing and draws nothing."""

    words: int | None = 0
    """How many words of the generator every image takes; None where that depends on the draws themselves."""
    pointwise = False
    """Whether each number is changed by itself, by its channel alone, so that pixels may be moved before."""
    keeps_zero = False
    """Whether 0 stays 0, so that a border of zeros may be added before."""

    def take(self, words: Words) -> Row:
        """Return what one image draws, for `read`."""
        return words.take(self.words or 0)

    def read(self, taken: Rows) -> Drawn:
        """Return the draws of a batch from what each of its images took."""
        return ()

    def apply(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Return the batch transformed; `images` stays as it is."""
        return images


def indices(values: NDArray[Any]) -> Tensor:
    """Return whole numbers as a tensor."""
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.int64))


class Gated(Stage):
    """Other stages, done to an image with a probability (`RandomApply`, `RandomGrayscale`)."""

    def __init__(self, inner: Sequence[Stage], probability: float, *, at_most: bool) -> None:
        self.inner, self.at_most = tuple(inner), at_most
        self.probability = np.float32(probability)
        self.words = 1 if all(stage.words == 0 for stage in self.inner) else None

    def take(self, words: Words) -> Row:
        """Return the word of the gate, then, where it opens, what the inner stages take."""
        gate = words.take(1)
        if self.words == 1 or not self._opens(gate)[0]:
            return gate
        return [gate[0], *(stage.take(words) for stage in self.inner)]

    def _opens(self, words: Numbers) -> NDArray[np.bool_]:
        drawn = fractions(words)
        return drawn <= self.probability if self.at_most else drawn < self.probability

    def read(self, taken: Rows) -> Drawn:
        """Return which images the gate opens for, then the draws of the inner stages for those alone."""
        chosen = np.flatnonzero(self._opens(np.array([row[0] for row in taken], dtype=np.uint32)))
        if not len(chosen):
            return indices(chosen), ()
        rows = [taken[int(i)] for i in chosen]
        inner = [
            stage.read([row[place] for row in rows] if stage.words != 0 else rows)
            for place, stage in enumerate(self.inner, start=1)
        ]
        return indices(chosen), inner

    def apply(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Return the batch with the chosen images done."""
        chosen, inner = drawn
        if not len(chosen):
            return images
        result, chosen = images.clone(), chosen.to(images.device)
        part = images[chosen]
        for stage, own in zip(self.inner, inner, strict=True):
            part = stage.apply(part, own)
        result[chosen] = part
        return result
