"""The words that torch's generator gives next, read in bulk and made into draws as torch makes them.

torch's generator on the CPU is a Mersenne twister. `rand(1)`, `randint` and `uniform_` of one float each take
one of its 32-bit words, `randperm(n)` takes n - 1. Asking torch for thousands of single numbers costs more than
the transforms themselves; the words of a batch come at once, and numpy does the same arithmetic.
That it is the same is part of the proof on the probe.
"""

from __future__ import annotations

from types import TracebackType

import numpy as np
import torch
from numpy.typing import NDArray

Numbers = NDArray[np.uint32]

_CHUNK = 4_096
_WHOLE = -(2**63)


class Words:
    """A reader of the generator's next words; when it closes, the generator stands behind those taken."""

    def __init__(self) -> None:
        self._before = torch.get_rng_state()
        self._known: Numbers = np.empty(0, dtype=np.uint32)
        self._used = 0

    def __enter__(self) -> Words:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        torch.set_rng_state(self._before)
        _pairs(self._used // 2)
        if self._used % 2:
            torch.rand(1)

    def take(self, count: int) -> Numbers:
        """Return the next `count` words."""
        missing = self._used + count - len(self._known)
        if missing > 0:
            self._known = np.concatenate([self._known, _pairs(max(missing, _CHUNK) // 2 + 1)])
        taken = self._known[self._used : self._used + count]
        self._used += count
        return taken


def _pairs(count: int) -> Numbers:
    """Return the next `2 * count` words: a whole 64-bit number is two of them, the upper half first."""
    whole = torch.empty(count, dtype=torch.int64).random_(_WHOLE, None).numpy().view(np.uint64)
    halves = np.stack([whole >> np.uint64(32), whole & np.uint64(0xFFFFFFFF)], axis=1)
    return halves.astype(np.uint32).ravel()


def fractions(words: Numbers) -> NDArray[np.float64]:
    """Return what `torch.rand` makes of `words`: multiples of 2**-24 below 1."""
    return (words & np.uint32(0xFFFFFF)).astype(np.float64) * 2.0**-24


def happens(words: Numbers, probability: float) -> NDArray[np.bool_]:
    """Return where `torch.rand(1) < probability`."""
    return fractions(words) < np.float32(probability)


def integers(words: Numbers, bound: int) -> NDArray[np.int64]:
    """Return what `torch.randint(0, bound, ...)` makes of `words`."""
    return (words % np.uint32(bound)).astype(np.int64)


def uniform(words: Numbers, low: float, high: float) -> NDArray[np.float32]:
    """Return what `torch.empty(1).uniform_(low, high)` makes of each of `words`."""
    start, end = np.float32(low), np.float32(high)
    return (fractions(words) * np.float64(end - start) + np.float64(start)).astype(np.float32)


def permutations(words: Numbers) -> NDArray[np.int64]:
    """Return what `torch.randperm(k + 1)` makes of each row of `words`, shape (n, k)."""
    count, swaps = words.shape
    rows = np.arange(count)
    result = np.tile(np.arange(swaps + 1), (count, 1))
    for place in range(swaps):
        other = place + integers(words[:, place], swaps + 1 - place)
        result[rows, place], result[rows, other] = result[rows, other], result[rows, place].copy()
    return result
