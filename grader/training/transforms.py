"""Recorded transforms as batched operations on resident images, proven equal to torchvision's own.

Crops, paddings and flips only move pixels, row by row and column by column: whatever their order, an image is
described by which source row and which source column each of its rows and columns comes from, -1 standing for
padding. A batch is then one gather and one division. The draws are torchvision's own, per image and in its order
(`randint` for the row, `randint` for the column, `rand` for the flip), from torch's global generator,
so the compiled path and torchvision's give the same bits from the same seed. That is proven at run time on a probe;
what cannot be compiled, or is not equal there, goes image by image through torchvision itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
import torchvision.transforms
from PIL import Image
from torch import Tensor

from grader.errors import TrainingError
from grader.model import Call

PROBE_IMAGES = 256
PROBE_SEED = 5

Transform = Callable[[Tensor], Tensor]
"""uint8 (n, height, width, channels) to float32 (n, channels, height, width)."""

WHITELIST = frozenset({
    "AugMix", "AutoAugment", "CenterCrop", "ColorJitter", "ConvertImageDtype", "GaussianBlur", "Grayscale",
    "Normalize", "Pad", "RandAugment", "RandomAdjustSharpness", "RandomAffine", "RandomAutocontrast", "RandomCrop",
    "RandomEqualize", "RandomErasing", "RandomGrayscale", "RandomHorizontalFlip", "RandomInvert",
    "RandomPerspective", "RandomPosterize", "RandomResizedCrop", "RandomRotation", "RandomSolarize",
    "RandomVerticalFlip", "Resize", "ToTensor", "TrivialAugmentWide",
})  # fmt: skip
"""Transforms that run image by image where they are not compiled."""


class Pipeline(NamedTuple):
    """A transform for batches, and the path it takes: `batched` or `image_by_image`."""

    apply: Transform
    path: str


class _NotCompilable(Exception):
    """This pipeline has no batched form; torchvision runs it instead."""


class _Maps(NamedTuple):
    """Source row and source column of every row and column of one image; -1 is padding."""

    rows: Tensor
    columns: Tensor


Move = Callable[[_Maps], _Maps]


def build_pipeline(calls: Sequence[Call], probe: Tensor) -> Pipeline:
    """Return the transform that `calls` describe, batched where that is proven equal on `probe`.

    `probe` holds uint8 images (n, height, width, 3) of the data set. Raises TrainingError for a
    transform that is not on the list, or that torchvision refuses.
    """
    one_by_one = _image_by_image(calls)
    try:
        batched = _Batched(calls)
    except _NotCompilable:
        _try(one_by_one, probe[:2])
        return Pipeline(one_by_one, "image_by_image")
    probe = probe[:PROBE_IMAGES]
    (ours, state), (theirs, their_state) = _try(batched, probe), _try(one_by_one, probe)
    equal = (
        ours.shape == theirs.shape
        and torch.equal(_bits(ours), _bits(theirs))
        and torch.equal(state, their_state)
    )
    return Pipeline(batched, "batched") if equal else Pipeline(one_by_one, "image_by_image")


def _try(transform: Transform, probe: Tensor) -> tuple[Tensor, Tensor]:
    """Return what `transform` makes of `probe` from a fixed seed, and the generator's state afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(PROBE_SEED)
        try:
            made = transform(probe)
        except (RuntimeError, ValueError, TypeError, IndexError, AttributeError) as error:
            raise _refusal(str(error)) from error
        return made, torch.random.get_rng_state()


def _bits(made: Tensor) -> Tensor:
    return made.contiguous().view(torch.int32)


