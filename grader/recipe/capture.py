"""Turns a live module into the record of its network: two traces over one set of layers."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import fx, nn

from grader.model import Call, Network, Parameter
from grader.recipe.convert import convert_graph
from grader.recipe.values import NotExpressible
from grader.recipe.whitelist import MODULES

_STOCK = "torch.nn.modules."


def capture(
    module: nn.Module, input_shape: tuple[int, ...], initializers: Mapping[str, Call] | None = None
) -> Network:
    """Return the network that `module` is, traced in train and in evaluation mode; the module is restored.

    `input_shape` is channels, height, width. `initializers` tells by path how tensors were drawn where that
    is not the layer's default. Only layers that a graph uses are kept.
    Raises NotExpressible, naming the obstacle, for anything outside `grader.recipe.whitelist`, for control
    flow that depends on the images, and for tensors shared between layers.
    """
    graphs = {}
    for training in (True, False):
        with _mode(module, training), _unchanged_attributes(module):
            graph, leaves = _trace(module)
            graphs[training] = (convert_graph(graph, leaves), leaves, _tensors_of(graph, module))
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


class _Tracer(fx.Tracer):
    """Stops at the layers that torch itself ships, and enters everything else."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return type(m).__module__.startswith(_STOCK) and not isinstance(
            m, nn.Sequential | nn.ModuleList | nn.ModuleDict
        )


def _trace(module: nn.Module) -> tuple[fx.Graph, dict[str, nn.Module]]:
    """Return the traced graph and the layers it calls.

    Arguments of `forward` that have a default keep it: they are flags, not images.
    """
    signature = inspect.signature(type(module).forward)
    fixed = {
        name: parameter.default
        for name, parameter in list(signature.parameters.items())[1:]
        if parameter.default is not inspect.Parameter.empty
    }
    try:
        graph = _Tracer().trace(module, concrete_args=fixed or None)
    except (
        fx.proxy.TraceError,
        TypeError,
        RuntimeError,
        ValueError,
        AttributeError,
        IndexError,
        KeyError,
    ) as error:
        # The program's forward meets a stand-in for its images: whatever it raises means "not traceable".
        raise NotExpressible(" ".join(str(error).split())[:200]) from error
    by_path = dict(module.named_modules(remove_duplicate=False))
    return graph, {node.target: by_path[node.target] for node in graph.nodes if node.op == "call_module"}


@contextmanager
def _mode(module: nn.Module, training: bool) -> Iterator[None]:
    before = [(inner, inner.training) for inner in module.modules()]
    try:
        module.train(training)
        yield
    finally:
        for inner, state in before:
            inner.training = state


@contextmanager
def _unchanged_attributes(module: nn.Module) -> Iterator[None]:
    """Take away the constants that tracing hangs on the module."""
    before = set(vars(module)) | set(module._buffers)
    try:
        yield
    finally:
        for name in (set(vars(module)) | set(module._buffers)) - before:
            delattr(module, name)


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


def _tensors_of(graph: fx.Graph, module: nn.Module) -> dict[str, torch.Tensor]:
    found = {}
    for node in graph.nodes:
        if node.op == "get_attr":
            value: Any = module
            for name in str(node.target).split("."):
                value = getattr(value, name)
            if not isinstance(value, torch.Tensor):
                raise NotExpressible(str(node.target))
            found[str(node.target)] = value
    return found


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
