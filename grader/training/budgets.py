"""Settles how a recipe is trained under a budget: `full` keeps the student's own choices, `quick` the ingredients.

A quick budget sets the number of images and epochs, the batch size and, by optimizer family, the learning
rate; everything else that the student chose stays: layers, transforms, loss, momentum, decay, the loop.
"""

from __future__ import annotations

import math
from itertools import pairwise

import msgspec

from grader.model import Budget, Loop, Optimisation, ParameterGroup, Recipe, Schedule
from grader.recipe.families import family

MAX_EPOCHS = 500
MAX_BATCH = 8_192


def optimizer_family(optimisation: Optimisation) -> str:
    """Return the family of the recipe's optimizer, see `recipe.families`."""
    momentum = optimisation.groups[0].options.get("momentum", 0) if optimisation.groups else 0
    return family(optimisation.optimizer, momentum)


def settle(recipe: Recipe, budget: Budget) -> Recipe:
    """Return the recipe that is really trained: its epochs, batch size and learning rates are final.

    `schedule.rates` holds one learning rate per epoch for the first group. Recipes that differ only
    in what the budget sets become equal, so that one training serves them all.
    """
    optimisation = recipe.optimisation
    epochs = max(1, min(budget.epochs or optimisation.epochs, MAX_EPOCHS))
    own_rate = _own_rate(optimisation)
    rate = budget.learning_rates.get(optimizer_family(optimisation), own_rate)
    factors = relative_rates(optimisation.schedule, own_rate, epochs)
    groups = tuple(_scaled(group, rate / own_rate if own_rate else 1.0) for group in optimisation.groups)
    settled = msgspec.structs.replace(
        optimisation,
        epochs=epochs,
        groups=groups,
        schedule=Schedule(
            stepped="batch" if optimisation.schedule.stepped == "batch" else "epoch",
            rates=tuple(float(f"{rate * factor:.6g}") for factor in factors),
        ),
    )
    data = msgspec.structs.replace(
        recipe.data,
        batch_size=max(1, min(budget.batch_size or recipe.data.batch_size, MAX_BATCH)),
        evaluation_batch_size=None,
    )
    return msgspec.structs.replace(recipe, optimisation=settled, data=data, loop=_effective(recipe.loop))


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
    if isinstance(given, int | float) and math.isfinite(given) and given > 0:
        return float(given)
    return next((rate for rate in optimisation.schedule.rates if math.isfinite(rate) and rate > 0), 0.0)


def _scaled(group: ParameterGroup, factor: float) -> ParameterGroup:
    """Return the group with its learning rate scaled, so that groups keep their proportions."""
    rate = group.options.get("lr")
    if not isinstance(rate, int | float) or not math.isfinite(rate):
        return group
    return msgspec.structs.replace(group, options={**group.options, "lr": float(f"{rate * factor:.6g}")})
