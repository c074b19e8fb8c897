"""Where a tensor comes from: which batch, which network's output, and what was done to it since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch

from grader.recorder.journal import LossCall, Pass, RootCall

_ATTRIBUTE = "_recorder_trail"
_RANK = {"loss": 3, "output": 2, "image": 1, "label": 0}
_OPS_MAX = 12

NEUTRAL = frozenset(
    [
        "view",
        "reshape",
        "flatten",
        "squeeze",
        "unsqueeze",
        "contiguous",
        "detach",
        "clone",
        "cpu",
        "cuda",
        "to",
        "float",
        "type",
        "type_as",
        "data",
        "__get__",
        "size",
        "dim",
        "__getitem__",
        "requires_grad_",
        "requires_grad_",
        "numel",
        "item",
        "shape",
        "view_as",
        "reshape_as",
        "t",
        "permute",
        "transpose",
        "alias",
        "is_cuda",
        "pin_memory",
        "double",
        "expand",
        "expand_as",
        "chunk",
        "split",
        "narrow",
        "select",
        "index_select",
        "stack",
        "cat",
        "long",
        "int",
        "__len__",
        "set_",
    ]
)
"""Operations that leave the numbers as they are."""


@dataclass(frozen=True)
class Trail:
    """The history of one tensor."""

    kind: Literal["image", "label", "output", "loss"]
    drawn: Pass | None = None
    call: RootCall | None = None
    ops: tuple[str, ...] = ()
    loss: LossCall | None = None
    volatile: bool = False
    positions: tuple[int, ...] = ()
    """Of the test images in a batch, where a real training asks for them."""

    def then(self, name: str) -> Trail:
        """Return the trail of what the operation `name` made of this tensor."""
        name = name.rstrip("_") if not name.startswith("__") else name
        if name in NEUTRAL or len(self.ops) >= _OPS_MAX:
            return self
        return replace(self, ops=(*self.ops, name))

    def __deepcopy__(self, memo: dict[int, Any]) -> Trail:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (str, ("",))


def trail_of(value: Any) -> Trail | None:
    """Return the trail of `value`, None where it has none."""
    found = getattr(value, "__dict__", {}).get(_ATTRIBUTE) if isinstance(value, torch.Tensor) else None
    return found if isinstance(found, Trail) else None


def tag(value: Any, trail: Trail) -> None:
    """Put `trail` on `value`, and on every tensor that it holds."""
    for tensor in tensors_in(value):
        setattr(tensor, _ATTRIBUTE, trail)


def tensors_in(value: Any, depth: int = 0) -> Iterator[torch.Tensor]:
    """Yield the tensors of a nest of tuples, lists and dicts, in order."""
    if isinstance(value, torch.Tensor):
        yield value
    elif depth < 4 and isinstance(value, list | tuple):
        for part in value[:64]:
            yield from tensors_in(part, depth + 1)
    elif depth < 4 and isinstance(value, dict):
        for part in list(value.values())[:64]:
            yield from tensors_in(part, depth + 1)


def foremost(values: Iterable[Any]) -> Trail | None:
    """Return the trail that says most among `values`: a loss before an output, before images, before labels."""
    best: Trail | None = None
    for value in values:
        for tensor in tensors_in(value):
            found = trail_of(tensor)
            if found is not None and (best is None or _RANK[found.kind] > _RANK[best.kind]):
                best = found
    return best
