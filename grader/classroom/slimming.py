"""A result as far as a class needs it: texts of students left on disk, and equal parts held once for everybody.

A class of a thousand is held in hardly more memory than one of a hundred.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from grader.model import Outcome, Result, StageMatch, StageResult, Submission, Training, Verdict

T = TypeVar("T")


class Slimmer:
    """Makes results small; what was seen before is not held again."""

    def __init__(self) -> None:
        self._known: dict[tuple[type, bytes], object] = {}

    def __call__(self, result: Result) -> Result:
        """Return `result` with what tables and the class report tell, and nothing else."""
        whole = result.submission
        return Result(
            assignment=self._once(result.assignment),
            assignment_version=self._once(result.assignment_version),
            title=self._once(result.title),
            language=result.language,
            submission=Submission(id=whole.id, name=whole.name, authors=whole.authors, digest=whole.digest),
            conditions=self._once(result.conditions),
            stages=tuple(self._stage(stage) for stage in result.stages),
            verdicts=tuple(self._once(_fault(one)) for one in result.verdicts if is_fault(one)),
            marks=tuple(self._once(mark) for mark in result.marks),
            total=self._once(result.total),
            fix_first=tuple(self._once(text) for text in result.fix_first),
        )

    def _once(self, value: T) -> T:
        """Return what is equal to `value` and was seen first."""
        key = type(value), msgspec.json.encode(value)
        found: T = self._known.setdefault(key, value)  # type: ignore[assignment]
        return found

    def _stage(self, stage: StageResult) -> StageResult:
        training = stage.training and self._training(stage.training)
        return self._once(
            StageResult(
                stage=stage.stage,
                item=stage.item,
                title=stage.title,
                match=StageMatch(stage=stage.stage, outcome=stage.match.outcome, reason=stage.title),
                training=training,
                band=stage.band,
                judgement=stage.judgement,
            )
        )

    def _training(self, training: Training) -> Training:
        return Training(
            key=training.key, outcome=training.outcome, curve=training.curve, accuracy=training.accuracy
        )


def is_fault(verdict: Verdict) -> bool:
    """Return whether `verdict` cost points."""
    return verdict.outcome is Outcome.FAILED and verdict.charged


def _fault(verdict: Verdict) -> Verdict:
    """Return which check failed; what it said may quote the student, and is left out."""
    return Verdict(
        check=verdict.check,
        item=verdict.item,
        stage=verdict.stage,
        label=verdict.label,
        outcome=verdict.outcome,
        cost=verdict.cost,
        message=verdict.label,
        charged=True,
    )
