"""Test images changed so little that a network which learnt still knows them, and one that memorised does not.

Half of the images are mirrored, every one is moved by one pixel, and every pixel by at most three levels of 255.
A look-up by the image's bytes, or by a hash of them, finds none of these.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVELS = 3
_SEED = 20_211_108
_MOVES = np.array([(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)])


def perturbed(images: NDArray[Any]) -> NDArray[np.uint8]:
    """Return uint8 images (n, height, width, channels), each lightly perturbed, the same way every time.

    The border pixel is repeated where an image was moved away from it.
    """
    random = np.random.Generator(np.random.PCG64(_SEED))
    count, height, width = images.shape[:3]
    mirrored = np.less(random.random(count), 0.5)
    moves = _MOVES[random.integers(0, len(_MOVES), count)]
    rows = np.clip(np.arange(height) + moves[:, :1], 0, height - 1)
    columns = np.clip(np.arange(width) + moves[:, 1:], 0, width - 1)
    columns = np.where(mirrored[:, None], columns[:, ::-1], columns)
    result = np.empty(images.shape, np.uint8)
    for number in range(count):
        moved = images[number][rows[number][:, None], columns[number][None, :]].astype(np.int16)
        moved += random.integers(-LEVELS, LEVELS + 1, moved.shape, dtype=np.int16)
        result[number] = np.clip(moved, 0, 255)
    return result
