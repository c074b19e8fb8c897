"""How a learning rate moved over the epochs, judged by its values whatever made it move."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

RELATIVE_TOLERANCE = 0.003
_STILL = 1e-6


def falls_by(rates: Sequence[float], factor: float) -> bool | None:
    """Tell whether every epoch's rate is the last one's times `factor`; None with fewer than two epochs."""
    pairs = [(before, after) for before, after in pairwise(rates) if before > 0]
    if not pairs:
        return None
    return all(abs(after / before - factor) <= RELATIVE_TOLERANCE * factor for before, after in pairs)


def is_still(rates: Sequence[float]) -> bool:
    """Tell whether the rate never moved."""
    return all(abs(after - before) <= _STILL * abs(before) for before, after in pairwise(rates))


def first_factor(rates: Sequence[float]) -> float | None:
    """Return by what the rate was multiplied after the first epoch, None when that is not known."""
    return rates[1] / rates[0] if len(rates) > 1 and rates[0] > 0 else None
