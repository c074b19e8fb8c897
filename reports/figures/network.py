"""What the best network learnt: whom it takes for whom, and what its first layer looks for."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray
from PIL import Image
from safetensors import SafetensorError, safe_open

from grader.model import Language, ReferenceModel, StageResult, Training
from reports.cleaning import clean_line
from reports.figures.drawing import BLUE, INK, PNG, SOFT, SVG, Figure, canvas, svg
from reports.formatting import percent
from reports.phrases import say

_FRENCH = {
    "airplane": "avion", "automobile": "auto", "bird": "oiseau", "cat": "chat", "deer": "cerf", "dog": "chien",
    "frog": "grenouille", "horse": "cheval", "ship": "bateau", "truck": "camion",
}  # fmt: skip
"""CIFAR-10's classes; the names of others are shown as they are."""
_PALE = "#d3e2ee"
_MOST_CLASSES = 20
_LONGEST_NAME = 12
_MOST_FILTERS = 64
_LARGEST_FILE = 256 << 20
_LARGEST_TILE = 16
_ZOOM = 12


def confusion(
    stage: StageResult, training: Training, known: Sequence[str], data: str, language: Language
) -> Figure | None:
    """Return the confusion matrix of `training`, by rows; None where it cannot be drawn. `known` are its classes."""
    matrix = training.confusion
    classes = len(matrix)
    if not 2 <= classes <= _MOST_CLASSES or any(len(row) != classes for row in matrix):
        return None
    counts = np.asarray(matrix, dtype=float)
    names = _class_names(known, classes, language)
    title = clean_line(stage.title.in_(language), 60)
    return Figure(
        name="confusion",
        picture=_matrix(counts, names, language),
        mime=SVG,
        title=say("figure_confusion", language),
        caption=say("confusion_caption", language, stage=title, data=data),
        alternative=_told("figure_confusion", counts, names, language),
        wide=False,
    )


def reference_confusion(
    reference: ReferenceModel, training: Training, known: Sequence[str], language: Language
) -> Figure | None:
    """Return the reference's confusion matrix beside that of `training`; None where they do not correspond."""
    classes = len(reference.confusion)
    if classes != len(training.confusion) or not 2 <= classes <= _MOST_CLASSES:
        return None
    counts, names = np.asarray(reference.confusion, dtype=float), _class_names(known, classes, language)
    return Figure(
        name="reference_confusion",
        picture=_matrix(counts, names, language),
        mime=SVG,
        title=say("figure_reference_confusion", language),
        caption=say("reference_confusion_caption", language, seed=str(reference.seed)),
        alternative=_told("figure_reference_confusion", counts, names, language),
        wide=False,
    )


def _matrix(counts: NDArray[np.float64], names: Sequence[str], language: Language) -> bytes:
    """Return the matrix by rows, in per cent of each, as SVG."""
    classes = len(counts)
    shares = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = canvas(86, 80)
    axes = figure.subplots()
    colours = LinearSegmentedColormap.from_list("paper", ["#ffffff", _PALE, BLUE])
    axes.pcolormesh(shares[::-1], cmap=colours, vmin=0, vmax=100, edgecolors="white", linewidth=0.6)
    for row in range(classes):
        for column in range(classes):
            if shares[row, column] >= 0.5:
                shade = "white" if shares[row, column] > 55 else INK if row == column else SOFT
                place = (column + 0.5, classes - row - 0.5)
                value = f"{shares[row, column]:.0f}"
                axes.text(
                    *place, value, ha="center", va="center", fontsize=6.8, color=shade, parse_math=False
                )
    ticks = np.arange(classes) + 0.5
    slanted = 40 if max(map(len, names)) > 2 else 0
    axes.set_xticks(
        ticks, names, rotation=slanted, ha="right" if slanted else "center", rotation_mode="anchor"
    )
    axes.set_yticks(ticks, names[::-1])
    axes.tick_params(length=0, labelsize=7)
    axes.set_xlabel(say("predicted_class", language))
    axes.set_ylabel(say("true_class", language))
    axes.set_aspect("equal")
    for spine in axes.spines.values():
        spine.set_visible(False)
    return svg(figure)


