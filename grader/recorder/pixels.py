"""Random images whose channel statistics are those of the data set they stand for.

A program that computes its normalisation constants from the data then finds the right ones: for
CIFAR-10 both the deviation over all pixels (0.247, 0.243, 0.262) and the mean over images of
each image's own deviation (0.202, 0.199, 0.201).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

POOL = 2_000
"""Different images made; a longer data set repeats them."""


@dataclass(frozen=True)
class Statistics:
    """Per channel, on a scale of 0 to 1: the mean, the deviation over pixels, and within one image."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    within: tuple[float, ...] | None = None
    """None: pixels are either 0 or one bright value, as in drawings of digits."""
    brighter: tuple[float, ...] = ()
    """By how much the mean of the test images is higher: a program that measures them, too, is told apart."""


CIFAR = Statistics(
    (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616), (0.2023, 0.1994, 0.2010), (0.0028, 0.0030, 0.0039)
)
CIFAR100 = Statistics((0.5071, 0.4866, 0.4409), (0.2673, 0.2564, 0.2762), (0.2009, 0.1984, 0.2023))
SVHN = Statistics((0.4377, 0.4438, 0.4728), (0.1980, 0.2010, 0.1970), (0.1201, 0.1231, 0.1052))
DIGITS = Statistics((0.1307,), (0.3081,))
CLOTHES = Statistics((0.2860,), (0.3530,))


@cache
def pool(statistics: Statistics, side: int) -> NDArray[np.uint8]:
    """Return `POOL` images of `side` x `side` pixels, uint8, images x height x width x channels."""
    random = np.random.default_rng(20_211_108)
    channels = len(statistics.mean)
    count = POOL * side * side * channels
    if statistics.within is None:
        mean, deviation = statistics.mean[0], statistics.deviation[0]
        bright = (mean**2 + deviation**2) / mean
        lit = random.integers(0, 65_536, count, dtype=np.uint16) < round(65_536 * mean / bright)
        return (lit * np.uint8(round(255 * bright))).astype(np.uint8).reshape(POOL, side, side, channels)
    bits = np.unpackbits(random.integers(0, 256, (count + 7) // 8, dtype=np.uint8))[:count]
    # Image means follow a cosine, laid out evenly so that the pool's own mean is exact, and narrow enough
    # to stay within 0 and 1; each pixel is one within-image deviation above or below.
    spread = random.permutation(np.cos(np.pi * (np.arange(POOL) + 0.5) / POOL))[:, None]
    mean_, all_, within = (
        np.array(one) for one in (statistics.mean, statistics.deviation, statistics.within)
    )
    centre = mean_ + spread * np.sqrt(2 * np.maximum(all_**2 - within**2, 0))
    low = np.clip(np.rint(255 * (centre - within)), 0, 255).astype(np.uint8)[:, None, None, :]
    high = np.clip(np.rint(255 * (centre + within)), 0, 255).astype(np.uint8)[:, None, None, :]
    images: NDArray[np.uint8] = np.where(bits.reshape(POOL, side, side, channels), high, low)
    return images


@cache
def half(statistics: Statistics, side: int, split: str) -> NDArray[np.uint8]:
    """Return the pool of one half of a data set: test images are those of the other half, upside down.

    They are brighter by what the data set's own are: by one step in as many of the images as gives their mean.
    """
    images = pool(statistics, side)
    if split != "test":
        return images
    turned = images[:, ::-1]
    if not statistics.brighter:
        return turned
    share = 255 * np.array(statistics.brighter)
    brighter = (np.arange(POOL)[:, None] + 0.5) / POOL < share
    lifted: NDArray[np.uint8] = turned + (brighter[:, None, None, :] & (turned < 255))
    return lifted


def whole(statistics: Statistics, side: int, length: int, split: str = "train") -> NDArray[np.uint8]:
    """Return `length` images of one half of a data set, the pool repeated."""
    images = half(statistics, side, split)
    return np.concatenate([images] * (length // POOL + 1))[:length]


@cache
def _pool_labels(classes: int) -> tuple[int, ...]:
    order = np.random.default_rng(POOL).permutation(POOL)
    return tuple(int(one) for one in order % classes)


def label(position: int, classes: int) -> int:
    """Return the label of the image at `position`: an image that comes again comes with its label."""
    return _pool_labels(classes)[position % POOL]


def labels(length: int, classes: int) -> list[int]:
    """Return the labels of `length` images: about as many of every class, in an order that says nothing."""
    known = _pool_labels(classes)
    return (list(known) * (length // POOL + 1))[:length]
