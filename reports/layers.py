"""The table of layers: what each gives, how many weights and biases it holds, and their share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from grader.model import Language, Layer, StageResult
from reports.cleaning import clean_line
from reports.formatting import integer, percent
from reports.phrases import say

_OPTIONS = ("kernel", "stride", "padding", "p")


class LayerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One layer in a line of texts."""

    name: str
    kind: str
    options: str
    output: str
    weights: str
    biases: str
    share: str
    fraction: float
    """Of all weights, 0 to 1."""


class LayerTable(msgspec.Struct, frozen=True, kw_only=True):
    """The layers of one stage's network."""

    stage: str
    rows: tuple[LayerRow, ...]
    weights: str
    biases: str
    more: str


def layer_table(stages: Sequence[StageResult], language: Language, most: int) -> LayerTable | None:
    """Return the layers of the first stage that has any, at most `most` of them."""
    stage = next((stage for stage in stages if stage.layers), None)
    if stage is None:
        return None
    total = sum(layer.weights for layer in stage.layers)
    left_out = len(stage.layers) - most
    return LayerTable(
        stage=clean_line(stage.title.in_(language), 60),
        rows=tuple(_row(layer, total, language) for layer in stage.layers[:most]),
        weights=integer(total, language),
        biases=integer(sum(layer.biases for layer in stage.layers), language),
        more=say("more_in_html", language, n=str(left_out)) if left_out > 0 else "",
    )


def _row(layer: Layer, total: int, language: Language) -> LayerRow:
    fraction = layer.weights / total if total else 0.0
    options = [
        f"{name} {_plain(layer.options[name])}"
        for name in _OPTIONS
        if _telling(name, layer.options.get(name))
    ]
    if layer.options.get("ceil_mode"):
        options.append("ceil_mode")
    return LayerRow(
        name=clean_line(layer.name, 30),
        kind=clean_line(layer.kind, 30),
        options=clean_line(", ".join(options), 80),
        output=" × ".join(integer(size, language) for size in layer.output_shape[:5]),
        weights=integer(layer.weights, language) if layer.weights else "–",
        biases=integer(layer.biases, language) if layer.biases else "–",
        share=percent(fraction, language) if layer.weights else "",
        fraction=fraction,
    )


def _telling(name: str, value: Any) -> bool:
    return value is not None and not (name == "padding" and value in (0, [0, 0], (0, 0)))


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "×".join(str(part) for part in dict.fromkeys(value)) if value else ""
    return str(value)
