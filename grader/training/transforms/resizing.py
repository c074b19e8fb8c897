"""`Resize` of bytes with Pillow's own coefficients.

Pillow resizes along one axis, then along the other; each new pixel is a sum of a few old ones with weights in fixed
point, 22 bits after the point, rounded to a byte (`Resample.c`). Whole numbers, the same on every device.
Which axis comes first differs between versions of Pillow and sizes, and changes bytes by one:
Pillow is asked, on an image of noise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from grader.model import Call
from grader.training.transforms.after import Resized
from grader.training.transforms.moves import size_of
from grader.training.transforms.stages import Drawn, Form, NotCompilable, Stage

_BITS = 22
_AT_ONCE = 2**17
"""Numbers that are resized together: four bytes each, so that they stay in the processor's cache."""

Numbers = NDArray[np.float64]


def _triangle(x: Numbers) -> Numbers:
    return np.maximum(1.0 - np.abs(x), 0.0)


def _cubic(x: Numbers) -> Numbers:
    x, a = np.abs(x), -0.5
    inner = ((a + 2.0) * x - (a + 3.0)) * x * x + 1
    outer = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x < 1.0, inner, np.where(x < 2.0, outer, 0.0))


class _Filter(NamedTuple):
    kernel: Callable[[Numbers], Numbers]
    reach: float
    """In pixels, where nothing is made smaller."""
    pillow: Image.Resampling


_BILINEAR = _Filter(_triangle, 1.0, Image.Resampling.BILINEAR)
_BICUBIC = _Filter(_cubic, 2.0, Image.Resampling.BICUBIC)
_FILTERS: dict[object, _Filter] = {"bilinear": _BILINEAR, 2: _BILINEAR, "bicubic": _BICUBIC, 3: _BICUBIC}
"""By torchvision's name and by Pillow's number."""


class _Taps(NamedTuple):
    """Which old pixels make each new one, and with what weights: (made, taps) each."""

    places: Tensor
    weights: Tensor


def _taps(size: int, made: int, chosen: _Filter) -> _Taps:
    """Return how `made` pixels come from `size` ones."""
    scale = size / made
    stretch = max(scale, 1.0)
    support = chosen.reach * stretch
    center = (np.arange(made) + 0.5) * scale
    first = np.maximum((center - support + 0.5).astype(np.int64), 0)
    end = np.minimum((center + support + 0.5).astype(np.int64), size)
    places = first[:, None] + np.arange(int((end - first).max()))
    weights = chosen.kernel((places - center[:, None] + 0.5) * (1.0 / stretch))
    weights = np.where(places < end[:, None], weights, 0.0)
    total = np.zeros(made)
    for tap in range(weights.shape[1]):  # in this order, as Pillow adds them up
        total += weights[:, tap]
    weights = weights / total[:, None] * (1 << _BITS)
    fixed = np.trunc(np.where(weights < 0, weights - 0.5, weights + 0.5)).astype(np.int32)
    return _Taps(torch.from_numpy(np.minimum(places, size - 1)), torch.from_numpy(fixed))


def _resampled(images: Tensor, taps: _Taps, axis: int) -> Tensor:
    """Return uint8 `images` (n, height, width, channels) resized along `axis`, 1 or 2."""
    total: Tensor | None = None
    shape = (1, -1, 1, 1) if axis == 1 else (1, 1, -1, 1)
    for places, weights in zip(taps.places.T, taps.weights.T, strict=True):
        part = images.index_select(axis, places.to(images.device)).int()
        part *= weights.to(images.device).view(shape)
        total = part if total is None else total.add_(part)
    assert total is not None
    total += 1 << (_BITS - 1)
    total >>= _BITS
    return total.clamp_(0, 255).to(torch.uint8)


class Resize(Stage):
    """`Resize`: every image gets the same size."""

    def __init__(self, form: Form, height: int, width: int, chosen: _Filter) -> None:
        self.numbers = height * width * form.channels
        both = ((1, form.height, height), (2, form.width, width))
        self.passes = [(axis, _taps(old, new, chosen)) for axis, old, new in both if old != new]
        noise = np.random.default_rng(0).integers(0, 256, (form.height, form.width), dtype=np.uint8)
        theirs = np.asarray(Image.fromarray(noise).resize((width, height), chosen.pillow))
        ours = self.apply(torch.from_numpy(noise)[None, :, :, None], ())
        if not np.array_equal(ours[0, :, :, 0].numpy(), theirs):
            self.passes.reverse()

    def apply(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Return the batch resized."""
        if images.is_cuda:
            return self._resized(images)
        return torch.cat([self._resized(part) for part in images.split(max(_AT_ONCE // self.numbers, 1))])

    def _resized(self, images: Tensor) -> Tensor:
        for axis, taps in self.passes:
            images = _resampled(images, taps, axis)
        return images


def resize(call: Call, form: Form) -> tuple[list[Stage], Form]:
    """Return the stage of `Resize`; one number is the length of the shorter side."""
    given = call.arguments
    size, name = given.get("size"), given.get("interpolation", "bilinear")
    if name not in _FILTERS or given.get("max_size") is not None:
        raise NotCompilable
    sides = [size] if isinstance(size, int) else list(size or ())
    if len(sides) == 1 and isinstance(sides[0], int) and sides[0] > 0:
        short, long = sorted((form.height, form.width))
        sides = [sides[0], int(sides[0] * long / short)]
        sides = sides if form.height <= form.width else sides[::-1]
    height, width = size_of(sides)
    made = form._replace(height=height, width=width)
    if form.kind != "pixels":
        if given.get("antialias", True) is not True:
            raise NotCompilable
        return [Resized(height, width, "bilinear" if _FILTERS[name] is _BILINEAR else "bicubic")], made
    return [Resize(form, height, width, _FILTERS[name])], made
