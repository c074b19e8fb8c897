"""Crops, paddings and flips: whatever their order, one gather.

They move whole rows and whole columns. So an image is described by which source row and which source column each
of its rows and columns comes from, -1 standing for the border, and moves in a row change only that description.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from grader.model import Call
from grader.training.transforms.stages import Drawn, Form, NotCompilable, Rows, Stage, indices
from grader.training.transforms.words import happens, integers

_BORDER_MAX = 512


class Maps(NamedTuple):
    """Source row (n, height) and source column (n, width) of every row and column of each image; -1 is border."""

    rows: Tensor
    columns: Tensor


class Move(Stage):
    """A stage that only changes maps; `fill` is the value of the border it makes, None where it makes none."""

    fill: float | None = None

    def moved(self, maps: Maps, drawn: Drawn) -> Maps:
        """Return the maps of the batch after this move."""
        raise NotImplementedError

    def apply(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Return the batch moved by this move alone."""
        return gathered(images, [self], [drawn])


def gathered(images: Tensor, moves: Sequence[Move], drawn: Sequence[Drawn]) -> Tensor:
    """Return the batch after all `moves`, of which at most one value of border is made."""
    count, height, width, _ = images.shape
    device = images.device
    maps = Maps(
        torch.arange(height, device=device).expand(count, -1),
        torch.arange(width, device=device).expand(count, -1),
    )
    for move, own in zip(moves, drawn, strict=True):
        maps = move.moved(maps, own)
    which = torch.arange(count, device=device)[:, None, None]
    fill = next((move.fill for move in moves if move.fill is not None), None)
    if fill is None:
        return images[which, maps.rows[:, :, None], maps.columns[:, None, :]]
    rows, columns = maps.rows.clamp(min=0), maps.columns.clamp(min=0)
    border = (maps.rows < 0)[:, :, None] | (maps.columns < 0)[:, None, :]
    return images[which, rows[:, :, None], columns[:, None, :]].masked_fill_(border[..., None], fill)


class Flip(Move):
    """`RandomHorizontalFlip` and `RandomVerticalFlip`."""

    words = 1

    def __init__(self, probability: float, *, horizontal: bool) -> None:
        self.probability, self.horizontal = probability, horizontal

    def read(self, taken: Rows) -> Drawn:
        """Return which images are flipped, (n, 1)."""
        return (torch.from_numpy(happens(np.asarray(taken), self.probability)),)

    def moved(self, maps: Maps, drawn: Drawn) -> Maps:
        """Return the maps with those of the drawn images turned round."""
        flipped = drawn[0].to(maps.rows.device)
        if self.horizontal:
            return Maps(maps.rows, torch.where(flipped, maps.columns.flip(1), maps.columns))
        return Maps(torch.where(flipped, maps.rows.flip(1), maps.rows), maps.columns)


class Border(Move):
    """`Pad`: a border of one value, or of pixels of the image itself."""

    def __init__(self, borders: tuple[int, int, int, int], mode: str, fill: float) -> None:
        self.left, self.top, self.right, self.bottom = borders
        self.mode = mode
        self.fill = fill if mode == "constant" and any(borders) else None

    def moved(self, maps: Maps, drawn: Drawn) -> Maps:
        """Return the maps with the border around them."""
        return Maps(
            self._wider(maps.rows, self.top, self.bottom), self._wider(maps.columns, self.left, self.right)
        )

    def _wider(self, axis: Tensor, before: int, after: int) -> Tensor:
        if not before and not after:
            return axis
        if self.mode == "constant":
            return torch.nn.functional.pad(axis, (before, after), value=-1)
        modes = {"edge": "edge", "reflect": "reflect", "symmetric": "symmetric"}
        places = np.pad(np.arange(axis.shape[1]), (before, after), mode=modes[self.mode])  # type: ignore[call-overload]
        return axis[:, indices(places).to(axis.device)]


