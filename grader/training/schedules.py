"""How the learning rate moves: as it was recorded, or by torch's own scheduler made again from its arguments.

A rate per epoch says all of a schedule that is stepped by the epoch, whatever made it move. One that is stepped
at every batch, or that moves the momentum too, is run beside the training in the student's own steps: step s
of our n is step s * N / n of their N. One that follows a metric is told ours.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import torch
from torch.optim import Optimizer, lr_scheduler

from grader.errors import TrainingError
from grader.model import EpochPoint, Optimisation, Schedule
from grader.training.budgets import is_rebuilt

SCHEDULERS = frozenset({
    "ConstantLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "CyclicLR", "ExponentialLR", "LambdaLR",
    "LinearLR", "MultiStepLR", "OneCycleLR", "PolynomialLR", "StepLR",
})  # fmt: skip
_COMPOSED = frozenset({"ChainedScheduler", "SequentialLR"})
_MOVED = ("lr", "momentum", "betas")
_SILENT = frozenset({"last_epoch", "verbose"})
_DEPTH, _PARTS = 3, 64
_STEPS = 2_000_000
"""A student's steps that are gone through beside ours; more would take longer than the training."""
_UNUSABLE = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError)


class Rates(Protocol):
    """Sets the optimizer's learning rate; what it remembers are plain numbers."""

    def before_batch(self, epoch: int, batch: int) -> None:
        """Set the rate for the batch, both counted from 0."""

    def after_epoch(self, point: EpochPoint) -> None:
        """Take note of what the epoch came to."""

    def state(self) -> dict[str, float]:
        """Return what is remembered, for `restore`."""

    def restore(self, state: Mapping[str, float]) -> None:
        """Remember what another one remembered."""


def build_rates(optimisation: Optimisation, optimizer: Optimizer, batches: int) -> Rates:
    """Return what moves the rate of `optimizer` as `optimisation`, settled, says; an epoch has `batches` batches.

    Raises TrainingError for a scheduler that is not on the list, an argument it refuses, and a metric unknown.
    """
    schedule = optimisation.schedule
    if not is_rebuilt(schedule):
        return Recorded(schedule, optimizer)
    if schedule.name == "ReduceLROnPlateau":
        return Plateau(schedule, optimizer)
    return Rebuilt(schedule, optimizer, optimisation.epochs, batches)


class Recorded:
    """One rate per epoch for the first group; the others keep their proportion to it, or have rates of their own."""

    def __init__(self, schedule: Schedule, optimizer: Optimizer) -> None:
        self.schedule, self.optimizer = schedule, optimizer
        self.initial = [float(group["lr"]) for group in optimizer.param_groups]

    def before_batch(self, epoch: int, batch: int) -> None:
        """Set the recorded rate of the epoch."""
        rate, first = self.schedule.rates[epoch], self.initial[0]
        others = self.schedule.group_rates
        for number, group in enumerate(self.optimizer.param_groups):
            if number and others:
                group["lr"] = others[number - 1][epoch]
            else:
                group["lr"] = rate * (self.initial[number] / first) if first else self.initial[number]

    def after_epoch(self, point: EpochPoint) -> None:
        """Nothing moves this rate but time."""

    def state(self) -> dict[str, float]:
        """Return nothing: nothing is remembered."""
        return {}

    def restore(self, state: Mapping[str, float]) -> None:
        """Have nothing to do."""


