"""Learning curves as small multiples, and all stages against the reference in one picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator

from grader.model import CurvePoint, EpochPoint, Language, StageResult, StudentCurve, Text
from reports.cleaning import clean_line
from reports.figures.drawing import (
    AMBER,
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
    svg,
)
from reports.formatting import percent
from reports.phrases import say
from reports.stages import final_accuracies, judged

_COLUMNS = 3
_LIGHT_AMBER = "#dfb27f"
_OWN = Text(fr="vos logs, test", en="your logs, test")
_OWN_CAPTION = Text(
    fr=" En orange, ce que les logs rendus disent, sur les données de l'étudiant·e.",
    en=" In orange, what the logs handed in say, on the student's own data.",
)


def curves(
    stages: Sequence[StageResult], data: str, language: Language, own: Iterable[StudentCurve] = ()
) -> Figure:
    """Return accuracy by epoch for each trained stage, on common axes, the student's `own` beside ours."""
    logged = curves_by_stage(own, stages)
    columns = min(_COLUMNS, len(stages))
    rows = -(-len(stages) // columns)
    figure = canvas(174, 10 + 36 * rows)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes, stage in zip(grid.flat, stages, strict=False):
        _own_curve(axes, logged.get(stage.stage), language)
        _curve(axes, stage, language)
    for axes in grid.flat[len(stages) :]:
        axes.set_visible(False)
    for axes in grid.flat[max(len(stages) - columns, 0) : len(stages)]:
        axes.tick_params(labelbottom=True)
        axes.set_xlabel(say("epoch", language), parse_math=False)
    for row in grid:
        row[0].set_ylabel(say("accuracy", language), parse_math=False)
    _legend(figure, grid.flat)
    lowest, highest = _limits(stages, logged)
    grid[0][0].set_ylim(lowest, highest)
    return Figure(
        name="curves",
        picture=svg(figure),
        mime=SVG,
        title=say("figure_curves", language),
        caption=say("curves_caption", language, data=data) + (_OWN_CAPTION.in_(language) if logged else ""),
        alternative=_told(stages, language),
        wide=True,
    )


def gaps(stages: Sequence[StageResult], data: str, language: Language) -> Figure:
    """Return one line a stage: reference band, test and training accuracy, claimed figure."""
    figure = canvas(174, 11 + 6.2 * len(stages))
    axes = figure.subplots()
    for row, stage in enumerate(stages):
        _line(axes, -row, stage)
    axes.set_yticks([-row for row in range(len(stages))], [_title(stage, language) for stage in stages])
    for label in axes.get_yticklabels():
        label.set_parse_math(False)
        label.set_color(INK)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=RULE, linewidth=0.4)
    axes.set_axisbelow(True)
    axes.use_sticky_edges = False
    axes.margins(x=0.02)
    axes.set_ylim(-len(stages) + 0.4, 0.6)
    axes.set_xlabel(say("accuracy", language), parse_math=False)
    return Figure(
        name="gaps",
        picture=svg(figure),
        mime=SVG,
        title=say("figure_gaps", language),
        caption=say("gaps_caption", language, data=data),
        alternative=_told(stages, language),
        wide=True,
    )


def _title(stage: StageResult, language: Language) -> str:
    return clean_line(stage.title.in_(language), 40)


def curves_by_stage(own: Iterable[StudentCurve], stages: Sequence[StageResult]) -> dict[str, StudentCurve]:
    """Return for each stage the student's curve that tells most of it."""
    shown = {stage.stage for stage in stages}
    found: dict[str, StudentCurve] = {}
    for curve in own:
        if curve.stage in shown and any(point.test_accuracy is not None for point in curve.points):
            other = found.get(curve.stage or "")
            if other is None or len(curve.points) > len(other.points):
                found[curve.stage or ""] = curve
    return found


def _own_curve(axes: Axes, curve: StudentCurve | None, language: Language) -> None:
    if curve is None:
        return
    train, test = _series(curve.points, "train_accuracy"), _series(curve.points, "test_accuracy")
    axes.plot(*train, color=_LIGHT_AMBER, linewidth=0.8, dashes=(3, 1.5))
    axes.plot(*test, color=AMBER, linewidth=1.0, label=_OWN.in_(language))


def _legend(figure: Canvas, axes: Iterable[Axes]) -> None:
    """Name the lines once, above all axes, where nothing is drawn."""
    lines = {
        label: line for one in axes for line, label in zip(*one.get_legend_handles_labels(), strict=True)
    }
    figure.legend(lines.values(), lines.keys(), loc="outside upper right", ncols=len(lines), frameon=False,
                  fontsize=7, handlelength=1.8, borderpad=0, columnspacing=1.4)  # fmt: skip


