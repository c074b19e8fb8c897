"""What each operation of a graph is, in one vocabulary for modules, functions and methods."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from grader.model import Network, Node
from grader.recipe.interpreter import Interpreter
from grader.recipe.values import from_json
from grader.recipe.whitelist import MODULES

_INPUT = "input"
_SIGNATURES: dict[str, tuple[str, ...]] = {
    "adaptive_avg_pool2d": ("output_size",),
    "adaptive_max_pool2d": ("output_size",),
    "avg_pool2d": ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"),
    "batch_norm": ("running_mean", "running_var", "weight", "bias", "training", "momentum", "eps"),
    "conv2d": ("weight", "bias", "stride", "padding", "dilation", "groups"),
    "dropout": ("p", "training"),
    "elu": ("alpha",),
    "flatten": ("start_dim", "end_dim"),
    "leaky_relu": ("negative_slope",),
    "linear": ("weight", "bias"),
    "log_softmax": ("dim",),
    "max_pool2d": ("kernel_size", "stride", "padding", "dilation", "ceil_mode"),
    "mean": ("dim", "keepdim"),
    "softmax": ("dim",),
}
"""Names of a function's or method's arguments after its input."""

_KINDS = {
    "AdaptiveAvgPool2d": "adaptive_avg_pool", "AdaptiveMaxPool2d": "adaptive_max_pool",
    "AvgPool2d": "avg_pool", "BatchNorm1d": "batch_norm", "BatchNorm2d": "batch_norm", "Conv2d": "conv",
    "Dropout": "dropout", "Flatten": "flatten", "LeakyReLU": "leaky_relu", "Linear": "linear",
    "LogSoftmax": "log_softmax", "MaxPool2d": "max_pool", "ReLU": "relu", "ReLU6": "relu6",
    "Sigmoid": "sigmoid", "Softmax": "softmax", "Tanh": "tanh", "ELU": "elu", "GELU": "gelu", "SELU": "selu",
    "SiLU": "silu", "Dropout2d": "dropout2d", "Dropout1d": "dropout1d", "AlphaDropout": "alpha_dropout",
    "ZeroPad2d": "zero_pad", "Identity": "identity", "adaptive_avg_pool2d": "adaptive_avg_pool",
    "adaptive_max_pool2d": "adaptive_max_pool", "avg_pool2d": "avg_pool", "conv2d": "conv",
    "max_pool2d": "max_pool", "contiguous": "identity", "float": "identity", "clone": "identity",
    "detach": "detach", "div": "truediv",
}  # fmt: skip
"""Kinds by the name of the class, function or method; any other keeps its own name."""

_LAYOUT = ("flatten", "view", "reshape", "squeeze", "unsqueeze")
DROPOUTS = ("dropout", "dropout1d", "dropout2d", "alpha_dropout")


@dataclass(frozen=True)
class Operation:
    """One operation that gives a tensor: its kind, its options by torch's names, its inputs."""

    name: str
    kind: str
    options: dict[str, Any]
    inputs: tuple[str, ...]
    """Names of the operations whose tensors it takes; bare parameters are not among them."""
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    """Without the batch."""
    tensors: tuple[str, ...] = field(default=())
    """Paths of the parameters that it holds or is given."""

    @property
    def is_linear(self) -> bool:
        """Whether it is a fully connected layer, be it written as a convolution over the whole image."""
        if self.kind == "linear":
            return True
        if self.kind != "conv" or len(self.input_shape) != 3:
            return False
        whole = pair(self.options["kernel_size"]) == self.input_shape[1:]
        return whole and self.output_shape[1:] == (1, 1) and self.options["groups"] == 1 and not self.padded

    @property
    def padded(self) -> bool:
        """Whether it adds a border."""
        return self.options.get("padding", 0) not in (0, [0, 0], (0, 0), "valid")


def pair(value: Any) -> tuple[Any, ...]:
    """Return torch's "one number or two" as two."""
    return tuple(value) if isinstance(value, list | tuple) else (value, value)


def operations(
    module: Interpreter, network: Network, *, training: bool, batch_size: int = 2
) -> tuple[Operation, ...]:
    """Return the operations of one graph that give tensors, in order of execution, without inert dropouts.

    `module` is the network rebuilt on the meta device; shapes are those for `batch_size` images. What an
    identity or an inert dropout gave is told as the output of the operation before it.
    """
    reader = _Reader(network, training)
    state = module.training
    try:
        module.train(training)
        images = torch.empty(batch_size, *network.input_shape, device="meta")
        reader.shapes["image"] = tuple(images.shape[1:])
        first = (network.train if training else network.evaluation).nodes[0].name
        reader.alias[first] = "image"
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module.visit(images, reader.visit)
    finally:
        module.train(state)
    return tuple(reader.found)


