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

Numbers = NDArray[np.float64]


class Turn(Stage):
    """A stage that draws a matrix for every image; what comes from outside is filled."""

    def __init__(self, fill: int) -> None:
        self.fill = fill

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


class Rotate(Turn):
    """`RandomRotation`: an angle is drawn for every image."""

    words = 1

    def __init__(self, form: Form, degrees: tuple[float, float], center: Any, fill: int) -> None:
        super().__init__(fill)
        self.degrees = degrees
        self.center = (form.width / 2, form.height / 2) if center is None else center

    def read(self, taken: Rows) -> Drawn:
        """Return the matrices in fixed point, (n, 6)."""
        angles = uniform(np.asarray(taken)[:, 0], *self.degrees).astype(np.float64) % 360.0
        return (torch.from_numpy(_fixed(_rotations(angles, self.center))),)


class Affine(Turn):
    """`RandomAffine`: an angle, then a shift, a scale and a shear where asked for, are drawn for every image."""

    def __init__(self, form: Form, degrees: tuple[float, float], given: dict[str, Any], fill: int) -> None:
        super().__init__(fill)
        shift, shear = given.get("translate"), given.get("shear")
        self.center = given.get("center") or (form.width * 0.5, form.height * 0.5)
        reach = (0.0, 0.0) if shift is None else (float(shift[0] * form.width), float(shift[1] * form.height))
        shears = [-float(shear), float(shear)] if isinstance(shear, int | float) else list(shear or ())
        if degrees == (0.0, 0.0) and not shears and given.get("scale") is not None:
            raise NotCompilable  # Pillow then adds steps up in floating point
        self.ranges: list[tuple[float, float] | None] = [
            degrees,
            *[(-one, one) if shift is not None else None for one in reach],
            _range(given["scale"]) if given.get("scale") is not None else None,
            _range(shears[:2]) if shears else None,
            _range(shears[2:]) if len(shears) > 2 else None,
        ]
        self.words = sum(ends is not None for ends in self.ranges)

    def read(self, taken: Rows) -> Drawn:
        """Return the matrices in fixed point, (n, 6)."""
        words, place = np.asarray(taken), 0
        drawn = [np.full(len(words), 1.0 if number == 3 else 0.0) for number in range(6)]
        for number, ends in enumerate(self.ranges):
            if ends is not None:
                drawn[number] = uniform(words[:, place], *ends).astype(np.float64)
                place += 1
        angle, across, down, scale, *shears = drawn
        matrices = _affine(angle, (np.round(across), np.round(down)), scale, shears, self.center)
        return (torch.from_numpy(_fixed(matrices)),)


def _rotations(angles: Numbers, center: tuple[float, float]) -> Numbers:
    """Return the matrices (n, 6) from a pixel to its source, as `Image.rotate` makes them."""
    turn = -np.radians(angles)
    cosine, sine = np.round(np.cos(turn), 15), np.round(np.sin(turn), 15)
    x, y = center
    across = cosine * -x + sine * -y + x
    down = -sine * -x + cosine * -y + y
    return np.stack([cosine, sine, across, -sine, cosine, down], axis=1)


def _affine(
    angle: Numbers, shift: tuple[Numbers, Numbers], scale: Numbers, shears: list[Numbers], center: Any
) -> Numbers:
    """Return the matrices (n, 6) from a pixel to its source, as torchvision makes them."""
    turn, lean, rise = np.radians(angle), np.radians(shears[0]), np.radians(shears[1])
    a = np.cos(turn - rise) / np.cos(rise)
    b = -np.cos(turn - rise) * np.tan(lean) / np.cos(rise) - np.sin(turn)
    c = np.sin(turn - rise) / np.cos(rise)
    d = -np.sin(turn - rise) * np.tan(lean) / np.cos(rise) + np.cos(turn)
    a, b, c, d = (one / scale for one in (a, b, c, d))
    x, y = (-middle - moved for middle, moved in zip(center, shift, strict=True))
    return np.stack([d, -b, d * x - b * y + center[0], -c, a, -c * x + a * y + center[1]], axis=1)


def _fixed(matrices: Numbers) -> NDArray[np.int64]:
    """Return `matrices` in fixed point, taken at the middle of each pixel."""
    a, b, c, d, e, f = matrices.T
    middle = np.stack([a, b, c + a * 0.5 + b * 0.5, d, e, f + d * 0.5 + e * 0.5], axis=1)
    return np.floor(middle * 65536.0 + 0.5).astype(np.int64)


def random_rotation(call: Call, form: Form) -> tuple[list[Stage], Form]:
    """Return the stage of `RandomRotation` with the nearest pixel, its default."""
    degrees, fill, center = _settings(call)
    if call.arguments.get("expand"):
        raise NotCompilable
    if form.kind == "pixels":
        return [Rotate(form, degrees, center, int(fill))], form
    if center is not None:
        raise NotCompilable
    return [Sampled(degrees, float(fill))], form


def random_affine(call: Call, form: Form) -> tuple[list[Stage], Form]:
    """Return the stage of `RandomAffine` with the nearest pixel, its default."""
    degrees, fill, _ = _settings(call)
    if form.kind != "pixels":
        raise NotCompilable
    return [Affine(form, degrees, call.arguments, int(fill))], form


def _settings(call: Call) -> tuple[tuple[float, float], float, Any]:
    """Return range of angles, fill and centre."""
    given = call.arguments
    fill, center = given.get("fill", 0), given.get("center")
    if given.get("interpolation", "nearest") not in ("nearest", 0) or (
        center is not None and len(center) != 2
    ):
        raise NotCompilable
    if not isinstance(fill, int | float) or not 0 <= fill <= 255:
        raise NotCompilable
    return _range(given.get("degrees")), fill, center


def _range(degrees: Any) -> tuple[float, float]:
    """Return the smallest and the largest angle of torchvision's `degrees`."""
    if isinstance(degrees, int | float):
        return -float(degrees), float(degrees)
    low, high = degrees
    return float(low), float(high)