def _curve(axes: Axes, stage: StageResult, language: Language) -> None:
    heading(axes, _title(stage, language))
    if stage.band is not None:
        axes.axhspan(100 * stage.band.lower, 100 * stage.band.upper, color=BAND, linewidth=0)
    points = stage.training.curve if stage.training else ()
    train = _series(points, "train_accuracy")
    test = _series(points, "test_accuracy")
    if points:
        axes.plot(*train, color=LIGHT_BLUE, linewidth=1.0, dashes=(3, 1.5), label=say("train", language))
        axes.plot(*test, color=BLUE, linewidth=1.5, marker="o", markersize=2.2, label=say("test", language))
    axes.grid(axis="y", color=RULE, linewidth=0.4)
    axes.set_axisbelow(True)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    if not points:
        word = judged(stage, language)[0]
        middle = axes.transAxes
        axes.grid(visible=False)
        axes.text(0.5, 0.5, word, transform=middle, ha="center", va="center", color=SOFT, parse_math=False)
    if points and stage.training is not None and stage.training.unfinished:
        word = say("unfinished", language)
        axes.axvline(points[-1].epoch, color=AMBER, linewidth=0.8, dashes=(1, 1.5))
        axes.text(
            0.02, 0.88, word, transform=axes.transAxes, ha="left", color=AMBER, fontsize=7.5, parse_math=False
        )
    if stage.training and stage.training.accuracy is not None and test[0]:
        axes.annotate(
            percent(stage.training.accuracy, language),
            (1.0, 1.0),
            xycoords="axes fraction",
            xytext=(0, 3),
            textcoords="offset points",
            ha="right",
            va="baseline",
            fontsize=7.5,
            color=BLUE,
            fontweight=600,
            parse_math=False,
        )


def _line(axes: Axes, y: float, stage: StageResult) -> None:
    train, test = final_accuracies(stage.training)
    if stage.band is not None:
        width = 100 * (stage.band.upper - stage.band.lower)
        axes.barh(y, width, left=100 * stage.band.lower, height=0.62, color=BAND, linewidth=0, zorder=1)
    if train is not None and test is not None:
        axes.plot([100 * test, 100 * train], [y, y], color=LIGHT_BLUE, linewidth=1.0, zorder=2)
        axes.plot(100 * train, y, "o", color=BLUE, markersize=4.4, markerfacecolor="white", zorder=3)
    if test is not None:
        axes.plot(100 * test, y, "o", color=BLUE, markersize=4.8, zorder=4)
    if stage.claimed is not None and 0 <= stage.claimed <= 100:
        axes.plot(stage.claimed, y, "D", color=AMBER, markersize=3.6, zorder=5)
    if train is None and test is None:
        axes.text(
            0.005, y, "–", transform=axes.get_yaxis_transform(), color=SOFT, va="center", parse_math=False
        )


def _series(points: Sequence[EpochPoint] | Sequence[CurvePoint], name: str) -> tuple[list[int], list[float]]:
    kept = [(point.epoch, getattr(point, name)) for point in points]
    return [e for e, value in kept if value is not None], [
        100 * value for _, value in kept if value is not None
    ]


def _limits(stages: Sequence[StageResult], own: Mapping[str, StudentCurve]) -> tuple[float, float]:
    """Return limits that hold every curve, in whole tens where possible."""
    values = [
        value
        for stage in stages
        if stage.training
        for name in ("train_accuracy", "test_accuracy")
        for value in _series(stage.training.curve, name)[1]
    ]
    for curve in own.values():
        for name in ("train_accuracy", "test_accuracy"):
            values += _series(curve.points, name)[1]
    values = values or [0.0, 100.0]
    return max(0.0, 10 * (min(values) // 10)), min(102.0, 10 * (max(values) // 10) + 12)


def _told(stages: Sequence[StageResult], language: Language) -> str:
    said = []
    for stage in stages:
        train, test = final_accuracies(stage.training)
        figures = [(say("test", language), test), (say("train", language), train)]
        if stage.claimed is not None:
            figures.append((say("claimed", language).lower(), stage.claimed / 100))
        if stage.band is not None:
            name = say("band", language).lower()
            figures += [(f"{name} min", stage.band.lower), (f"{name} max", stage.band.upper)]
        numbers = ", ".join(f"{name} {percent(value, language)}" for name, value in figures)
        verdict = judged(stage, language)[0]
        said.append(f"{_title(stage, language)}{say('colon', language)}{numbers} ({verdict})")
    return "; ".join(said) + "."
