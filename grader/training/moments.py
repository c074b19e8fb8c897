"""Everything that a training's next epoch depends on: taken between two epochs, and put back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import torch
from torch import Tensor

from grader.model import EpochPoint
from grader.training.checkpoints import Moment
from grader.training.stepping import Stepping


def size_bytes(stepping: Stepping) -> int:
    """Return about how much a moment of this training takes."""
    tensors = stepping.tensors()
    for state in stepping.optimizer.state.values():
        tensors += [value for value in state.values() if isinstance(value, Tensor)]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def take(
    stepping: Stepping,
    order: torch.Generator,
    rates: Mapping[str, float],
    curve: Sequence[EpochPoint],
    logits: Tensor,
) -> Moment:
    """Return the network, its gradients, the optimizer, the generators and the curve as they are now."""
    tensors = {"logits": logits, "random/order": order.get_state(), "random/draws": torch.get_rng_state()}
    if stepping.device.type == "cuda":
        tensors["random/gpu"] = torch.cuda.get_rng_state()
    tensors |= {f"network/{path}": tensor for path, tensor in _network(stepping).items()}
    for path, parameter in stepping.module.named_parameters():
        if parameter.grad is not None:
            tensors[f"gradient/{path}"] = parameter.grad
    optimizer, numbers = stepping.optimizer.state_dict(), []
    for index, state in optimizer["state"].items():
        for name, value in state.items():
            if isinstance(value, Tensor):
                tensors[f"optimizer/{index}/{name}"] = value
            else:
                numbers.append([index, name, value])
    groups = [
        {name: value for name, value in one.items() if name != "params"} for one in optimizer["param_groups"]
    ]
    facts = {
        "curve": msgspec.to_builtins(list(curve)),
        "rates": dict(rates),
        "numbers": numbers,
        "groups": groups,
    }
    return Moment({name: _still(tensor) for name, tensor in tensors.items()}, facts)


def _network(stepping: Stepping) -> dict[str, Tensor]:
    """Return parameters and buffers by path, each once however many names it has."""
    return dict(stepping.module.named_parameters()) | dict(stepping.module.named_buffers())


def _still(tensor: Tensor) -> Tensor:
    """Return a copy in main memory that shares nothing with any other."""
    return tensor.detach().cpu().clone(memory_format=torch.contiguous_format)


@torch.no_grad()
def put_back(
    moment: Moment,
    stepping: Stepping,
    order: torch.Generator,
    restore_rates: Callable[[Mapping[str, float]], None],
) -> tuple[list[EpochPoint], Tensor]:
    """Make everything as it was when `moment` was taken, and return the curve and the logits of then."""
    tensors, facts = moment
    for path, tensor in _network(stepping).items():
        tensor.copy_(tensors[f"network/{path}"])
    stepping.module.zero_grad(set_to_none=True)
    for path, parameter in stepping.module.named_parameters():
        if f"gradient/{path}" in tensors:
            parameter.grad = _like(parameter, tensors[f"gradient/{path}"])
    _put_back_optimizer(tensors, facts, stepping.optimizer)
    restore_rates(facts["rates"])
    order.set_state(tensors["random/order"])
    torch.set_rng_state(tensors["random/draws"])
    if "random/gpu" in tensors:
        torch.cuda.set_rng_state(tensors["random/gpu"])
    return msgspec.convert(facts["curve"], list[EpochPoint]), tensors["logits"]


def _put_back_optimizer(
    tensors: Mapping[str, Tensor], facts: Mapping[str, Any], optimizer: torch.optim.Optimizer
) -> None:
    held = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Any]] = {}
    for name, tensor in tensors.items():
        kind, _, rest = name.partition("/")
        if kind == "optimizer":
            index, _, part = rest.partition("/")
            state.setdefault(int(index), {})[part] = _like(held[int(index)], tensor)
    for number, part, value in facts["numbers"]:
        state.setdefault(number, {})[part] = value
    now = optimizer.state_dict()["param_groups"]
    groups = [
        {"params": group["params"]} | {name: _plain(value) for name, value in saved.items()}
        for group, saved in zip(now, facts["groups"], strict=True)
    ]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _plain(value: Any) -> Any:
    """Return a pair as the tuple that it was before it was JSON."""
    return tuple(value) if isinstance(value, list) else value


def _like(parameter: Tensor, tensor: Tensor) -> Tensor:
    """Return `tensor` laid out in memory as `parameter` is, where it has its shape."""
    return torch.empty_like(parameter).copy_(tensor) if tensor.shape == parameter.shape else tensor
