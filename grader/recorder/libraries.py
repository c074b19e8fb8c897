"""Libraries of today that programs for older ones import: what those dropped is given back as they are loaded."""

from __future__ import annotations

import functools
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from grader.recorder.inert import Inert
from grader.recorder.journal import Journal

Forgiving = Callable[[Callable[..., Any], Journal], Callable[..., Any]]


def install(journal: Journal, forgiving: Forgiving) -> None:
    """Mend pandas and PyYAML when they are imported; `forgiving` makes a function write wherever it is told to."""
    sys.meta_path.insert(0, _Mended("pandas", lambda module: mend_pandas(module, journal, forgiving)))
    sys.meta_path.insert(0, _Mended("yaml", lambda module: mend_yaml(module, journal)))


class _Mended(importlib.abc.MetaPathFinder):
    """Sees a library being imported and gives back what it dropped."""

    def __init__(self, name: str, mend: Callable[[Any], None]) -> None:
        self._name, self._mend = name, mend

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        """Return the library's own spec with a loader that mends it; None for anything else."""
        if fullname != self._name or self not in sys.meta_path:
            return None
        while self in sys.meta_path:
            sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None and hasattr(spec.loader, "exec_module"):
            execute = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                self._mend(module)

            setattr(spec.loader, "exec_module", exec_module)  # noqa: B010
        return spec


def mend_pandas(pandas: Any, journal: Journal, forgiving: Forgiving) -> None:
    """Give back `DataFrame.append`, draw nothing, and let tables be written to places that are not there."""
    frame = getattr(pandas, "DataFrame", None)
    if not isinstance(frame, type) or not hasattr(pandas, "concat"):
        return
    kind: Any = frame
    for name in ("to_csv", "to_pickle", "to_excel", "to_json"):
        setattr(kind, name, forgiving(getattr(kind, name), journal))
    _draw_nothing(pandas)
    if hasattr(kind, "append"):
        return

    def append(self: Any, other: Any, ignore_index: bool = False, **_: Any) -> Any:
        journal.bridge("dataframe_append")
        rows = kind([other]) if isinstance(other, dict) else other
        rows = rows.to_frame().T if hasattr(rows, "to_frame") else rows
        return pandas.concat([self, rows], ignore_index=ignore_index)

    kind.append = append


def _draw_nothing(pandas: Any) -> None:
    """Make tables' own ways to draw inert: they build on matplotlib, which is, and stop over what it gives them."""
    groups = pandas.core.groupby
    for kind in (pandas.DataFrame, pandas.Series, groups.DataFrameGroupBy, groups.SeriesGroupBy):
        for name in ("plot", "hist", "boxplot"):
            if hasattr(kind, name):
                setattr(kind, name, Inert())
    pandas.plotting = Inert()


def mend_yaml(yaml: Any, journal: Journal) -> None:
    """Let `yaml.load(file)` go without a loader, as it once did."""
    original = yaml.load

    @functools.wraps(original)
    def load(stream: Any, Loader: Any = None) -> Any:  # noqa: N803 - the library's own name
        if Loader is None:
            journal.bridge("yaml_loader")
        return original(stream, Loader or yaml.SafeLoader)

    yaml.load = load
