"""Whether recorded initial values can have been drawn by the initialiser that the recipe declares.

Every test is made so that an honest network fails it less than once in a thousand million: a bound is kept
exactly, and a mean or a mean square may stray by `_SIGMAS` standard errors.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from grader.model import Call, Network
from grader.recipe.initialise import default_draw

_SIGMAS = 8.0
_ENOUGH = 48
"""Below this many values the mean says too little, and the bounds alone are tested."""
_SLACK = 1 + 1e-5


def fits(network: Network, path: str, values: Tensor) -> bool:
    """Return whether `values` can be a draw of the initialiser declared for the tensor at `path`.

    `unknown` never fits. A declared initialiser that cannot be computed does not fit either.
    """
    call = network.parameters[path].initializer
    if call.name == "unknown":
        return False
    if call.name == "default":
        if path.rpartition(".")[0] not in network.modules:
            return False
        kind, value = default_draw(network, path)
        return _is_constant(values, value) if kind == "constant" else _is_uniform(values, -value, value)
    try:
        return _fits_call(call, values)
    except (ValueError, TypeError, RuntimeError, KeyError, ArithmeticError):
        # Arguments come from the hand-in; one that torch refuses declares nothing.
        return False


def _fits_call(call: Call, values: Tensor) -> bool:
    arguments = call.arguments
    if call.name in ("zeros_", "ones_", "constant_"):
        wanted = {"zeros_": 0.0, "ones_": 1.0}.get(call.name, arguments.get("val", math.nan))
        return _is_constant(values, float(wanted))
    if call.name == "uniform_":
        return _is_uniform(values, float(arguments.get("a", 0.0)), float(arguments.get("b", 1.0)))
    if call.name == "normal_":
        return _is_normal(values, float(arguments.get("mean", 0.0)), float(arguments.get("std", 1.0)))
    if call.name in ("kaiming_uniform_", "kaiming_normal_", "xavier_uniform_", "xavier_normal_"):
        std = _scaled_std(call, values)
        bound = math.sqrt(3.0) * std
        return _is_uniform(values, -bound, bound) if "uniform" in call.name else _is_normal(values, 0.0, std)
    if call.name == "trunc_normal_":
        return _is_truncated(values, call)
    if call.name in ("eye_", "dirac_"):
        expected = torch.empty_like(values)
        getattr(nn.init, call.name)(expected, **arguments)
        return bool(torch.equal(values, expected))
    if call.name == "orthogonal_":
        return _is_orthogonal(values, float(arguments.get("gain", 1.0)))
    return call.name == "sparse_" and bool((values == 0).any())


def _scaled_std(call: Call, values: Tensor) -> float:
    """Return the standard deviation of He's (2015) or Glorot's (2010) draw for a tensor of this shape."""
    field = math.prod(values.shape[2:])
    fan_in, fan_out = values.shape[1] * field, values.shape[0] * field
    if call.name.startswith("xavier"):
        return float(call.arguments.get("gain", 1.0)) * math.sqrt(2.0 / (fan_in + fan_out))
    fan = fan_in if call.arguments.get("mode", "fan_in") == "fan_in" else fan_out
    slope = call.arguments.get("a", 0)
    gain = nn.init.calculate_gain(call.arguments.get("nonlinearity", "leaky_relu"), slope)
    return float(gain) / math.sqrt(fan)


def _is_constant(values: Tensor, value: float) -> bool:
    return bool(((values.double() - value).abs() <= 1e-6 * max(1.0, abs(value))).all())


def _is_uniform(values: Tensor, low: float, high: float) -> bool:
    if high <= low:
        return _is_constant(values, low)
    centred = (values.double() - (low + high) / 2) / ((high - low) / 2)
    if bool((centred.abs() > _SLACK).any()):
        return False
    # Of a uniform draw on [-1, 1]: mean square 1/3, whose variance is 1/5 - 1/9; mean 0, variance 1/3.
    return _close(centred.square(), 1 / 3, 4 / 45) and _close(centred, 0.0, 1 / 3)


def _is_normal(values: Tensor, mean: float, std: float) -> bool:
    if std <= 0:
        return _is_constant(values, mean)
    centred = (values.double() - mean) / std
    if bool((centred.abs() > 12).any()):
        return False
    return _close(centred.square(), 1.0, 2.0) and _close(centred, 0.0, 1.0)


def _is_truncated(values: Tensor, call: Call) -> bool:
    mean, std = float(call.arguments.get("mean", 0.0)), float(call.arguments.get("std", 1.0))
    low, high = float(call.arguments.get("a", -2.0)), float(call.arguments.get("b", 2.0))
    inside = bool((values >= low - 1e-6).all()) and bool((values <= high + 1e-6).all())
    wide = low <= mean - 4 * std and high >= mean + 4 * std
    return inside and (not wide or _is_normal(values, mean, std))


def _is_orthogonal(values: Tensor, gain: float) -> bool:
    flat = values.double().flatten(1)
    product = flat @ flat.T if flat.shape[0] <= flat.shape[1] else flat.T @ flat
    expected = gain**2 * torch.eye(product.shape[0], dtype=torch.float64)
    return bool(((product - expected).abs() < 1e-3 * max(1.0, gain**2)).all())


def _close(values: Tensor, expected: float, variance: float) -> bool:
    """Whether the mean of `values` is within `_SIGMAS` standard errors of `expected`."""
    count = values.numel()
    if count < _ENOUGH:
        return True
    return abs(float(values.mean()) - expected) <= _SIGMAS * math.sqrt(variance / count)
