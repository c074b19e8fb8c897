"""Trainings as they unfold: which optimizer moves which network, step by step and pass by pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from grader.recorder.journal import (
    Journal,
    OptimizerRecord,
    Pass,
    Root,
    RootCall,
    TrainingRecord,
)
from grader.recorder.schedules import rates_of
from grader.recorder.trail import Trail

_NOTES_MAX = 64
_RATES_MAX = 2_000
_CALLS_MAX = 400
_GRADIENT = 1e-3
"""Of a parameter in a pass that is not really made."""


class Runs:
    """Turns backward passes and optimizer steps into trainings."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    def backward(self, trail: Trail | None, really: Callable[[], Any]) -> Any:
        """Note a backward pass from a loss with `trail`; make it unless the training is fast-forwarded."""
        journal = self.journal
        journal.event("backward")
        call = trail.call if trail is not None else None
        if trail is None or call is None:
            with journal.pause():
                return really()
        run = self._run_of(call.root)
        journal.orphan = call if run is None else None
        if run is None:
            if len(journal.by_hand) < _NOTES_MAX:
                journal.by_hand.append(call)
            if journal.real is not None:
                journal.real.learns_by_hand(call.drawn)
        else:
            self._note(run, call, trail)
        with journal.pause():
            if call.fast:
                return _stand_in(call.root)
            result = really()
            call.root.reached = [one for one in call.root.module.parameters() if one.grad is not None]
            return result

    def _note(self, run: TrainingRecord, call: RootCall, trail: Trail) -> None:
        if run.network is None and run.reason is None:
            self.journal.capture(run, call)
        if not call.fast and run.stepped_since_backward and len(run.cleared) < _NOTES_MAX:
            run.cleared.append(_no_gradients(run))
        run.stepped_since_backward = False
        if "backward" not in run.lines:
            run.line("backward", self.journal.here())
        call.learned = True
        run.batches += 1
        if call.drawn is not None:
            call.drawn.batches += 1
        if len(run.train_calls) < _CALLS_MAX:
            run.train_calls.append(call)
            run.modes.append(call.training)
        else:
            run.train_calls[-1] = call
        if trail.loss is not None and run.loss is None:
            run.loss = trail.loss
        self._enter_pass(run, call.drawn)

    def _enter_pass(self, run: TrainingRecord, drawn: Pass | None) -> None:
        """Note that `run` learns in the pass `drawn`, which becomes one of its epochs."""
        self.journal.current = run
        if drawn is None or drawn.trains:
            return
        drawn.trains, drawn.run = True, run
        for turns in self.journal.turns:
            turns.entered(run)
        if len(run.passes) < _RATES_MAX:
            run.passes.append(drawn)
        if len(run.passes) <= 3:
            self.journal.on_change()

    def step(self, optimizer: Any, really: Callable[[], Any], closure: Callable[[], Any] | None) -> Any:
        """Note an optimizer's step; make it unless the training is fast-forwarded."""
        journal = self.journal
        record = journal.optimizer_of(optimizer)
        if journal.paused or record is None:
            return really()
        journal.event("step")
        run = self._run_that_steps(record)
        if run is None:
            return really()
        run.optimizer = record
        if "step" not in run.lines:
            run.line("step", journal.here())
        fast = bool(run.train_calls) and run.train_calls[-1].fast
        fast = fast and run.root.calls[-1].fast
        self._count(run, record)
        if fast:
            return closure() if closure is not None else None
        if journal.real is not None:
            really = journal.real.stepping(run, optimizer, really)
        if closure is not None:
            return really()
        with journal.pause():
            return really()

    def _count(self, run: TrainingRecord, record: OptimizerRecord) -> None:
        drawn = self.journal.active
        self.journal.current = run
        run.steps += 1
        run.batches_stepped = run.batches
        run.stepped_since_backward = True
        if drawn is not None and (drawn.trains and drawn.run is run):
            drawn.steps += 1
            drawn.stepped_after = drawn.loader.length if drawn.finished else drawn.batches
            rates = rates_of(record.optimizer)
            drawn.moved |= drawn.rate is not None and drawn.rate != rates[0]
            drawn.rate = rates[0]
            if drawn.steps == 1:
                _keep(run, rates)
        elif drawn is None and not run.rates:
            _keep(run, rates_of(record.optimizer))

    def _run_that_steps(self, record: OptimizerRecord) -> TrainingRecord | None:
        """Return the training that a step of `record` belongs to.

        An optimizer that steps after a backward pass through a network that no optimizer holds was built on another
        network: the training is that of the network, and its weights stay as they are. One that steps where nothing
        was ever propagated back trains the network called last in training.
        """
        orphan = self.journal.orphan
        if orphan is not None and not orphan.fast:
            self.journal.orphan = None
            run = self._attach(orphan.root, record)
            self.journal.by_hand = [call for call in self.journal.by_hand if call.root is not orphan.root]
            self._note(run, orphan, Trail("output", drawn=orphan.drawn, call=orphan))
            return run
        known = record.run or self._first_step(record)
        return self._without_backward(known) if known is not None else None

    def _without_backward(self, run: TrainingRecord) -> TrainingRecord:
        """Return `run` after noting, where nothing was propagated back, which batch it steps after."""
        if not run.batches and run.root.calls and run.root.calls[-1].drawn is not None:
            call = run.root.calls[-1]
            if run.network is None and run.reason is None:
                run.propagates = False
                self.journal.capture(run, call)
                run.train_calls.append(call)
                run.modes.append(call.training)
                call.learned = True
        if not run.propagates and run.root.calls:
            call = run.root.calls[-1]
            call.learned = True
            self._enter_pass(run, call.drawn)
        return run

    def _first_step(self, record: OptimizerRecord) -> TrainingRecord | None:
        held = _tensors(record.optimizer.param_groups)
        for root in reversed(self.journal.roots):
            if root.parameters & held:
                return self._attach(root, record)
        return None

    def _run_of(self, root: Root) -> TrainingRecord | None:
        """Return the training that a backward pass through `root` belongs to."""
        for record in reversed(self.journal.optimizers):
            if record.run is not None and record.run.root is root and root.run is record.run:
                return record.run
            if record.run is None and root.parameters & _tensors(record.optimizer.param_groups):
                return self._attach(root, record)
        return None

    def _attach(self, root: Root, record: OptimizerRecord) -> TrainingRecord:
        """Return the training of `root` by `record`: a new one, or the one that a like optimizer began."""
        previous = root.run
        if previous is not None and _alike(previous.optimizer, record):
            run = previous
        else:
            run = TrainingRecord(len(self.journal.runs) + 1, root, record, record, real=self.journal.real)
            run.cell = self.journal.cell
            run.line("began", self.journal.outermost())
            run.continues = previous.number if previous is not None and previous.steps else None
            self.journal.runs.append(run)
        record.run = root.run = run
        run.optimizer = record
        self.journal.current = run
        return run


