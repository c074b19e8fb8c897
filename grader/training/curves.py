"""What a curve comes to, however far it got."""

from __future__ import annotations

from collections.abc import Sequence

from grader.model import EpochPoint

LAST_EVALUATIONS = 3
"""Accuracy jumps by several points between epochs at a constant learning rate: the last three are averaged."""


def final_accuracy(curve: Sequence[EpochPoint]) -> float | None:
    """Return the mean of the last three test accuracies, a fraction of 1; None without any."""
    values = [point.test_accuracy for point in curve if point.test_accuracy is not None][-LAST_EVALUATIONS:]
    return sum(values) / len(values) if values else None
