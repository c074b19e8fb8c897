"""The transform of a recipe, batched where that is proven equal to torchvision's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from grader.errors import TrainingError
from grader.model import Call
from grader.training.transforms import one_by_one
from grader.training.transforms.compiling import Batched
from grader.training.transforms.stages import Form, NotCompilable

PROBE_IMAGES = 256
PROBE_SEED = 5

Transform = Callable[[Tensor], Tensor]
"""uint8 (n, height, width, channels) to float32 (n, channels, height, width)."""


class Pipeline(NamedTuple):
    """A transform for batches, and the path it takes: `batched` or `image_by_image`."""

    apply: Transform
    path: str

    @property
    def batched(self) -> Batched | None:
        """The compiled pipeline, whose draws can be made apart; None where images go one by one."""
        return self.apply if isinstance(self.apply, Batched) else None


def build_pipeline(calls: Sequence[Call], probe: Tensor) -> Pipeline:
    """Return the transform that `calls` describe, batched where that is proven equal on `probe`.

    `probe` holds uint8 images (n, height, width, channels) of the data set. Equal means the same bits,
    and the same state of the generator afterwards. Raises TrainingError for a transform that is not on
    the list, or that torchvision refuses.
    """
    theirs = one_by_one.build(calls)
    probe = probe[:PROBE_IMAGES]
    try:
        ours = Batched(calls, Form("pixels", probe.shape[3], probe.shape[1], probe.shape[2]))
    except NotCompilable:
        _try(theirs, probe[:2])
        return Pipeline(theirs, "image_by_image")
    expected = _try(theirs, probe)
    return Pipeline(ours, "batched") if _equal(ours, expected, probe) else Pipeline(theirs, "image_by_image")


def _equal(ours: Batched, expected: tuple[Tensor, Tensor], probe: Tensor) -> bool:
    """Return whether `ours` makes the same of `probe` and leaves the generator in the same state."""
    try:
        made, state = _try(ours, probe)
    except TrainingError:  # ours alone fails: torchvision's way is open
        return False
    return (
        made.shape == expected[0].shape
        and torch.equal(_bits(made), _bits(expected[0]))
        and torch.equal(state, expected[1])
    )


def _try(transform: Transform, probe: Tensor) -> tuple[Tensor, Tensor]:
    """Return what `transform` makes of `probe` from a fixed seed, and the generator's state afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(PROBE_SEED)
        try:
            made = transform(probe)
        except (RuntimeError, ValueError, TypeError, IndexError, AttributeError) as error:
            raise one_by_one.refusal(str(error)) from error
        return made, torch.random.get_rng_state()


def _bits(made: Tensor) -> Tensor:
    return made.contiguous().view(torch.int32)
