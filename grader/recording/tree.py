"""The student's own files as lists of calls, with the loops and the function around each; nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from grader.model import Place

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_LOOPS = (ast.For, ast.While, ast.AsyncFor)
_DEEPEST = 6
"""Callers of callers looked through for the loops around a call."""


@dataclass(frozen=True)
class CallSite:
    """One call in the source: `receiver.name(...)`, or `name(...)` with an empty receiver."""

    name: str
    receiver: str
    """The expression before the last dot, as written: `optimizer`, `nn.functional`, `self.model`."""
    node: ast.Call
    file: str
    loops: tuple[ast.AST, ...]
    """Loops around it inside its function, outermost first."""
    function: ast.AST | None
    assigned: tuple[str, ...] = ()
    """Names that its value is given to."""
    cell: int = 0
    branches: tuple[tuple[ast.If, bool], ...] = ()
    """The `if`s around it inside its function, each with whether it stands behind the `else`."""

    @property
    def place(self) -> Place:
        """The line of the call."""
        return Place(file=self.file, line=self.node.lineno, page=self.cell)

    def keyword(self, name: str) -> object:
        """Return the constant given for keyword `name`; None where there is none, Ellipsis where not constant."""
        for keyword in self.node.keywords:
            if keyword.arg == name:
                return keyword.value.value if isinstance(keyword.value, ast.Constant) else ...
        return None

    def argument(self, name: str, position: int) -> object:
        """Return the constant given for `name`, by keyword or at `position`; as `keyword` does."""
        if len(self.node.args) > position:
            given = self.node.args[position]
            return given.value if isinstance(given, ast.Constant) else ...
        return self.keyword(name)


@dataclass(frozen=True)
class LoopSite:
    """A `for`, `while` or comprehension, with what stands around it inside its function."""

    node: ast.AST
    place: Place
    loops: tuple[ast.AST, ...]
    function: ast.AST | None


@dataclass(frozen=True)
class Tree:
    """Every call in the files that a program consists of, and whether all of them could be read."""

    calls: tuple[CallSite, ...]
    functions: dict[str, list[ast.AST]]
    """By name; methods of several classes may share one."""
    attributes: frozenset[str]
    complete: bool
    names: frozenset[str] = frozenset()
    """Every name, and every short text, that stands in them."""
    loops: tuple[LoopSite, ...] = ()
    modules: tuple[ast.Module, ...] = ()
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)

    def named(self, *names: str) -> list[CallSite]:
        """Return the calls of functions or methods with one of `names`."""
        return [call for call in self.calls if call.name in names]

    def at(self, place: Place | None, *names: str) -> list[CallSite]:
        """Return the calls with one of `names` (any, without) that stand on the line `place`, or go over it."""
        if place is None:
            return []
        return [
            call
            for call in self.calls
            if (call.file, call.cell) == (place.file, place.page)
            and call.node.lineno <= place.line <= (call.node.end_lineno or call.node.lineno)
            and (not names or call.name in names)
        ]

    def loop_at(self, place: Place | None) -> LoopSite | None:
        """Return the loop that begins on the line `place`."""
        return next((one for one in self.loops if one.place == place), None) if place else None

    def chain(self, site: CallSite | LoopSite, depth: int = 0) -> tuple[ast.AST, ...]:
        """Return the loops around `site`, those around the calls of its function too, outermost first."""
        name = getattr(site.function, "name", None)
        if name is None or depth > _DEEPEST:
            return site.loops
        callers = [call for call in self.calls if call.name == name and call.function is not site.function]
        return max((self.chain(call, depth + 1) for call in callers), key=len, default=()) + site.loops

    def within(self, scope: ast.AST) -> list[CallSite]:
        """Return the calls in `scope`, and in the program's own functions that are called from there."""
        seen: set[int] = set()
        waiting = [scope]
        found: list[CallSite] = []
        while waiting:
            inner = {id(node) for node in ast.walk(waiting.pop())} - seen
            seen |= inner
            for call in self.calls:
                if id(call.node) in inner:
                    found.append(call)
                    targets = self.functions.get(call.name, [])
                    waiting += [target for target in targets if id(target) not in seen]
        return found


def calls_of(module: ast.Module, path: str, cell: int) -> tuple[list[CallSite], list[LoopSite]]:
    """Walk `module` without recursion: a hostile file may be nested as deep as the parser allows."""
    found: list[CallSite] = []
    loops_found: list[LoopSite] = []
    waiting: list[_Visit] = [_Visit(module)]
    while waiting:
        visit = waiting.pop()
        node = visit.node
        if isinstance(node, ast.Call):
            found.append(_site(node, path, cell, visit))
        inner, loops, branches = visit.function, visit.loops, visit.branches
        if isinstance(node, _FUNCTIONS):
            loops, branches, inner = (), (), node
        elif isinstance(node, _LOOPS):
            place = Place(file=path, line=node.lineno, page=cell)
            loops_found.append(LoopSite(node, place, loops, inner))
            loops = (*loops, node)
        elif isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp):
            place = Place(file=path, line=node.lineno, page=cell)
            loops_found.append(LoopSite(node, place, loops, inner))
        names = targets_of(node) if isinstance(node, ast.Assign) else ()
        behind = {id(one) for one in node.orelse} if isinstance(node, ast.If) else set()
        for child in ast.iter_child_nodes(node):
            around = (*branches, (node, id(child) in behind)) if isinstance(node, ast.If) else branches
            waiting.append(_Visit(child, loops, inner, names, around))
    return sorted(found, key=_position), loops_found


@dataclass(frozen=True)
class _Visit:
    node: ast.AST
    loops: tuple[ast.AST, ...] = ()
    function: ast.AST | None = None
    assigned: tuple[str, ...] = ()
    branches: tuple[tuple[ast.If, bool], ...] = ()


def _position(call: CallSite) -> tuple[int, int]:
    return call.node.lineno, call.node.col_offset


def targets_of(node: ast.Assign) -> tuple[str, ...]:
    """Return the names that an assignment gives its value to, one by one where they stand in a tuple."""
    found: list[str] = []
    waiting: list[ast.expr] = list(node.targets)
    while waiting:
        target = waiting.pop(0)
        if isinstance(target, ast.Tuple | ast.List):
            waiting += target.elts
        elif isinstance(target, ast.Name | ast.Attribute):
            found.append(dotted(target))
    return tuple(found)


def _site(node: ast.Call, path: str, cell: int, visit: _Visit) -> CallSite:
    name, receiver = "", ""
    if isinstance(node.func, ast.Attribute):
        name = node.func.attr
        receiver = dotted(node.func.value)
    elif isinstance(node.func, ast.Name):
        name = node.func.id
    return CallSite(
        name, receiver, node, path, visit.loops, visit.function, visit.assigned, cell, visit.branches
    )


def dotted(node: ast.expr) -> str:
    """Return `a.b.c` for names joined by dots, else `?`."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else "?"


def statements(nodes: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Yield every node beneath `nodes`."""
    for node in nodes:
        yield from ast.walk(node)