class _Batched:
    """The compiled pipeline: moves of pixels, then ToTensor's division, then normalisations."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self.moves: list[Move] = []
        self.normalisations: list[tuple[Tensor, Tensor]] = []
        seen_tensor = False
        for call in calls:
            if call.name == "ToTensor" and not seen_tensor:
                seen_tensor = True
            elif call.name == "Normalize" and seen_tensor and not call.arguments.get("inplace"):
                self.normalisations.append(_constants(call))
            else:
                self.moves.append(_move(call, pads_pixels=not self.normalisations))
        if not seen_tensor:
            raise _NotCompilable

    def __call__(self, images: Tensor) -> Tensor:
        """Return the transformed batch; its memory stays channels last."""
        moved = self._moved(images) if self.moves else images
        result = moved.permute(0, 3, 1, 2).float().div(255)
        for mean, deviation in self.normalisations:
            result = result.sub(mean.to(result.device)).div(deviation.to(result.device))
        return result

    def _moved(self, images: Tensor) -> Tensor:
        count, height, width, _ = images.shape
        start = _Maps(torch.arange(height), torch.arange(width))
        drawn = []
        for _ in range(count):
            maps = start
            for move in self.moves:
                maps = move(maps)
            drawn.append(maps)
        rows = torch.stack([maps.rows for maps in drawn]).to(images.device)
        columns = torch.stack([maps.columns for maps in drawn]).to(images.device)
        which = torch.arange(count, device=images.device)[:, None, None]
        moved = images[which, rows.clamp(min=0)[:, :, None], columns.clamp(min=0)[:, None, :]]
        padding = (rows < 0)[:, :, None] | (columns < 0)[:, None, :]
        return moved.masked_fill_(padding[..., None], 0) if bool(padding.any()) else moved


def _constants(call: Call) -> tuple[Tensor, Tensor]:
    try:
        mean, deviation = (
            torch.tensor(call.arguments[name], dtype=torch.float32) for name in ("mean", "std")
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _NotCompilable from error
    if mean.dim() != 1 or deviation.dim() != 1 or bool((deviation == 0).any()):
        raise _NotCompilable
    return mean.view(1, -1, 1, 1), deviation.view(1, -1, 1, 1)


def _move(call: Call, *, pads_pixels: bool) -> Move:
    """Return what `call` does to the maps of one image; `pads_pixels` says that padding is a pixel of value 0."""
    given = call.arguments
    if call.name == "RandomHorizontalFlip":
        return lambda maps: _flipped(maps, float(given.get("p", 0.5)), horizontal=True)
    if call.name == "RandomVerticalFlip":
        return lambda maps: _flipped(maps, float(given.get("p", 0.5)), horizontal=False)
    if not pads_pixels or given.get("fill", 0) != 0 or given.get("padding_mode", "constant") != "constant":
        raise _NotCompilable
    if call.name == "Pad":
        borders = _borders(given.get("padding"))
        return lambda maps: _padded(maps, borders)
    if call.name == "CenterCrop":
        height, width = _size(given.get("size"))
        return lambda maps: _center_cropped(maps, height, width)
    if call.name == "RandomCrop" and not given.get("pad_if_needed"):
        height, width = _size(given.get("size"))
        around = _borders(given["padding"]) if given.get("padding") is not None else (0, 0, 0, 0)
        return lambda maps: _cropped(_padded(maps, around), height, width)
    raise _NotCompilable


def _flipped(maps: _Maps, probability: float, *, horizontal: bool) -> _Maps:
    if not float(torch.rand(1)) < probability:
        return maps
    return _Maps(maps.rows, maps.columns.flip(0)) if horizontal else _Maps(maps.rows.flip(0), maps.columns)


def _padded(maps: _Maps, borders: tuple[int, int, int, int]) -> _Maps:
    left, top, right, bottom = borders
    if not any(borders):
        return maps
    pad = torch.nn.functional.pad
    return _Maps(pad(maps.rows, (top, bottom), value=-1), pad(maps.columns, (left, right), value=-1))


def _cropped(maps: _Maps, height: int, width: int) -> _Maps:
    rows, columns = len(maps.rows), len(maps.columns)
    if rows < height or columns < width:
        raise _refusal(f"crop of {height}x{width} in an image of {rows}x{columns}")
    if (rows, columns) == (height, width):
        return maps
    top = int(torch.randint(0, rows - height + 1, size=(1,)))
    left = int(torch.randint(0, columns - width + 1, size=(1,)))
    return _Maps(maps.rows[top : top + height], maps.columns[left : left + width])


def _center_cropped(maps: _Maps, height: int, width: int) -> _Maps:
    missing_rows, missing_columns = max(height - len(maps.rows), 0), max(width - len(maps.columns), 0)
    if missing_rows or missing_columns:
        maps = _padded(
            maps,
            (missing_columns // 2, missing_rows // 2, (missing_columns + 1) // 2, (missing_rows + 1) // 2),
        )
    top = round((len(maps.rows) - height) / 2.0)
    left = round((len(maps.columns) - width) / 2.0)
    return _Maps(maps.rows[top : top + height], maps.columns[left : left + width])


def _size(given: Any) -> tuple[int, int]:
    values = [given] * 2 if isinstance(given, int) else list(given or ())
    values = values * 2 if len(values) == 1 else values
    if len(values) != 2 or not all(isinstance(value, int) and value > 0 for value in values):
        raise _NotCompilable
    return values[0], values[1]


def _borders(given: Any) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of torchvision's `padding`."""
    values = [given] if isinstance(given, int) else list(given or ())
    if len(values) not in (1, 2, 4) or not all(
        isinstance(value, int) and 0 <= value <= 64 for value in values
    ):
        raise _NotCompilable
    four = values * (4 // len(values))
    return four[0], four[1], four[2], four[3]


def _image_by_image(calls: Sequence[Call]) -> Transform:
    """Return torchvision's own pipeline, applied to one PIL image after the other."""
    for call in calls:
        if call.name not in WHITELIST:
            raise _refusal(call.name[:60])
    if not any(call.name == "ToTensor" for call in calls):
        raise _refusal("ToTensor is missing")
    try:
        parts = [getattr(torchvision.transforms, call.name)(**call.arguments) for call in calls]
    except (TypeError, ValueError, AttributeError) as error:
        raise _refusal(str(error)) from error
    pipeline = torchvision.transforms.Compose(parts)

    def apply(images: Tensor) -> Tensor:
        pictures = (Image.fromarray(image.numpy()) for image in images.cpu())
        return torch.stack([pipeline(picture) for picture in pictures])

    return apply


def _refusal(reason: str) -> TrainingError:
    brief = " ".join(reason.split())[:160]
    return TrainingError(
        fr=f"Les transformations d'images ne peuvent pas être refaites ici ({brief}).",
        en=f"The image transforms cannot be carried out here ({brief}).",
    )
