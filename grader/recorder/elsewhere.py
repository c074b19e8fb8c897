"""What was written for another machine, its folders, keyboard, network and Python: answered so that it goes on."""

from __future__ import annotations

import builtins
import collections
import collections.abc
import functools
import importlib
import importlib.abc
import importlib.machinery
import itertools
import os
import re
import sys
import tempfile
import urllib.request
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import torch

from grader.recorder.journal import Journal
from grader.recorder.program import usual

_PYTHON_2 = {
    "cPickle": "pickle", "urllib2": "urllib.request", "Queue": "queue", "ConfigParser": "configparser",
    "StringIO": "io", "cStringIO": "io", "__builtin__": "builtins", "Tkinter": "tkinter", "commands": "subprocess",
}  # fmt: skip
_WRITES = re.compile(r"[wax+]")


def install(journal: Journal) -> None:
    """Put every answer in place."""
    _folders(journal)
    _keyboard(journal)
    _network(journal)
    _python_2(journal)
    sys.meta_path.append(_Pandas(journal))


class Answer(str):
    """What nobody typed: an empty text, which is a sensible number where the program wants one."""

    number: float = 5

    def __int__(self) -> int:
        return int(self.number)

    def __float__(self) -> float:
        return float(self.number)


def _keyboard(journal: Journal) -> None:
    def ask(prompt: Any = "") -> Answer:
        journal.bridge("asked_at_terminal")
        answer = Answer("")
        known = next(
            (found for word in re.findall(r"\w+", str(prompt)) if (found := usual(word)) is not None), None
        )
        if isinstance(known, int | float):
            answer.number = float(known)
        return answer

    names: Any = builtins
    names.input = names.raw_input = ask


def _folders(journal: Journal) -> None:
    """Let writing to places that do not exist here go to a scratch folder, where it can be read again."""
    scratch = tempfile.mkdtemp(prefix="elsewhere-")
    moved: dict[str, str] = {}

    def elsewhere(path: Any) -> str:
        journal.bridge("foreign_path")
        name = re.sub(r"\W+", "_", os.fsdecode(path))[-120:]
        return moved.setdefault(os.fsdecode(path), os.path.join(scratch, name))

    original = builtins.open

    @functools.wraps(original)
    def open_(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if isinstance(file, str | os.PathLike) and os.fsdecode(file) in moved:
            return original(moved[os.fsdecode(file)], mode, *args, **kwargs)
        try:
            return original(file, mode, *args, **kwargs)
        except OSError:
            if not isinstance(file, str | os.PathLike) or not _WRITES.search(str(mode)) or journal.paused:
                raise
            return original(elsewhere(file), mode, *args, **kwargs)

    builtins.open = open_
    for name in ("makedirs", "mkdir", "chdir"):
        setattr(os, name, _forgiving(getattr(os, name), journal))
    save, load = torch.save, torch.load

    @functools.wraps(save)
    def save_(obj: Any, f: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return save(obj, f, *args, **kwargs)
        except (OSError, RuntimeError):
            if not isinstance(f, str | os.PathLike):
                raise
            return save(obj, elsewhere(f), *args, **kwargs)

    @functools.wraps(load)
    def load_(f: Any, *args: Any, **kwargs: Any) -> Any:
        there = moved.get(os.fsdecode(f)) if isinstance(f, str | os.PathLike) else None
        return load(there or f, *args, **kwargs)

    torch.save, torch.load = save_, load_
    for name in ("save", "savez", "savez_compressed", "savetxt"):
        setattr(np, name, _forgiving(getattr(np, name), journal))


def _forgiving(original: Callable[..., Any], journal: Journal) -> Callable[..., Any]:
    """Return `original` without its complaint about a place that is not there; one that is there already stays told."""

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return original(*args, **kwargs)
        except FileExistsError:
            raise
        except OSError:
            journal.bridge("foreign_path")
            return None

    return call


def _network(journal: Journal) -> None:
    """Let downloads end at once: there is no network."""

    def retrieve(url: Any, filename: Any = None, *_: Any, **__: Any) -> tuple[Any, None]:
        journal.bridge("dead_download")
        return filename, None

    urllib.request.urlretrieve = retrieve  # type: ignore[assignment]


def _python_2(journal: Journal) -> None:
    """Give modules and names of Python 2 those that took their place."""
    sys.meta_path.append(_Renamed(journal))
    names: Any = builtins
    names.xrange, names.unicode, names.basestring, names.long = range, str, str, int
    names.reduce = functools.reduce
    tools: Any = itertools
    tools.izip, tools.imap, tools.ifilter = zip, map, filter

    def abstract(name: str) -> Any:
        found = getattr(collections.abc, name, None)
        if found is None:
            raise AttributeError(f"module 'collections' has no attribute {name!r}")
        journal.bridge("collections_abc")
        return found

    vars(collections)["__getattr__"] = abstract


class _Renamed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Answers imports of modules that have another name today."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        """Return a spec for a module of Python 2."""
        return importlib.machinery.ModuleSpec(fullname, self) if fullname in _PYTHON_2 else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """Return a copy of today's module, since the import machinery writes its own names into it."""
        self._journal.bridge("python_2_module")
        module = ModuleType(spec.name)
        today = importlib.import_module(_PYTHON_2[spec.name])
        module.__dict__.update({key: value for key, value in vars(today).items() if not key.startswith("__")})
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Leave the module as it is."""


class _Pandas(importlib.abc.MetaPathFinder):
    """Sees pandas being imported and gives back what it dropped; placed last, it only waits for the first row."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        sys.meta_path.insert(0, self)

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        """Return pandas' own spec with a loader that mends it; None for anything else."""
        if fullname != "pandas" or self not in sys.meta_path:
            return None
        while self in sys.meta_path:
            sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None and hasattr(spec.loader, "exec_module"):
            execute = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                mend_pandas(module, self._journal)

            setattr(spec.loader, "exec_module", exec_module)  # noqa: B010
        return spec


def mend_pandas(pandas: Any, journal: Journal) -> None:
    """Give back `DataFrame.append`, and let tables be written to places that are not there."""
    frame = getattr(pandas, "DataFrame", None)
    if not isinstance(frame, type) or not hasattr(pandas, "concat"):
        return
    kind: Any = frame
    for name in ("to_csv", "to_pickle", "to_excel", "to_json"):
        setattr(kind, name, _forgiving(getattr(kind, name), journal))
    if hasattr(kind, "append"):
        return

    def append(self: Any, other: Any, ignore_index: bool = False, **_: Any) -> Any:
        journal.bridge("dataframe_append")
        rows = kind([other]) if isinstance(other, dict) else other
        rows = rows.to_frame().T if hasattr(rows, "to_frame") else rows
        return pandas.concat([self, rows], ignore_index=ignore_index)

    kind.append = append