class Crop(Move):
    """`RandomCrop` where there is room: a row, then a column, is drawn for every image."""

    words = 2

    def __init__(self, form: Form, height: int, width: int) -> None:
        self.room = (form.height - height + 1, form.width - width + 1)
        self.height, self.width = height, width

    def read(self, taken: Rows) -> Drawn:
        """Return the first row and the first column of each image, (n, 1) each."""
        words = np.asarray(taken)
        return tuple(indices(integers(words[:, axis], self.room[axis]))[:, None] for axis in (0, 1))

    def moved(self, maps: Maps, drawn: Drawn) -> Maps:
        """Return the part of the maps inside the crop."""
        device = maps.rows.device
        tops, lefts = (start.to(device) for start in drawn)
        return Maps(
            maps.rows.gather(1, tops + torch.arange(self.height, device=device)),
            maps.columns.gather(1, lefts + torch.arange(self.width, device=device)),
        )


class Window(Move):
    """The same part of every image."""

    def __init__(self, top: int, left: int, height: int, width: int) -> None:
        self.rows, self.columns = slice(top, top + height), slice(left, left + width)

    def moved(self, maps: Maps, drawn: Drawn) -> Maps:
        """Return the part of the maps inside the window."""
        return Maps(maps.rows[:, self.rows], maps.columns[:, self.columns])


def flip(call: Call, form: Form) -> tuple[list[Stage], Form]:
    """Return the stage of a random flip."""
    probability = call.arguments.get("p", 0.5)
    if not isinstance(probability, int | float):
        raise NotCompilable
    return [Flip(probability, horizontal=call.name == "RandomHorizontalFlip")], form


def pad(call: Call, form: Form) -> tuple[list[Stage], Form]:
    """Return the stage of `Pad`."""
    given = call.arguments
    return _bordered(form, _borders(given.get("padding")), given)


def _bordered(
    form: Form, borders: tuple[int, int, int, int], given: dict[str, Any]
) -> tuple[list[Stage], Form]:
    mode, fill = given.get("padding_mode", "constant"), given.get("fill", 0)
    left, top, right, bottom = borders
    if mode not in ("constant", "edge", "reflect", "symmetric") or isinstance(fill, bool):
        raise NotCompilable
    if not isinstance(fill, int | float) or (form.kind != "floats" and not 0 <= fill <= 255):
        raise NotCompilable
    if form.kind != "floats" and fill != int(fill):
        raise NotCompilable
    larger = form._replace(height=form.height + top + bottom, width=form.width + left + right)
    if mode != "constant" and (max(top, bottom) >= form.height or max(left, right) >= form.width):
        raise NotCompilable
    return [Border(borders, mode, fill)], larger


def center_crop(call: Call, form: Form) -> tuple[list[Stage], Form]:
    """Return the stages of `CenterCrop`, which pads an image that is too small."""
    height, width = size_of(call.arguments.get("size"))
    stages: list[Stage] = []
    low, narrow = max(height - form.height, 0), max(width - form.width, 0)
    if low or narrow:
        around = (narrow // 2, low // 2, (narrow + 1) // 2, (low + 1) // 2)
        stages, form = _bordered(form, around, {})
    top, left = round((form.height - height) / 2.0), round((form.width - width) / 2.0)
    return [*stages, Window(top, left, height, width)], form._replace(height=height, width=width)


def random_crop(call: Call, form: Form) -> tuple[list[Stage], Form]:
    """Return the stages of `RandomCrop`; where the image just fits, nothing is drawn."""
    given = call.arguments
    height, width = size_of(given.get("size"))
    stages: list[Stage] = []
    if given.get("padding") is not None:
        stages, form = _bordered(form, _borders(given["padding"]), given)
    if given.get("pad_if_needed") or form.height < height or form.width < width:
        raise NotCompilable
    cropped = form._replace(height=height, width=width)
    return (stages if cropped == form else [*stages, Crop(form, height, width)]), cropped


def size_of(given: Any) -> tuple[int, int]:
    """Return height and width of torchvision's `size`, where one number is a square's side."""
    values = [given] * 2 if isinstance(given, int) else list(given or ())
    values = values * 2 if len(values) == 1 else values
    if len(values) != 2 or not all(isinstance(value, int) and value > 0 for value in values):
        raise NotCompilable
    return values[0], values[1]


def _borders(given: Any) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of torchvision's `padding`."""
    values = [given] if isinstance(given, int) else list(given or ())
    if len(values) not in (1, 2, 4) or not all(
        isinstance(value, int) and 0 <= value <= _BORDER_MAX for value in values
    ):
        raise NotCompilable
    four = values * (4 // len(values))
    return four[0], four[1], four[2], four[3]
