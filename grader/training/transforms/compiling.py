"""A list of recorded calls becomes stages, and the stages a batched transform."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from torch import Tensor

from grader.model import Call
from grader.training.transforms import colours, moves, resizing, tensors, turning
from grader.training.transforms.moves import Move, gathered
from grader.training.transforms.stages import Drawn, Form, Gated, NotCompilable, Stage
from grader.training.transforms.words import Words

_DEPTH_MAX = 5

_COMPILERS: dict[str, Callable[[Call, Form], tuple[list[Stage], Form]]] = {
    "CenterCrop": moves.center_crop,
    "ColorJitter": colours.color_jitter,
    "ConvertImageDtype": tensors.to_dtype,
    "Grayscale": colours.grayscale,
    "Normalize": tensors.normalize,
    "PILToTensor": tensors.to_bytes,
    "Pad": moves.pad,
    "RandomAffine": turning.random_affine,
    "RandomCrop": moves.random_crop,
    "RandomErasing": tensors.erase,
    "RandomGrayscale": colours.random_grayscale,
    "RandomHorizontalFlip": moves.flip,
    "RandomRotation": turning.random_rotation,
    "RandomVerticalFlip": moves.flip,
    "Resize": resizing.resize,
    "ToDtype": tensors.to_dtype,
    "ToImage": tensors.to_bytes,
    "ToTensor": tensors.to_tensor,
}


class Batched:
    """A compiled pipeline: `draw` for a number of images, then `carry_out` on them, on any device."""

    def __init__(self, calls: Sequence[Call], form: Form) -> None:
        try:
            self._stages, self.made = _compiled(calls, form, 0)
        except (TypeError, ValueError, OverflowError) as error:
            # Arguments of a recording may be anything; torchvision says what is wrong with them.
            raise NotCompilable from error
        if self.made.kind != "floats":
            raise NotCompilable
        self._order = _order(self._stages)

    def __call__(self, images: Tensor) -> Tensor:
        """Return the batch transformed, drawn from torch's generator now."""
        return self.carry_out(images, self.draw(len(images)))

    def draw(self, count: int) -> tuple[Drawn, ...]:
        """Return the draws of `count` images, as tensors on the CPU, and leave the generator behind them."""
        widths = [stage.words for stage in self._stages]
        if not any(width != 0 for width in widths):
            return tuple(stage.read([]) for stage in self._stages)
        fixed = [width for width in widths if width is not None]
        with Words() as words:
            if len(fixed) == len(widths):
                ends = np.cumsum(fixed)
                table = words.take(count * int(ends[-1])).reshape(count, int(ends[-1]))
                taken = [table[:, end - width : end] for end, width in zip(ends, fixed, strict=True)]
                return tuple(stage.read(part) for stage, part in zip(self._stages, taken, strict=True))
            rows = [[stage.take(words) for stage in self._stages] for _ in range(count)]
        columns = zip(*rows, strict=True)
        return tuple(stage.read(column) for stage, column in zip(self._stages, columns, strict=True))

    def carry_out(self, images: Tensor, draws: Sequence[Drawn]) -> Tensor:
        """Return uint8 `images` (n, height, width, channels) as float32 (n, channels, height, width).

        The memory stays channels last, and nothing is drawn.
        """
        for group in self._order:
            stages, own = [self._stages[i] for i in group], [draws[i] for i in group]
            together = [stage for stage in stages if isinstance(stage, Move)]
            if together:
                images = gathered(images, together, own)
            else:
                images = stages[0].apply(images, own[0])
        return images.permute(0, 3, 1, 2)


def _compiled(calls: Sequence[Call], form: Form, depth: int) -> tuple[list[Stage], Form]:
    if depth > _DEPTH_MAX:
        raise NotCompilable
    stages: list[Stage] = []
    for call in calls:
        if call.name == "Compose":
            made, form = _compiled(_held(call), form, depth + 1)
        elif call.name == "RandomApply":
            inner, after = _compiled(_held(call), form, depth + 1)
            if after != form:
                raise NotCompilable
            made = [Gated(inner, call.arguments.get("p", 0.5), at_most=True)]
        elif call.name in _COMPILERS:
            made, form = _COMPILERS[call.name](call, form)
        else:
            raise NotCompilable
        stages += made
    return stages, form


def _held(call: Call) -> list[Call]:
    """Return the transforms that `call` holds."""
    held = call.arguments.get("transforms")
    if not isinstance(held, list) or not all(isinstance(part, dict) for part in held):
        raise NotCompilable
    return [Call(name=str(part.get("name")), arguments=part.get("arguments") or {}) for part in held]


def _order(stages: Sequence[Stage]) -> list[list[int]]:
    """Return the numbers of the stages in the order they are carried out, moves that one gather does together.

    A move goes before stages that change each number by itself: fewer bytes are moved, and gathers meet.
    A border of zeros passes only what keeps zero.
    """
    order: list[list[int]] = []
    for number, stage in enumerate(stages):
        if not isinstance(stage, Move):
            order.append([number])
            continue
        place = len(order)
        while place and _passes(stage, stages[order[place - 1][0]]):
            place -= 1
        before = order[place - 1] if place else None
        if before is not None and _joins(stage, [stages[i] for i in before]):
            before.append(number)
        else:
            order.insert(place, [number])
    return order


def _passes(move: Move, other: Stage) -> bool:
    return other.pointwise and (move.fill is None or (move.fill == 0 and other.keeps_zero))


def _joins(move: Move, group: Sequence[Stage]) -> bool:
    fills = {one.fill for one in (*group, move) if isinstance(one, Move) and one.fill is not None}
    return isinstance(group[0], Move) and len(fills) <= 1
