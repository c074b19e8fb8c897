"""Colours, rotations and sizes after `ToTensor` or `ToImage`, with torchvision's arithmetic for tensors.

It is not Pillow's: grey is 0.2989 r + 0.587 g + 0.114 b, blends of float32 are not cut to bytes, and a rotation
samples a grid. Images stay (n, height, width, channels). These are sums of float32, equal to torchvision's on the CPU;
a GPU may add them up in another order.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode, functional

from grader.training.transforms.stages import Drawn, Rows, Stage
from grader.training.transforms.words import uniform


def grey(images: Tensor) -> Tensor:
    """Return torchvision's grey of tensors, with one channel."""
    if images.shape[-1] == 1:
        return images
    red, green, blue = images.unbind(-1)
    return (0.2989 * red + 0.587 * green + 0.114 * blue).to(images.dtype)[..., None]


def _blend(images: Tensor, other: Tensor, factor: Tensor) -> Tensor:
    bound = 255 if images.dtype == torch.uint8 else 1
    rest = (1.0 - factor.double()).float()
    return (factor * images + rest * other).clamp(0, bound).to(images.dtype)


def _brightness(images: Tensor, factor: Tensor) -> Tensor:
    return _blend(images, torch.zeros_like(images), factor)


def _contrast(images: Tensor, factor: Tensor) -> Tensor:
    level = grey(images).float().flatten(1).contiguous().mean(1)
    return _blend(images, level.view(-1, 1, 1, 1), factor)


def _saturation(images: Tensor, factor: Tensor) -> Tensor:
    return images if images.shape[-1] == 1 else _blend(images, grey(images), factor)


CHANGES = (_brightness, _contrast, _saturation)


class Sampled(Stage):
    """`RandomRotation` of tensors: the nearest number on a turned grid."""

    words = 1

    def __init__(self, degrees: tuple[float, float], fill: float) -> None:
        self.degrees, self.fill = degrees, fill

    def read(self, taken: Rows) -> Drawn:
        """Return the matrices (n, 2, 3) from a pixel to its source, in pixels from the centre."""
        turn = -np.radians(uniform(np.asarray(taken)[:, 0], *self.degrees).astype(np.float64))
        cosine, sine, none = np.cos(turn), np.sin(turn), np.zeros_like(turn)
        matrices = np.stack([cosine, sine, none, -sine, cosine, none], axis=1).reshape(-1, 2, 3)
        return (torch.from_numpy(matrices.astype(np.float32)),)

    def apply(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Return the batch turned; what comes from outside is filled."""
        count, height, width = images.shape[:3]
        device = images.device
        x = torch.linspace(-width * 0.5 + 0.5, width * 0.5 - 0.5, steps=width, device=device)
        y = torch.linspace(-height * 0.5 + 0.5, height * 0.5 - 0.5, steps=height, device=device)
        ones = torch.ones(height, width, device=device)
        base = torch.stack([x.expand(height, -1), y[:, None].expand(-1, width), ones], dim=2)
        half = torch.tensor([0.5 * width, 0.5 * height], device=device)
        scaled = drawn[0].to(device).transpose(1, 2) / half
        grid = base.view(1, -1, 3).expand(count, -1, -1).bmm(scaled).view(count, height, width, 2)
        inputs = images.permute(0, 3, 1, 2).float()
        masked = torch.cat([inputs, torch.ones_like(inputs[:, :1])], dim=1)
        made = torch.nn.functional.grid_sample(
            masked, grid, mode="nearest", padding_mode="zeros", align_corners=False
        )
        turned = torch.where(made[:, -1:] < 0.5, self.fill, made[:, :-1])
        return turned.to(images.dtype).permute(0, 2, 3, 1)


class Resized(Stage):
    """`Resize` of tensors: torchvision's own works on whole batches."""

    def __init__(self, height: int, width: int, name: str) -> None:
        self.size, self.mode = [height, width], InterpolationMode(name)

    def apply(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Return the batch resized."""
        inputs = images.permute(0, 3, 1, 2).contiguous()
        made: Tensor = functional.resize(inputs, self.size, self.mode, antialias=True)
        return made.permute(0, 2, 3, 1)
