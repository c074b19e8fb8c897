"""torch without its compiler, for processes that only run networks.

Many of torch's own functions are wrapped in `torch._dynamo.disable`, and the first call of one imports the whole
compiler: more than a second, and 150 MB, to say that nothing shall be compiled. Here that one function is given
at once, with one more of its kind, and the rest of `torch._dynamo` is imported when somebody asks for it.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

_NAME = "torch._dynamo"


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
        if sys.modules.get(_NAME) is self:
            del sys.modules[_NAME]
        return getattr(importlib.import_module(_NAME), name)


def leave_compiler_out() -> None:
    """Have torch run without its compiler until something uses it; call this before the first network runs."""
    if _NAME not in sys.modules:
        sys.modules[_NAME] = _Uncompiled(_NAME)
