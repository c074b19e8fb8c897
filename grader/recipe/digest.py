"""A recipe's fingerprint: equal for recipes that train alike, whatever their authors called things."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec

from grader.model import Graph, Network, Recipe
from grader.recipe.order import module_order, tensor_order

LATER = ("group_rates", "steps", "metric")
"""Fields that a schedule gained later: one that does not use them keeps the fingerprint it had."""


def digest(recipe: Recipe) -> str:
    """Return the SHA-256 (hex) of the recipe's canonical JSON, the student's names taken away."""
    modules = {path: f"m{index}" for index, path in enumerate(module_order(recipe.network))}
    tensors = {path: f"p{index}" for index, path in enumerate(tensor_order(recipe.network))}
    plain: dict[str, Any] = msgspec.to_builtins(recipe)
    plain["network"] = _network(recipe.network, modules, tensors)
    for group in plain["optimisation"]["groups"]:
        group["parameters"] = sorted(tensors.get(path, "?") for path in group["parameters"])
    plain["loop"]["untrained"] = sorted(tensors.get(path, "?") for path in plain["loop"]["untrained"])
    for name in LATER:
        if not plain["optimisation"]["schedule"][name]:
            del plain["optimisation"]["schedule"][name]
    text = json.dumps(_canonical(plain), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _network(network: Network, modules: dict[str, str], tensors: dict[str, str]) -> dict[str, Any]:
    return {
        "input_shape": network.input_shape,
        "modules": {
            modules[path]: msgspec.to_builtins(call)
            for path, call in network.modules.items()
            if path in modules
        },
        "parameters": {
            tensors[path]: msgspec.to_builtins(entry) for path, entry in network.parameters.items()
        },
        "train": _graph(network.train, modules, tensors),
        "evaluation": _graph(network.evaluation, modules, tensors),
    }


def _graph(graph: Graph, modules: dict[str, str], tensors: dict[str, str]) -> list[Any]:
    names = {node.name: f"n{index}" for index, node in enumerate(graph.nodes)}
    nodes = []
    for node in graph.nodes:
        target = {"module": modules, "attribute": tensors}.get(node.op, {}).get(node.target, node.target)
        nodes.append([node.op, target, _renamed(node.arguments, names), _renamed(node.keywords, names)])
    return nodes


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        if set(value) == {"node"}:
            return {"node": names.get(value["node"], "?")}
        return {key: _renamed(inner, names) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_renamed(inner, names) for inner in value]
    return value


def _canonical(value: Any) -> Any:
    """Return `value` with 1.0 and 1 written alike."""
    if isinstance(value, dict):
        return {key: _canonical(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(inner) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
