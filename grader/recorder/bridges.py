"""Calls that need a GPU, a terminal, a network or an older torch, made harmless or carried over to today's."""

from __future__ import annotations

import builtins
import functools
import importlib
import itertools
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torchvision
from torch import nn

from grader.recorder import inert
from grader.recorder.initial import Pretrained
from grader.recorder.journal import Journal
from grader.recorder.trail import Trail, tag, trail_of
from grader.recorder.watch import is_cuda

_NUMPY = {"int": int, "float": float, "bool": bool, "object": object, "str": str, "complex": complex, "long": int,
          "Inf": np.inf, "infty": np.inf, "NaN": np.nan, "float_": np.float64, "unicode_": np.str_}  # fmt: skip


class Stopped(BaseException):
    """The program asked to end by `os._exit` or its like."""


def install(journal: Journal) -> None:
    """Put every bridge in place."""
    _gpu()
    _old_torch(journal)
    _old_python(journal)
    _downloads()
    _ends()


def _gpu() -> None:
    """Make explicit uses of a GPU do nothing where there is none."""
    cuda: Any = torch.cuda
    quiet: dict[str, Any] = {
        "synchronize": None, "empty_cache": None, "set_device": None, "current_device": 0, "device_count": 0,
        "manual_seed": None, "manual_seed_all": None, "reset_peak_memory_stats": None, "memory_allocated": 0,
        "max_memory_allocated": 0, "memory_reserved": 0, "memory_cached": 0, "init": None,
        "get_device_name": "none", "get_device_capability": (0, 0), "memory_summary": "", "mem_get_info": (0, 0),
    }  # fmt: skip
    for name, answer in quiet.items():
        setattr(cuda, name, _answering(answer))
    for name in (
        "FloatTensor",
        "LongTensor",
        "DoubleTensor",
        "IntTensor",
        "ByteTensor",
        "HalfTensor",
        "BoolTensor",
    ):
        setattr(cuda, name, getattr(torch, name))
    cuda.is_available = _answering(False)
    torch.set_default_tensor_type = _unless_gpu(torch.set_default_tensor_type)
    torch.set_default_device = _unless_gpu(torch.set_default_device)
    nn.Module.cuda = lambda self, device=None: self  # type: ignore[method-assign]
    original_parallel = nn.DataParallel.__init__

    def parallel(self: Any, module: Any, *_: Any, **__: Any) -> None:
        original_parallel(self, module)

    nn.DataParallel.__init__ = parallel  # type: ignore[method-assign]
    compilers: Any = torch
    compilers.compile = compilers.jit.script = compilers.jit.trace = _same_model


def _answering(value: Any) -> Callable[..., Any]:
    def answer(*_: Any, **__: Any) -> Any:
        return value

    return answer


def _unless_gpu(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def call(value: Any, *args: Any, **kwargs: Any) -> Any:
        if is_cuda(value) or "cuda" in str(value):
            return None
        return original(value, *args, **kwargs)

    return call


def _same_model(model: Any = None, *_: Any, **__: Any) -> Any:
    return model if model is not None else (lambda one: one)


def _old_torch(journal: Journal) -> None:
    """Carry over `Variable(volatile=True)`, whole saved models and files saved on a GPU."""

    class _Meta(type):
        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, torch.Tensor)

        def __call__(cls, data: Any = None, requires_grad: bool = False, volatile: bool = False) -> Any:
            if not isinstance(data, torch.Tensor):
                return data
            result = data.detach().requires_grad_() if requires_grad and not data.requires_grad else data
            if volatile:
                journal.bridge("volatile")
                trail = trail_of(data)
                if trail is not None:
                    tag(
                        result,
                        Trail(trail.kind, trail.drawn, trail.call, trail.ops, trail.loss, volatile=True),
                    )
            return result

    variable = _Meta("Variable", (), {})
    for module in (torch.autograd, sys.modules["torch.autograd.variable"]):
        setattr(module, "Variable", variable)  # noqa: B010
    original_load = torch.load

    @functools.wraps(original_load)
    def load(f: Any, *_: Any, **kwargs: Any) -> Any:
        with journal.pause():
            return original_load(f, map_location="cpu", weights_only=False)

    torch.load = load


def _old_python(journal: Journal) -> None:
    """Carry over names that numpy and Python dropped, and those that only a notebook has."""

    def numpy_name(name: str) -> Any:
        if name in _NUMPY:
            journal.bridge("numpy_alias")
            return _NUMPY[name]
        raise AttributeError(f"module 'numpy' has no attribute {name!r}")

    original = np.__dict__.get("__getattr__")

    def __getattr__(name: str) -> Any:
        if name in _NUMPY or original is None:
            return numpy_name(name)
        return original(name)

    np.__getattr__ = __getattr__  # type: ignore[method-assign]

    _clock(journal)
    names: Any = builtins
    names.get_ipython = inert.Inert
    names.display = lambda *_, **__: None


def _clock(journal: Journal) -> None:
    """Give the program a clock of its own, a millisecond a look: what it prints is the same every time."""
    looks = itertools.count(1)

    def now() -> float:
        return 1_600_000_000.0 + next(looks) / 1_000

    def clock() -> float:
        journal.bridge("time_clock")
        return now()

    module: Any = time
    module.time = module.perf_counter = module.monotonic = module.process_time = now
    module.clock = clock
    module.sleep = _answering(None)


def _downloads() -> None:
    """Answer requests for pretrained weights with a stand-in: there is no network."""

    def weights(*_: Any, **__: Any) -> Pretrained:
        return Pretrained()

    torch.hub.load_state_dict_from_url = weights
    importlib.import_module("torch.utils.model_zoo").load_url = weights  # type: ignore[attr-defined]
    torchvision.models.WeightsEnum.get_state_dict = weights


def _ends() -> None:
    """Turn every way of ending the process at once into an ordinary end of the program."""

    def end(status: Any = 0, *_: Any) -> None:
        raise Stopped(status)

    os._exit = os.abort = end  # type: ignore[assignment]
    names: Any = builtins

    def leave(code: Any = None) -> None:
        raise SystemExit(code)

    names.exit = names.quit = leave
