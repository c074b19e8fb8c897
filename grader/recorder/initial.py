"""How each tensor of a network was drawn: remembered by its values, looked up when it is recorded."""

from __future__ import annotations

import functools
import hashlib
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn
from torch.nn import init
from torch.nn.parameter import is_lazy

from grader.model import Call
from grader.recorder.journal import Journal
from grader.recorder.plain import NotPlain, bound, plain

_NAMES = (
    "constant_", "dirac_", "eye_", "kaiming_normal_", "kaiming_uniform_", "normal_", "ones_", "orthogonal_",
    "sparse_", "trunc_normal_", "uniform_", "xavier_normal_", "xavier_uniform_", "zeros_",
)  # fmt: skip
_DIRECT = {
    torch.Tensor.normal_: ("normal_", ("mean", "std"), (0.0, 1.0)),
    torch.Tensor.uniform_: ("uniform_", ("a", "b"), (0.0, 1.0)),
    torch.Tensor.fill_: ("constant_", ("val",), (0.0,)),
    torch.Tensor.zero_: ("zeros_", (), ()),
}
DEFAULT, UNKNOWN = Call(name="default"), Call(name="unknown")


class Pretrained(OrderedDict[str, Any]):
    """Stands for weights that would have come from the network."""


class Initial:
    """Remembers the latest way in which each tensor's values were made."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self._made: dict[tuple[int, str], Call] = {}
        self._anywhere: dict[str, Call] = {}
        self._known: set[int] = set()

    def install(self) -> None:
        """Make the layers' own drawing and every function of torch.nn.init leave a note."""
        for name in _NAMES:
            if hasattr(init, name):
                original = getattr(init, name)
                setattr(init, name, self._noting(name, original))
                old = name.rstrip("_")
                setattr(init, old, self._noting(name, original, bridge=f"init.{old}"))
        for kind in _layer_classes():
            if "reset_parameters" in vars(kind):
                setattr(kind, "reset_parameters", self._drawing(vars(kind)["reset_parameters"]))  # noqa: B010

    def _noting(self, name: str, original: Callable[..., Any], bridge: str = "") -> Callable[..., Any]:
        @functools.wraps(original)
        def initialise(tensor: Any, *args: Any, **kwargs: Any) -> Any:
            with self.journal.pause():
                result = original(tensor, *args, **kwargs)
            if bridge and not self.journal.paused:
                self.journal.bridge(bridge)
            given = bound(original, (tensor, *args), kwargs)
            given = {key: value for key, value in given.items() if key not in ("tensor", "generator")}
            try:
                self.note(tensor, Call(name=name, arguments=plain(given)))
            except NotPlain:
                self.note(tensor, UNKNOWN)
            return result

        return initialise

    def _drawing(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def reset_parameters(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
            with self.journal.pause():
                result = original(module, *args, **kwargs)
            for parameter in module.parameters(recurse=False):
                self.note(parameter, DEFAULT)
            return result

        return reset_parameters

    def note(self, tensor: Any, call: Call) -> None:
        """Remember that `call` made the values that `tensor` has now."""
        if self.journal.paused or not isinstance(tensor, torch.Tensor) or len(self._made) > 20_000:
            return
        if is_lazy(tensor):
            return  # its values come with the first call
        key = fingerprint(tensor)
        self._known.add(tensor.data_ptr())
        self._made[(tensor.data_ptr(), key)] = call
        self._anywhere[key] = call

    def direct(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Note an in-place draw such as `weight.data.normal_(0, 0.01)` on a tensor known to be a parameter."""
        found = _DIRECT.get(function)
        if (
            found is None
            or not args
            or not isinstance(args[0], torch.Tensor)
            or args[0].data_ptr() not in self._known
        ):
            return
        name, names, defaults = found
        renamed = {"from": "a", "to": "b", "value": "val"}
        given = dict(zip(names, defaults, strict=True)) | dict(zip(names, args[1:], strict=False))
        given |= {renamed.get(key, key): value for key, value in kwargs.items() if key != "generator"}
        try:
            self.note(args[0], Call(name=name, arguments=plain(given)))
        except NotPlain:
            self.note(args[0], UNKNOWN)

    def of(self, original: torch.Tensor, now: torch.Tensor) -> Call:
        """Return how `now`, a copy of `original` from before training, was drawn; `unknown` where nothing fits."""
        key = fingerprint(now)
        found = self._made.get((original.data_ptr(), key)) or self._anywhere.get(key)
        if found is not None:
            return found
        if now.numel() and bool((now == 0).all()):
            return Call(name="zeros_")
        return UNKNOWN

    def forget(self, module: nn.Module) -> None:
        """Give `module` values that nothing here drew: weights from elsewhere, which we do not have."""
        with self.journal.pause(), torch.no_grad():
            for parameter in module.parameters():
                if parameter.is_floating_point():
                    parameter.add_(torch.randn_like(parameter) * 0.01)


def fingerprint(tensor: torch.Tensor) -> str:
    """Return a short digest of a tensor's values and shape."""
    values = tensor.detach().contiguous().cpu()
    try:
        content = values.numpy().tobytes()
    except (TypeError, RuntimeError):  # a type that numpy has no word for
        content = values.float().numpy().tobytes()
    return hashlib.blake2b(content + str(tuple(tensor.shape)).encode(), digest_size=16).hexdigest()


def _layer_classes() -> Iterator[type]:
    pending, seen = [nn.Module], {nn.Module}
    while pending:
        for kind in pending.pop().__subclasses__():
            if kind not in seen:
                seen.add(kind)
                pending.append(kind)
                if (sys.modules.get(kind.__module__) is not None) and kind.__module__.startswith("torch.nn"):
                    yield kind
