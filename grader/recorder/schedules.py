"""A training's learning rate over time: the scheduler that drove it, when it was stepped, and what it was told."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import torch

from grader.model import Schedule
from grader.recorder.journal import Journal, Pass, SchedulerRecord, TrainingRecord
from grader.recorder.trail import trail_of

Stepped = Literal["never", "batch", "epoch", "after_training"]

_TABLE = 1_024
_GROUPS = 16
_STEADY = 1e-6
_PLATEAU = "ReduceLROnPlateau"
POSITION = "position"
"""Stands among what a scheduler was told for a place on its curve, in epochs."""


def schedule_of(run: TrainingRecord) -> Schedule:
    """Return what was seen of the learning rate of `run`."""
    records = run.optimizer.schedulers or run.first.schedulers
    rates, others = tuple(run.rates), _other_groups(run)
    by_hand = any(one.moved for one in run.passes) and not any(one.inside for one in records)
    if by_hand:
        return Schedule(stepped="batch", rates=rates, group_rates=others)
    if not records:
        return Schedule(rates=rates, group_rates=others)
    record = max(records, key=lambda one: one.steps)
    stepped = stepped_when(record, run)
    if record.told.get(POSITION) and (stepped == "batch" or any(one.moved for one in run.passes)):
        # `step(epoch + i / n)`: what a step does hangs on what it is told, which nobody repeats.
        return Schedule(stepped="batch", rates=rates, group_rates=others)
    name, arguments = _together(records, record, run)
    steps = sum(one.loader.length for one in run.passes)
    if stepped == "batch" and name == "LambdaLR":
        arguments = arguments | {"lr_lambda": _tables(record.scheduler, steps)}
    return Schedule(
        name=name,
        arguments=arguments,
        stepped=stepped,
        rates=rates,
        group_rates=others,
        steps=max(steps, 1) if stepped == "batch" else None,
        metric=_metric(record) if record.name == _PLATEAU else None,
    )


def stepped_when(record: SchedulerRecord, run: TrainingRecord) -> Stepped:
    """Return when the scheduler is stepped, from where its steps fell among the passes."""
    if not record.steps:
        return "never"
    telling = [one for one in run.passes if one.steps > 1] or [one for one in run.passes if one.finished]
    if any(record.inside.get(one, 0) >= one.steps for one in telling if one.steps):
        return "batch"
    between = set(record.between) | {run.passes.index(one) + 1 for one in record.inside if one in run.passes}
    if len(run.passes) > 1 and between == {len(run.passes)}:
        return "after_training"
    return "epoch"


def _together(
    records: list[SchedulerRecord], main: SchedulerRecord, run: TrainingRecord
) -> tuple[str, dict[str, Any]]:
    """Return name and arguments of all schedulers that were stepped: of one, of a chain, or of several.

    A rate per epoch tells of several what they did, but where one is stepped at every batch or follows a metric.
    """
    stepped = [one for one in records if one.steps and (one is main or one.name != main.name)]
    when = {stepped_when(one, run) for one in stepped}
    if len(stepped) < 2 or (when == {"epoch"} and all(one.name != _PLATEAU for one in stepped)):
        return main.name, main.arguments
    parts = [{"name": one.name, "arguments": one.arguments} for one in stepped]
    return "ChainedScheduler" if when == {"batch"} else "several", {"schedulers": parts}


def _other_groups(run: TrainingRecord) -> tuple[tuple[float, ...], ...]:
    """Return the rates of every group but the first, where one of them does not keep its proportion to it."""
    rows = run.other_rates
    if not rows or not rows[0] or len(rows) != len(run.rates) or len(rows[0]) > _GROUPS:
        return ()
    first = run.rates[0]
    for rate, row in zip(run.rates, rows, strict=True):
        if len(row) != len(rows[0]):
            return ()
        if not all(
            math.isclose(now * first, then * rate, rel_tol=_STEADY)
            for now, then in zip(row, rows[0], strict=True)
        ):
            return tuple(zip(*rows, strict=False))
    return ()


def _tables(scheduler: Any, steps: int) -> Any:
    """Return the factors that the program's own functions of the step give, as the engine reads them."""
    every = max(1, math.ceil(steps / _TABLE))
    try:
        tables = [
            [float(function(step)) for step in range(0, steps + every, every)]
            for function in scheduler.lr_lambdas[:_GROUPS]
        ]
    except Exception:  # noqa: BLE001 - a function of the program's own may raise whatever it likes
        return "<function>"
    if not all(math.isfinite(sum(table)) for table in tables):
        return "<function>"
    return [{"every": every, "factors": table} for table in tables]


