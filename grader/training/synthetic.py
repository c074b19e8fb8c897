"""The embedded data set: ten classes of 32x32 colour images, made in seconds, with CIFAR-10's channel statistics.

A class is a few smooth random pictures. An image of it mixes two of them, looks at a random window of the
mixture, mirrors it or not, and lies under smooth clutter and pixel noise. That is enough for the six stages of
TP 5-6 to behave as they do on photographs: a bare network learns slowly, a normalised one learns the
training images by heart, and random crops and flips teach it what the windows and mirrors do to a class.

The bytes are the same on every machine and with every release of numpy: all randomness is the raw output of PCG64
(numpy keeps the bit generator's stream, not that of `Generator`'s methods), fields are sums of products of
whole numbers below 2**53, exact in double precision in any order, and what remains is elementwise
IEEE arithmetic. A test holds the digest.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np
from numpy.typing import NDArray

CLASSES = ("amber", "basil", "cobalt", "dune", "ember", "fjord", "grove", "haze", "iris", "jade")
SEED = 1
TRAIN_IMAGES = 1_500
TEST_IMAGES = 1_000
SIZE = 32
MEAN = (0.491, 0.482, 0.447)
DEVIATION = (0.247, 0.243, 0.262)

PICTURES = 3
"""Smooth random pictures that make up one class."""
CANVAS = 40
"""Side of a picture; an image sees a window of `SIZE` of it."""
GRID = 9
"""Random values along one side of a picture or of clutter, between which it is interpolated."""
CLUTTER = 0.95
"""Deviation of the clutter, where that of the pictures is 1."""
NOISE = 0.3
"""Deviation of the noise of one pixel, on the same scale."""

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Images = NDArray[np.uint8]


def generate() -> tuple[Images, Integers, Images, Integers]:
    """Return train images, train labels, test images and test labels.

    Images are uint8 of shape (n, 32, 32, 3); labels are int64 of shape (n,), each class equally often.
    """
    words = _Words(SEED)
    count = TRAIN_IMAGES + TEST_IMAGES
    pictures = _fields(words, len(CLASSES) * PICTURES, CANVAS)
    labels = np.arange(count, dtype=np.int64) % len(CLASSES)
    scene = _windows(words, pictures, labels)
    scene += CLUTTER * _fields(words, count, SIZE)
    scene += NOISE * _unit_noise(words, scene.shape)
    images = _with_statistics(scene)
    return images[:TRAIN_IMAGES], labels[:TRAIN_IMAGES], images[TRAIN_IMAGES:], labels[TRAIN_IMAGES:]


def digest() -> str:
    """Return the sha256 of the images and labels that `generate` gives."""
    state = hashlib.sha256()
    for part in generate():
        state.update(np.ascontiguousarray(part).astype(part.dtype.newbyteorder("<")).tobytes())
    return state.hexdigest()


class _Words:
    """Draws bytes and small whole numbers from PCG64's raw 64-bit words, least significant byte first."""

    def __init__(self, seed: int) -> None:
        self._source = np.random.PCG64(seed)

    def bytes(self, *shape: int) -> Images:
        """Return whole numbers from 0 to 255."""
        count = int(np.prod(shape))
        words = self._source.random_raw((count + 7) // 8).astype("<u8")
        return words.view(np.uint8)[:count].reshape(shape)

    def below(self, bound: int, count: int) -> Integers:
        """Return `count` whole numbers from 0 to `bound` - 1; the bias is under `bound` / 2**31."""
        high = self._source.random_raw(count) >> np.uint64(33)
        return (high % np.uint64(bound)).astype(np.int64)


def _fields(words: _Words, count: int, size: int) -> Floats:
    """Return smooth random fields of shape (count, size, size, 3), with deviation 1 over all of them."""
    grid = words.bytes(count, GRID, GRID, 3).astype(np.float64) - 128.0
    weights = _interpolation(size)
    rows = np.einsum("sg,nghc->nshc", weights, grid)
    fields: Floats = np.einsum("th,nshc->nstc", weights, rows)
    mean = _exact_sum(fields) / fields.size
    fields -= mean
    fields /= math.sqrt(_exact_sum(np.rint(fields) ** 2) / fields.size)
    return fields


def _interpolation(size: int) -> Floats:
    """Return the linear interpolation from GRID values to `size`, times (size - 1) to be whole numbers."""
    weights = np.zeros((size, GRID))
    for position in range(size):
        left, rest = divmod(position * (GRID - 1), size - 1)
        weights[position, left] = size - 1 - rest
        if rest:
            weights[position, left + 1] = rest
    return weights


def _exact_sum(values: Floats) -> float:
    """Return the sum of whole numbers held as floats, the same in any order of summation."""
    return float(int(values.astype(np.int64).sum()))


def _windows(words: _Words, pictures: Floats, labels: Integers) -> Floats:
    """Return one mixture of two pictures per image, seen through a random window, mirrored half of the time."""
    count = len(labels)
    first = labels * PICTURES + words.below(PICTURES, count)
    second = labels * PICTURES + words.below(PICTURES, count)
    share = words.below(17, count) / 16.0
    top = words.below(CANVAS - SIZE + 1, count)
    left = words.below(CANVAS - SIZE + 1, count)
    mirrored = words.below(2, count)
    scene = np.empty((count, SIZE, SIZE, 3))
    for index in range(count):
        rows = slice(top[index], top[index] + SIZE)
        columns = slice(left[index], left[index] + SIZE)
        one, other = pictures[first[index], rows, columns], pictures[second[index], rows, columns]
        mixture = share[index] * one + (1.0 - share[index]) * other
        scene[index] = mixture[:, ::-1] if mirrored[index] else mixture
    return scene


def _unit_noise(words: _Words, shape: tuple[int, ...]) -> Floats:
    """Return nearly normal noise of deviation 1: the sum of four bytes, centred."""
    total = np.zeros(shape, dtype=np.uint16)
    for _ in range(4):
        total += words.bytes(*shape)
    return (total.astype(np.float64) - 510.0) / 147.8


def _with_statistics(scene: Floats) -> Images:
    """Return uint8 images whose train part has MEAN and DEVIATION per channel, after clipping.

    Clipping pulls both in, so the scale is found in a few rounds; sums are taken over whole
    numbers, so that no order of summation shows in the result.
    """
    images = np.empty(scene.shape, dtype=np.uint8)
    for channel in range(3):
        values = scene[..., channel]
        values /= np.abs(values).max()
        scale, offset = 100.0, MEAN[channel] * 255.0
        for _ in range(12):
            drawn = _quantised(values[:TRAIN_IMAGES], scale, offset).astype(np.int64)
            mean = int(drawn.sum()) / drawn.size
            deviation = math.sqrt(int((drawn * drawn).sum()) / drawn.size - mean * mean)
            scale *= DEVIATION[channel] * 255.0 / deviation
            offset += MEAN[channel] * 255.0 - mean
        images[..., channel] = _quantised(values, scale, offset)
    return images


def _quantised(values: Floats, scale: float, offset: float) -> Images:
    return np.clip(np.rint(values * scale + offset), 0.0, 255.0).astype(np.uint8)
