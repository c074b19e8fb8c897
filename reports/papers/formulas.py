"""Formulas typed as LaTeX, drawn as SVG by matplotlib's own small reader of TeX: no TeX program, nothing executed."""

from __future__ import annotations

import io
import re
from typing import Any

import matplotlib as mpl
import msgspec
from matplotlib.figure import Figure as Canvas
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser

FORMULAS_MAX = 400
_LENGTH_MAX = 400
_DEPTH_MAX = 12
_SIZE_PT = 10.0
_DPI = 720
_SETTINGS: Any = {"mathtext.fontset": "stix", "text.parse_math": True}
_SAME = (
    (re.compile(r"\\[dt]frac(?![A-Za-z])"), r"\\frac"),
    (re.compile(r"\\textbf(?![A-Za-z])"), r"\\mathbf"),
    (re.compile(r"\\(?:displaystyle|limits|nolimits)(?![A-Za-z])"), ""),
    (re.compile(r"\\(?:textit|textrm|mbox)(?![A-Za-z])"), r"\\text"),
    (re.compile(r"\\big[gl]?[lr]?(?=[()\[\]|])|\\Big[gl]?[lr]?(?=[()\[\]|])"), ""),
)


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """One formula as a picture; lengths are in em of the text around it."""

    picture: bytes
    width_em: float
    height_em: float
    depth_em: float
    """How far it reaches below the line."""


class Formulas:
    """Draws each different formula once."""

    def __init__(self) -> None:
        self._reader = MathTextParser("path")
        self._drawn: dict[str, Drawn | None] = {}

    def draw(self, source: str) -> Drawn | None:
        """Return the picture of the formula `source`, None where it cannot be read: it is then shown as typed."""
        source = " ".join(source.split())
        if source not in self._drawn and len(self._drawn) < FORMULAS_MAX:
            self._drawn[source] = self._draw(source) if _is_modest(source) else None
        return self._drawn.get(source)

    def _draw(self, source: str) -> Drawn | None:
        for pattern, instead in _SAME:
            source = pattern.sub(instead, source)
        text = f"${source}$"
        with mpl.rc_context(_SETTINGS):
            font = FontProperties(size=_SIZE_PT)
            try:
                width, height, depth, _, _ = self._reader.parse(text, dpi=_DPI, prop=font)
                if width < 1 or height < 1:
                    return None
                figure = Canvas(figsize=(float(width) / _DPI, float(height) / _DPI))
                figure.text(0, float(depth) / float(height), text, fontproperties=font, color="#1f2933")
                stream = io.BytesIO()
                figure.savefig(
                    stream, format="svg", metadata={"Date": None, "Creator": None}, transparent=True
                )
            except (ValueError, RecursionError, OverflowError):
                return None
        scale = 72 / _DPI / _SIZE_PT
        return Drawn(
            picture=stream.getvalue(),
            width_em=round(float(width) * scale, 3),
            height_em=round(float(height) * scale, 3),
            depth_em=round(float(depth) * scale, 3),
        )


def _is_modest(source: str) -> bool:
    """Tell whether a formula is short and flat enough to be read in no time."""
    if not source or len(source) > _LENGTH_MAX or "$" in source:
        return False
    depth = deepest = 0
    for character in source:
        depth += (character == "{") - (character == "}")
        deepest = max(deepest, depth)
    return deepest <= _DEPTH_MAX