class Rebuilt(Recorded):
    """A scheduler of torch that runs beside the training, on an optimizer of its own that moves nothing."""

    def __init__(self, schedule: Schedule, optimizer: Optimizer, epochs: int, batches: int) -> None:
        super().__init__(schedule, optimizer)
        self.batches = batches if schedule.stepped == "batch" else 1
        self.ours = max(1, epochs * self.batches)
        self.theirs = schedule.steps or self.ours
        if self.theirs > _STEPS:
            raise _refusal(schedule.name, f"{self.theirs} steps")
        self.position = 0
        options = (
            {key: value for key, value in group.items() if key != "params"}
            for group in optimizer.param_groups
        )
        kind: Any = type(optimizer)
        self.model: Optimizer = kind([{"params": [torch.zeros(1)], **one} for one in options])
        self.scheduler = _quietly(lambda: _built(schedule.name, schedule.arguments, self.model))

    def before_batch(self, epoch: int, batch: int) -> None:
        """Advance to the student's step that this batch of ours stands for."""
        if self.schedule.stepped in ("batch", "epoch"):
            step = epoch * self.batches + (batch if self.batches > 1 else 0)
            _quietly(lambda: self._advance(min(step * self.theirs // self.ours, self.theirs - 1)))
        for group, model in zip(self.optimizer.param_groups, self.model.param_groups, strict=True):
            group.update({name: model[name] for name in _MOVED if name in model})

    def _advance(self, position: int) -> None:
        while self.position < position:
            self.position += 1
            try:
                self.scheduler.step()
            except ValueError:  # past its last step: the rate stays where it is
                return
            except _UNUSABLE as error:
                raise _refusal(self.schedule.name, str(error)) from error


class Plateau(Recorded):
    """Lowers the rate when our own metric, the one that the program watched, gets no better."""

    def __init__(self, schedule: Schedule, optimizer: Optimizer) -> None:
        super().__init__(schedule, optimizer)
        arguments = {key: value for key, value in schedule.arguments.items() if key not in _SILENT}
        if (
            schedule.stepped != "epoch"
            or schedule.metric is None
            or arguments.get("threshold_mode", "rel") != "rel"
        ):
            raise _refusal("ReduceLROnPlateau", "metric")
        self.metric = schedule.metric
        try:
            self.scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, **arguments)
        except _UNUSABLE as error:
            raise _refusal("ReduceLROnPlateau", str(error)) from error

    def before_batch(self, epoch: int, batch: int) -> None:
        """Leave the rate where the scheduler put it."""

    def after_epoch(self, point: EpochPoint) -> None:
        """Tell the scheduler the epoch's metric."""
        value = getattr(point, self.metric)
        self.scheduler.step(float("nan") if value is None else value)

    def state(self) -> dict[str, float]:
        """Return the best value so far and what is counted."""
        return {name: float(getattr(self.scheduler, name)) for name in _COUNTED}

    def restore(self, state: Mapping[str, float]) -> None:
        """Go on from there."""
        for name in _COUNTED:
            setattr(self.scheduler, name, state[name])


_COUNTED = ("best", "num_bad_epochs", "cooldown_counter", "last_epoch")


def _quietly(work: Callable[[], Any]) -> Any:
    """Return what `work` returns; torch's advice about the order of calls is for programs, not for a model of one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return work()


def _built(name: str | None, arguments: Mapping[str, Any], optimizer: Optimizer, depth: int = 0) -> Any:
    given = {key: value for key, value in arguments.items() if key not in _SILENT}
    try:
        if name in _COMPOSED and depth < _DEPTH:
            if len(given["schedulers"]) > _PARTS:
                raise _refusal(name, "too many parts")
            parts = [
                _built(one["name"], one["arguments"], optimizer, depth + 1) for one in given.pop("schedulers")
            ]
            return _composed(name, parts, given, optimizer)
        if name not in SCHEDULERS:
            raise _refusal(name, "")
        if name == "LambdaLR":
            return lr_scheduler.LambdaLR(optimizer, _factors(given["lr_lambda"]))
        return getattr(lr_scheduler, name)(optimizer, **given)
    except _UNUSABLE as error:
        raise _refusal(name, str(error)) from error


def _composed(name: str | None, parts: list[Any], given: dict[str, Any], optimizer: Optimizer) -> Any:
    if name == "ChainedScheduler":
        return lr_scheduler.ChainedScheduler(parts, optimizer)
    return lr_scheduler.SequentialLR(optimizer, parts, **given)


def _factors(given: Any) -> list[Callable[[int], float]]:
    """Return the functions of step that stand for a program's own: tables of factors, `every` so many steps apart."""
    tables = given if isinstance(given, list | tuple) else [given]
    return [_table([float(one) for one in table["factors"]], int(table["every"])) for table in tables]


def _table(factors: list[float], every: int) -> Callable[[int], float]:
    if not factors or every < 1:
        raise ValueError("an empty table")

    def factor(step: int) -> float:
        index, rest = divmod(step, every)
        low, high = (factors[min(one, len(factors) - 1)] for one in (index, index + 1))
        return low + (high - low) * rest / every

    return factor


def _refusal(name: str | None, reason: str) -> TrainingError:
    brief = f" ({' '.join(reason.split())[:100]})" if reason else ""
    return TrainingError(
        fr="Cette recette ne peut pas être réentraînée ici : le learning rate est conduit par "
        f"{name or 'le programme lui-même, batch par batch'}{brief}, que nous ne savons pas refaire.",
        en="This recipe cannot be trained again here: the learning rate is driven by "
        f"{name or 'the program itself, batch by batch'}{brief}, which we cannot make again.",
    )