def filters(
    stage: StageResult, training: Training, result_dir: Path, data: str, language: Language
) -> Figure | None:
    """Return the first layer's filters as a sheet of tiles, or None where there are none to show."""
    tensor = read_filters(training.tensors, result_dir)
    if tensor is None:
        return None
    number = len(tensor)
    title = clean_line(stage.title.in_(language), 60)
    caption = say("filters_caption", language, stage=title, n=str(number), data=data)
    return Figure(
        name="filters",
        picture=_png(tensor),
        mime=PNG,
        title=say("figure_filters", language),
        caption=caption,
        alternative=caption,
        wide=False,
    )


def reference_filters(reference: ReferenceModel, language: Language) -> Figure | None:
    """Return the reference's first-layer filters as a sheet of tiles, or None where there are none to show."""
    shape = reference.filters_shape
    if (
        len(shape) != 4
        or min(shape) < 1
        or math.prod(shape) != len(reference.filters)
        or max(shape[2:]) > _LARGEST_TILE
    ):
        return None
    tensor = (
        np.frombuffer(reference.filters, dtype=np.uint8).reshape(shape).astype(np.float32)[:_MOST_FILTERS]
    )
    caption = say("reference_filters_caption", language, n=str(len(tensor)), seed=str(reference.seed))
    return Figure(
        name="reference_filters",
        picture=_png(tensor),
        mime=PNG,
        title=say("figure_reference_filters", language),
        caption=caption,
        alternative=caption,
        wide=False,
    )


def _png(tensor: NDArray[np.float32]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(_sheet(tensor, min(len(tensor), 8))).save(stream, format="PNG")
    return stream.getvalue()


def read_filters(name: str | None, result_dir: Path) -> NDArray[np.float32] | None:
    """Return the tensor `filters` (filters, channels, height, width) beside the trainings, or None."""
    if name is None or Path(name).name != name:
        return None
    path = result_dir / "trainings" / name
    try:
        if path.stat().st_size > _LARGEST_FILE:
            return None
        with safe_open(path, framework="numpy") as tensors:
            if "filters" not in tensors.keys():  # noqa: SIM118  (safe_open is no mapping)
                return None
            tensor = np.asarray(tensors.get_tensor("filters"), dtype=np.float32)
    except (OSError, SafetensorError):
        return None
    if (
        tensor.ndim != 4
        or 0 in tensor.shape
        or max(tensor.shape[2:]) > _LARGEST_TILE
        or not np.isfinite(tensor).all()
    ):
        return None
    return tensor[:_MOST_FILTERS]


def _sheet(tensor: NDArray[np.float32], columns: int) -> NDArray[np.uint8]:
    """Return the filters, each stretched to its own range, side by side on white."""
    number, channels, height, width = tensor.shape
    colours = tensor if channels == 3 else np.repeat(tensor.mean(axis=1, keepdims=True), 3, axis=1)
    low = colours.min(axis=(1, 2, 3), keepdims=True)
    span = colours.max(axis=(1, 2, 3), keepdims=True) - low
    tiles = (255 * (colours - low) / np.where(span > 0, span, 1)).astype(np.uint8).transpose(0, 2, 3, 1)
    tiles = tiles.repeat(_ZOOM, axis=1).repeat(_ZOOM, axis=2)
    gap = _ZOOM
    rows = -(-number // columns)
    tall, wide = height * _ZOOM + gap, width * _ZOOM + gap
    picture = np.full((rows * tall - gap, columns * wide - gap, 3), 255, dtype=np.uint8)
    for index, tile in enumerate(tiles):
        top, left = (index // columns) * tall, (index % columns) * wide
        picture[top : top + tall - gap, left : left + wide - gap] = tile
    return picture


def _class_names(known: Sequence[str], classes: int, language: Language) -> Sequence[str]:
    """Return a short name for each class: those of the data where they are `known`, else numbers."""
    if len(known) != classes:
        return [str(index) for index in range(classes)]
    names = [clean_line(name, _LONGEST_NAME) for name in known]
    return [_FRENCH.get(name, name) for name in names] if language == "fr" else names


def _told(title: str, counts: NDArray[np.float64], names: Sequence[str], language: Language) -> str:
    totals = np.maximum(counts.sum(axis=1), 1)
    right = [f"{name} {percent(float(counts[i, i] / totals[i]), language)}" for i, name in enumerate(names)]
    return say(title, language) + say("colon", language) + ", ".join(right) + "."
