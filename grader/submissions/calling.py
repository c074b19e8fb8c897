"""Functions that train and that nothing calls: `main(...)`, `main_bn(...)`, `main(params)`, and with what arguments."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.submissions.combining import combined, switch
from grader.submissions.running import is_main_guard
from grader.submissions.syntax import dotted, module_level_calls

Value = int | float | bool | str
Keywords = dict[str, Value]

_USUAL: tuple[tuple[str, Value], ...] = (
    (r"batch_?size|^batch$|^bs$|^b$|^taille_?(du_)?batch$", 128),
    (r"^lr$|learning_?rate|^eta$|^pas$|^alpha$|taux|^lr_?init$|^init_?lr$", 0.1),
    (r"epochs?$|^epoques?$|epoque|^n_?iter|^nb_?it", 5),
    (r"cuda|gpu", False),
    (r"^device$|^dev$", "cpu"),
    (r"path|root|^dir$|folder|chemin|^data$|^datadir$", "data"),
    (r"workers", 0),
    (r"seed", 0),
    (r"momentum", 0.9),
    (r"gamma|decay_?rate", 0.95),
    (r"dropout|^p$|drop", 0.5),
    (r"verbose|print|plot|affich|show|save|sauv", False),
)
"""What a required argument gets by its name. A switch for the GPU is always turned off."""
_GPU = re.compile(r"cuda|gpu", re.IGNORECASE)
_BESIDE = re.compile(
    r"verb|print|plot|affich|show|save|sauv|cuda|gpu|debug|^log|load|resume|^test$|^eval", re.IGNORECASE
)
"""Switches that change no training."""
_MAIN = re.compile(r"^_*main|main_*$", re.IGNORECASE)


@dataclass(frozen=True)
class LeftToCall:
    """A function to call after its module was run, with the arguments of each variant."""

    name: str
    variants: tuple[Keywords, ...]
    left_out: int = 0


@dataclass(frozen=True)
class Uncallable:
    """A main that wants arguments whose meaning is not known."""

    function: ast.FunctionDef
    unknown: tuple[str, ...]


def uncalled(tree: ast.Module, text: str = "") -> tuple[list[LeftToCall], list[Uncallable]]:
    """Return the functions to call, in natural order of the file, and mains that cannot be called.

    A function is called when nothing in the module calls or hands on its name, and it is a main by name or
    leads to a `backward()`. Where a line of the module's `text` holds a call of it behind a `#`, it gets the
    arguments of the last such call, which say better than what is usual what its author ran.
    """
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    used = _used(tree, functions)
    ready: list[LeftToCall] = []
    hopeless: list[Uncallable] = []
    for name, function in functions.items():
        is_main = bool(_MAIN.search(name))
        if name in used or not (is_main or _trains(name, functions)) or function.decorator_list:
            continue
        keywords, switches, unknown = _keywords(function, tree)
        stated = _commented(function, text)
        unknown = [one for one in unknown if one not in stated]
        keywords |= stated
        if unknown:
            hopeless += [Uncallable(function, tuple(unknown))] if is_main else []
            continue
        switches = [one for one in switches if one not in stated]
        sets, left_out = combined([], [switch(one.rpartition(".")[2], (one,)) for one in switches])
        variants = tuple(keywords | {one: _on(one) for one in chosen} for chosen in sets)
        ready.append(LeftToCall(name, variants, left_out))
    return ready, hopeless


def is_commented(name: str, text: str) -> bool:
    """Whether a comment of the program's `text` holds a call of the function `name`."""
    return re.search(rf"^[ \t]*#.*\b{re.escape(name)}\(", text, re.MULTILINE) is not None


def _commented(function: ast.FunctionDef, text: str) -> Keywords:
    """Return the plain arguments of the last commented call of `function` in `text`, none where one is no literal."""
    found: Keywords = {}
    names = [one.arg for one in function.args.args] if not function.args.posonlyargs else []
    for match in re.finditer(
        rf"^[ \t]*#+[ \t]*({re.escape(function.name)}\(.{{0,300}}\))", text, re.MULTILINE
    ):
        try:
            call = ast.parse(match[1], mode="eval").body
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            continue
        if not isinstance(call, ast.Call) or len(call.args) > len(names):
            continue
        given = dict(zip(names, call.args, strict=False))
        given |= {one.arg: one.value for one in call.keywords if one.arg in names}
        values = {name: node.value for name, node in given.items() if isinstance(node, ast.Constant)}
        plain = {name: value for name, value in values.items() if isinstance(value, int | float | bool | str)}
        if len(plain) == len(call.args) + len(call.keywords):
            found = {name: False if _GPU.search(name) else value for name, value in plain.items()}
    return found


def _used(tree: ast.Module, functions: dict[str, ast.FunctionDef]) -> set[str]:
    """Return the functions whose name is mentioned anywhere but in their own body."""
    found: set[str] = set()
    for statement in tree.body:
        own = statement.name if isinstance(statement, ast.FunctionDef) else ""
        found |= {
            node.id
            for node in ast.walk(statement)
            if isinstance(node, ast.Name) and node.id in functions and node.id != own
        }
    return found


def _trains(name: str, functions: dict[str, ast.FunctionDef]) -> bool:
    """Whether the function calls `backward`, itself or through others of the module."""
    waiting, seen = [name], set[str]()
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        for node in ast.walk(functions[one]):
            if isinstance(node, ast.Attribute) and node.attr == "backward":
                return True
            if isinstance(node, ast.Name) and node.id in functions:
                waiting.append(node.id)
    return False


def leads_to_training(name: str, tree: ast.Module) -> bool:
    """Whether the function `name` of the module calls `backward`, itself or through others."""
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    return name in functions and _trains(name, functions)


