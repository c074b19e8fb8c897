"""The table of layers that question 10 asks for, made from a network's operations."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from grader.model import Layer, Network
from grader.recipe.operations import Operation, pair

_SHORT = {
    "adaptive_avg_pool": "pool", "adaptive_max_pool": "pool", "avg_pool": "pool", "batch_norm": "bn",
    "max_pool": "pool", "linear": "fc",
}  # fmt: skip
_HIDDEN = ("getitem", "chunk", "split", "getattr")
_OPTION_NAMES = {"kernel_size": "kernel", "arguments": "arguments"}


def layers_of(network: Network, found: tuple[Operation, ...]) -> tuple[Layer, ...]:
    """Return one row per operation in order of execution.

    Layers with weights are numbered through (`conv1`, `conv2`, `conv3`, `fc4`, `fc5`), the others bear the
    number of the one they follow (`pool1`, `relu4`), as the sheet has it; a second one of a name gets `_2`.
    A tensor is counted where it is first used. A convolution over the whole image is told as `linear`.
    """
    rows: list[Layer] = []
    seen: Counter[str] = Counter()
    counted: set[str] = set()
    number = 0
    for operation in found:
        if operation.kind in _HIDDEN:
            continue
        kind = "linear" if operation.is_linear else operation.kind
        if kind in ("conv", "linear", "ConvTranspose2d"):
            number += 1
        name = f"{_SHORT.get(kind, kind.lower())}{number}"
        seen[name] += 1
        fresh = [path for path in operation.tensors if path not in counted]
        counted |= set(fresh)
        rows.append(
            Layer(
                name=name if seen[name] == 1 else f"{name}_{seen[name]}",
                kind=kind,
                output_shape=_shape(operation),
                weights=_count(network, fresh, bias=False),
                biases=_count(network, fresh, bias=True),
                options=_options(operation),
            )
        )
    return tuple(rows)


def count_parameters(network: Network) -> int:
    """Return how many numbers the network's parameters hold, buffers apart."""
    return sum(math.prod(entry.shape) for entry in network.parameters.values() if not entry.buffer)


def count_weights(rows: tuple[Layer, ...]) -> int:
    """Return how many weights there are, without biases and without what normalisation layers hold."""
    return sum(row.weights for row in rows if "norm" not in row.kind.lower())


def _count(network: Network, paths: list[str], *, bias: bool) -> int:
    kept = [path for path in paths if not network.parameters[path].buffer and path.endswith("bias") == bias]
    return sum(math.prod(network.parameters[path].shape) for path in kept)


def _shape(operation: Operation) -> tuple[int, ...]:
    return operation.output_shape[:1] if operation.is_linear else operation.output_shape


def _options(operation: Operation) -> dict[str, Any]:
    options = {}
    for key, value in sorted(operation.options.items()):
        told = key not in ("training", "weight", "running_mean", "running_var")
        if value is None or not told or (key == "arguments" and operation.kind == "flatten"):
            continue
        plain = _plain(value)
        options[_OPTION_NAMES.get(key, key)] = plain
    if operation.kind in ("max_pool", "avg_pool") and "stride" not in options:
        options["stride"] = options["kernel"]
    if operation.is_linear and operation.kind == "conv":
        options["written_as"] = "conv"
    return options


def _plain(value: Any) -> Any:
    """Return torch's pairs of equal numbers as one number, everything else as JSON."""
    if isinstance(value, list | tuple):
        parts = list(value)
        if len(parts) == 2 and parts[0] == parts[1] and isinstance(parts[0], int):
            return pair(parts)[0]
        return [_plain(part) for part in parts]
    return value if isinstance(value, bool | int | float | str) else str(value)
