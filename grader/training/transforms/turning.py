"""Rotations and other affine maps that take the nearest pixel, by Pillow's own indices.

Pillow finds the source of every pixel in fixed point, 16 bits after the point (`affine_fixed` in `Geometry.c`):
whole numbers, the same on every device.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grader.model import Call
from grader.training.transforms.after import Sampled
from grader.training.transforms.stages import Drawn, Form, NotCompilable, Rows, Stage
from grader.training.transforms.words import uniform


class Rotate(Stage):
    """`RandomRotation`: an angle is drawn for every image."""

    words = 1

    def __init__(self, form: Form, degrees: tuple[float, float], center: Any, fill: int) -> None:
        self.degrees, self.fill = degrees, fill
        self.center = (form.width / 2, form.height / 2) if center is None else center

    def read(self, taken: Rows) -> Drawn:
        """Return the matrices in fixed point, (n, 6)."""
        angles = uniform(np.asarray(taken)[:, 0], *self.degrees).astype(np.float64) % 360.0
        return (torch.from_numpy(_fixed(_rotations(angles, self.center))),)

    def apply(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Return the batch turned; what comes from outside is filled."""
        count, height, width = images.shape[:3]
        a, b, c, d, e, f = drawn[0].to(images.device)[:, :, None, None].unbind(1)
        rows = torch.arange(height, device=images.device)[:, None]
        columns = torch.arange(width, device=images.device)
        x, y = (c + b * rows + a * columns) >> 16, (f + e * rows + d * columns) >> 16
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        which = torch.arange(count, device=images.device)[:, None, None]
        turned = images[which, y.clamp(0, height - 1), x.clamp(0, width - 1)]
        return turned.masked_fill_(~inside[..., None], self.fill)


def _rotations(angles: NDArray[np.float64], center: tuple[float, float]) -> NDArray[np.float64]:
    """Return the matrices (n, 6) from a pixel to its source, as `Image.rotate` makes them."""
    turn = -np.radians(angles)
    cosine, sine = np.round(np.cos(turn), 15), np.round(np.sin(turn), 15)
    x, y = center
    across = cosine * -x + sine * -y + x
    down = -sine * -x + cosine * -y + y
    return np.stack([cosine, sine, across, -sine, cosine, down], axis=1)


def _fixed(matrices: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return `matrices` in fixed point, taken at the middle of each pixel."""
    a, b, c, d, e, f = matrices.T
    middle = np.stack([a, b, c + a * 0.5 + b * 0.5, d, e, f + d * 0.5 + e * 0.5], axis=1)
    return np.floor(middle * 65536.0 + 0.5).astype(np.int64)


def random_rotation(call: Call, form: Form) -> tuple[list[Stage], Form]:
    """Return the stage of `RandomRotation` with the nearest pixel, its default."""
    given = call.arguments
    fill, center = given.get("fill", 0), given.get("center")
    nearest = given.get("interpolation", "nearest") in ("nearest", 0)
    if not nearest or given.get("expand"):
        raise NotCompilable
    if center is not None and len(center) != 2:
        raise NotCompilable
    if not isinstance(fill, int | float) or not 0 <= fill <= 255:
        raise NotCompilable
    if form.kind != "pixels":
        if center is not None:
            raise NotCompilable
        return [Sampled(_range(given.get("degrees")), float(fill))], form
    return [Rotate(form, _range(given.get("degrees")), center, int(fill))], form


def _range(degrees: Any) -> tuple[float, float]:
    """Return the smallest and the largest angle of torchvision's `degrees`."""
    if isinstance(degrees, int | float):
        return -float(degrees), float(degrees)
    low, high = degrees
    return float(low), float(high)
