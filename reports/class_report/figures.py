"""The figures of a class: marks, questions, accuracies against the bands, and curves as small multiples."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, MaxNLocator

from grader.model.class_summary import ClassSummary, CurveTally, ItemTally, StageTally
from grader.text import Language
from reports.class_report.phrases import word
from reports.cleaning import clean_line
from reports.figures.drawing import (
    BAND,
    BLUE,
    INK,
    LIGHT_BLUE,
    RULE,
    SOFT,
    SVG,
    Figure,
    canvas,
    heading,
    prepare,
    svg,
)
from reports.formatting import decimal, percent

MOST_LINES = 40
"""Curves drawn one by one; beyond, ranges are shown."""
_BINS = 20
_COLUMNS = 3
_ITEMS_IN_A_COLUMN = 24
_PARTS = (("full", BLUE), ("part", LIGHT_BLUE), ("none", "#c9857e"), ("open", "#d9dfe5"))
_MOST_DOTS = 400


def class_figures(summary: ClassSummary) -> tuple[Figure, ...]:
    """Return every figure that `summary` has something for."""
    prepare()
    figures = []
    if summary.marks:
        figures += [_marks(summary), _items(summary)]
    if any(stage.accuracies for stage in summary.stages):
        figures += [_accuracies(summary), _curves(summary)]
    return tuple(figures)


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the numbers `ordered`, lowest first, lie."""
    at = share * (len(ordered) - 1)
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


def _figure(name: str, picture: bytes, language: Language, alternative: str, **values: object) -> Figure:
    return Figure(
        name=name,
        picture=picture,
        mime=SVG,
        title=word(name, language),
        caption=word(f"{name}_caption", language, **values),
        alternative=alternative,
        wide=True,
    )


def _marks(summary: ClassSummary) -> Figure:
    language = summary.language
    figure = canvas(174, 46)
    axes = figure.subplots()
    # Bonus points may go beyond the maximum: they stand in the last bar.
    top = max(summary.maximum, 1e-9)
    step = top / _BINS
    width = (0, top)
    sure = [min(span.points, top) for span in summary.marks]
    most = [min(span.points + span.open, top) for span in summary.marks]
    axes.hist(
        most, bins=_BINS, range=width, color=BAND, label=word("at_most", language), rwidth=0.96, zorder=2
    )
    axes.hist(sure, bins=_BINS, range=width, color=BLUE, label=word("earned", language), rwidth=0.6, zorder=3)
    axes.set_xlim(-step / 4, top + step / 4)
    _figures_of(axes.xaxis, language)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.grid(axis="y", color=RULE, linewidth=0.4)
    axes.set_axisbelow(True)
    axes.set_ylabel(word("hand_ins", language), parse_math=False)
    axes.legend(frameon=False, fontsize=7, loc="upper left", bbox_to_anchor=(0.0, 1.15), ncols=2)
    middle = decimal(quantile(sorted(sure), 0.5), language)
    told = f"{word('median', language)} : {middle} / {decimal(summary.maximum, language)}"
    return _figure("marks", svg(figure), language, told, maximum=decimal(summary.maximum, language))


