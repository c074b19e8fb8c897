"""What all figures share: typeface, colours, a canvas in millimetres, and reproducible SVG."""

from __future__ import annotations

import io
import logging
from pathlib import Path
from typing import Any

import matplotlib as mpl
import msgspec
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

INK = "#1f2933"
SOFT = "#6b7785"
RULE = "#cfd6dd"
BAND = "#dfe5ea"
BLUE = "#1f5582"
LIGHT_BLUE = "#86aecb"
AMBER = "#b45f06"
SVG = "image/svg+xml"
PNG = "image/png"

_FONTS = Path(__file__).resolve().parent.parent / "assets" / "fonts"
_MM_PER_INCH = 25.4
_SETTINGS: Any = {  # the keys are literals to the type checker, and differ between releases
    "svg.hashsalt": "report",
    "svg.fonttype": "path",
    "font.family": ["Source Sans 3", "DejaVu Sans"],
    "font.size": 7.5,
    "text.usetex": False,
    "text.parse_math": False,
    "axes.unicode_minus": True,
    "axes.edgecolor": RULE,
    "axes.labelcolor": SOFT,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "text.color": INK,
    "xtick.major.size": 2,
    "ytick.major.size": 2,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
}


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure ready to be placed."""

    name: str
    picture: bytes
    mime: str
    """`image/svg+xml`, or `image/png` for what is made of pixels."""
    title: str
    caption: str
    alternative: str
    """What the figure shows, in words and numbers."""
    wide: bool


def prepare() -> None:
    """Make matplotlib draw with the bundled typeface and nothing of the user's settings."""
    mpl.rcdefaults()
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    for name in ("SourceSans3-Regular.otf", "SourceSans3-Semibold.otf"):
        font_manager.fontManager.addfont(_FONTS / name)
    mpl.rcParams.update(_SETTINGS)


def canvas(width_mm: float, height_mm: float) -> Canvas:
    """Return an empty figure of that size, laid out tightly."""
    return Canvas(figsize=(width_mm / _MM_PER_INCH, height_mm / _MM_PER_INCH), layout="constrained")


def heading(axes: Axes, text: str) -> None:
    """Put `text`, never read as a formula, above the left end of `axes`."""
    axes.set_title(text, loc="left", fontsize=7.8, fontweight=600, color=INK, pad=3, parse_math=False)


def svg(figure: Canvas) -> bytes:
    """Return `figure` as SVG without a date, a program's name or a random identifier."""
    stream = io.BytesIO()
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    return stream.getvalue()
