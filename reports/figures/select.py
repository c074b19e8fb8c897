"""Which figures a result allows, drawn in the order of the report."""

from __future__ import annotations

from pathlib import Path

from grader.model import Language, Result, StageResult
from reports.conditions import data_phrase
from reports.figures.curves import curves, gaps
from reports.figures.drawing import Figure, prepare
from reports.figures.network import confusion, filters

_MOST_STAGES = 9


def draw_figures(result: Result, result_dir: Path, language: Language) -> tuple[Figure, ...]:
    """Return the figures that the trainings of `result` allow; none without a training."""
    prepare()
    trained = [stage for stage in result.stages if stage.training and stage.training.curve][:_MOST_STAGES]
    if not trained:
        return ()
    data = data_phrase(result.conditions, language)
    shown = [stage for stage in result.stages if stage.training or stage.band or stage.claimed is not None]
    drawn: list[Figure | None] = [curves(trained, data, language), gaps(shown[:_MOST_STAGES], data, language)]
    best = best_stage(result)
    if best is not None and best.training is not None:
        drawn.append(confusion(best, best.training, data, language))
        drawn.append(filters(best, best.training, result_dir, data, language))
    return tuple(figure for figure in drawn if figure is not None)


def best_stage(result: Result) -> StageResult | None:
    """Return the trained stage with the highest test accuracy, the earliest of equals."""
    measured = [s for s in result.stages if s.training is not None and s.training.accuracy is not None]
    return max(measured, key=lambda s: s.training.accuracy or 0.0 if s.training else 0.0, default=None)
