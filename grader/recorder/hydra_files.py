"""What hand-ins ask of hydra and omegaconf: a configuration from YAML files, with words of the command line over it."""

from __future__ import annotations

import functools
import importlib
import itertools
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

_DEEPEST = 12
_POWER = re.compile(r"[-+]?\d+(?:\.\d*)?[eE][-+]?\d+$")
"""Numbers that YAML alone would take for texts: `1e-3` lacks the point."""
_REFERENCE = re.compile(r"\$\{(\.*)([\w.]+)\}")
_HEADER = re.compile(r"(?:\s*#[^\n]*\n)*?\s*#\s*@package[ \t]+(\S+)")


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
    """Return plain data as a configuration."""
    if isinstance(value, dict) and depth < _DEEPEST:
        return DictConfig({str(key): config(one, depth + 1) for key, one in value.items()})
    if isinstance(value, list | tuple) and depth < _DEEPEST:
        return [config(one, depth + 1) for one in value]
    return value


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
    chosen: dict[str, Any] = {}
    added, values = [], []
    for word in words:
        key, _, value = word.lstrip("+~").partition("=")
        if not key or word.startswith("-") or key.partition(".")[0] == "hydra":
            continue
        if not os.path.isdir(os.path.join(folder, key.partition("@")[0])):
            values.append((key, value, word[0]))
        elif word.startswith("+"):
            added.append({key: value})
        else:
            several = value.startswith("[") or value == "null"
            chosen[key] = None if word.startswith("~") else _loaded(value) if several else value
    found: Any = DictConfig()
    for package, own in _parts(folder, name, chosen, added=added):
        found = merged(found, functools.reduce(_held_by, reversed(package.split(".")), own))
    for key, value, sign in values:
        at: Any = found
        *path, last = key.split(".")
        for part in path:
            at = at.setdefault(part, DictConfig())
        if sign == "~":
            at.pop(last, None)
        else:
            at[last] = config(_loaded(value)) if value else ""
    return resolved(found, found)  # type: ignore[no-any-return]


def _held_by(value: Any, key: str) -> Any:
    return DictConfig({key: value}) if key else value


def _parts(
    folder: str,
    name: str,
    chosen: dict[str, Any],
    group: str = "",
    package: str = "",
    *,
    asked: str = "",
    added: Sequence[Any] = (),
    depth: int = 0,
) -> list[tuple[str, DictConfig]]:
    """Return what a file of settings and those of its list of defaults say, what counts more behind what counts less.

    Each with the package, the dotted key that it belongs under: the one `asked` for in the list that names the file,
    or else the one that the file's first lines tell, or else its group inside the `package` of that list.
    `chosen` are the files that the command line, or a list further up, takes of groups.
    """
    path = os.path.join(folder, group, name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    header = _HEADER.match(text)
    if header is not None and not asked:
        package = header[1].replace("_group_", group.replace("/", ".")).removeprefix("_global_").lstrip(".")
    own = config(_loaded(text) or {})
    entries = [*own.pop("defaults", [])] if depth < _DEEPEST else []
    entries = [*entries, *(["_self_"] if "_self_" not in entries else []), *added]
    chosen.update((key, value) for key, value in _overriding(entries, group) if key not in chosen)
    parts: list[tuple[str, DictConfig]] = []
    for entry in reversed(entries):  # what a file further down takes of a group holds for the lines above it
        if entry == "_self_":
            parts.insert(0, (package, own))
            continue
        for below, files, wanted, optional in _named(entry, group, chosen):
            inner = _inside(package, below.removeprefix("/"), wanted)
            place = _path(group, below)
            for one in reversed(files):
                if not optional or os.path.exists(os.path.join(folder, place, f"{one}.yaml")):
                    further = _parts(folder, one, chosen, place, inner, asked=wanted, depth=depth + 1)
                    parts = [*further, *parts]
    return parts


def _path(group: str, below: str) -> str:
    """Return the group that a list of defaults in `group` calls `below`."""
    return below[1:] if below.startswith("/") else "/".join(one for one in (group, below) if one)


def _inside(package: str, group: str, asked: str) -> str:
    """Return the package of a file of `group` that a list of defaults in `package` names."""
    if "_global_" in asked:
        return asked.partition("_global_")[2].lstrip(".")
    own = asked.replace("_group_", group.replace("/", ".")) if asked else group.replace("/", ".")
    return ".".join(one for one in (package, own.removeprefix("_here_").lstrip(".")) if one)


def _overriding(entries: Sequence[Any], group: str) -> Iterator[tuple[str, Any]]:
    """Yield the groups of which a list of defaults takes another file than a list further down."""
    for entry in entries:
        for key, value in entry.items() if isinstance(entry, dict) else ():
            if "override" in key.split():
                yield _path(group, key.split()[-1]), value


def _named(entry: Any, group: str, chosen: dict[str, Any]) -> Iterator[tuple[str, list[str], str, bool]]:
    """Yield of an entry of a list of defaults: a group as written, its files, the package asked for, if it may lack."""
    if isinstance(entry, str):
        file, _, asked = entry.partition("@")
        below, slash, name = file.rpartition("/")
        yield below or slash, [name], asked, False
    for key, value in entry.items() if isinstance(entry, dict) else ():
        *words, last = key.split()
        below, _, asked = last.partition("@")
        if "override" not in words and not below.startswith(("hydra/", "/hydra/")):
            value = chosen.get(_path(group, last), value)
            files = value if isinstance(value, list) else [] if value is None else [value]
            yield below, [str(one) for one in files], asked, "optional" in words


def resolved(value: Any, whole: Any, at: tuple[str, ...] = (), depth: int = 0) -> Any:
    """Return a configuration in which `${a.b}` stands for what is there, `${.b}` for what is beside it."""
    if depth > _DEEPEST:
        return value
    if isinstance(value, dict):
        return DictConfig({key: resolved(one, whole, (*at, key), depth + 1) for key, one in value.items()})
    if isinstance(value, list):
        return [resolved(one, whole, (*at, str(n)), depth + 1) for n, one in enumerate(value)]

    def referred(match: re.Match[str]) -> Any:
        above = at[: len(at) - len(match[1])] if match[1] else ()
        path, found = (*above, *match[2].split(".")), whole
        for part in path:
            found = found.get(part) if isinstance(found, dict) else None
        return resolved(found, whole, path, depth + 1)

    if not isinstance(value, str):
        return value
    match = _REFERENCE.fullmatch(value)
    return _REFERENCE.sub(lambda one: str(referred(one)), value) if match is None else referred(match)


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
            found = config(_loaded(stream.read()))
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
                value = {part: value if isinstance(value, dict) else _loaded(value)}
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


@functools.cache
def _loader() -> Any:
    loader = type("_Loader", (_yaml().SafeLoader,), {})
    loader.add_implicit_resolver("tag:yaml.org,2002:float", _POWER, list("-+0123456789"))  # type: ignore[attr-defined]
    return loader


def _loaded(text: str) -> Any:
    """Return what a text of YAML says; a number between quotation marks is a text."""
    return _yaml().load(text, Loader=_loader())