def _no_gradients(run: TrainingRecord) -> bool:
    """Whether every tensor that the optimizer moves starts without a gradient."""
    for parameter in (one for group in run.optimizer.optimizer.param_groups for one in group["params"]):
        if parameter.grad is not None and bool((parameter.grad != 0).any()):
            return False
    return True


def _keep(run: TrainingRecord, rates: list[float]) -> None:
    if len(run.rates) < _RATES_MAX:
        run.rates.append(rates[0])
        run.other_rates.append(rates[1:])


def _alike(one: OptimizerRecord, other: OptimizerRecord) -> bool:
    """Whether `other` carries on what `one` began: the same class, tensors and options but for the rate."""
    if one.name != other.name or len(one.groups) != len(other.groups):
        return False
    left, right = one.optimizer.param_groups, other.optimizer.param_groups
    same = _tensors(left) == _tensors(right)
    drop = ("lr", "initial_lr")
    return same and all(
        {k: v for k, v in a.items() if k not in drop} == {k: v for k, v in b.items() if k not in drop}
        for a, b in zip(one.groups, other.groups, strict=True)
    )


def _stand_in(root: Root) -> None:
    """Leave gradients where a real pass would: programs print their norms, clip and divide them."""
    for parameter in root.reached:
        if parameter.grad is None:
            parameter.grad = torch.full_like(parameter, _GRADIENT)


def _tensors(groups: list[dict[str, Any]]) -> frozenset[int]:
    """Return the identities of all tensors in an optimizer's groups."""
    return frozenset(id(one) for group in groups for one in group["params"] if isinstance(one, torch.Tensor))
