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
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np
import torch

from grader.recorder import libraries
from grader.recorder.bridges import Stopped
from grader.recorder.journal import Journal
from grader.recorder.program import usual

_PYTHON_2 = {
    "cPickle": "pickle", "urllib2": "urllib.request", "Queue": "queue", "ConfigParser": "configparser",
    "StringIO": "io", "cStringIO": "io", "__builtin__": "builtins", "Tkinter": "tkinter", "commands": "subprocess",
}  # fmt: skip
_WRITES = re.compile(r"[wax+]")


def install(journal: Journal, root: str, typed: Mapping[str, str]) -> None:
    """Put every answer in place; `typed` are those for questions of the program at `root`, by the line that asks."""
    _folders(journal)
    _keyboard(journal, root, typed)
    _network(journal)
    _python_2(journal)
    libraries.install(journal, _forgiving)


class Answer(str):
    """What nobody typed: an empty text, which is a sensible number where the program wants one."""

    number: float = 5

    def __int__(self) -> int:
        return int(self.number)

    def __float__(self) -> float:
        return float(self.number)


def _keyboard(journal: Journal, root: str, typed: Mapping[str, str]) -> None:
    """Let questions be answered as `typed` says; a menu that comes back is left, as where a terminal is closed."""
    answered: set[str] = set()

    def ask(prompt: Any = "") -> str:
        journal.bridge("asked_at_terminal")
        frame = sys._getframe(1)
        place = f"{os.path.relpath(frame.f_code.co_filename, root)}:{frame.f_lineno}"
        if place in typed:
            if place in answered:
                raise Stopped
            answered.add(place)
            return typed[place]
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
