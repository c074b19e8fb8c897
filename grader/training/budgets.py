"""Settles how a recipe is trained under a budget: `full` keeps the student's own choices, `quick` the ingredients.

A quick budget sets the number of images and epochs, the batch size and, by optimizer family, the learning
rate; everything else that the student chose stays: layers, transforms, loss, momentum, decay, the loop.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import msgspec

from grader.errors import TrainingError
from grader.model import Budget, Loop, Optimisation, ParameterGroup, Recipe, Schedule
from grader.recipe.families import family

MAX_EPOCHS = 500
MAX_RATE = 1e38
"""A decay the other way round, or a typing error, grows beyond every number; the loss broke long before."""
CYCLES = frozenset({"CyclicLR", "OneCycleLR"})
"""Schedulers that name their own rates, whatever the optimizer's, and that move the momentum too."""
_OWN_RATES = frozenset({"base_lr", "eta_min", "max_lr", "min_lr"})
"""Arguments of schedulers that are learning rates, and are scaled with them."""


def optimizer_family(optimisation: Optimisation) -> str:
    """Return the family of the recipe's optimizer, see `recipe.families`."""
    momentum = optimisation.groups[0].options.get("momentum", 0) if optimisation.groups else 0
    return family(optimisation.optimizer, momentum)


def settle(recipe: Recipe, budget: Budget) -> Recipe:
    """Return the recipe that is really trained: its epochs, batch size and learning rates are final.

    `schedule.rates` holds one learning rate per epoch for the first group; where a rate per epoch is not the
    whole of it (`is_rebuilt`), the scheduler stays with its arguments and `rates` holds the first one alone.
    Recipes that differ only in what the budget sets become equal, so that one training serves them all.
    Raises TrainingError for a program that trains for no epoch at all.
    """
    optimisation = recipe.optimisation
    if optimisation.epochs < 1:
        raise TrainingError(
            fr="Le programme n'entraîne le réseau pendant aucune époque : il n'y a rien à réentraîner.",
            en="The program trains the network for no epoch at all: there is nothing to train again.",
        )
    epochs = min(budget.epochs or optimisation.epochs, MAX_EPOCHS)
    own_rate = _own_rate(optimisation)
    rate = budget.learning_rates.get(optimizer_family(optimisation), own_rate) if own_rate else 0.0
    factor = rate / own_rate if own_rate else 1.0
    settled = msgspec.structs.replace(
        optimisation,
        epochs=epochs,
        groups=tuple(_scaled(group, factor) for group in optimisation.groups),
        schedule=_settled_schedule(optimisation, rate, own_rate, epochs),
    )
    data = msgspec.structs.replace(
        recipe.data,
        batch_size=max(1, budget.batch_size or recipe.data.batch_size),
        evaluation_batch_size=None,
    )
    return msgspec.structs.replace(recipe, optimisation=settled, data=data, loop=_effective(recipe.loop))


def is_rebuilt(schedule: Schedule) -> bool:
    """Whether the recorded rate of each epoch does not say all, so that torch's own scheduler is needed again.

    That is so where it moves at every batch, where it moves the momentum too, and where it follows what it is told.
    """
    if schedule.name == "ReduceLROnPlateau" or _mentions(schedule.arguments, "ReduceLROnPlateau"):
        return schedule.stepped in ("batch", "epoch")
    cycles = schedule.name in CYCLES or any(_mentions(schedule.arguments, name) for name in CYCLES)
    return schedule.stepped == "batch" or cycles


def _mentions(arguments: Mapping[str, Any], name: str) -> bool:
    """Whether one of the schedulers that this one is made of is called `name`."""
    parts = arguments.get("schedulers")
    return isinstance(parts, list | tuple) and any(
        isinstance(part, dict) and part.get("name") == name for part in parts
    )


def _settled_schedule(optimisation: Optimisation, rate: float, own_rate: float, epochs: int) -> Schedule:
    schedule = optimisation.schedule
    factors = relative_rates(schedule, own_rate, epochs)
    rates = tuple(_rounded(rate * factor) for factor in factors)
    if not is_rebuilt(schedule):
        others = tuple(
            _group_rates(schedule, number, rate / own_rate if own_rate else 1.0, epochs)
            for number in range(len(schedule.group_rates))
        )
        return Schedule(stepped="epoch", rates=rates, group_rates=others)
    return Schedule(
        name=schedule.name,
        arguments=_scaled_arguments(schedule.arguments, rate / own_rate if own_rate else 1.0),
        stepped=schedule.stepped,
        rates=rates[:1],
        steps=schedule.steps if schedule.stepped == "batch" else optimisation.epochs,
        metric=schedule.metric,
    )


