"""Every torch function outside a network: follows tensors, notes losses and backward passes, bridges old calls."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from grader.recorder.explaining import answer
from grader.recorder.initial import Initial
from grader.recorder.journal import Journal, LossCall
from grader.recorder.places import Places
from grader.recorder.plain import NotPlain, bound, plain
from grader.recorder.runs import Runs
from grader.recorder.trail import Trail, foremost, tag, trail_of

_LOSSES = {F.cross_entropy: "cross_entropy", F.nll_loss: "nll_loss", F.mse_loss: "mse_loss"}
_OTHER_LOSSES = tuple(
    getattr(F, name)
    for name in (
        "binary_cross_entropy", "binary_cross_entropy_with_logits", "l1_loss", "smooth_l1_loss", "huber_loss",
        "kl_div", "multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss", "soft_margin_loss",
        "hinge_embedding_loss", "poisson_nll_loss", "cosine_embedding_loss",
    )
    if hasattr(F, name)
)  # fmt: skip
_SCALING = frozenset({
    "mul", "div", "true_divide", "__mul__", "__rmul__", "__truediv__", "multiply", "divide", "mul_", "div_", "__imul__",
    "__itruediv__", "__idiv__", "__rtruediv__", "__rdiv__", "neg", "__neg__", "negative", "pow", "__pow__", "square",
    "sqrt", "exp", "log",
})  # fmt: skip
"""Operations that make another number of a loss."""
_MEASURED = 8
"""Batches of a pass whose loss is noted."""
_Handler = Callable[[tuple[Any, ...], dict[str, Any]], Any]


class OldScalar(np.ndarray):
    """A number as PyTorch 0.3 gave it to numpy: an array of one element."""

    journal: Journal | None = None

    def __getitem__(self, key: Any) -> Any:
        """Return the number for the index 0."""
        if self.ndim == 0 and key == 0:
            if self.journal is not None:
                self.journal.bridge("index_of_scalar")
            return self.item()
        return super().__getitem__(key)


class Watch(TorchFunctionMode):
    """While entered, sees every torch function that the program calls."""

    def __init__(self, journal: Journal, places: Places, initial: Initial, runs: Runs) -> None:
        super().__init__()
        self.journal, self.places, self.initial, self.runs = journal, places, initial, runs
        self._handlers: dict[Any, _Handler] = {
            Tensor.cuda: lambda args, _: args[0],
            Tensor.pin_memory: lambda args, _: args[0],
            Tensor.to: self._to,
            Tensor.type: self._type,
            Tensor.view: self._view,
            Tensor.backward: self._backward,
            Tensor.numpy: self._numpy,
        }

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Return what `func` gives, after noting it."""
        kwargs = kwargs or {}
        if self.journal.paused:
            return func(*args, **kwargs)
        if "device" in kwargs and is_cuda(kwargs["device"]):
            kwargs = kwargs | {"device": "cpu"}
        handler = self._handlers.get(func)
        if handler is not None:
            result = handler(args, kwargs)
        else:
            try:
                result = func(*args, **kwargs)
            except IndexError:
                if func is not Tensor.__getitem__ or args[0].dim() != 0:
                    raise
                self.journal.bridge("index_of_scalar")
                return args[0].item()
        if self.journal.depth == 0:
            self._follow(func, args, kwargs, result)
        return result

    def _follow(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        """Give the result the trail of what it was made from; note losses."""
        name = getattr(func, "__name__", "")
        self.initial.direct(func, args, kwargs)
        trail = foremost((*args, *kwargs.values()))
        if trail is None:
            return
        if func in _LOSSES or func in _OTHER_LOSSES:
            self._loss(func, args, kwargs, result, trail)
            return
        if trail.kind == "loss":
            trail = self._reshaped_loss(name, args, trail)
        elif name in ("argmax", "max", "topk", "eq", "argsort", "sort"):
            return
        tag(result, trail if trail.kind == "loss" else trail.then(_across(name, args, kwargs)))

    def _reshaped_loss(self, name: str, args: tuple[Any, ...], trail: Trail) -> Trail:
        """Return the trail of a loss that something was added to, or that was scaled."""
        loss = trail.loss
        if loss is None or (loss.name == "other" and "factor" not in loss.arguments):
            return trail
        if (
            loss.arguments.get("reduction") == "none"
            and name in ("mean", "sum")
            and "weight" not in loss.arguments
        ):
            whole = {key: value for key, value in loss.arguments.items() if key != "reduction"}
            whole |= {"reduction": "sum"} if name == "sum" else {}
            return replace(trail, loss=LossCall(loss.name, whole, loss.before, loss.place))
        scaled = name in _SCALING and not any(isinstance(one, int | float) and one == 1 for one in args)
        terms = [one for one in args if isinstance(one, Tensor) and one.requires_grad]
        if scaled or (name in ("add", "__add__", "sub", "__radd__", "__sub__") and len(terms) > 1):
            arguments = {"base": loss.name} | loss.arguments | {"then": name.strip("_")}
            before, factor = arguments.pop("factor", 1.0), _factor(name, args, trail) if scaled else None
            if factor is not None:
                arguments["factor"] = before * factor
            loss = LossCall("other", arguments, loss.before, loss.place)
            return Trail("loss", drawn=trail.drawn, call=trail.call, loss=loss)
        return trail

    def _loss(
        self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any, trail: Trail
    ) -> None:
        """Note a loss function called on a network's output."""
        self.journal.event("loss")
        if trail.kind != "output" or not isinstance(result, Tensor):
            return
        given = dict(bound(func, args, kwargs))
        answer(self.journal, trail.call, given.pop("target", None))
        given.pop("input", None)
        average, reduce = given.pop("size_average", None), given.pop("reduce", None)
        if average is not None or reduce is not None:
            self.journal.bridge("size_average")
            kind = "none" if reduce is False else "sum" if average is False else "mean"
            given = given | ({} if kind == "mean" else {"reduction": kind})
        name = _LOSSES.get(func, "other")
        if trail.drawn is not None and len(trail.drawn.losses) < _MEASURED and result.numel() == 1:
            trail.drawn.losses.append(float(result.detach()))
        try:
            arguments = plain(given)
        except NotPlain:
            name, arguments = "other", {}
        if name == "other":
            arguments = {"function": getattr(func, "__name__", "")} | arguments
        before = trail.ops
        if trail.call is not None and trail.call.output_dims > 2 and args and args[0].dim() == 2:
            before = ("flatten", *before)
        loss = LossCall(name, arguments, before, self.places.here())
        tag(result, Trail("loss", drawn=trail.drawn, call=trail.call, loss=loss))

    def _backward(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        trail = trail_of(args[0])
        backward: Callable[..., Any] = Tensor.backward
        return self.runs.backward(trail, lambda: backward(*args, **kwargs))

    def _numpy(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the array; one without dimensions takes the index 0 that it once had."""
        result = args[0].numpy(*args[1:], **kwargs)
        if result.ndim:
            return result
        scalar = result.view(OldScalar)
        scalar.journal = self.journal
        return scalar

    def _to(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        moved = tuple("cpu" if is_cuda(one) else one for one in args[1:])
        if is_cuda(kwargs.get("device")):
            kwargs = kwargs | {"device": "cpu"}
        return args[0].to(*moved, **kwargs)

    def _type(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        given = tuple(
            one.replace("torch.cuda.", "torch.") if isinstance(one, str) else one for one in args[1:]
        )
        return args[0].type(*given, **kwargs)

    def _view(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        try:
            return args[0].view(*args[1:], **kwargs)
        except RuntimeError as error:
            if "stride" not in str(error):
                raise
            self.journal.bridge("view_on_non_contiguous")
            return args[0].reshape(*args[1:])


def _factor(name: str, args: tuple[Any, ...], trail: Trail) -> float | None:
    """Return what a loss is multiplied by, None where that is no number, or one that may change with the batch."""
    numbers = [one for one in args if type(one) in (int, float)]
    if len(args) != 2 or len(numbers) != 1 or not math.isfinite(numbers[0]) or not numbers[0]:
        return None
    if (name.startswith("__r") and "div" in name) or not ("mul" in name or "div" in name):
        return None
    if trail.call is not None and numbers[0] == trail.call.input_shape[0]:
        return None
    if "div" not in name:
        return float(numbers[0])
    return 1.0 / numbers[0] if isinstance(args[0], Tensor) else None


def _across(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Return `name`, and for a softmax that runs across the batch that it does."""
    if name not in ("softmax", "log_softmax"):
        return name
    dim = kwargs.get("dim", args[1] if len(args) > 1 else None)
    first = args[0] if args else kwargs.get("input")
    if not isinstance(dim, int) or not isinstance(first, Tensor) or first.dim() < 2:
        return name
    return f"{name} across" if dim % first.dim() == 0 else name


def is_cuda(value: Any) -> bool:
    """Whether `value` names a GPU."""
    if isinstance(value, torch.device):
        return value.type != "cpu"
    if isinstance(value, str):
        return value.startswith("cuda")
    return False
