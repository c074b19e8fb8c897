"""Which figures a result allows, drawn in the order of the report."""

from __future__ import annotations

from pathlib import Path

from grader.model import Language, Result, StageResult
from reports.conditions import data_phrase
from reports.figures.curves import curves, curves_by_stage, gaps
from reports.figures.drawing import Figure, prepare
from reports.figures.network import confusion, filters, reference_confusion, reference_filters

_MOST_STAGES = 9


def draw_figures(result: Result, result_dir: Path, language: Language) -> tuple[Figure, ...]:
    """Return the figures that the trainings of `result` allow; none without a training."""
    prepare()
    trained = any(stage.training and stage.training.curve for stage in result.stages)
    data, classes = data_phrase(result.conditions, language), result.conditions.classes
    shown = result.stages[:_MOST_STAGES]
    if not trained:
        logged = curves_by_stage(result.curves, shown)
        return (curves(shown, data, language, result.curves),) if logged else ()
    drawn: list[Figure | None] = [curves(shown, data, language, result.curves), gaps(shown, data, language)]
    best = best_stage(result)
    if best is not None and best.training is not None:
        drawn.append(confusion(best, best.training, classes, data, language))
        drawn.append(filters(best, best.training, result_dir, data, language))
        if best.reference is not None:
            drawn.append(reference_confusion(best.reference, best.training, classes, language))
            drawn.append(reference_filters(best.reference, language))
    return tuple(figure for figure in drawn if figure is not None)


def best_stage(result: Result) -> StageResult | None:
    """Return the trained stage with the highest test accuracy, the earliest of equals."""
    measured = [s for s in result.stages if s.training is not None and s.training.accuracy is not None]
    return max(measured, key=lambda s: s.training.accuracy or 0.0 if s.training else 0.0, default=None)