def parts_of(journal: Journal, value: Any) -> list[dict[str, Any]] | None:
    """Return schedulers handed to a scheduler by name and arguments, None where `value` is no list of known ones."""
    if not isinstance(value, list | tuple) or not 0 < len(value) <= _GROUPS:
        return None
    found = [next((one for one in journal.schedulers if one.scheduler is part), None) for part in value]
    known = [one for one in found if one is not None]
    return (
        [{"name": one.name, "arguments": one.arguments} for one in known]
        if len(known) == len(found)
        else None
    )


def note_metric(record: SchedulerRecord, journal: Journal, value: Any) -> None:
    """Count for which figures `value`, which a plateau is told after a pass, may stand; else that it was told one."""
    if record.name != _PLATEAU:
        record.told[POSITION] = record.told.get(POSITION, 0) + (value is not None)
        return
    for name in _figures(journal, record, value):
        record.told[name] = record.told.get(name, 0) + 1
    record.told[""] = record.told.get("", 0) + 1


def _figures(journal: Journal, record: SchedulerRecord, value: Any) -> set[str]:
    kind = "accuracy" if record.arguments.get("mode") == "max" else "loss"
    passes = journal.ended[-2:]
    trail = trail_of(value)
    if trail is not None and trail.drawn is not None:
        return {f"{_phase(trail.drawn)}_{kind}"}
    try:
        number = float(value)
    except (TypeError, ValueError, RuntimeError):
        return set()
    found = {
        f"{_phase(one)}_{name}"
        for one in passes
        for name, seen in (("loss", one.losses), ("accuracy", one.accuracies))
        if _stands_for(number, seen, one)
    }
    if not found and len({_phase(one) for one in passes}) == 1:
        return {f"{_phase(passes[0])}_{kind}"}
    return found


def _phase(one: Pass) -> str:
    return "train" if one.trains else "test"


def _stands_for(value: float, seen: list[float], one: Pass) -> bool:
    """Whether `value` is the mean, the sum or the last of what the batches of a pass came to."""
    if not seen or one.drawn != len(seen):
        return False
    total, batch = sum(seen), one.loader.batch_size or 1
    lengths = [1, len(seen), one.loader.length, one.loader.length * batch, len(seen) * batch]
    figures = [total / length for length in lengths] + [total * batch / length for length in lengths[1:]]
    close: Callable[[float], bool] = lambda figure: math.isclose(value, figure, rel_tol=1e-4)  # noqa: E731
    return any(close(figure) or close(figure / 100) for figure in (*figures, seen[-1]))


def _metric(record: SchedulerRecord) -> Any:
    """Return the one figure that every value told may stand for, None where there is none or more than one."""
    times = record.told.get("", 0)
    always = [name for name, count in record.told.items() if name and count == times]
    return always[0] if len(always) == 1 else None


def rates_of(optimizer: Any) -> list[float]:
    """Return the learning rate of every group, each a finite number."""
    return [_rate(group.get("lr", 0.0)) for group in optimizer.param_groups[: _GROUPS + 1]]


def _rate(value: Any) -> float:
    rate = float(value.detach()) if isinstance(value, torch.Tensor) else float(value)
    return min(max(rate, 0.0), 1e12) if math.isfinite(rate) else 0.0