def _items(summary: ClassSummary) -> Figure:
    language = summary.language
    items = [item for item in summary.items if item.maximum and item.full + item.part + item.none + item.open]
    columns = 1 if len(items) <= _ITEMS_IN_A_COLUMN else 2
    rows = max(-(-len(items) // columns), 1)
    figure = canvas(174, 14 + 3.6 * rows)
    grid = figure.subplots(1, columns, squeeze=False)
    for place, axes in enumerate(grid[0]):
        _shares(axes, items[place * rows : (place + 1) * rows], rows)
    handles, labels = grid[0][0].get_legend_handles_labels()
    named = [word(label, language) for label in labels]
    grid[0][0].legend(
        handles, named, frameon=False, fontsize=7, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4,
        columnspacing=1.2, handlelength=1.6,
    )  # fmt: skip
    told = "; ".join(f"{item.item} {percent(item.mean, language)}" for item in items)
    return _figure("items", svg(figure), language, told)


def _shares(axes: Axes, items: Sequence[ItemTally], rows: int) -> None:
    """Draw a bar an item, the shares of hand-ins side by side; `rows` have room."""
    for row, item in enumerate(items):
        total = item.full + item.part + item.none + item.open
        start = 0.0
        for name, colour in _PARTS:
            share = 100 * getattr(item, name) / total
            part = name if row == 0 else None
            axes.barh(-row, share, left=start, height=0.74, color=colour, label=part)
            start += share
    axes.set_yticks([-row for row in range(len(items))], [clean_line(item.item, 24) for item in items])
    for label in axes.get_yticklabels():
        label.set_parse_math(False)
        label.set_color(INK)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlim(0, 100)
    axes.set_ylim(-rows + 0.4, 0.6)
    axes.set_xlabel("%", parse_math=False)


def _accuracies(summary: ClassSummary) -> Figure:
    language = summary.language
    figure = canvas(174, 12 + 8 * len(summary.stages))
    axes = figure.subplots()
    for row, stage in enumerate(summary.stages):
        if stage.band is not None:
            width = 100 * (stage.band.upper - stage.band.lower)
            axes.barh(-row, width, left=100 * stage.band.lower, height=0.8, color=BAND, linewidth=0)
        shown = _thinned(stage.accuracies)
        heights = [-row + 0.3 * ((number * 0.618) % 1 - 0.5) * 2 for number in range(len(shown))]
        axes.plot([100 * one for one in shown], heights, "o", color=BLUE, alpha=0.55, markersize=2.6)
    titles = [clean_line(stage.title.in_(language), 40) for stage in summary.stages]
    axes.set_yticks([-row for row in range(len(titles))], titles)
    for label in axes.get_yticklabels():
        label.set_parse_math(False)
        label.set_color(INK)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=RULE, linewidth=0.4)
    axes.set_axisbelow(True)
    axes.set_ylim(-len(titles) + 0.4, 0.6)
    axes.set_xlabel(word("accuracy", language), parse_math=False)
    _figures_of(axes.xaxis, language)
    told = "; ".join(_told(stage, language) for stage in summary.stages)
    return _figure("stages", svg(figure), language, told, conditions=clean_line(summary.conditions, 200))


def _figures_of(axis: Axis, language: Language) -> None:
    """Have the figures along `axis` written as `language` writes them."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: decimal(value, language)))


def _thinned(values: Sequence[float]) -> Sequence[float]:
    """Return at most `_MOST_DOTS` of the ordered `values`, the ends and evenly from between."""
    if len(values) <= _MOST_DOTS:
        return values
    return [values[round(at * (len(values) - 1) / (_MOST_DOTS - 1))] for at in range(_MOST_DOTS)]


def _told(stage: StageTally, language: Language) -> str:
    title = clean_line(stage.title.in_(language), 40)
    if not stage.accuracies:
        return f"{title} –"
    return f"{title} {percent(quantile(stage.accuracies, 0.5), language)}"


def _curves(summary: ClassSummary) -> Figure:
    language = summary.language
    columns = min(_COLUMNS, len(summary.stages))
    rows = -(-len(summary.stages) // columns)
    figure = canvas(174, 6 + 36 * rows)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes, stage in zip(grid.flat, summary.stages, strict=False):
        heading(axes, clean_line(stage.title.in_(language), 40))
        if stage.band is not None:
            axes.axhspan(100 * stage.band.lower, 100 * stage.band.upper, color=BAND, linewidth=0)
        (_lines if len(stage.curves) <= MOST_LINES else _ranges)(axes, stage.curves)
        axes.grid(axis="y", color=RULE, linewidth=0.4)
        axes.set_axisbelow(True)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        _figures_of(axes.yaxis, language)
        count = str(sum(curve.hand_ins for curve in stage.curves))
        axes.text(0.99, 1.03, f"n = {count}", transform=axes.transAxes, ha="right", color=SOFT, fontsize=7)
    for axes in list(grid.flat)[len(summary.stages) :]:
        axes.set_visible(False)
    for axes in grid[-1]:
        axes.set_xlabel(word("epoch", language), parse_math=False)
    for row in grid:
        row[0].set_ylabel(word("accuracy", language), parse_math=False)
    told = "; ".join(_told(stage, language) for stage in summary.stages)
    return _figure("curves", svg(figure), language, told, most=MOST_LINES)


def _lines(axes: Axes, curves: Sequence[CurveTally]) -> None:
    most = max((curve.hand_ins for curve in curves), default=1)
    for curve in curves:
        weight = 0.35 + 0.65 * curve.hand_ins / most
        values = [100 * one for one in curve.accuracies]
        axes.plot(curve.epochs, values, color=BLUE, alpha=weight, linewidth=0.9)


def _ranges(axes: Axes, curves: Sequence[CurveTally]) -> None:
    """Draw the median of each epoch, half of the hand-ins around it, and 90 % of them."""
    at: dict[int, list[float]] = {}
    for curve in curves:
        for epoch, value in zip(curve.epochs, curve.accuracies, strict=True):
            at.setdefault(epoch, []).extend([100 * value] * curve.hand_ins)
    epochs = sorted(at)
    levels = [[quantile(sorted(at[epoch]), share) for epoch in epochs] for share in (0.05, 0.25, 0.75, 0.95)]
    for (low, high), alpha in zip(
        ((levels[0], levels[3]), (levels[1], levels[2])), (0.18, 0.35), strict=True
    ):
        axes.fill_between(epochs, low, high, color=BLUE, alpha=alpha, linewidth=0)
    axes.plot(epochs, [quantile(sorted(at[epoch]), 0.5) for epoch in epochs], color=BLUE, linewidth=1.4)
