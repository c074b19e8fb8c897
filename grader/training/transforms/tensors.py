"""From pixels to tensors, and what torchvision does to tensors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from grader.model import Call
from grader.training.transforms.stages import Drawn, Form, NotCompilable, Row, Rows, Stage, indices
from grader.training.transforms.words import Words, happens, integers, uniform

_ATTEMPTS = 10
"""That torchvision makes at a rectangle that fits."""


class ToFloats(Stage):
    """Bytes become float32 numbers, divided by 255 for `ToTensor`.

    `ToDtype` multiplies by a rounded 1/255 instead, which differs in the last bit.
    """

    pointwise = keeps_zero = True

    def __init__(self, *, divisor: int = 1, factor: float = 1.0) -> None:
        self.divisor, self.factor = divisor, factor

    def apply(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Return float32 of the same shape."""
        return images.float().div_(self.divisor).mul_(self.factor)


class Normalize(Stage):
    """Each channel loses its mean and is divided by its deviation."""

    pointwise = True

    def __init__(self, mean: Tensor, deviation: Tensor) -> None:
        self.mean, self.deviation = mean, deviation

    def apply(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Return the batch normalised."""
        return images.sub(self.mean.to(images.device)).div(self.deviation.to(images.device))


class Erase(Stage):
    """`RandomErasing` with a constant: a rectangle of each drawn image is overwritten."""

    words = None

    def __init__(self, form: Form, given: dict[str, Any]) -> None:
        self.form = form
        self.probability = given.get("p", 0.5)
        self.scale, self.ratio = (
            tuple(float(end) for end in given.get(name, default))
            for name, default in (("scale", (0.02, 0.33)), ("ratio", (0.3, 3.3)))
        )
        self.log_ratio = torch.log(torch.tensor(self.ratio)).tolist()
        value = given.get("value", 0)
        values = value if isinstance(value, list | tuple) else [value]
        if len(values) not in (1, form.channels) or not all(isinstance(v, int | float) for v in values):
            raise NotCompilable
        if form.kind != "floats" and not all(v == int(v) and 0 <= v <= 255 for v in values):
            raise NotCompilable
        self.value = torch.tensor([float(v) for v in values]).view(1, 1, 1, -1)

    def take(self, words: Words) -> Row:
        """Return top, left, height and width of one image's rectangle; no height where nothing is erased."""
        if not happens(words.take(1), self.probability)[0]:
            return (0, 0, 0, 0)
        area = self.form.height * self.form.width
        for _ in range(_ATTEMPTS):
            drawn = words.take(2)
            erased = area * float(uniform(drawn[:1], *self.scale)[0])
            aspect = float(torch.exp(torch.from_numpy(uniform(drawn[1:], *self.log_ratio))))
            height, width = round(math.sqrt(erased * aspect)), round(math.sqrt(erased / aspect))
            if height < self.form.height and width < self.form.width:
                corner = words.take(2)
                top = integers(corner[:1], self.form.height - height + 1)[0]
                left = integers(corner[1:], self.form.width - width + 1)[0]
                return (top, left, height, width)
        return (0, 0, 0, 0)

    def read(self, taken: Rows) -> Drawn:
        """Return the rectangles, (n, 4)."""
        return (indices(np.asarray(taken)),)

    def apply(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Return the batch with the rectangles overwritten."""
        top, left, height, width = drawn[0].to(images.device)[:, :, None].unbind(1)
        rows = torch.arange(images.shape[1], device=images.device)
        columns = torch.arange(images.shape[2], device=images.device)
        inside = ((rows >= top) & (rows < top + height))[:, :, None]
        inside = inside & ((columns >= left) & (columns < left + width))[:, None, :]
        return torch.where(inside[..., None], self.value.to(images), images)


def to_tensor(call: Call, form: Form) -> tuple[list[Stage], Form]:
    """Return the stage of `ToTensor`."""
    if form.kind != "pixels":
        raise NotCompilable
    return [ToFloats(divisor=255)], form._replace(kind="floats")


def to_bytes(call: Call, form: Form) -> tuple[list[Stage], Form]:
    """Return the stage of `ToImage` and `PILToTensor`."""
    if form.kind == "pixels":
        return [], form._replace(kind="bytes")
    if call.name == "ToImage":
        return [], form
    raise NotCompilable


def to_dtype(call: Call, form: Form) -> tuple[list[Stage], Form]:
    """Return the stage of `ConvertImageDtype` and of `ToDtype` for float32."""
    if form.kind == "pixels" or call.arguments.get("dtype", "float32") != "float32":
        raise NotCompilable
    if form.kind == "floats":
        return [], form
    if call.name == "ConvertImageDtype":
        stage = ToFloats(divisor=255)
    else:
        stage = ToFloats(factor=1 / 255 if call.arguments.get("scale") is True else 1.0)
    return [stage], form._replace(kind="floats")


def normalize(call: Call, form: Form) -> tuple[list[Stage], Form]:
    """Return the stage of `Normalize`."""
    try:
        mean, deviation = (
            torch.tensor(call.arguments[name], dtype=torch.float32) for name in ("mean", "std")
        )
    except (KeyError, TypeError, ValueError) as error:
        raise NotCompilable from error
    if form.kind != "floats" or mean.dim() != 1 or deviation.dim() != 1 or bool((deviation == 0).any()):
        raise NotCompilable
    if not {len(mean), len(deviation)} <= {1, form.channels}:
        raise NotCompilable
    return [Normalize(mean.view(1, 1, 1, -1), deviation.view(1, 1, 1, -1))], form


def erase(call: Call, form: Form) -> tuple[list[Stage], Form]:
    """Return the stage of `RandomErasing`."""
    if form.kind == "pixels":
        raise NotCompilable
    return [Erase(form, call.arguments)], form
