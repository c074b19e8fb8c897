"""What hand-ins ask of hydra and omegaconf: a configuration from YAML files, with words of the command line over it."""

from __future__ import annotations

import importlib
import itertools
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

_DEEPEST = 12
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_REFERENCE = re.compile(r"\$\{([\w.]+)\}")


class DictConfig(dict[str, Any]):
    """A mapping whose values are fields too."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in self:
            raise AttributeError(f"Key {name!r} is not in the configuration")
        return self[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


def config(value: Any, depth: int = 0) -> Any:
    """Return plain data as a configuration; texts that are numbers become numbers."""
    if isinstance(value, dict) and depth < _DEEPEST:
        return DictConfig({str(key): config(one, depth + 1) for key, one in value.items()})
    if isinstance(value, list | tuple) and depth < _DEEPEST:
        return [config(one, depth + 1) for one in value]
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value


def plain(value: Any, depth: int = 0) -> Any:
    """Return a configuration as plain data."""
    if isinstance(value, dict) and depth < _DEEPEST:
        return {key: plain(one, depth + 1) for key, one in value.items()}
    return [plain(one, depth + 1) for one in value] if isinstance(value, list) and depth < _DEEPEST else value


def merged(one: Any, other: Any) -> Any:
    """Return `one` with what `other` says over it."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return other
    return DictConfig({**one, **{key: merged(one.get(key), value) for key, value in other.items()}})


def composed(folder: str, name: str, words: Sequence[str]) -> DictConfig:
    """Return the configuration of the file `name` in `folder`, with the words of the command line over it."""
    groups, values = {}, []
    for word in words:
        key, _, value = word.lstrip("+").partition("=")
        if os.path.isdir(os.path.join(folder, key)):
            groups[key] = value
        elif not word.startswith(("-", "~")):
            values.append((key, value))
    found = _file(folder, name, groups)
    for key, value in values:
        at: Any = found
        *path, last = key.split(".")
        for part in path:
            at = at.setdefault(part, DictConfig())
        at[last] = config(_yaml().safe_load(value))
    return resolved(found, found)  # type: ignore[no-any-return]


def _file(folder: str, name: str, groups: dict[str, str], depth: int = 0) -> DictConfig:
    """Return a file of settings over what its list of defaults names."""
    path = os.path.join(folder, name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")
    with open(path, encoding="utf-8") as stream:
        own = config(_yaml().safe_load(stream) or {})
    found: Any = DictConfig()
    for entry in own.pop("defaults", []) if depth < _DEEPEST else []:
        if isinstance(entry, str) and entry != "_self_":
            found = merged(found, _file(folder, entry, groups, depth + 1))
        elif isinstance(entry, dict):
            for group, value in entry.items():
                group = group.removeprefix("override ")
                chosen = groups.pop(group, value)
                if chosen is not None:
                    found = merged(
                        found, {group: _file(os.path.join(folder, group), str(chosen), {}, depth + 1)}
                    )
    for group, value in groups.items():
        found = merged(found, {group: _file(os.path.join(folder, group), value, {}, depth + 1)})
    return merged(found, own)  # type: ignore[no-any-return]


def resolved(value: Any, whole: Any, depth: int = 0) -> Any:
    """Return a configuration in which `${a.b}` stands for what is there."""
    if depth > _DEEPEST:
        return value
    if isinstance(value, dict):
        return DictConfig({key: resolved(one, whole, depth + 1) for key, one in value.items()})
    if isinstance(value, list):
        return [resolved(one, whole, depth + 1) for one in value]
    match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return value
    at = whole
    for part in match[1].split("."):
        at = at.get(part) if isinstance(at, dict) else None
    return resolved(at, whole, depth + 1)


def main(config_path: Any = None, config_name: Any = None, **_: Any) -> Callable[..., Any]:
    """Return what makes a function start with its configuration, as `hydra.main` does."""

    def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
        def start(given: Any = None) -> Any:
            if given is not None:
                return function(given)
            folder = os.path.join(os.path.dirname(function.__code__.co_filename), config_path or ".")
            result = None
            for words in _runs(sys.argv[1:]):
                found = composed(folder, config_name, words) if config_name else config({})
                result = function(found)
            return result

        return start

    return decorated


def _runs(words: Sequence[str]) -> Iterator[list[str]]:
    """Yield the words of each run; with `-m` those of every combination of values."""
    if not {"-m", "--multirun"} & set(words):
        yield list(words)
        return
    plain_ = [word for word in words if not word.startswith("-")]
    parts = [
        [f"{key}={one}" for one in value.split(",")]
        for key, _, value in (word.partition("=") for word in plain_)
    ]
    yield from (list(row) for row in itertools.islice(itertools.product(*parts), 24))


def instantiate(given: Any, *args: Any, **kwargs: Any) -> Any:
    """Return what the class or function named by `_target_` gives."""
    if not isinstance(given, dict) or "_target_" not in given:
        return given
    owner, _, last = str(given["_target_"]).rpartition(".")
    options = {key: instantiate(value) for key, value in given.items() if not key.startswith("_")}
    return getattr(importlib.import_module(owner), last)(*args, **(options | kwargs))


class OmegaConf:
    """The functions of omegaconf that programs call."""

    create = staticmethod(lambda value=None, *_: config(value or {}))
    to_container = staticmethod(lambda value, *_, **__: plain(value))
    to_yaml = staticmethod(lambda value, *_, **__: str(_yaml().safe_dump(plain(value))))
    set_struct = staticmethod(lambda *_: None)
    is_config = staticmethod(lambda value: isinstance(value, DictConfig))

    @staticmethod
    def load(path: Any) -> Any:
        """Return the configuration of a file."""
        with open(path, encoding="utf-8") as stream:
            found = config(_yaml().safe_load(stream))
        return resolved(found, found)

    @staticmethod
    def merge(*parts: Any) -> Any:
        """Return the first part with the others over it, in order."""
        found: Any = DictConfig()
        for part in parts:
            found = merged(found, config(part))
        return found

    @staticmethod
    def from_cli(words: Any = None) -> Any:
        """Return what `a.b=c` on the command line says."""
        found: Any = DictConfig()
        for word in sys.argv[1:] if words is None else words:
            key, _, value = word.partition("=")
            for part in reversed(key.split(".")):
                value = {part: value if isinstance(value, dict) else _yaml().safe_load(value)}
            found = merged(found, config(value))
        return found


def fill(module: Any) -> None:
    """Put into the module what it is asked for, whichever part of the two libraries it is."""
    module.main, module.DictConfig, module.OmegaConf, module.ListConfig = main, DictConfig, OmegaConf, list
    module.instantiate = module.call = instantiate
    module.get_original_cwd = os.getcwd
    module.to_absolute_path = os.path.abspath


def _yaml() -> Any:
    return importlib.import_module("yaml")
