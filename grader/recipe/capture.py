"""Turns a live module into the record of its network: two traces over one set of layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from grader.model import Call, Graph, Network, Parameter
from grader.recipe.convert import convert_graph
from grader.recipe.tracing import trace
from grader.recipe.values import NotExpressible
from grader.recipe.whitelist import MODULES


def capture(
    module: nn.Module, input_shape: tuple[int, ...], initializers: Mapping[str, Call] | None = None
) -> Network:
    """Return the network that `module` is, traced in train and in evaluation mode; the module is restored.

    `input_shape` is channels, height, width. `initializers` tells by path how tensors were drawn where that
    is not the layer's default. Only layers that a graph uses are kept.
    Raises NotExpressible, naming the obstacle, for anything outside `grader.recipe.whitelist`, for control
    flow that depends on the images, and for tensors shared between layers.
    """
    try:
        graphs = _both_graphs(module, tuple(input_shape), shapes_known=False)
    except NotExpressible:
        graphs = _both_graphs(module, tuple(input_shape), shapes_known=True)
    leaves = graphs[True][1] | graphs[False][1]
    bare = graphs[True][2] | graphs[False][2]
    _refuse_shared_tensors(leaves)
    return Network(
        modules={path: describe_layer(path, layer) for path, layer in leaves.items()},
        parameters=_parameters(module, leaves, bare, initializers or {}),
        train=graphs[True][0],
        evaluation=graphs[False][0],
        input_shape=tuple(int(side) for side in input_shape),
    )


def _both_graphs(
    module: nn.Module, input_shape: tuple[int, ...], *, shapes_known: bool
) -> dict[bool, tuple[Graph, dict[str, nn.Module], dict[str, torch.Tensor]]]:
    """Return by mode (True in training) the graph, the layers that it calls and the tensors that it reads."""
    by_path = dict(module.named_modules(remove_duplicate=False))
    graphs = {}
    for training in (True, False):
        with _mode(module, training):
            graph, tensors = trace(module, input_shape, shapes_known=shapes_known)
            called = [str(node.target) for node in graph.nodes if node.op == "call_module"]
            layers = {path: by_path[path] for path in called}
            graphs[training] = (convert_graph(graph, layers), layers, tensors)
    return graphs


@contextmanager
def _mode(module: nn.Module, training: bool) -> Iterator[None]:
    before = [(inner, inner.training) for inner in module.modules()]
    try:
        module.train(training)
        yield
    finally:
        for inner, state in before:
            inner.training = state


def describe_layer(path: str, layer: nn.Module) -> Call:
    """Return the layer's class and constructor arguments, read back from its attributes.

    Raises NotExpressible for a class that is not on the list or that has been altered.
    """
    name = type(layer).__name__
    if name not in MODULES:
        raise NotExpressible(f"{path}: nn.{name}")
    if getattr(layer, "return_indices", False):
        raise NotExpressible(f"{path}: nn.{name}(return_indices=True)")
    return Call(name=name, arguments={key: _read(path, layer, key) for key in MODULES[name]})


def _read(path: str, layer: nn.Module, key: str) -> Any:
    value = getattr(layer, key)
    if key == "bias":
        return value is not None
    if isinstance(value, tuple | list):
        value = [int(part) if isinstance(part, int) else part for part in value]
    plain = value is None or isinstance(value, bool | int | float | str | list)
    if not plain or (isinstance(value, list) and not all(isinstance(part, int | float) for part in value)):
        raise NotExpressible(f"{path}: {key}={type(value).__name__}")
    return value


def _refuse_shared_tensors(leaves: dict[str, nn.Module]) -> None:
    owner: dict[int, nn.Module] = {}
    for path, layer in leaves.items():
        for tensor in layer.parameters():
            if owner.setdefault(id(tensor), layer) is not layer:
                raise NotExpressible(f"{path}: tensor shared between layers")


def _parameters(
    module: nn.Module,
    leaves: dict[str, nn.Module],
    bare: dict[str, torch.Tensor],
    initializers: Mapping[str, Call],
) -> dict[str, Parameter]:
    found: dict[str, Parameter] = {}
    for path, layer in leaves.items():
        for name, tensor in layer.named_parameters(recurse=False):
            key = f"{path}.{name}"
            found[key] = _parameter(tensor, initializers.get(key, Call(name="default")), buffer=False)
        for name, kept in layer.named_buffers(recurse=False):
            found[f"{path}.{name}"] = _parameter(kept, Call(name="default"), buffer=True)
    by_path = dict(module.named_modules(remove_duplicate=False))
    for path, value in bare.items():
        drawn = initializers.get(path) or _inherited_draw(by_path.get(path.rpartition(".")[0]), path)
        found[path] = _parameter(value, drawn, buffer=not isinstance(value, nn.Parameter))
    return found


def _parameter(tensor: torch.Tensor, initializer: Call, *, buffer: bool) -> Parameter:
    trainable = bool(tensor.requires_grad) and not buffer
    return Parameter(
        shape=tuple(int(side) for side in tensor.shape),
        initializer=initializer,
        trainable=trainable,
        buffer=buffer,
    )


def _inherited_draw(owner: nn.Module | None, path: str) -> Call:
    """Return how a program's own subclass of a convolution or linear layer draws its tensors."""
    if isinstance(owner, nn.Conv2d | nn.Linear) and path.endswith(".weight"):
        return Call(name="kaiming_uniform_", arguments={"a": 5**0.5})
    if isinstance(owner, nn.Conv2d | nn.Linear) and path.endswith(".bias"):
        bound = float(owner.weight[0].numel()) ** -0.5
        return Call(name="uniform_", arguments={"a": -bound, "b": bound})
    return Call(name="unknown")
