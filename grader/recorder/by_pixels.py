"""What a network is fed, held against the data set's own images: which torchvision transforms would have given it.

Where a program prepares images by code of its own (tensors in memory, a Dataset of its own, arithmetic in the loop),
no list of transforms can be read off. But the images behind it are ours: every one fed is looked up among them by a
patch of its pixels, at every place and mirrored, and then compared as a whole. What does not come out exactly stays
unexplained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from grader.model import Call
from grader.recorder import pixels
from grader.recorder.pixels import Statistics

_PATCH = 8
MOST_IMAGES = 128
"""Of a batch that are looked up."""
LEAST_IMAGES = 100
"""Images from which on the places of random crops and mirrors can be told from others."""
_CLOSE = 2e-3
_SIGMAS = 5.0

Images = NDArray[np.float32]


@dataclass(frozen=True)
class Explained:
    """The transforms that give what was fed, in which half of the data set the images stand, and in which order."""

    split: Literal["train", "test"]
    transforms: tuple[Call, ...]
    order: tuple[tuple[int, ...], ...]
    """Of each batch, the positions of its images in the pool."""


@dataclass(frozen=True)
class _Found:
    """Where the images of one batch stand in the pool."""

    index: NDArray[np.int64]
    down: NDArray[np.int64]
    across: NDArray[np.int64]
    mirrored: NDArray[np.int64]


def explain(batches: Sequence[Any], statistics: Statistics, side: int) -> Explained | None:
    """Return what explains `batches` of images (count x channels x height x width), None where nothing does."""
    arrays = [np.asarray(one, dtype=np.float32)[:MOST_IMAGES] for one in batches]
    if not arrays or any(one.ndim != 4 or one.shape[1:] != arrays[0].shape[1:] for one in arrays):
        return None
    channels, height, width = arrays[0].shape[1:]
    if channels != len(statistics.mean) or height != width or not _PATCH <= height <= side:
        return None
    for split in ("train", "test"):
        images = pixels.half(statistics, side, split)
        found = [_find(one, split, statistics, side) for one in arrays]
        if all(one is not None for one in found):
            known = [one for one in found if one is not None]
            transforms = _transforms(arrays, known, images, height)
            order = tuple(tuple(map(int, one.index)) for one in known)
            return Explained(split, transforms, order) if transforms is not None else None
    return None


def _find(batch: Images, split: str, statistics: Statistics, side: int) -> _Found | None:
    """Return where every image of a batch stands, None where one is not found."""
    size = batch.shape[-1]
    keys, places = _table(statistics, side, split, size)
    start = (size - _PATCH) // 2
    first = batch[:, 0]
    middle = (first.min(axis=(1, 2)) + first.max(axis=(1, 2)))[:, None, None] / 2
    patch = (first > middle)[:, start : start + _PATCH, start : start + _PATCH]
    wanted = _packed(patch)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    if not bool((keys[at] == wanted).all()):
        return None
    index, down, across, mirrored = places[at].T
    return _Found(index, down, across, mirrored)


@cache
def _table(
    statistics: Statistics, side: int, split: str, size: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the patches in the middle of every cut of `size` pixels, sorted, each with where it was cut."""
    first = pixels.half(statistics, side, split)[..., 0].astype(np.float32)
    bits = first > ((first.min(axis=(1, 2)) + first.max(axis=(1, 2)))[:, None, None] / 2)
    start, count = (size - _PATCH) // 2, side - size + 1
    keys, places = [], []
    for mirrored in (0, 1):
        turned = bits[:, :, ::-1] if mirrored else bits
        for down in range(count):
            for across in range(count):
                top, left = down + start, across + start
                keys.append(_packed(turned[:, top : top + _PATCH, left : left + _PATCH]))
                place = np.empty((len(bits), 4), dtype=np.int64)
                place[:, 0], place[:, 1:] = np.arange(len(bits)), (down, across, mirrored)
                places.append(place)
    all_, where = np.concatenate(keys), np.concatenate(places)
    order = np.argsort(all_, kind="stable")
    return all_[order], where[order]


