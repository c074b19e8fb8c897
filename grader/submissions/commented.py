"""Code among the comments of a program: its blocks, and which running lines each stands instead of."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from grader.source import mend
from grader.submissions.traits import fields_of

_COMMENT = re.compile(r"^(\s*)#(?!!)[# ]?(.*)$")
_BLOCK_LINES_MAX = 120
_CODE = (ast.Assign, ast.AugAssign, ast.FunctionDef, ast.ClassDef, ast.For, ast.With, ast.If, ast.Return)


@dataclass(frozen=True)
class Block:
    """Commented lines that are code: where they stand, what they say, and what they stand instead of."""

    first: int
    last: int
    """Line numbers from 1, both included."""
    lines: tuple[str, ...]
    replaces: tuple[tuple[int, int], ...]
    """Lines of running code that give their value to the same name, or define it."""

    @property
    def tree(self) -> ast.Module:
        """What the lines say."""
        return parsed(textwrap.dedent("\n".join(self.lines))) or ast.Module(body=[], type_ignores=[])


def blocks_of(text: str, tree: ast.Module) -> Iterator[Block]:
    """Yield what is code among the comments, and among the texts that stand there for nobody."""
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        end = number
        while (
            end < len(lines) and _COMMENT.match(lines[end]) and _column(lines[end]) == _column(lines[number])
        ):
            end += 1
        if end > number:
            yield from _pieces(lines[number:end], number + 1, tree)
        number = max(end, number + 1)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield from _quoted(node, lines, tree)


def _column(line: str) -> int:
    return len(line) - len(line.lstrip())


def _pieces(block: list[str], first: int, tree: ast.Module) -> Iterator[Block]:
    """Yield the runs of statements in one run of comments, prose between them left where it is."""
    bare = [_bare(line) for line in block]
    start = 0
    while start < len(bare):
        furthest = min(len(bare), start + _BLOCK_LINES_MAX)
        ends = range(furthest, start, -1) if _begins_code(bare[start]) else range(0)
        end = next((end for end in ends if _is_code(bare[start:end])), None)
        if end is None:
            start += 1
            continue
        yield from _split(bare[start:end], first + start, tree)
        start = end


def _bare(line: str) -> str:
    found = _COMMENT.match(line)
    return found[1] + found[2] if found else line


def _begins_code(line: str) -> bool:
    """Whether a line holds what code has and prose has not: cheap, since every end is tried from here."""
    return any(sign in line for sign in "=(:@[") and bool(line.strip())


def _is_code(lines: list[str]) -> bool:
    """Whether the lines are statements, list elements or arguments, and not prose that happens to parse."""
    if not lines[0].strip() or not lines[-1].strip():
        return False
    tree = parsed(textwrap.dedent("\n".join(lines)))
    if tree is None:
        return False
    return any(isinstance(node, _CODE) for node in tree.body) or any(
        isinstance(inner, ast.Call)
        for node in tree.body
        if isinstance(node, ast.Expr)
        for inner in ([node.value, *node.value.elts] if isinstance(node.value, ast.Tuple) else [node.value])
    )


def _split(bare: list[str], first: int, tree: ast.Module) -> Iterator[Block]:
    """Yield the run of statements, cut where a name is given a second time: those are alternatives."""
    whole = parsed(textwrap.dedent("\n".join(bare)))
    if whole is None or not whole.body:
        return
    groups: list[list[ast.stmt]] = [[]]
    seen: set[str] = set()
    for statement in whole.body:
        names = given_by(statement)
        if names & seen:
            groups.append([])
            seen = set()
        seen |= names
        groups[-1].append(statement)
    for group in groups:
        start, end = _first_line(group[0]), group[-1].end_lineno or group[-1].lineno
        last, column = first + end - 1, _column(bare[start - 1])
        replaced = tuple(sorted(set(_replaced(group, first + start - 1, last, tree, column))))
        yield Block(first + start - 1, last, tuple(bare[start - 1 : end]), replaced)


def _first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return int(min([node.lineno, *(one.lineno for one in decorators)]))


def given_by(statement: ast.stmt) -> set[str]:
    """Return the names that a statement gives a value or a definition to; of a `return` that it is one."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Return):
        return {"return"}
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return {ast.unparse(target) for target in targets}


def _replaced(
    group: list[ast.stmt], first: int, last: int, tree: ast.Module, column: int
) -> Iterator[tuple[int, int]]:
    """Yield the lines of running statements that `group` stands instead of: the nearest that give the same names."""
    for statement, name in ((one, name) for one in group for name in given_by(one)):
        near = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.stmt) and node.col_offset == column and name in given_by(node)
            if _alternative(name, statement, node)
        ]
        if near:
            best = min(near, key=lambda node: _distance(node, statement, first, last))
            yield _first_line(best), best.end_lineno or best.lineno


def _distance(running: ast.stmt, statement: ast.stmt, first: int, last: int) -> tuple[int, int]:
    """Return how little a running statement is like a commented one: by the layers that both name, then by lines."""
    shared = len(fields_of(statement) & fields_of(running))
    return -shared, min(abs(running.lineno - last), abs((running.end_lineno or 0) - first))


def _alternative(name: str, statement: ast.stmt, running: ast.stmt) -> bool:
    """Whether one of two statements that give `name` stands instead of the other.

    `x = self.drop(x)` goes on from a value of `x`: it is another way to write only what it shares a layer with.
    """
    read = {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    if name not in read or not isinstance(statement, ast.Assign):
        return True
    return bool(fields_of(statement) & fields_of(running))


def _quoted(node: ast.Expr, lines: list[str], tree: ast.Module) -> Iterator[Block]:
    """Yield the statements inside a text between triple quotes on lines of its own."""
    first, last = node.lineno, node.end_lineno or node.lineno
    if last - first < 2 or lines[first - 1].strip(" \t\"'rRbBuU") or lines[last - 1].strip(" \t\"'"):
        return
    inside = lines[first : last - 1]
    while inside and not inside[0].strip():
        inside, first = inside[1:], first + 1
    while inside and not inside[-1].strip():
        inside, last = inside[:-1], last - 1
    if inside and _is_code(inside):
        for block in _split(inside, first + 1, tree):
            yield Block(node.lineno, node.end_lineno or last, (*_padding(node.lineno, block.first), *block.lines),
                        block.replaces)  # fmt: skip


def _padding(first: int, start: int) -> tuple[str, ...]:
    return ("",) * (start - first)


def parsed(text: str) -> ast.Module | None:
    """Return the tree of a text that is mended first, None where it is no Python."""
    try:
        mended, _ = mend(text)
        return ast.parse(mended)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