class _Reader:
    def __init__(self, network: Network, training: bool) -> None:
        self.network = network
        self.training = training
        self.found: list[Operation] = []
        self.alias: dict[str, str] = {}
        self.bare: dict[str, tuple[str, ...]] = {}
        self.whole: dict[str, tuple[int, ...]] = {}
        """Shapes with the batch, or of bare tensors, by node."""
        self.shapes: dict[str, tuple[int, ...]] = {}

    def visit(self, node: Node, value: Any) -> None:
        """Note the operation at `node`, whose output is `value`."""
        if isinstance(value, Tensor):
            self.whole[node.name] = tuple(value.shape)
        sources = tuple(self.alias[name] for name in _references(node) if name in self.alias)
        if node.op == "attribute" or (not sources and self._tensors(node)):
            # What is computed from parameters alone is no layer: whoever takes it holds those parameters.
            self.bare[node.name] = (node.target,) if node.op == "attribute" else self._tensors(node)
            return
        if not isinstance(value, Tensor):
            if (
                isinstance(value, tuple | list)
                and any(isinstance(part, Tensor) for part in value)
                and sources
            ):
                self._add(node, self._kind(node)[0], {}, sources, self.shapes[sources[0]])
            return
        kind, options = self._kind(node)
        shape = tuple(value.shape[1:])
        inert = kind in DROPOUTS and not (options["training"] and options["p"] > 0)
        if (kind == "identity" or inert) and sources:
            self.alias[node.name] = sources[0]
            return
        self._add(node, _layout_kind(kind, self.shapes.get(sources[0]) if sources else None, shape), options,
                  sources, shape)  # fmt: skip

    def _add(
        self, node: Node, kind: str, options: dict[str, Any], sources: tuple[str, ...], shape: tuple[int, ...]
    ) -> None:
        name = f"o{len(self.found)}"
        before = self.shapes.get(sources[0], ()) if sources else ()
        self.found.append(Operation(name, kind, options, sources, before, shape, self._tensors(node)))
        self.alias[node.name] = name
        self.shapes[name] = shape

    def _tensors(self, node: Node) -> tuple[str, ...]:
        if node.op == "module":
            return tuple(path for path in self.network.parameters if path.rpartition(".")[0] == node.target)
        return tuple(path for name in _references(node) for path in self.bare.get(name, ()))

    def _kind(self, node: Node) -> tuple[str, dict[str, Any]]:
        if node.op == "module":
            call = self.network.modules[node.target]
            kind = _KINDS.get(call.name, call.name)
            options = {key: call.arguments[key] for key in MODULES[call.name] if key in call.arguments}
            if kind in DROPOUTS:
                options["training"] = self.training
            return kind, options
        return _KINDS.get(node.target, node.target), self._function_options(node)

    def _function_options(self, node: Node) -> dict[str, Any]:
        names = _SIGNATURES.get(node.target.replace("2d", "") if "dropout" in node.target else node.target)
        options = {key: _literal(value) for key, value in node.keywords.items()}
        if names is None:
            rest = [value for value in map(_literal, node.arguments[1:]) if value is not None]
            return options | ({"arguments": rest} if rest else {})
        options |= {name: _literal(value) for name, value in zip(names, node.arguments[1:], strict=False)}
        if "dropout" in node.target:
            options = {"p": 0.5, "training": True} | options
        if node.target in ("conv2d", "linear"):
            options = self._weighted(node, options)
        return options

    def _weighted(self, node: Node, options: dict[str, Any]) -> dict[str, Any]:
        """Return the options of a functional convolution or linear layer as those of its module."""
        weight = self.whole.get(_given(node, "weight", 1) or "", ())
        biased = _given(node, "bias", 2) is not None
        if node.target == "linear":
            return {"in_features": weight[-1], "out_features": weight[0], "bias": biased}
        options = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1} | options
        options |= {"in_channels": weight[1] * options["groups"], "out_channels": weight[0]}
        return options | {"kernel_size": weight[2:], "bias": biased, "padding_mode": "zeros"}


def _given(node: Node, name: str, position: int) -> str | None:
    """Return the node that is given as argument `name`; None where there is none."""
    value = node.keywords.get(name, node.arguments[position] if len(node.arguments) > position else None)
    found = _references(Node(name="", op="function", arguments=(value,)))
    return found[0] if found else None


def _layout_kind(kind: str, before: tuple[int, ...] | None, after: tuple[int, ...]) -> str:
    """Return `flatten` for whatever only lays the same numbers out in a row, or drops sides of 1."""
    if kind not in _LAYOUT or before is None:
        return kind
    flat = len(after) == 1 or [side for side in before if side != 1] == [side for side in after if side != 1]
    return "flatten" if flat else "reshape"


def _references(node: Node) -> list[str]:
    found: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("node"), str):
                found.append(value["node"])
            else:
                for inner in value.values():
                    walk(inner)
        elif isinstance(value, list | tuple):
            for inner in value:
                walk(inner)

    walk(list(node.arguments))
    walk(node.keywords)
    return found


def _literal(value: Any) -> Any:
    """Return an argument as a plain value; None where it comes from the graph."""
    if _references(Node(name="", op="function", arguments=(value,))):
        return None
    return from_json(value, {})
