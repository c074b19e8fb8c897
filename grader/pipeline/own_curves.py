"""The students' own curves in the shape of ours, so that one figure draws both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from grader.model import (
    Assignment,
    EpochPoint,
    Outcome,
    StageMatch,
    StageResult,
    StudentCurve,
    Text,
    Training,
)

_OWN = Text(fr="D'après les journaux rendus.", en="From the logs handed in.")


def own_stages(assignment: Assignment, curves: Iterable[StudentCurve]) -> tuple[StageResult, ...]:
    """Return a row for each stage of which there is a curve of the students' own, in the sheet's order."""
    held: dict[str, list[StudentCurve]] = {}
    for curve in curves:
        if curve.stage is not None:
            held.setdefault(curve.stage, []).append(curve)
    return tuple(
        StageResult(
            stage=stage.id,
            item=stage.item,
            title=stage.title,
            match=StageMatch(stage=stage.id, outcome=Outcome.PASSED, reason=_OWN),
            training=_training(fullest(held[stage.id])),
            judgement="not_calibrated",
        )
        for stage in assignment.stage
        if stage.id in held
    )


def final_accuracy(curves: Sequence[StudentCurve]) -> float | None:
    """Return the last test accuracy of the fullest of `curves`, None where none was logged."""
    if not curves:
        return None
    logged = [one.test_accuracy for one in fullest(curves).points if one.test_accuracy is not None]
    return logged[-1] if logged else None


def fullest(curves: Sequence[StudentCurve]) -> StudentCurve:
    """Return the curve that tells most: of test accuracies first, then of epochs; of equals the first."""
    return max(
        curves, key=lambda one: (sum(p.test_accuracy is not None for p in one.points), len(one.points))
    )


def _training(curve: StudentCurve) -> Training:
    points = tuple(
        EpochPoint(
            epoch=point.epoch,
            learning_rate=0.0,
            train_loss=point.train_loss,
            train_accuracy=point.train_accuracy,
            test_loss=point.test_loss,
            test_accuracy=point.test_accuracy,
        )
        for point in curve.points
    )
    return Training(key="", outcome=Outcome.PASSED, curve=points, accuracy=final_accuracy([curve]))
