"""Draws every tensor of a rebuilt network by its own initialiser, from our seed."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import torch
from torch import Tensor, nn

from grader.model import Call, Network
from grader.recipe.order import tensor_order
from grader.recipe.refusal import refusal
from grader.recipe.whitelist import INITIALIZERS

_CONSTANT = {"running_mean": 0.0, "running_var": 1.0, "num_batches_tracked": 0.0}
_NORMS = ("BatchNorm1d", "BatchNorm2d", "InstanceNorm2d", "GroupNorm", "LayerNorm")


def initialise(module: nn.Module, network: Network, seed: int) -> None:
    """Fill every tensor of `module`, a rebuilt `network`, by the initialiser that the recipe gives it.

    Each tensor has a generator of its own, seeded by (`seed`, position in order of first use): the result
    depends neither on the student's names nor on the device. `unknown` in a known layer is drawn as that
    layer's default.
    Raises RecordingInvalid for a bare tensor whose initialiser is unknown, and for one torch refuses.
    """
    tensors = dict(module.named_parameters()) | dict(module.named_buffers())
    for position, path in enumerate(tensor_order(network)):
        drawn = torch.empty(network.parameters[path].shape)
        _draw(drawn, network, path, _generator(seed, position))
        with torch.no_grad():
            tensors[path].copy_(drawn)


def _generator(seed: int, position: int) -> torch.Generator:
    key = hashlib.sha256(f"{seed}/{position}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(key[:7], "big"))


def _draw(tensor: Tensor, network: Network, path: str, generator: torch.Generator) -> None:
    call = network.parameters[path].initializer
    layer = network.modules.get(path.rpartition(".")[0])
    if call.name in ("default", "unknown"):
        if layer is None:
            raise refusal(
                fr=f"on ne sait pas comment le tenseur « {path} » est tiré",
                en=f'how the tensor "{path}" is drawn is not known',
            )
        _draw_default(tensor, network, path, generator)
    else:
        _draw_by_call(tensor, path, call, generator)


def default_draw(network: Network, path: str) -> tuple[str, float]:
    """Return how torch itself draws the tensor at `path`: (`uniform`, bound) or (`constant`, value).

    Both `kaiming_uniform_(a=sqrt(5))` of weights and the biases' own draw are uniform within 1/sqrt(fan in).
    """
    owner, _, name = path.rpartition(".")
    layer = network.modules[owner].name
    if name in _CONSTANT:
        return "constant", _CONSTANT[name]
    if layer in _NORMS:
        return "constant", 1.0 if name == "weight" else 0.0
    if layer == "PReLU":
        return "constant", 0.25
    weight = network.parameters[f"{owner}.weight"].shape
    fan_in = math.prod(weight[1:])
    return "uniform", 1 / math.sqrt(fan_in) if fan_in else 0.0


def _draw_default(tensor: Tensor, network: Network, path: str, generator: torch.Generator) -> None:
    kind, value = default_draw(network, path)
    with torch.no_grad():
        if kind == "constant":
            tensor.fill_(value)
        else:
            tensor.uniform_(-value, value, generator=generator)


def _draw_by_call(tensor: Tensor, path: str, call: Call, generator: torch.Generator) -> None:
    if call.name not in INITIALIZERS or not set(call.arguments) <= set(INITIALIZERS[call.name]):
        raise refusal(
            fr=f"l'initialisation « {call.name[:60]} » n'est pas autorisée",
            en=f'the initialiser "{call.name[:60]}" is not allowed',
        )
    arguments: dict[str, Any] = dict(call.arguments)
    if not all(isinstance(value, int | float | str) for value in arguments.values()):
        raise refusal(
            fr=f"les arguments de « {call.name} » ne sont pas des nombres",
            en=f'the arguments of "{call.name}" are not numbers',
        )
    if call.name not in ("constant_", "dirac_", "eye_", "ones_", "zeros_"):
        arguments["generator"] = generator
    try:
        getattr(nn.init, call.name)(tensor, **arguments)
    except (RuntimeError, TypeError, ValueError, ArithmeticError) as error:
        raise refusal(
            fr=f"l'initialisation « {call.name} » échoue pour « {path} »",
            en=f'the initialiser "{call.name}" fails for "{path}"',
        ) from error
