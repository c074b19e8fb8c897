"""A few images of a large batch stand for all of it: what a recording needs of a step does not depend on how many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import torch
from torch import nn

from grader.recorder.journal import Root

LARGE = 64
"""Images up to which a batch is computed whole."""
PART = 32
_LOOKED_AT = 64
_OWN = ("_parameters", "_buffers", "_modules")


def part_will_do(root: Root, size: int, *, learns: bool) -> bool:
    """Tell whether a batch of `size` images may be computed in part.

    It may where nothing of a batch stays in the network, or leaves it through a hook, that the program could hold
    against all of it; and in training only where the network was seen to take batches of other sizes.
    """
    hooked = any(part._forward_hooks or part._forward_pre_hooks for part in root.module.modules())
    takes_any = not learns or (root.any_batch and root.run is not None)
    return takes_any and not hooked and not leaves_behind(root.module, size)


def leaves_behind(module: nn.Module, size: int) -> bool:
    """Tell whether something as long as a batch of `size` stays in `module` beside its parameters and buffers."""
    for part in module.modules():
        kept = (value for name, value in vars(part).items() if name not in _OWN)
        if any(isinstance(one, torch.Tensor) and one.dim() and len(one) == size for one in _flat(kept)):
            return True
    return False


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        inner = value.values() if isinstance(value, dict) else value
        yield from islice(inner, _LOOKED_AT) if isinstance(value, list | tuple | dict) else (value,)


def spread(output: torch.Tensor, batch: int) -> torch.Tensor:
    """Return what a part gave as the output of `batch` images; an error goes back through it."""
    return output[torch.arange(batch, device=output.device) % len(output)]


def detached(value: Any) -> Any:
    """Return a copy of all tensors in `value` that nothing is differentiated through."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, list | tuple):
        parts = [detached(part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


def repeat(value: Any, batch: int, gradients: bool) -> Any:
    """Return the remembered output for `batch` images, a leaf that a loss can be differentiated to."""
    if isinstance(value, torch.Tensor):
        if value.dim() and len(value) and len(value) != batch:
            value = value[torch.arange(batch) % len(value)]
        copied = value.detach().clone()
        return copied.requires_grad_(gradients) if copied.is_floating_point() else copied
    if isinstance(value, list | tuple):
        parts = [repeat(part, batch, gradients) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value
