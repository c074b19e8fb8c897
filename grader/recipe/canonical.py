"""One notation for networks that compute the same function, however they are written."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from grader.recipe.operations import DROPOUTS, Operation, pair

_MONOTONE = ("relu", "relu6", "tanh", "sigmoid", "leaky_relu", "elu", "selu")
"""Functions that never fall: they may change places with a maximum."""
_SCALES_FREELY = ("relu", "leaky_relu")
"""Functions that may change places with a multiplication by a positive number, hence with dropout."""
_IDEMPOTENT = ("relu", "relu6")
_INERT = ("pool k1 s1", "avgpool k1 s1")
"""Poolings over one pixel: a network that was copied with its adaptive pooling has one at this size."""


@dataclass(frozen=True)
class _Entry:
    kind: str
    text: str
    inputs: tuple[int, ...]
    operation: Operation


def canonical(found: tuple[Operation, ...]) -> tuple[str, ...]:
    """Return one line per operation: `conv 3->32 k5 s1 p2`, `relu`, `pool k2 s2`, `linear 1024->1000`, ...

    Flattening, identities, poolings over one pixel and inert dropouts are left out; a convolution over the
    whole image is `linear`, a clamp at 0 `relu`; an activation stands before the max-pooling and before the
    dropout beside it; a zero padding layer is part of the convolution that follows; an option that changes
    nothing at this size (`ceil_mode`) is not told.
    Where an operation does not take the line before it, `@` and the numbers of its inputs (from 1, 0 the
    image) follow. A softmax at the end stays, as the last line.
    """
    entries = _entries(found)
    while True:
        changed = _fold_padding(_drop_repeats(_settle(entries)))
        if changed == entries:
            break
        entries = changed
    return tuple(_line(index, entry) for index, entry in enumerate(entries))


def _entries(found: tuple[Operation, ...]) -> list[_Entry]:
    position: dict[str, int] = {"image": -1}
    entries: list[_Entry] = []
    for operation in found:
        inputs = tuple(position[name] for name in operation.inputs)
        inputs = tuple(sorted(inputs)) if operation.kind in ("add", "mul") else inputs
        text = _text(operation)
        if inputs and (operation.kind == "flatten" or text in _INERT):
            position[operation.name] = inputs[0]
            continue
        kind = "linear" if operation.is_linear else text if text == "relu" else operation.kind
        entries.append(_Entry(kind, text, inputs, operation))
        position[operation.name] = len(entries) - 1
    return entries


def _line(index: int, entry: _Entry) -> str:
    if entry.inputs == (index - 1,):
        return entry.text
    return f"{entry.text} @{','.join(str(source + 1) for source in entry.inputs)}"


def _follows(entries: list[_Entry], index: int) -> bool:
    """Whether the entry at `index + 1` takes the one at `index` and nothing else does."""
    users = [later for later, entry in enumerate(entries) if index in entry.inputs]
    return users == [index + 1] and entries[index + 1].inputs == (index,)


def _settle(entries: list[_Entry]) -> list[_Entry]:
    """Move activations before the max-pooling or dropout that they follow."""
    entries = list(entries)
    for _ in entries:
        for index in range(len(entries) - 1):
            first, second = entries[index], entries[index + 1]
            if _may_swap(first, second) and _follows(entries, index):
                entries[index] = replace(second, inputs=first.inputs)
                entries[index + 1] = replace(first, inputs=(index,))
    return entries


def _may_swap(first: _Entry, second: _Entry) -> bool:
    options = second.operation.options
    rises = options.get("negative_slope", 0) >= 0 and options.get("alpha", 0) >= 0
    over_maximum = first.kind in ("max_pool", "adaptive_max_pool") and second.kind in _MONOTONE and rises
    over_dropout = first.kind in DROPOUTS and first.kind != "alpha_dropout" and second.kind in _SCALES_FREELY
    return over_maximum or over_dropout


def _drop_repeats(entries: list[_Entry]) -> list[_Entry]:
    for index in range(len(entries) - 1):
        twice = entries[index].kind == entries[index + 1].kind and entries[index].kind in _IDEMPOTENT
        if twice and entries[index + 1].inputs == (index,):
            return _without(entries, index + 1)
    return entries


def _fold_padding(entries: list[_Entry]) -> list[_Entry]:
    for index in range(len(entries) - 1):
        border = _uniform_border(entries[index])
        after = entries[index + 1]
        zeros = after.kind == "conv" and after.operation.options.get("padding_mode", "zeros") == "zeros"
        if border is not None and zeros and not after.operation.padded and _follows(entries, index):
            operation = replace(after.operation, options=after.operation.options | {"padding": border})
            folded = replace(after, operation=operation, text=_text(operation))
            return _without([*entries[: index + 1], folded, *entries[index + 2 :]], index)
    return entries


def _uniform_border(entry: _Entry) -> int | None:
    options = entry.operation.options
    if entry.kind == "zero_pad":
        sides = options["padding"]
    elif entry.kind == "pad" and options.get("mode", "constant") == "constant" and not options.get("value"):
        sides = options.get("pad", (options.get("arguments") or [None])[0])
    else:
        return None
    sides = list(sides) if isinstance(sides, list | tuple) else [sides] * 4
    return sides[0] if len(sides) == 4 and len(set(sides)) == 1 and isinstance(sides[0], int) else None


def _without(entries: list[_Entry], index: int) -> list[_Entry]:
    """Return `entries` without the one at `index`, whose users take its input instead."""
    source = entries[index].inputs[0]

    def moved(position: int) -> int:
        position = source if position == index else position
        return position - 1 if position > index else position

    return [
        replace(entry, inputs=tuple(moved(position) for position in entry.inputs))
        for place, entry in enumerate(entries)
        if place != index
    ]


def _text(operation: Operation) -> str:
    if operation.is_linear:
        return _linear_text(operation)
    if operation.kind == "conv":
        return _conv_text(operation)
    if operation.kind in ("max_pool", "avg_pool"):
        return _pool_text(operation)
    if operation.kind in ("adaptive_avg_pool", "adaptive_max_pool") or _is_spatial_mean(operation):
        return _adaptive_text(operation)
    options = operation.options
    if operation.kind in ("clamp", "clamp_min") and {**options, "max": options.get("max")} == {
        "min": 0,
        "max": None,
    }:
        return "relu"
    if operation.kind in ("softmax", "log_softmax"):
        dim = options.get("dim")
        last = len(operation.input_shape)
        usual = dim in (None, 1, -last)
        return operation.kind if usual else f"{operation.kind} dim{dim}"
    if operation.kind in DROPOUTS:
        return f"{operation.kind} p{_number(options['p'])}"
    if operation.kind == "batch_norm":
        bare = [word for word, key in (("no-affine", "affine"), ("no-stats", "track_running_stats"))
                if options.get(key) is False]  # fmt: skip
        return " ".join([f"batch_norm {operation.output_shape[0]}", *bare])
    told = [f"{key}={_number(value)}" for key, value in sorted(options.items()) if value is not None]
    return " ".join([operation.kind.lower(), *told])


def _linear_text(operation: Operation) -> str:
    bias = "" if operation.options.get("bias", True) else " nobias"
    if operation.kind == "linear":
        inputs, outputs = operation.options["in_features"], operation.options["out_features"]
    else:
        inputs, outputs = math.prod(operation.input_shape), operation.output_shape[0]
    return f"linear {inputs}->{outputs}{bias}"


def _conv_text(operation: Operation) -> str:
    options = operation.options
    kernel, dilation = pair(options["kernel_size"]), pair(options["dilation"])
    padding = options["padding"]
    if padding == "valid":
        padding = 0
    elif padding == "same" and all(
        (size - 1) * step % 2 == 0 for size, step in zip(kernel, dilation, strict=True)
    ):
        padding = [(size - 1) * step // 2 for size, step in zip(kernel, dilation, strict=True)]
    words = [
        f"conv {options['in_channels']}->{options['out_channels']}",
        f"k{_size(kernel)} s{_size(options['stride'])} p{_size(padding)}",
    ]
    words += [f"d{_size(dilation)}"] if dilation != (1, 1) else []
    words += [f"g{options['groups']}"] if options["groups"] != 1 else []
    words += [options["padding_mode"]] if options.get("padding_mode", "zeros") != "zeros" else []
    words += [] if options.get("bias", True) else ["nobias"]
    return " ".join(words)


def _pool_text(operation: Operation) -> str:
    options = operation.options
    kernel = pair(options["kernel_size"])
    stride = pair(options.get("stride") or kernel)
    padding, dilation = pair(options.get("padding", 0)), pair(options.get("dilation", 1))
    words = ["pool" if operation.kind == "max_pool" else "avgpool", f"k{_size(kernel)} s{_size(stride)}"]
    words += [f"p{_size(padding)}"] if padding != (0, 0) else []
    words += [f"d{_size(dilation)}"] if dilation != (1, 1) else []
    floor = tuple(
        (side + 2 * border - spread * (size - 1) - 1) // step + 1
        for side, border, spread, size, step in zip(
            operation.input_shape[-2:], padding, dilation, kernel, stride, strict=True
        )
    )
    words += ["ceil"] if operation.output_shape[-2:] != floor else []
    return " ".join(words)


def _is_spatial_mean(operation: Operation) -> bool:
    dims = operation.options.get("dim")
    spatial = isinstance(dims, list | tuple) and {dim % 4 for dim in dims if isinstance(dim, int)} == {2, 3}
    return operation.kind == "mean" and len(operation.input_shape) == 3 and spatial


def _adaptive_text(operation: Operation) -> str:
    name = "pool" if operation.kind == "adaptive_max_pool" else "avgpool"
    before = operation.input_shape[-2:]
    after = (1, 1) if operation.kind == "mean" else operation.output_shape[-2:]
    if all(side % out == 0 for side, out in zip(before, after, strict=True)):
        step = tuple(side // out for side, out in zip(before, after, strict=True))
        return f"{name} k{_size(step)} s{_size(step)}"
    return f"adaptive_{name} {_size(after)}"


def _size(value: Any) -> str:
    if isinstance(value, str):
        return value
    first, second = pair(value)
    return f"{first}" if first == second else f"{first}x{second}"


def _number(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list | tuple):
        return "x".join(_number(part) for part in value)
    return str(value)
