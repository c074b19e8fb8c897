"""What a reader sees of a trained network without having it: its curve, whom it takes for whom, its first filters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from grader.model import ReferenceModel, Training
from grader.training.cache import entry, weights_digest

_LARGEST = 64 * 16 * 16 * 16
"""Values of the filters that are worth a place in a file people read."""


def portrait(cache: Path, training: Training) -> ReferenceModel | None:
    """Return what there is to show of a training whose network is kept in `cache`, None where it is not kept."""
    digest = weights_digest(cache, training.key)
    if digest is None or training.conditions is None:
        return None
    filters = _filters(cache, training)
    return ReferenceModel(
        seed=training.conditions.seed,
        sha256=digest,
        curve=tuple(round(point.test_accuracy or 0.0, 6) for point in training.curve),
        confusion=training.confusion,
        filters=b"" if filters is None else filters.tobytes(),
        filters_shape=() if filters is None else filters.shape,
    )


def _filters(cache: Path, training: Training) -> NDArray[np.uint8] | None:
    """Return the first convolution's filters, each stretched to 0 .. 255; None without any of a reasonable size."""
    if training.tensors is None:
        return None
    try:
        with safe_open(entry(cache, training.key) / training.tensors, framework="numpy") as tensors:
            if "filters" not in tensors.keys():  # noqa: SIM118 - safe_open is no mapping
                return None
            found = np.asarray(tensors.get_tensor("filters"), dtype=np.float32)
    except (OSError, SafetensorError):
        return None
    if found.ndim != 4 or not 0 < found.size <= _LARGEST or not np.isfinite(found).all():
        return None
    low = found.min(axis=(1, 2, 3), keepdims=True)
    span = found.max(axis=(1, 2, 3), keepdims=True) - low
    stretched: NDArray[np.uint8] = np.rint(255 * (found - low) / np.where(span > 0, span, 1)).astype(np.uint8)
    return stretched
