"""Which of the known improvements a run holds, judged by what was recorded and never by names."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from grader.model import Call, Examination, Network, Optimisation, Run, Schedule

NAMES = ("normalization", "augmentation", "optimizer", "dropout", "batchnorm")
"""In the order in which they are told."""
_RANDOM = frozenset(
    {"AugMix", "AutoAugment", "ColorJitter", "ElasticTransform", "RandAugment", "TrivialAugmentWide"}
)
_NEVER_RANDOM = frozenset({"RandomSampler"})
_STILL = 1e-9
"""Relative change below which a learning rate has not moved."""


def ingredients(run: Run, examination: Examination | None) -> tuple[str, ...]:
    """Return the improvements recognised in `run`, in the order of `NAMES`; none for a run without a recipe.

    A faulty one counts: a wrong constant, a crop that crops nothing or test images alone, a scheduler that is
    never stepped.
    """
    if run.recipe is None:
        return ()
    data, network = run.recipe.data, run.recipe.network
    train, evaluation = list(_calls(data.train)), list(_calls(data.evaluation or ()))
    kinds = _layer_kinds(network, examination)
    found = {
        "normalization": any(call.name == "Normalize" for call in (*train, *evaluation)),
        "augmentation": any(_is_random(call.name) for call in (*train, *evaluation)),
        "optimizer": _improves_descent(run.recipe.optimisation),
        "dropout": any("dropout" in kind for kind in kinds),
        "batchnorm": any("batch_norm" in kind or kind.startswith("batchnorm") for kind in kinds),
    }
    return tuple(name for name in NAMES if found[name])


def random_names(calls: tuple[Call, ...]) -> frozenset[str]:
    """Return the names of the transforms among `calls`, and inside them, that draw at random."""
    return frozenset(call.name for call in _calls(calls) if _is_random(call.name))


def _is_random(name: str) -> bool:
    return (name.startswith("Random") and name not in _NEVER_RANDOM) or name in _RANDOM


def _calls(calls: tuple[Call, ...], depth: int = 0) -> Iterator[Call]:
    """Yield the transforms with those that others hold (`RandomApply`, `Compose`)."""
    for call in calls:
        yield call
        if depth < 4:
            yield from _calls(tuple(_inner(call.arguments)), depth + 1)


def _inner(arguments: dict[str, Any]) -> Iterator[Call]:
    for value in arguments.values():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict) and isinstance(part.get("name"), str):
                inner = part.get("arguments")
                yield Call(name=part["name"], arguments=inner if isinstance(inner, dict) else {})


def _improves_descent(optimisation: Optimisation) -> bool:
    """Whether there is a momentum, a scheduler, or a learning rate that falls by whatever means."""
    momenta = [group.options.get("momentum") for group in optimisation.groups]
    moved = any(isinstance(value, int | float) and value > 0 for value in momenta)
    rates = optimisation.schedule.rates
    falls = any(after < before * (1 - _STILL) for before, after in pairwise(rates))
    return (
        moved
        or falls
        or (optimisation.schedule.name is not None and not _stands_still(optimisation.schedule))
    )


def _stands_still(schedule: Schedule) -> bool:
    """Whether a scheduler was built to change nothing: one loop serves the stages with a decay and those without."""
    if schedule.arguments.get("gamma") == 1:
        return True
    function = schedule.name in ("LambdaLR", "MultiplicativeLR") and schedule.stepped != "never"
    return function and len(schedule.rates) > 1 and len(set(schedule.rates)) == 1


def _layer_kinds(network: Network, examination: Examination | None) -> list[str]:
    """Return the kinds of the training graph's layers: as measured, else as written."""
    if examination is not None and examination.layers:
        return [layer.kind.lower() for layer in examination.layers]
    kinds = []
    for node in network.train.nodes:
        if node.op == "module" and node.target in network.modules:
            kinds.append(network.modules[node.target].name.lower())
        elif node.op == "function":
            kinds.append(node.target.lower())
    return kinds
