"""One training to be done, and the key under which it is kept: everything that decides its numbers, nobody's name."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import PackageNotFoundError, version

import msgspec

from grader.model import Budget, Recipe, TrainingConditions
from grader.recipe.digest import digest
from grader.training.budgets import settle
from grader.training.devices import precision_of
from grader.training.resident import DataSource

ENGINE = "1"
"""Version of everything of ours that decides the numbers; a new one makes caches and bands void."""

FOUND_OUT = frozenset({"evaluation_path"})
"""Conditions that the training itself finds out: they are in its record, and in no key."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A recipe to train under a budget, on some images, with a seed; `name` is what the caller knows it by."""

    name: str
    recipe: Recipe
    budget: Budget
    budget_name: str
    data: DataSource
    seed: int = 0
    device: str = "auto"
    """`auto`, `cpu` or `cuda`."""
    precision: str | None = None
    """None takes the fastest that is sound on the device, see `devices.precision_of`."""
    weights: bool = False
    """Whether the trained network itself is kept too, see `cache.WEIGHTS`; this changes no number and no key."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A job with everything settled: what a worker is given."""

    key: str
    recipe: Recipe
    """As `budgets.settle` left it."""
    data: DataSource
    conditions: TrainingConditions
    weights: bool = False
    checkpoint: str | None = None
    """Where the worker leaves what an interrupted training goes on from; a path of this machine."""
    share: float = 1.0
    """Of the GPU's memory that the worker may take."""


def plan(job: Job, device: str) -> Plan:
    """Return the settled form of `job` on `device`, `cpu` or `cuda`; equal trainings get equal keys."""
    recipe = settle(job.recipe, job.budget)
    conditions = TrainingConditions(
        data=job.data.name,
        data_digest=job.data.digest,
        budget=job.budget_name,
        device=device,
        precision=job.precision or precision_of(device),
        seed=job.seed,
        engine=ENGINE,
        torch=torch_version(),
        train_images=min(job.budget.train_images or job.data.train_images, job.data.train_images),
        test_images=min(job.budget.test_images or job.data.test_images, job.data.test_images),
        epochs=recipe.optimisation.epochs,
        batch_size=recipe.data.batch_size,
        learning_rate=recipe.optimisation.schedule.rates[0],
    )
    decisive = {
        name: value for name, value in msgspec.to_builtins(conditions).items() if name not in FOUND_OUT
    }
    key = hashlib.sha256(json.dumps([digest(recipe), decisive], sort_keys=True).encode()).hexdigest()
    return Plan(key=key, recipe=recipe, data=job.data, conditions=conditions, weights=job.weights)


def torch_version() -> str:
    """Return torch's version, without importing it."""
    try:
        return version("torch")
    except PackageNotFoundError:
        return "absent"