def _group_rates(schedule: Schedule, number: int, factor: float, epochs: int) -> tuple[float, ...]:
    own = msgspec.structs.replace(schedule, rates=schedule.group_rates[number])
    return tuple(_rounded(factor * rate) for rate in relative_rates(own, 1.0, epochs))


def _rounded(rate: float) -> float:
    return float(f"{min(rate, MAX_RATE):.6g}")


def _scaled_arguments(arguments: dict[str, Any], factor: float) -> dict[str, Any]:
    """Return a scheduler's arguments with the learning rates among them scaled, in its parts as well."""
    if factor == 1:
        return arguments
    scaled = dict(arguments)
    for name in _OWN_RATES & set(arguments):
        scaled[name] = _times(arguments[name], factor)
    parts = arguments.get("schedulers")
    if isinstance(parts, list | tuple):
        scaled["schedulers"] = [
            {**part, "arguments": _scaled_arguments(part["arguments"], factor)} for part in parts
        ]
    return scaled


def _times(value: Any, factor: float) -> Any:
    if isinstance(value, list | tuple):
        return [_times(part, factor) for part in value]
    return float(f"{value * factor:.6g}")


def _effective(loop: Loop) -> Loop:
    """Return the loop without what changes no number: how the test was evaluated beyond the network's mode."""
    return msgspec.structs.replace(
        loop,
        evaluates_in_eval_mode=loop.evaluates_in_eval_mode is not False,
        evaluates_without_gradients=None,
        evaluates_on_test_images=None,
    )


def relative_rates(schedule: Schedule, own_rate: float, epochs: int) -> tuple[float, ...]:
    """Return one factor per epoch on the initial learning rate, as recorded.

    Beyond what was recorded a constant stays constant and a geometric decay goes on; anything else is held.
    """
    recorded = [rate for rate in schedule.rates if math.isfinite(rate)]
    if not recorded or own_rate <= 0:
        return (1.0,) * epochs
    factors = [rate / own_rate for rate in recorded[:epochs]]
    ratio = _common_ratio(recorded)
    if (
        ratio is None
        and len(recorded) == 1
        and schedule.name == "ExponentialLR"
        and schedule.stepped == "epoch"
    ):
        ratio = float(schedule.arguments.get("gamma", 1.0))
    while len(factors) < epochs:
        factors.append(factors[-1] * (ratio if ratio is not None else 1.0))
    return tuple(factors)


def _common_ratio(rates: list[float]) -> float | None:
    """Return the ratio between neighbours where it is the same everywhere, else None."""
    if len(rates) < 2 or min(rates) <= 0:
        return None
    ratio = (rates[-1] / rates[0]) ** (1 / (len(rates) - 1))
    steady = all(math.isclose(after / before, ratio, rel_tol=1e-4) for before, after in pairwise(rates))
    return ratio if steady else None


def _own_rate(optimisation: Optimisation) -> float:
    """Return the student's initial learning rate: the first group's, or the first one recorded."""
    given = optimisation.groups[0].options.get("lr") if optimisation.groups else None
    if optimisation.schedule.name in CYCLES:
        top = optimisation.schedule.arguments.get("max_lr", given)
        given = max(top) if isinstance(top, list | tuple) and top else top
    if isinstance(given, int | float) and math.isfinite(given) and given > 0:
        return float(given)
    return next((rate for rate in optimisation.schedule.rates if math.isfinite(rate) and rate > 0), 0.0)


def _scaled(group: ParameterGroup, factor: float) -> ParameterGroup:
    """Return the group with its learning rate scaled, so that groups keep their proportions."""
    rate = group.options.get("lr")
    if not isinstance(rate, int | float) or not math.isfinite(rate):
        return group
    return msgspec.structs.replace(group, options={**group.options, "lr": float(f"{rate * factor:.6g}")})
