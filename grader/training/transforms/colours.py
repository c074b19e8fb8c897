"""Grey and jittered colours of bytes, with Pillow's own arithmetic.

Pillow's grey is (19595 r + 38470 g + 7471 b) / 65536, rounded; its blends are float32 and cut off; its hue goes
through bytes of hue, saturation and value. Source: `Convert.c` and `Blend.c` of Pillow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import ColorJitter

from grader.model import Call
from grader.training.transforms import after
from grader.training.transforms.stages import Drawn, Form, Gated, NotCompilable, Rows, Stage, indices
from grader.training.transforms.words import permutations, uniform

Changes = tuple[Callable[[Tensor, Tensor], Tensor], ...]
"""Brightness, contrast, saturation and, mostly, hue: images (n, height, width, channels) and factors (n, 1, 1, 1)."""


def grey(images: Tensor) -> Tensor:
    """Return Pillow's `L` of uint8 (n, height, width, channels), with one channel."""
    if images.shape[-1] == 1:
        return images
    red, green, blue = images.int().unbind(-1)
    return ((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16).to(torch.uint8)[..., None]


class Grey(Stage):
    """`Grayscale`, with one channel or three equal ones."""

    def __init__(self, channels: int, grey: Callable[[Tensor], Tensor]) -> None:
        self.channels, self.grey = channels, grey

    def apply(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Return the batch in grey."""
        return self.grey(images).expand(-1, -1, -1, self.channels)


class Jitter(Stage):
    """`ColorJitter`: the order of its four changes and the factor of each are drawn for every image."""

    def __init__(self, given: dict[str, Any], changes: Changes | None = None) -> None:
        self.changes = changes or _CHANGES
        own = ColorJitter(**{name: value for name, value in given.items() if value is not None})
        self.ranges = (own.brightness, own.contrast, own.saturation, own.hue)
        self.words = 3 + sum(ends is not None for ends in self.ranges)

    def read(self, taken: Rows) -> Drawn:
        """Return the order of the changes, (n, 4), and their factors, (n, 4), 1 where there is no such change."""
        words = np.asarray(taken)
        factors = np.ones((len(words), 4), dtype=np.float32)
        place = 3
        for change, ends in enumerate(self.ranges):
            if ends is not None:
                factors[:, change] = uniform(words[:, place], *ends)
                place += 1
        return indices(permutations(words[:, :3])), torch.from_numpy(factors)

    def apply(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Return the batch with its colours changed."""
        order, factors = drawn
        images = images.clone()
        for turn in range(4):
            for change, ends in enumerate(self.ranges):
                chosen = (order[:, turn] == change).nonzero().flatten()
                if ends is not None and len(chosen):
                    factor = factors[chosen, change].to(images.device).view(-1, 1, 1, 1)
                    there = chosen.to(images.device)
                    images[there] = self.changes[change](images[there], factor)
        return images


def _blend(degenerate: Tensor | int, images: Tensor, factor: Tensor) -> Tensor:
    """Return what Pillow blends: `degenerate` at factor 0, `images` at factor 1, beyond outside."""
    mixed = (images.int() - degenerate) * factor + degenerate
    return mixed.clamp_(0, 255).to(torch.uint8)


def _brightness(images: Tensor, factor: Tensor) -> Tensor:
    return _blend(0, images, factor)


def _contrast(images: Tensor, factor: Tensor) -> Tensor:
    level = grey(images)
    pixels = level[0].numel()
    total = level.sum(dim=(1, 2, 3), keepdim=True, dtype=torch.int64)
    return _blend(((2 * total + pixels) // (2 * pixels)).int(), images, factor)


def _saturation(images: Tensor, factor: Tensor) -> Tensor:
    return _blend(grey(images).int(), images, factor)


def _hue(images: Tensor, factor: Tensor) -> Tensor:
    if images.shape[-1] == 1:
        return images
    hue, saturation, value = _to_hsv(images)
    shift = (factor.double() * 255).trunc().long()[..., 0]
    return _from_hsv((hue + shift) % 256, saturation, value)


_CHANGES: Changes = (_brightness, _contrast, _saturation, _hue)


def _to_hsv(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return hue, saturation and value as whole numbers below 256."""
    red, green, blue = images.float().unbind(-1)
    top, bottom = (
        torch.maximum(red, torch.maximum(green, blue)),
        torch.minimum(red, torch.minimum(green, blue)),
    )
    spread = top - bottom
    flat = spread == 0
    divisor = spread.masked_fill(flat, 1)
    from_red, from_green, from_blue = ((top - one) / divisor for one in (red, green, blue))
    # Pillow computes with doubles between its floats.
    hue = torch.where(
        red == top,
        from_blue - from_green,
        torch.where(
            green == top,
            (2.0 + from_red.double() - from_blue.double()).float(),
            (4.0 + from_green.double() - from_red.double()).float(),
        ),
    )
    turn = torch.fmod(hue.double() / 6.0 + 1.0, 1.0).float()
    saturation = spread / top.masked_fill(flat, 1)
    whole = [
        (part.double() * 255.0).long().clamp_(0, 255).masked_fill_(flat, 0) for part in (turn, saturation)
    ]
    return whole[0], whole[1], top.long()


def _from_hsv(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """Return uint8 (n, height, width, 3)."""
    sixth = hue.double() * 6.0 / 255.0
    number = sixth.floor()
    rest = (sixth - number).float().double()
    share = (saturation.float() / 255.0).double()
    level = value.double()
    low, falling, rising = (
        _rounded(level * (1.0 - part)) for part in (share, share * rest, share * (1.0 - rest))
    )
    sector = number.long() % 6
    full = value
    table = torch.stack([full, falling, low, low, rising, full], dim=-1)
    places = torch.stack([sector, (sector + 4) % 6, (sector + 2) % 6], dim=-1)
    return table.gather(-1, places).to(torch.uint8)


def _rounded(numbers: Tensor) -> Tensor:
    return (numbers + 0.5).floor().long().clamp_(0, 255)


def grayscale(call: Call, form: Form) -> tuple[list[Stage], Form]:
    """Return the stage of `Grayscale`."""
    channels = call.arguments.get("num_output_channels", 1)
    if channels not in (1, 3):
        raise NotCompilable
    return [_grey(form, channels)], form._replace(channels=channels)


def random_grayscale(call: Call, form: Form) -> tuple[list[Stage], Form]:
    """Return the stage of `RandomGrayscale`."""
    return [Gated([_grey(form, form.channels)], call.arguments.get("p", 0.1), at_most=False)], form


def _grey(form: Form, channels: int) -> Grey:
    return Grey(channels, grey if form.kind == "pixels" else after.grey)


def color_jitter(call: Call, form: Form) -> tuple[list[Stage], Form]:
    """Return the stage of `ColorJitter`; the hue of tensors is left to torchvision."""
    stage = Jitter(call.arguments, None if form.kind == "pixels" else after.CHANGES)
    if form.kind != "pixels" and stage.ranges[3] is not None:
        raise NotCompilable
    return [stage], form
