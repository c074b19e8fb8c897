"""Libraries for command lines that are not here: what hand-ins ask of fire, typer and hydra, and no more.

A real one that is installed goes before. Words are read as these libraries read them, a literal of Python where one
is meant; anything else about them (help, completion, logging) does nothing.
"""

from __future__ import annotations

import ast
import enum
import importlib.abc
import importlib.machinery
import inspect
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType, NoneType
from typing import Annotated, Any, get_args, get_origin

from grader.recorder import hydra_files
from grader.recorder.inert import Inert

_DEEPEST = 4


def literal(text: str) -> Any:
    """Return the value that a word stands for: a literal of Python, a truth value, or the word itself."""
    known = {"true": True, "false": False, "none": None, "null": None}
    if text.lower() in known:
        return known[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def split(words: Sequence[str], names: Sequence[str]) -> tuple[list[Any], dict[str, Any]]:
    """Return the plain words and those behind options; `names` are the options that there are."""
    plain: list[Any] = []
    given: dict[str, Any] = {}
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if not word.startswith("-") or _is_number(word):
            plain.append(literal(word))
            continue
        name, equals, value = word.lstrip("-").partition("=")
        name = name.replace("-", "_")
        short = [one for one in names if len(name) == 1 and one.startswith(name)]
        name = short[0] if len(short) == 1 else name
        turned_off = next(
            (name[len(no) :] for no in ("no_", "no") if name.startswith(no) and name[len(no) :] in names), ""
        )
        if equals:
            given[name] = literal(value)
        elif turned_off and name not in names:
            given[turned_off] = False
        elif waiting and (not waiting[0].startswith("-") or _is_number(waiting[0])):
            given[name] = literal(waiting.pop(0))
        else:
            given[name] = True
    return plain, given


def _is_number(word: str) -> bool:
    return isinstance(literal(word), int | float) and not isinstance(literal(word), bool)


class Declared:
    """What `typer.Option(...)` and `typer.Argument(...)` give: a default, and names of an option."""

    def __init__(self, default: Any = ..., *names: str, **_: Any) -> None:
        self.default, self.names = default, names


def called(function: Callable[..., Any], words: Sequence[str]) -> Any:
    """Return what `function` gives for the words of a command line."""
    parameters = {
        name: one
        for name, one in _signature(function).parameters.items()
        if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    }
    known, aliases, switches = {}, {}, set()
    for name, one in parameters.items():
        default = one.default
        beside = get_args(one.annotation)[1:] if get_origin(one.annotation) is Annotated else ()
        for declared in (*beside, default):
            if isinstance(declared, Declared):
                # Beside a type, what stands first is a name of the option; the default is the parameter's own.
                texts = (declared.default, *declared.names) if declared is not default else declared.names
                aliases.update(
                    {
                        text.lstrip("-").partition("/")[0].replace("-", "_"): name
                        for text in texts
                        if isinstance(text, str)
                    }
                )
        default = default.default if isinstance(default, Declared) else default
        if default is not inspect.Parameter.empty and default is not ...:
            known[name] = default
        if isinstance(default, bool):
            switches.add(name)
    spelled = [f"{word}=True" if word.lstrip("-").replace("-", "_") in switches else word for word in words]
    plain, given = split(_values_kept(words, spelled), [*parameters, *aliases])
    named = {aliases.get(name, name): value for name, value in given.items()}
    open_ = [name for name in parameters if name not in known and name not in named]
    for name, value in zip([*open_, *(one for one in known if one not in named)], plain, strict=False):
        named[name] = value
    result = known | named
    for name, value in result.items():
        if name in parameters:
            result[name] = _as(_kind(parameters[name].annotation), value)
    return function(**result)


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    """Return the parameters with the types that their annotations mean, those between quotation marks too."""
    try:
        return inspect.signature(function, eval_str=True)
    except Exception:  # noqa: BLE001 - an annotation of a stranger may raise anything when it is evaluated
        return inspect.signature(function)


def _kind(annotation: Any) -> Any:
    """Return the one type that an annotation asks for beside None, whatever stands with it."""
    if get_origin(annotation) is Annotated:
        return _kind(get_args(annotation)[0])
    kinds = [one for one in get_args(annotation) if one is not NoneType]
    return _kind(kinds[0]) if len(kinds) == 1 and NoneType in get_args(annotation) else annotation


def _as(kind: Any, value: Any) -> Any:
    """Return what a word of the command line is for a parameter of that type."""
    if inspect.isclass(kind) and issubclass(kind, enum.Enum) and not isinstance(value, enum.Enum | NoneType):
        fitting = [one for one in kind if str(value) == str(one.value) or value == literal(str(one.value))]
        if not fitting:
            raise SystemExit(2)
        return fitting[0]
    wanted = kind in (float, str, int, Path) and value is not None and not isinstance(value, bool)
    return kind(value) if wanted and not isinstance(value, enum.Enum) else value


def _values_kept(words: Sequence[str], spelled: Sequence[str]) -> list[str]:
    """Return the words with switches spelled out, but for one that a truth value follows."""
    truths = ("true", "false", "0", "1")
    follows = [*words[1:], ""][: len(words)]
    return [
        word if following.lower() in truths else full
        for word, full, following in zip(words, spelled, follows, strict=True)
    ]


def fire(component: Any = None, command: Any = None, **_: Any) -> Any:
    """Call what the words of the command line choose, as `fire.Fire` does."""
    words = list(sys.argv[1:]) if command is None else str(command).split()
    chosen: Any = vars(sys.modules["__main__"]) if component is None else component
    for _level in range(_DEEPEST):
        if inspect.isfunction(chosen) or inspect.ismethod(chosen):
            return called(chosen, words)
        if inspect.isclass(chosen):
            at = next(
                (n for n, word in enumerate(words) if not word.startswith("-") and hasattr(chosen, word)),
                len(words),
            )
            chosen, words = called(chosen, words[:at]), words[at:]
        if not words:
            return chosen
        name = words.pop(0)
        chosen = (
            chosen[name]
            if isinstance(chosen, dict) and name in chosen
            else getattr(chosen, name.replace("-", "_"))
        )
    return chosen


class Typer:
    """An application of typer's: commands by name."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.commands: dict[str, Callable[..., Any]] = {}

    def command(self, name: str | None = None, *_: Any, **__: Any) -> Callable[..., Any]:
        """Return what makes a command of a function."""

        def made(function: Callable[..., Any]) -> Callable[..., Any]:
            self.commands[name or function.__name__.replace("_", "-")] = function
            return function

        return made

    callback = lambda self, *_, **__: lambda function: function  # noqa: E731

    def __call__(self, *_: Any, **__: Any) -> Any:
        """Call the command that the first word names, or the only one."""
        words = list(sys.argv[1:])
        if len(self.commands) == 1 and (not words or words[0] not in self.commands):
            return called(next(iter(self.commands.values())), words)
        if not words or words[0] not in self.commands:
            raise SystemExit(2)
        return called(self.commands[words[0]], words[1:])


class _Inert(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Inert()


def _module(name: str) -> ModuleType:
    module: Any = _Inert(name)
    if name == "fire":
        module.Fire = fire
    elif name == "typer":
        module.Typer, module.Option, module.Argument = Typer, Declared, Declared
        module.run = lambda function: called(function, sys.argv[1:])
        module.echo = module.secho = lambda text="", *_, **__: print(text)
        module.Exit = module.Abort = SystemExit
    else:
        hydra_files.fill(module)
    return module  # type: ignore[no-any-return]


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Answers for libraries of command lines, behind every other finder."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        """Return a spec for one of these libraries, or a part of it."""
        if fullname.partition(".")[0] in ("fire", "typer", "hydra", "omegaconf"):
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """Return the module."""
        return _module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Leave the module as it is."""


def install(own: frozenset[str]) -> None:
    """Let the libraries be there; `own` are the program's own modules, which stay real."""
    if not own & {"fire", "typer", "hydra", "omegaconf"}:
        sys.meta_path.append(_Finder())
