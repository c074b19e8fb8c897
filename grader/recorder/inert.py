"""Modules that draw, log or decorate, replaced by ones that accept everything and do nothing."""

from __future__ import annotations

import dis
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import numpy as np

ALWAYS = (
    "matplotlib", "pylab", "mpl_toolkits", "seaborn", "plotly", "bokeh", "altair", "visdom", "tensorboard",
    "tensorboardX", "tensorboard_logger", "wandb", "mlflow", "neptune", "comet_ml", "tqdm", "IPython", "ipywidgets",
    "google", "prettytable", "tabulate", "torchsummary", "torchinfo", "torchviz", "graphviz", "hiddenlayer",
    "livelossplot", "termcolor", "colorama", "rich", "progressbar", "torchsnooper", "pytorch_model_summary",
)  # fmt: skip
"""Replaced whether they are there or not: what they show nobody sees."""
WHERE_ABSENT = (
    "pandas",
    "sklearn",
    "psutil",
    "requests",
    "ipdb",
    "pudb",
    "line_profiler",
    "memory_profiler",
    "torchmetrics",
    "torcheval",
    "thop",
    "ptflops",
    "torchstat",
    "codecarbon",
    "pynvml",
    "GPUtil",
    "gdown",
    "loguru",
    "cv2",
    "skimage",
    "imageio",
)
"""Replaced only where they are missing: they measure, fetch or log, and what is trained does not hang on them."""
_EXTRA = ("torch.utils.tensorboard",)


class Inert:
    """Accepts every use and answers with itself; unpacks into as many parts as are asked for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Inert()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Answer with another inert object; used as a decorator, leave the function as it is."""
        if len(args) == 1 and not kwargs and callable(args[0]) and not isinstance(args[0], Inert | type):
            return args[0]
        return Inert()

    def __iter__(self) -> Iterator[Any]:
        return iter([Inert() for _ in range(_unpacked(sys._getframe(1)))])

    def __getitem__(self, key: Any) -> Any:
        return Inert()

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def __enter__(self) -> Inert:
        return self

    def __exit__(self, *_: object) -> None: ...

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return False

    def __float__(self) -> float:
        return 0.0

    def __int__(self) -> int:
        return 0

    def __index__(self) -> int:
        return 0

    def __format__(self, spec: str) -> str:
        return ""

    def __str__(self) -> str:
        return ""

    def _same(self, *_: Any) -> Any:
        return Inert()

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _same
    __neg__ = __abs__ = __pow__ = __mod__ = __and__ = __or__ = __invert__ = __floordiv__ = _same

    def __lt__(self, other: Any) -> bool:
        return False

    __le__ = __gt__ = __ge__ = __lt__


def _unpacked(frame: Any) -> int:
    """Return into how many names the caller unpacks, 0 when it iterates."""
    code, at = frame.f_code.co_code, frame.f_lasti
    if 0 <= at < len(code) - 1 and code[at] == dis.opmap["UNPACK_SEQUENCE"]:
        return int(code[at + 1])
    return 0


class InertModule(ModuleType):
    """A module in which every name exists."""

    def __getattr__(self, name: str) -> Any:
        if name in ("__path__", "__file__"):
            raise AttributeError(name)
        if name == "__version__":
            return "2.0.0"
        special = _SPECIAL.get(name)
        if special is not None:
            return special
        return type(name, (Inert,), {}) if name[:1].isupper() else Inert()


class Bar:
    """A progress bar that passes its iterable through."""

    def __init__(self, iterable: Any = None, *args: Any, **kwargs: Any) -> None:
        self.iterable = iterable if iterable is not None else ()
        self.n = 0
        self.total = kwargs.get("total")

    def __iter__(self) -> Any:
        return iter(self.iterable)

    def __len__(self) -> int:
        return len(self.iterable)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None: ...

    @staticmethod
    def write(*args: Any, **_: Any) -> None:
        """Print, as tqdm.write does."""
        print(*args)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Inert()


def _trange(*args: Any, **_: Any) -> Bar:
    return Bar(range(*(one for one in args if isinstance(one, int))))


def _subplots(nrows: int = 1, ncols: int = 1, *args: Any, **_: Any) -> tuple[Inert, Any]:
    if nrows == ncols == 1:
        return Inert(), Inert()
    axes = np.empty((nrows, ncols), dtype=object)
    for row in range(nrows):
        for column in range(ncols):
            axes[row, column] = Inert()
    return Inert(), axes if min(nrows, ncols) > 1 else axes.ravel()


def _table(*_: Any, **__: Any) -> str:
    return ""


_SPECIAL: dict[str, Any] = {
    "tqdm": Bar, "tqdm_notebook": Bar, "trange": _trange, "tnrange": _trange, "subplots": _subplots,
    "tabulate": _table, "colored": lambda text="", *_, **__: str(text), "track": lambda sequence, *_, **__: sequence,
    "print": print, "progressbar": Bar,
}  # fmt: skip


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Answers imports of inert modules, before or after the real finders."""

    def __init__(self, names: Sequence[str], exact: Sequence[str] = ()) -> None:
        self._names, self._exact = frozenset(names), frozenset(exact)

    def find_spec(
        self, fullname: str, path: Any = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return a spec for a module that this finder replaces."""
        if fullname in self._exact or fullname.partition(".")[0] in self._names:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """Return the inert module."""
        return InertModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Leave the module as it is: it has every name already."""


def install(own: frozenset[str]) -> None:
    """Put the inert modules in place; `own` are the program's own modules, which stay real."""
    always = [name for name in ALWAYS if name not in own]
    for name in list(sys.modules):
        if name.partition(".")[0] in always or name in _EXTRA:
            del sys.modules[name]
    sys.meta_path.insert(0, _Finder(always, _EXTRA))
    sys.meta_path.append(_Finder([name for name in WHERE_ABSENT if name not in own]))
