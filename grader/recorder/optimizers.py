"""Optimizers and learning-rate schedulers: how they were built, and when they are stepped."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.optim import Optimizer, lr_scheduler

from grader.model import Call
from grader.recorder.journal import Journal, OptimizerRecord, SchedulerRecord, TrainingRecord
from grader.recorder.places import Places
from grader.recorder.plain import NotPlain, bound, plain
from grader.recorder.runs import Runs
from grader.recorder.schedules import note_metric, parts_of

_STEP_MARK = "_recorder_step"


def install(journal: Journal, places: Places, runs: Runs) -> None:
    """Make every optimizer and scheduler of torch note its construction and its steps."""
    optimizer: type = Optimizer
    for kind in _subclasses(optimizer):
        _wrap_step(kind, journal, runs)
    original_init, original_clear = Optimizer.__init__, Optimizer.zero_grad
    original_add = Optimizer.add_param_group

    def __init__(self: Any, params: Any, defaults: dict[str, Any]) -> None:
        _wrap_step(type(self), journal, runs)
        original_init(self, params, defaults)
        record = OptimizerRecord(
            type(self).__name__, self, _options(self), places.here(outside="__init__"), True
        )
        record.known = getattr(torch.optim, type(self).__name__, None) is type(self)
        if len(journal.optimizers) < 1_000:
            journal.optimizers.append(record)

    def zero_grad(self: Any, *args: Any, **kwargs: Any) -> None:
        journal.event("zero_grad")
        record = journal.optimizer_of(self)
        run = record.run if record is not None else None
        if run is not None and "zero_grad" not in run.lines:
            run.line("zero_grad", places.here())
        # Really, even where a training is fast-forwarded: gradients of its last real batches must not stay for good.
        with journal.pause():
            original_clear(self, *args, **kwargs)

    def add_param_group(self: Any, param_group: Any) -> None:
        original_add(self, param_group)
        record = journal.optimizer_of(self)
        if record is not None:
            record.groups = _options(self)

    Optimizer.__init__ = __init__  # type: ignore[method-assign]
    Optimizer.zero_grad = zero_grad  # type: ignore[method-assign]
    Optimizer.add_param_group = add_param_group  # type: ignore[method-assign]
    nesting = _Nesting()
    root: type = lr_scheduler.LRScheduler
    for scheduler in (root, *_subclasses(root)):
        _wrap_scheduler(scheduler, journal, places, nesting)
    _clipping(journal)


def _subclasses(root: type) -> Iterator[type]:
    kinds: list[type] = root.__subclasses__()
    for kind in kinds:
        yield kind
        yield from _subclasses(kind)


def _options(optimizer: Any) -> list[dict[str, Any]]:
    """Return each group's options as they are now, without its tensors; odd values are left out."""
    groups = []
    for group in optimizer.param_groups:
        options: dict[str, Any] = {}
        for name, value in group.items():
            if name in ("params", "initial_lr", "param_names"):
                continue
            try:
                options[str(name)] = plain(value)
            except NotPlain:
                continue
        groups.append(options)
    return groups


def _wrap_step(kind: type, journal: Journal, runs: Runs) -> None:
    original: Any = vars(kind).get("step")
    if original is None or getattr(original, _STEP_MARK, False):
        return
    inside: list[int] = []

    @functools.wraps(original)
    def step(self: Any, closure: Callable[[], Any] | None = None, *args: Any, **kwargs: Any) -> Any:
        def really() -> Any:
            given = (closure, *args) if closure is not None or args else ()
            return original(self, *given, **kwargs)

        if inside:
            return really()
        inside.append(1)
        try:
            return runs.step(self, really, closure)
        finally:
            inside.pop()

    step.__dict__.update({_STEP_MARK: True, "hooked": True})
    setattr(kind, "step", step)  # noqa: B010