def trains_at_import(tree: ast.Module) -> bool:
    """Whether the module itself trains when it is only imported: a loop or a call that leads to `backward`."""
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    outside = [one for one in tree.body if not is_main_guard(one)]
    for statement in outside:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Attribute) and node.attr == "backward":
                return True
    calls = module_level_calls(ast.Module(body=outside, type_ignores=[]))
    return any(dotted(call.func) in functions and _trains(dotted(call.func), functions) for call in calls)


def _keywords(function: ast.FunctionDef, tree: ast.Module) -> tuple[Keywords, list[str], list[str]]:
    """Return arguments by name, switches that may be turned on, and required arguments nobody can guess.

    The author's own defaults stand.
    """
    parameters = function.args
    positional = [*parameters.posonlyargs, *parameters.args]
    defaults: dict[str, ast.expr | None] = dict.fromkeys(argument.arg for argument in positional)
    for argument, stated in zip(reversed(positional), reversed(parameters.defaults), strict=False):
        defaults[argument.arg] = stated
    for argument, given_ in zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True):
        defaults[argument.arg] = given_
    keywords: Keywords = {}
    switches: list[str] = []
    unknown = [argument.arg for argument in parameters.posonlyargs if defaults[argument.arg] is None]
    for name, default in defaults.items():
        if name in unknown:
            continue
        if default is not None:
            if _GPU.search(name):
                keywords[name] = False
            elif isinstance(default, ast.Constant) and default.value is False and _tested(function, name):
                switches.append(name)
            continue
        fields = dict(_fields(function, name))
        if fields:
            given, turned = _settings(name, fields, _tested_fields(function), tree)
            keywords |= given
            switches += turned
        elif (value := usual(name)) is not None:
            keywords[name] = value
        else:
            unknown.append(name)
    return keywords, [name for name in switches if not _BESIDE.search(name.rpartition(".")[2])], unknown


def _on(switch: str) -> Value:
    """Return what turns a switch on: a number where the name asks for one, in a field that nothing states."""
    value = usual(switch.rpartition(".")[2]) if "." in switch else None
    return value if value and not isinstance(value, str) else True


def usual(name: str) -> Value | None:
    """Return what an argument of that name is usually given, None where its meaning is not known."""
    return next((value for pattern, value in _USUAL if re.search(pattern, name, re.IGNORECASE)), None)


def _fields(function: ast.FunctionDef, name: str) -> Iterator[tuple[str, None]]:
    """Yield the fields by which the function takes apart its argument: `p.lr`, `p["lr"]`, `p.get("lr")`."""
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name:
            if node.attr not in ("get", "items", "keys", "values", "update", "copy", "setdefault"):
                yield node.attr, None
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == name:
            if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
                yield node.slice.value, None
        elif isinstance(node, ast.Call) and dotted(node.func) == f"{name}.get" and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value, None


def _settings(
    name: str, fields: dict[str, None], tested: set[str], tree: ast.Module
) -> tuple[Keywords, list[str]]:
    """Return `name.field` values: from the module's own parser or dictionaries, else the usual ones.

    A field without any is a switch, left off at first.
    """
    stated = _stated(tree)
    given: Keywords = {f"{name}.": ""}
    switches = []
    for field in fields:
        value = stated.get(field, usual(field))
        if field not in stated and isinstance(value, float) and field in tested:
            value = None  # the truth of a momentum or a dropout that nothing states is a switch
        if _GPU.search(field):
            value = False
        if value is None or value is False:
            switches += [] if _GPU.search(field) else [f"{name}.{field}"]
        if value is not None:
            given[f"{name}.{field}"] = value
    return given, switches


def _tested_fields(function: ast.FunctionDef) -> set[str]:
    """Return the fields, of whatever, by whose truth the function decides something."""
    tests = [node.test for node in ast.walk(function) if isinstance(node, ast.If | ast.IfExp)]
    found = set()
    for test in tests:
        plain = test.operand if isinstance(test, ast.UnaryOp) else test
        for part in plain.values if isinstance(plain, ast.BoolOp) else [plain]:
            if isinstance(part, ast.Attribute):
                found.add(part.attr)
            elif isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Constant):
                found.add(str(part.slice.value))
    return found


def _stated(tree: ast.Module) -> Keywords:
    """Return the defaults that an argument parser or a dictionary of the module gives to names."""
    found: Keywords = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and dotted(node.func).endswith("add_argument"):
            names = [one.value for one in node.args if isinstance(one, ast.Constant)]
            long = next((str(one) for one in names if str(one).startswith("--")), "")
            stated = {one.arg: one.value for one in node.keywords}
            default = stated.get("default")
            if long and isinstance(default, ast.Constant) and isinstance(default.value, int | float | str):
                found[long.lstrip("-").replace("-", "_")] = default.value
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                plain = isinstance(value, ast.Constant) and isinstance(value.value, int | float | str)
                if plain and isinstance(key, ast.Constant) and isinstance(key.value, str):
                    found.setdefault(key.value, value.value)  # type: ignore[attr-defined]
    return found


def _tested(function: ast.FunctionDef, name: str) -> bool:
    """Whether the function decides something by the truth of `name`."""
    tests: Sequence[ast.expr] = [
        node.test for node in ast.walk(function) if isinstance(node, ast.If | ast.IfExp)
    ]
    handed = [
        one
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
        for one in (*node.args, *(k.value for k in node.keywords))
    ]
    tested = any(isinstance(n, ast.Name) and n.id == name for test in tests for n in ast.walk(test))
    return tested or any(isinstance(one, ast.Name) and one.id == name for one in handed)
