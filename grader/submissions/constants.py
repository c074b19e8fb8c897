"""Constants that stand under a name in a program or a file of settings, and where: what may be a switch or a choice."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from grader.submissions.calling import is_commented
from grader.submissions.combining import rank
from grader.submissions.families import chosen
from grader.submissions.running import is_main_guard
from grader.submissions.syntax import dotted, module_level
from grader.submissions.tested import Tested, Value, entry_of

LEFT_ALONE = 3.5
"""Weight of an argument that comments give otherwise: the default behind it is not used either."""
_IN_FILE = re.compile(
    r"""(?:^|(?<=[{,]))[ \t]*["']?([A-Za-z_][\w-]*)["']?[ \t]*[:=][ \t]*"""
    r"""(true|false|True|False|\d+(?:\.\d+)?|"[\w+-]*"|'[\w+-]*'|[a-z]\w*)[ \t]*(?=[,}\r\n#]|$)""",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Constant:
    """A constant under a name, with where it stands: the piece of the program, and the characters in it."""

    name: str
    value: Value
    piece: int
    start: int
    end: int
    line: int
    weight: float
    """Of several constants under one name the lightest counts: what is assigned before what is a default."""
    kind: str = "python"


def constants_of(text: str, piece: int, tested: Tested) -> Iterator[Constant]:
    """Yield the constants of one piece that stand under a name."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    lines = text.split("\n")

    def offset(line: int, column: int) -> int:
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode("utf-8", "replace"))

    for name, node, weight in _named(tree, text, tested):
        value = _plain(node)
        if value is not None and (isinstance(value, tuple) or node.end_lineno == node.lineno):
            start = offset(node.lineno, node.col_offset)
            end = offset(node.end_lineno or node.lineno, node.end_col_offset or 0)
            yield Constant(name, value, piece, start, end, node.lineno, weight)
    for name, node, member in chosen(tree, tested.families, tested.functions):
        if node.end_lineno == node.lineno:
            end = offset(node.lineno, node.end_col_offset or 0)
            yield Constant(name, member, piece, end - len(member), end, node.lineno, 0, "member")


def _plain(node: ast.expr) -> Value | None:
    """Return a constant, or a list of texts, as it is; None for anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, bool | int | float | str) else None
    texts = [one.value for one in getattr(node, "elts", ()) if isinstance(one, ast.Constant)]
    whole = len(texts) == len(getattr(node, "elts", ())) and all(isinstance(one, str) for one in texts)
    return tuple(str(one) for one in texts) if whole else None


def _named(tree: ast.Module, text: str, tested: Tested) -> Iterator[tuple[str, ast.expr, float]]:
    top = set(map(id, module_level(tree)))
    owners = {
        id(method): one.name for one in ast.walk(tree) if isinstance(one, ast.ClassDef) for method in one.body
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            here = id(node) in top
            for name, value in _assigned(node):
                # Inside a function a name is often a memory of what happened, and no setting.
                if here or rank(name):
                    yield name, value, 0
        elif isinstance(node, ast.ClassDef):
            fields = [one for one in node.body if isinstance(one, ast.Assign | ast.AnnAssign)]
            yield from ((name, value, 1) for one in fields for name, value in _assigned(one))
        elif isinstance(node, ast.Dict):
            for key, given in zip(node.keys, node.values, strict=True):
                if (
                    isinstance(key, ast.Constant)
                    and isinstance(key.value, str)
                    and isinstance(given, ast.Constant)
                ):
                    yield key.value, given, 2
        elif isinstance(node, ast.FunctionDef) and owners.get(id(node), node.name) not in tested.told:
            yield from ((name, value, 4) for name, value in _defaults(node) if rank(name))
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            entry = entry_of(dotted(node.value))
            yield from [(entry, node.slice, 3)] if entry in tested.values else []
    yield from _handed_over(tree, text, tested)


def _assigned(node: ast.Assign | ast.AnnAssign) -> Iterator[tuple[str, ast.expr]]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        pairs: Iterable[tuple[ast.expr, ast.expr | None]] = [(target, node.value)]
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = zip(target.elts, node.value.elts, strict=False)
        for one, value in pairs:
            name = dotted(one).rpartition(".")[2]
            if name and isinstance(value, ast.Constant | ast.List | ast.Tuple):
                yield name, value


def _defaults(function: ast.FunctionDef) -> Iterator[tuple[str, ast.Constant]]:
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    pairs = [*zip(reversed(positional), reversed(given.defaults), strict=False),
             *zip(given.kwonlyargs, given.kw_defaults, strict=True)]  # fmt: skip
    yield from ((one.arg, value) for one, value in pairs if isinstance(value, ast.Constant))


def _handed_over(tree: ast.Module, text: str, tested: Tested) -> Iterator[tuple[str, ast.expr, float]]:
    """Yield what the program hands to a function or a class of its own: `main("bn")`, `main(bn=True)`, `dict(bn=True)`.

    Where comments keep other calls of that function, they say better what its author ran.
    """
    statements = [one for one in module_level(tree) if not isinstance(one, ast.FunctionDef | ast.ClassDef)]
    calls = {id(node): node for one in statements if not isinstance(one, ast.If) or not is_main_guard(one)
             for node in ast.walk(one) if isinstance(node, ast.Call)}  # fmt: skip
    for call in calls.values():
        name = dotted(call.func).rpartition(".")[2]
        given = [(name_, value) for name_, value in zip(tested.functions.get(name, ()), call.args, strict=False)
                 if _may_choose(name_, value, tested)]  # fmt: skip
        if name in tested.functions or name == "dict":
            given += [(keyword.arg or "", keyword.value) for keyword in call.keywords]
        told = bool(name) and is_commented(name, text)
        for parameter, value in given:
            if parameter and isinstance(value, ast.Constant):
                yield parameter, value, LEFT_ALONE if told else 3


def _may_choose(name: str, value: ast.expr, tested: Tested) -> bool:
    """Whether what stands at a place of a call is a truth value or one of several values, and no plain number."""
    plain = value.value if isinstance(value, ast.Constant) else None
    return isinstance(plain, bool) or (isinstance(plain, int | str) and name in tested.values)


def in_file(text: str) -> Iterator[Constant]:
    """Yield what stands under a key in a file of settings."""
    for match in _IN_FILE.finditer(text):
        raw = match[2]
        value: Value
        if raw.lower() in ("true", "false"):
            value = raw.lower() == "true"
        elif raw[0] in "\"'":
            value = raw[1:-1]
        else:
            value = (float(raw) if "." in raw else int(raw)) if raw[0].isdigit() else raw
        bare = raw[0] not in "\"'"
        line = text.count("\n", 0, match.start(2)) + 1
        yield Constant(
            match[1], value, 0, match.start(2), match.end(2), line, 0, "bare" if bare else "quoted"
        )
