"""Programs that take their choices from the environment: `ETAPE=bn python train.py`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.submissions.combining import Flag, combined, rank
from grader.submissions.enums import Members, enums, picked
from grader.submissions.option_words import NOT_INGREDIENTS, NUMBERS
from grader.submissions.syntax import dotted
from grader.submissions.tested import aliases, tested

_READ = ("os.environ.get", "environ.get", "os.getenv", "getenv")
_TRUE = ("1", "true", "True", "yes", "on", "oui")
_SWITCHED = frozenset({"", "0", "1", "true", "false", "yes", "no", "on", "oui"})
"""What a variable that is either on or off is compared with, in small letters."""

Environment = dict[str, str]


def variables(tree: ast.Module) -> dict[str, str]:
    """Return the names that a program reads from its environment, with what it takes where they are not set."""
    return {name: default for name, default, _ in _read(tree)}


def environments(tree: ast.Module) -> list[Environment]:
    """Return the environments worth running a program in; none where it reads nothing that decides."""
    flags = list(_flags(tree))
    if not flags:
        return []
    settings = [setting for flag in flags if (setting := flag.setting) is not None]
    found = [words for flag in flags if flag.is_choice for words in flag.variants]
    rows, _ = combined(found, settings)
    made = [dict(word.split("=", 1) for word in row) for row in rows]
    return [one for one in made if one]


def _flags(tree: ast.Module) -> Iterator[Flag]:
    known, members = tested([tree]), enums([tree])
    for name, default, text in _read(tree):
        if name.lower() in NOT_INGREDIENTS | NUMBERS:
            continue

        def is_it(node: ast.AST, text: str = text) -> bool:
            return isinstance(node, ast.Call | ast.Subscript) and ast.unparse(node) == text

        names = {name, *aliases(tree, is_it)}
        values = [str(value) for one in sorted(names) for value in known.values.get(one, {})]
        values += [str(value) for value in _beside(tree, text, members)]
        values = list(dict.fromkeys(values))
        if rank(name) and {value.lower() for value in values} <= _SWITCHED:
            on = next((value for value in values if value in _TRUE), "1")
            off = (f"{name}=0",) if default in _TRUE else ()
            yield Flag(name.lower(), ((f"{name}={on}",),), is_choice=False, off=off)
        elif len(values) > 1:
            yield Flag(
                name.lower(), tuple((f"{name}={value}",) for value in values), is_choice=True, default=default
            )


def _beside(tree: ast.Module, text: str, known: Members) -> Iterator[object]:
    """Yield the constants that what is read is compared with where it is read, or the members it chooses among."""
    for node in ast.walk(tree):
        for one, values in picked(node, known):
            yield from values if ast.unparse(one) == text else ()
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(
                ast.unparse(inner) == text
                for side in sides
                for inner in ast.walk(side)
                if isinstance(inner, ast.expr)
            ):
                yield from (side.value for side in sides if isinstance(side, ast.Constant))


def _read(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    """Yield (name, default, how it is read) of each variable of the environment."""
    for node in ast.walk(tree):
        key: ast.AST | None = None
        default = ""
        if isinstance(node, ast.Call) and dotted(node.func) in _READ and node.args:
            key = node.args[0]
            stated = node.args[1] if len(node.args) > 1 else None
            default = str(stated.value) if isinstance(stated, ast.Constant) else ""
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            key = node.slice if dotted(node.value) in ("os.environ", "environ") else None
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value, default, ast.unparse(node)