def _wrap_scheduler(kind: Any, journal: Journal, places: Places, state: _Nesting) -> None:
    original_init, original_step = vars(kind).get("__init__"), vars(kind).get("step")
    if original_init is not None:

        @functools.wraps(original_init)
        def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
            if "verbose" in kwargs:
                kwargs.pop("verbose")
                journal.bridge("scheduler_verbose")
            state.depth += 1
            try:
                original_init(self, *args, **kwargs)
            finally:
                state.depth -= 1
            if type(self) is kind or (state.depth == 0 and "_recorder_seen" not in self.__dict__):
                self.__dict__["_recorder_seen"] = True
                _built(self, bound(original_init, (self, *args), kwargs), journal, places)

        kind.__init__ = __init__
    if original_step is not None:

        @functools.wraps(original_step)
        def step(self: Any, *args: Any, **kwargs: Any) -> Any:
            outermost = state.depth == 0
            state.depth += 1
            try:
                return original_step(self, *args, **kwargs)
            finally:
                state.depth -= 1
                if outermost:
                    _stepped(self, journal, *args, *kwargs.values())

        kind.step = step


@dataclass
class _Nesting:
    """How many schedulers deep the program is: a scheduler's constructor steps it, a chain steps its parts."""

    depth: int = 0


def _built(scheduler: Any, given: dict[str, Any], journal: Journal, places: Places) -> None:
    optimizer = journal.optimizer_of(getattr(scheduler, "optimizer", None))
    if optimizer is None or journal.paused:
        return
    arguments: dict[str, Any] = {}
    for name, value in given.items():
        if name in ("self", "optimizer"):
            continue
        try:
            parts = parts_of(journal, value) if name == "schedulers" else None
            arguments[name] = plain(value) if parts is None else parts
        except NotPlain:  # a function: its effect shows in the rates
            arguments[name] = "<function>"
    step = type(scheduler).step
    original = getattr(step, "__wrapped__", step)
    record = SchedulerRecord(
        type(scheduler).__name__, arguments, places.here(outside="__init__"), original, scheduler
    )
    optimizer.schedulers.append(record)
    journal.schedulers.append(record)


def _stepped(scheduler: Any, journal: Journal, *told: Any) -> None:
    record = next((one for one in journal.schedulers if one.scheduler is scheduler), None)
    if record is None or journal.paused:
        return
    journal.event("scheduler_step")
    record.steps += 1
    if told:
        note_metric(record, journal, told[0])
    optimizer = next((one for one in journal.optimizers if record in one.schedulers), None)
    run = optimizer.run if optimizer is not None else None
    if run is not None:
        run.line("scheduler_step", journal.here())
    drawn = journal.active
    inside = drawn is not None and run is not None and drawn.run is run and not drawn.finished
    if inside and drawn is not None:
        record.inside[drawn] = record.inside.get(drawn, 0) + 1
        return
    begun = len(run.passes) if run is not None else 0
    record.between[begun] = record.between.get(begun, 0) + 1


def _clipping(journal: Journal) -> None:
    """Make gradient clipping leave a note, and cost nothing once the training is fast-forwarded."""
    utils = torch.nn.utils
    for name in ("clip_grad_norm_", "clip_grad_value_"):
        original = getattr(utils, name)
        wrapped = _clip(name, original, journal)
        setattr(utils, name, wrapped)
        setattr(utils.clip_grad, name, wrapped)
        setattr(utils, name.rstrip("_"), wrapped)


def _clip(name: str, original: Callable[..., Any], journal: Journal) -> Callable[..., Any]:
    @functools.wraps(original)
    def clip(parameters: Any, *args: Any, **kwargs: Any) -> Any:
        parameters = [parameters] if isinstance(parameters, torch.Tensor) else list(parameters)
        args = (parameters, *args)
        journal.event("clip")
        run = journal.current
        if run is not None and run.clipping is None:
            run.clipping = _clipping_call(name, bound(original, args, kwargs), run)
        if run is not None and run.train_calls and run.train_calls[-1].fast:
            return torch.tensor(1.0)
        with journal.pause():
            return original(*args, **kwargs)

    return clip


def _clipping_call(name: str, given: dict[str, Any], run: TrainingRecord) -> Call:
    """Return the call with its limit; that it holds some of the network's tensors only is said among its arguments."""
    clipped = {id(one) for one in given.pop("parameters", ())}
    if given.get("norm_type") == float("inf"):
        given["norm_type"] = "inf"
    try:
        arguments = plain(given)
    except NotPlain:
        arguments = {}
    whole = all(id(one) in clipped for one in run.root.module.parameters() if one.requires_grad)
    return Call(name=name, arguments=arguments if whole else arguments | {"parameters": "some"})
