"""Arguments of the program's calls as plain JSON values, or a reason why they are not."""

from __future__ import annotations

import enum
import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

_ITEMS_MAX = 256


class NotPlain(Exception):
    """A value that no recipe can hold; the message names it."""


def plain(value: Any, depth: int = 0) -> Any:
    """Return `value` as numbers, texts, lists and dicts.

    Raises NotPlain for functions, objects, large arrays and deep nests.
    """
    if depth > 5:
        raise NotPlain("nested too deep")
    if isinstance(value, float) and not math.isfinite(value):
        raise NotPlain(str(float(value)))
    if value is None or type(value) in (bool, int, float, str):
        return value[:200] if isinstance(value, str) else value
    if isinstance(value, torch.dtype | torch.device):
        return str(value).removeprefix("torch.")
    if isinstance(value, enum.Enum):
        return plain(value.value, depth + 1)
    if isinstance(value, np.generic):
        return plain(value.item(), depth + 1)
    if isinstance(value, torch.Tensor | np.ndarray):
        size = value.numel() if isinstance(value, torch.Tensor) else value.size
        if size > _ITEMS_MAX:
            raise NotPlain("a large array")
        return plain(value.tolist(), depth + 1)
    if isinstance(value, list | tuple | range | torch.Size):
        if len(value) > _ITEMS_MAX:
            raise NotPlain("a long list")
        return [plain(part, depth + 1) for part in value]
    if isinstance(value, dict) and len(value) <= _ITEMS_MAX:
        return {str(key)[:100]: plain(part, depth + 1) for key, part in value.items()}
    raise NotPlain(getattr(value, "__name__", type(value).__name__))


def bound(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call by name, without those left at (or equal to) their default."""
    try:
        signature = inspect.signature(function)
        given = signature.bind(*args, **kwargs).arguments
    except (TypeError, ValueError):
        return dict(kwargs)
    result: dict[str, Any] = {}
    for name, value in given.items():
        parameter = signature.parameters[name]
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            result.update(value)
        elif not _equal(value, parameter.default):
            result[name] = value
    return result


def _equal(value: Any, default: Any) -> bool:
    if default is inspect.Parameter.empty:
        return False
    return value is default or (
        type(value) is type(default) and isinstance(value, int | float | str) and value == default
    )