def _packed(bits: NDArray[np.bool_]) -> NDArray[np.uint64]:
    whole: NDArray[np.uint64] = np.packbits(bits.reshape(len(bits), -1), axis=1).view(np.uint64)[:, 0]
    return whole


def _transforms(
    arrays: Sequence[Images], found: Sequence[_Found], images: NDArray[np.uint8], size: int
) -> tuple[Call, ...] | None:
    """Return the calls that give the arrays from the images, None where they are no known ones."""
    moved = _moves(found, images.shape[1], size)
    scaled = _scale(arrays, found, images, size)
    return None if moved is None or scaled is None else (*moved, Call(name="ToTensor"), *scaled)


def _moves(found: Sequence[_Found], side: int, size: int) -> tuple[Call, ...] | None:
    """Return how the images were cut and mirrored: always alike, or each anew by chance."""
    flips = [one.mirrored for one in found]
    cuts = [one.down * side + one.across for one in found]
    centre, span = (side - size) // 2, side - size + 1
    calls: list[Call] = []
    if size < side and all(bool((one == centre * side + centre).all()) for one in cuts):
        calls.append(Call(name="CenterCrop", arguments={"size": [size, size]}))
    elif size < side:
        places = (np.concatenate([getattr(one, name) for one in found]) for name in ("down", "across"))
        if not _varies(cuts) or not all(_even(one, span) for one in places):
            return None
        calls.append(Call(name="RandomCrop", arguments={"size": [size, size]}))
    if any(bool(one.any()) for one in flips):
        if not _varies(flips) or not _even(np.concatenate(flips), 2):
            return None
        calls.append(Call(name="RandomHorizontalFlip", arguments={"p": 0.5}))
    return tuple(calls)


def _varies(values: Sequence[NDArray[np.int64]]) -> bool:
    """Whether the values differ within every batch: one choice for a whole batch is another thing."""
    return all(len(np.unique(one)) > 1 for one in values)


def _even(values: NDArray[np.int64], span: int) -> bool:
    """Whether all of `span` values are as frequent as chance makes them."""
    count = len(values)
    if count < LEAST_IMAGES:
        return False
    bound = _SIGMAS * np.sqrt(count * (1 / span) * (1 - 1 / span))
    return bool((np.abs(np.bincount(values, minlength=span) - count / span) < bound).all())


def _scale(
    arrays: Sequence[Images], found: Sequence[_Found], images: NDArray[np.uint8], size: int
) -> tuple[Call, ...] | None:
    """Return the normalisation, none where the numbers are those of `ToTensor`; None where they are others."""
    fed = np.concatenate(arrays)
    cut = np.concatenate([_cut(images, one, size) for one in found])
    means, deviations = [], []
    for channel in range(fed.shape[1]):
        known, seen = cut[:, channel].ravel().astype(np.float64), fed[:, channel].ravel().astype(np.float64)
        slope, offset = np.polyfit(known, seen, 1)
        if slope <= 0 or float(np.abs(slope * known + offset - seen).max()) > _CLOSE * max(1.0, slope):
            return None
        means.append(_short(-offset / slope))
        deviations.append(_short(1 / slope))
    if all(abs(one) < _CLOSE for one in means):
        return () if all(abs(one - 1) < _CLOSE for one in deviations) else None
    return (Call(name="Normalize", arguments={"mean": means, "std": deviations}),)


def _cut(images: NDArray[np.uint8], found: _Found, size: int) -> Images:
    """Return the images as they were cut and mirrored, between 0 and 1, channels first."""
    rows = []
    for index, down, across, mirrored in zip(
        found.index, found.down, found.across, found.mirrored, strict=True
    ):
        image = images[index, :, ::-1] if mirrored else images[index]
        rows.append(image[down : down + size, across : across + size])
    whole: Images = np.stack(rows).transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)
    return whole


def _short(value: float) -> float:
    """Return a number as it was most likely written down."""
    near = round(value, 4)
    return float(near if abs(near - value) < 2e-5 else round(value, 6))
