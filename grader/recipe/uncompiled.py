"""torch without its compiler, for processes that only run networks.

Many of torch's own functions are wrapped in `torch._dynamo.disable`, and the first call of one imports the whole
compiler: more than a second, and 150 MB, to say that nothing shall be compiled. torchvision imports it to ask, one day,
whether it is there. Here those functions are given at once, with one more of their kind, and the compiler itself is
imported when somebody asks for anything else: a program that compiles its network finds what it looks for.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

_NAME = "torch._dynamo"
_UTILS = "torch._dynamo.utils"


class _Uncompiled(ModuleType):
    """Stands for `torch._dynamo` as long as nothing is wanted of it that means nothing without a compiler."""

    @staticmethod
    def disable(function: Callable[..., Any] | None = None, *_: Any, **__: Any) -> Any:
        """Return `function`: there is no compiler to be kept out of it."""
        return function if function is not None else (lambda given: given)

    @staticmethod
    def graph_break(*_: Any, **__: Any) -> None:
        """Do nothing: there is no graph to be broken."""

    def __getattr__(self, name: str) -> Any:
        return _asked(_NAME, name)


class _Utils(ModuleType):
    """Stands for `torch._dynamo.utils`, of which torchvision wants one function before it has a use for it."""

    @staticmethod
    def is_compile_supported(device_type: Any) -> Any:
        """Return what the real function says."""
        return _real(_UTILS).is_compile_supported(device_type)

    def __getattr__(self, name: str) -> Any:
        return _asked(_UTILS, name)


def _asked(module: str, name: str) -> Any:
    """Return what the real module calls `name`.

    `inspect` asks every module for its file and the like, which is no wish for a compiler; but who imports a module
    of the package asks for its `__path__`. Raises AttributeError.
    """
    if name.startswith("__") and (module, name) != (_NAME, "__path__"):
        raise AttributeError(name)
    return getattr(_real(module), name)


def _real(name: str) -> ModuleType:
    """Return the compiler's own module, in whose place nothing stands any longer."""
    for module, kind in ((_NAME, _Uncompiled), (_UTILS, _Utils)):
        if isinstance(sys.modules.get(module), kind):
            del sys.modules[module]
    return importlib.import_module(name)


def leave_compiler_out() -> None:
    """Have torch run without its compiler until something uses it.

    Call this before the first network runs, and before torchvision is imported.
    """
    if _NAME not in sys.modules:
        sys.modules[_NAME] = _Uncompiled(_NAME)
        sys.modules[_UTILS] = _Utils(_UTILS)
