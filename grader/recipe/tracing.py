"""Traces a module by torch.fx: first with shapes unknown, then, where its code reads them, with shapes known."""

from __future__ import annotations

import copy
import operator
import warnings
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, fx, nn

from grader.recipe.values import NotExpressible

_STOCK = "torch.nn.modules."
_PREFIX = "network."
ANY_BATCH = 104_729
"""Stands for the size of the batch where a program asks `len(images)`: a prime that no layer is as wide as."""


class Whole(nn.Module):
    """Calls a network with images alone, so that other arguments of its `forward` keep their defaults."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Any:
        """Return what the network gives."""
        return self.network(images)


def trace(
    module: nn.Module, input_shape: tuple[int, ...], *, shapes_known: bool
) -> tuple[fx.Graph, dict[str, Tensor]]:
    """Return the graph of `module` in its present mode, targets by its own paths, and the tensors read outright.

    With `shapes_known` every operation is also carried out on a small batch, and code may read shapes.
    Raises NotExpressible where the code depends on the values of images.
    """
    whole = Whole(module)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph = _attempt(_ShapeTracer(input_shape) if shapes_known else _Tracer(), whole)
    tensors = {}
    for node in graph.nodes:
        if node.op == "get_attr":
            tensors[str(node.target).removeprefix(_PREFIX)] = _tensor_at(whole, str(node.target))
        if node.op in ("get_attr", "call_module"):
            node.target = str(node.target).removeprefix(_PREFIX)
    return graph, tensors


def _attempt(tracer: fx.Tracer, whole: Whole) -> fx.Graph:
    try:
        return tracer.trace(whole)
    except NotExpressible:
        raise
    except Exception as error:
        # Whatever it raises means "not traceable", and is no error of the program's.
        raise NotExpressible(" ".join(str(error).split())[:200] or type(error).__name__) from error


def _tensor_at(root: nn.Module, path: str) -> Tensor:
    value: Any = root
    for name in path.split("."):
        value = getattr(value, name)
    if not isinstance(value, Tensor):
        raise NotExpressible(path)
    return value


class _Tracer(fx.Tracer):
    """Stops at the layers that torch itself ships, and enters everything else."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        stock = type(m).__module__.startswith(_STOCK)
        whole = module_qualified_name == _PREFIX.rstrip(".")
        return stock and not whole and not isinstance(m, nn.Sequential | nn.ModuleList | nn.ModuleDict)

    def call_module(self, m: nn.Module, forward: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Enter a layer that stands in a plain list or dictionary, where torch does not see it.

        Without weights that is no mistake. Raises NotExpressible for one with weights, which no optimizer is given.
        """
        if self.submodule_paths is None or m in self.submodule_paths:
            return super().call_module(m, forward, args, kwargs)
        if next(m.parameters(), None) is not None or next(m.buffers(), None) is not None:
            raise NotExpressible("a layer with weights in a plain list")
        return forward(*args, **kwargs)

    def create_arg(self, a: Any) -> Any:
        """Return the argument as a graph holds it; whole numbers of numpy's as Python's."""
        numpy_whole = (
            type(a).__module__ == "numpy" and hasattr(type(a), "__index__") and not hasattr(a, "__len__")
        )
        return super().create_arg(int(a) if numpy_whole else a)


class _ShapeTracer(_Tracer):
    """Carries every operation out on a small batch beside the trace, so that shapes are numbers.

    Layers are copied and put to sleep first: running them leaves no trace in the student's module.
    """

    def __init__(self, input_shape: tuple[int, ...]) -> None:
        super().__init__()
        self.input_shape = input_shape
        self.values: dict[fx.Node, Any] = {}

    def proxy(self, node: fx.Node) -> fx.Proxy:
        """Return a stand-in that knows its shape."""
        self.values[node] = self._carry_out(node)
        return _Shaped(node, self)

    def _known(self, part: Any) -> Any:
        if isinstance(part, fx.Node):
            return self.values[part]
        return 2 if type(part) is int and part == ANY_BATCH else part

    def _carry_out(self, node: fx.Node) -> Any:
        arguments: Any = fx.node.map_aggregate(node.args, self._known)
        keywords: Any = fx.node.map_aggregate(node.kwargs, self._known)
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            if node.op == "placeholder":
                return torch.zeros(2, *self.input_shape)
            if node.op == "get_attr":
                return _tensor_at(self.root, str(node.target)).detach()
            if node.op == "call_module":
                layer = copy.deepcopy(self.root.get_submodule(str(node.target))).eval()
                # Not `layer(...)`: while tracing, calls of modules are torch.fx's own.
                return layer.forward(*arguments, **keywords)
            if node.op == "call_method":
                return getattr(arguments[0], str(node.target))(*arguments[1:], **keywords)
            return node.target(*arguments, **keywords) if callable(node.target) else None


class _Shaped(fx.Proxy):
    """A stand-in for a tensor whose sides are numbers, all but the batch's."""

    def _value(self) -> Any:
        tracer = self.tracer
        return tracer.values[self.node] if isinstance(tracer, _ShapeTracer) else None

    @property
    def shape(self) -> Any:
        """Sides as a tuple: the first an operation of the graph, the others numbers."""
        value = self._value()
        if not isinstance(value, Tensor):
            return self.__getattr__("shape")
        first = self.tracer.create_proxy("call_method", "size", (self, 0), {})
        return (first, *(int(side) for side in value.shape[1:])) if value.dim() else ()

    @property
    def ndim(self) -> Any:
        """Number of sides."""
        return self._value().dim()

    def size(self, dim: int | None = None) -> Any:
        """Return all sides, or one."""
        sides = self.shape
        return sides if dim is None else sides[dim]

    def dim(self) -> int:
        """Return the number of sides."""
        return int(self._value().dim())

    def __len__(self) -> int:
        value = self._value()
        return ANY_BATCH if isinstance(value, Tensor) else len(value)

    def __iter__(self) -> Iterator[Any]:
        value = self._value()
        if isinstance(value, tuple | list):
            parts = range(len(value))
            return iter(
                [
                    self.tracer.create_proxy("call_function", operator.getitem, (self, part), {})
                    for part in parts
                ]
            )
        raise fx.proxy.TraceError("a loop over images")
