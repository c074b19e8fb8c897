"""Counts a graded class: results become a `ClassSummary`, in which nobody is named and nobody's words stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from grader.classroom.enrolling import NOTHING
from grader.classroom.slimming import is_fault
from grader.classroom.standing import Standing
from grader.classroom.work import failure
from grader.model import Mark, Outcome, Result, StageResult, Verdict
from grader.model.class_summary import (
    ClassSummary,
    CurveTally,
    FaultTally,
    ItemTally,
    Needing,
    Span,
    StageTally,
)
from grader.model.coursework import Assignment
from grader.text import Language, Text
from reports.conditions import data_phrase, isolation_phrase

_FAULTS = 20
_EXAMPLES = 5


def summarise(
    standings: Sequence[Standing], assignment: Assignment, language: Language, sharing: tuple[int, int]
) -> ClassSummary:
    """Return the counts of the class `standings`; `sharing` is (stages trained, distinct trainings)."""
    graded = [(one, one.result) for one in standings if one.result is not None]
    results = [result for _, result in graded]
    return ClassSummary(
        title=assignment.title,
        language=language,
        conditions=_conditions(results, language),
        hand_ins=len(standings),
        maximum=results[0].total.maximum if results else 0.0,
        marks=tuple(
            sorted(
                (Span(points=one.total.points, open=one.total.open) for one in results),
                key=lambda span: (span.points, span.open),
            )
        ),
        items=tuple(_item(question.id, results) for question in assignment.question),
        faults=_faults(graded),
        stages=tuple(
            _stage(
                [row for one in results for row in one.stages if row.stage == stage.id], stage.id, stage.title
            )
            for stage in assignment.stage
        ),
        needing=_needing(standings),
        trained_stages=sharing[0],
        trainings=sharing[1],
    )


def _conditions(results: Sequence[Result], language: Language) -> str:
    """Return the conditions that the most hand-ins have; they differ only where a run changed them midway."""
    kinds = Counter(
        f"{data_phrase(one.conditions, language)} · {isolation_phrase(one.conditions, language)}"
        for one in results
    )
    return min(kinds, key=lambda text: (-kinds[text], text)) if kinds else ""


def _item(item: str, results: Iterable[Result]) -> ItemTally:
    marks = [mark for one in results for mark in one.marks if mark.item == item]
    decided = [(mark, mark.points) for mark in marks if mark.points is not None and not mark.open]
    full = sum(points >= mark.maximum - 1e-9 for mark, points in decided)
    none = sum(points <= 1e-9 < mark.maximum for mark, points in decided)
    worth = [points / mark.maximum for mark, points in decided if mark.maximum]
    return ItemTally(
        item=item,
        maximum=marks[0].maximum if marks else 0.0,
        full=full,
        part=len(decided) - full - none,
        none=none,
        open=len(marks) - len(decided),
        mean=sum(worth) / len(worth) if worth else None,
    )


def _faults(graded: Iterable[tuple[Standing, Result]]) -> tuple[FaultTally, ...]:
    """Return the checks that failed most often, each hand-in counted once.

    A check's label is the coursework's own sentence; its message may quote the student and is left out.
    """
    first: dict[tuple[str, str], Verdict] = {}
    who: dict[tuple[str, str], list[str]] = {}
    for one, result in graded:
        for key, verdict in {(v.item, v.check): v for v in result.verdicts if is_fault(v)}.items():
            first.setdefault(key, verdict)
            who.setdefault(key, []).append(one.pseudonym)
    ordered = sorted(who, key=lambda key: (-len(who[key]), key))
    return tuple(
        FaultTally(
            check=check,
            item=item,
            label=first[item, check].label,
            hand_ins=len(who[item, check]),
            examples=tuple(sorted(who[item, check])[:_EXAMPLES]),
        )
        for item, check in ordered[:_FAULTS]
    )


def _stage(rows: Sequence[StageResult], stage: str, title: Text) -> StageTally:
    accuracies = [row.training.accuracy for row in rows if row.training and row.training.accuracy is not None]
    curves: dict[str, CurveTally] = {}
    shared: Counter[str] = Counter()
    for row in rows:
        if row.training is None:
            continue
        points = [(p.epoch, p.test_accuracy) for p in row.training.curve if p.test_accuracy is not None]
        if points:
            shared[row.training.key] += 1
            epochs, values = zip(*points, strict=True)
            curves[row.training.key] = CurveTally(epochs=epochs, accuracies=values, hand_ins=1)
    return StageTally(
        stage=stage,
        title=title,
        accuracies=tuple(sorted(accuracies)),
        band=next((row.band for row in rows if row.band is not None), None),
        judgements=dict(sorted(Counter(row.judgement for row in rows).items())),
        curves=tuple(
            CurveTally(epochs=curve.epochs, accuracies=curve.accuracies, hand_ins=shared[key])
            for key, curve in sorted(curves.items())
        ),
    )


def _needing(standings: Iterable[Standing]) -> tuple[Needing, ...]:
    found = [row for one in standings if (row := _needs_somebody(one)) is not None]
    order = {"ours": 0, "unusable": 1, "nothing": 2, "fault": 3, "open": 4}
    return tuple(sorted(found, key=lambda row: (order[row.why], -row.open, row.pseudonym)))


def _needs_somebody(one: Standing) -> Needing | None:
    result = one.result
    if result is None:
        why = "nothing" if one.note == NOTHING else "unusable" if failure(one.folder) else "ours"
        return Needing(pseudonym=one.pseudonym, why=why)  # type: ignore[arg-type]
    waiting = tuple(mark.item for mark in result.marks if _is_open(mark))
    if any(mark.outcome is Outcome.ERROR for mark in result.marks):
        return Needing(pseudonym=one.pseudonym, why="fault", open=result.total.open, items=waiting)
    if not result.total.open:
        return None
    return Needing(pseudonym=one.pseudonym, why="open", open=result.total.open, items=waiting)


def _is_open(mark: Mark) -> bool:
    return mark.maximum > 0 and (mark.points is None or mark.open > 0)
