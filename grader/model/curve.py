"""What students saw while their own programs trained: curves read from the logs of the hand-in."""

from __future__ import annotations

from typing import Literal

import msgspec

from grader.model.submission import Problem


class CurvePoint(msgspec.Struct, frozen=True, kw_only=True):
    """One epoch of a student's own curve; accuracies are fractions of 1, what was not logged is None."""

    epoch: int
    train_loss: float | None = None
    train_accuracy: float | None = None
    test_loss: float | None = None
    test_accuracy: float | None = None


class StudentCurve(msgspec.Struct, frozen=True, kw_only=True):
    """One training as the student's own log tells it: never believed, only set beside ours."""

    source: str
    """The file inside the hand-in."""
    form: Literal["printed", "notebook", "events", "csv", "json"]
    name: str = ""
    """What the source calls it: the folder of a run, a key, the heading of a notebook."""
    stage: str | None = None
    """The stage it is taken for; None when nothing names one."""
    points: tuple[CurvePoint, ...]


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the logs and figures of a hand-in show."""

    curves: tuple[StudentCurve, ...] = ()
    problems: tuple[Problem, ...] = ()
    """The same figure or curve under two stages: worth telling, never costing."""
