"""Enums that a program looks its choice up in: `Stage(number)` and `Stage[word]` take what the members are."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from grader.submissions.syntax import dotted

Members = dict[str, dict[str, int | str]]
"""The values of the members of each Enum, by their names."""


def enums(trees: Iterable[ast.Module]) -> Members:
    """Return the Enums among the programs' classes, those whose values are numbers or texts."""
    found = {
        node.name: _members(node)
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and _is_enum(node)
    }
    return {name: members for name, members in found.items() if members}


def picked(node: ast.AST, known: Members) -> Iterator[tuple[ast.expr, list[int | str]]]:
    """Yield what an Enum is given to find a member by, with all that finds one."""
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        members = known.get(dotted(node.func).rpartition(".")[2])
        if members:
            yield _plain(node.args[0]), list(members.values())
    elif isinstance(node, ast.Subscript):
        members = known.get(dotted(node.value).rpartition(".")[2])
        if members:
            yield _plain(node.slice), list(members)


def with_enums(tree: ast.Module, others: Iterable[ast.Module]) -> ast.Module:
    """Return the program with the Enums of the other modules of which it speaks, as if they stood in it."""
    named = {dotted(node).rpartition(".")[2] for node in ast.walk(tree) if isinstance(node, ast.expr)}
    brought = [
        node
        for other in others
        if other is not tree
        for node in other.body
        if isinstance(node, ast.ClassDef) and _is_enum(node) and node.name in named
    ]
    return ast.Module(body=[*tree.body, *brought], type_ignores=[]) if brought else tree


def _is_enum(node: ast.ClassDef) -> bool:
    return any(dotted(base).endswith("Enum") for base in node.bases)


def _members(node: ast.ClassDef) -> dict[str, int | str]:
    """Return the values by name; none where one is anything but a number, a text or `auto()`."""
    found: dict[str, int | str] = {}
    words = any(dotted(base).endswith("StrEnum") for base in node.bases)
    last = 0
    for one in node.body:
        name = dotted(one.targets[0]) if isinstance(one, ast.Assign) else ""
        if not isinstance(one, ast.Assign) or not name or name.startswith("_"):
            continue
        value = getattr(one.value, "value", None) if isinstance(one.value, ast.Constant) else None
        if isinstance(one.value, ast.Call) and dotted(one.value.func).endswith("auto"):
            value = name.lower() if words else last + 1
        if type(value) not in (int, str):
            return {}
        assert isinstance(value, int | str)
        last = value if isinstance(value, int) else last
        found[name] = value
    return found


def _plain(node: ast.expr) -> ast.expr:
    """Return what is made a number or a text, or put in other letters, before it is looked up."""
    while isinstance(node, ast.Call):
        if dotted(node.func) in ("int", "str") and node.args:
            node = node.args[0]
        elif isinstance(node.func, ast.Attribute) and node.func.attr in ("upper", "lower", "strip"):
            node = node.func.value
        else:
            break
    return node
