"""Programs of the hand-in read as syntax trees; nothing of them is ever executed."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.model import Place, Problem
from grader.source import Chunk, Program, SourceUnreadable, read_program
from grader.submissions.names import shown
from grader.text import Text

_LARGEST_BYTES = 1024 * 1024

_NO_PROGRAM = {
    "lfs_pointer": (
        "n'est qu'un pointeur Git-LFS, sans son contenu : rendez le fichier lui-même (git lfs pull)",
        "is only a Git-LFS pointer, without its content: hand in the file itself (git lfs pull)",
    ),
    "empty_notebook": (
        "est un carnet sans une ligne de code",
        "is a notebook without a line of code",
    ),
    "broken_notebook": (
        "n'est pas un carnet Jupyter lisible : il est vide ou coupé, exportez-le de nouveau",
        "is not a readable Jupyter notebook: it is empty or cut short, export it again",
    ),
}


@dataclass(frozen=True)
class Source:
    """One program that could be parsed; the cells of a notebook stand in one tree, in the order of the file."""

    path: str
    tree: ast.Module
    program: Program


def parse(folder: Path, path: str) -> tuple[Source | None, Problem | None]:
    """Return the parsed file and the first thing wrong with it; no source where nothing of it can be run.

    An empty script is neither. A notebook with a broken cell is both: its other cells run.
    """
    raw = (folder / path).read_bytes()
    is_notebook = path.lower().endswith(".ipynb")
    if not is_notebook and len(raw) > _LARGEST_BYTES:
        return None, _problem(
            "too_large", path, 0, "est trop grand pour être un programme", "is too large to be a program"
        )
    if not is_notebook and not raw.strip():
        return None, None
    try:
        program = read_program(raw, path)
    except SourceUnreadable as error:
        return None, _problem(error.kind, path, 0, *_NO_PROGRAM[error.kind])
    if not is_notebook and _is_binary(raw):
        return None, _problem(
            "not_python", path, 0, "n'est pas un fichier texte Python", "is not a Python text file"
        )
    broken = next((chunk for chunk in program.chunks if chunk.error is not None), None)
    problem = _syntax_problem(path, broken) if broken is not None else None
    readable = [chunk for chunk in program.chunks if chunk.error is None]
    tree = tree_of(program)
    if is_notebook and problem is None and not _has_code(tree):
        return None, _problem("empty_notebook", path, 0, *_NO_PROGRAM["empty_notebook"])
    return (Source(path, tree, program), problem) if readable else (None, problem)


def _is_binary(raw: bytes) -> bool:
    text = sum(byte >= 32 or byte in (9, 10, 12, 13) for byte in raw)
    return b"\0" in raw or text < 0.95 * len(raw)


def tree_of(program: Program) -> ast.Module:
    """Return everything of the program that parses, the cells of a notebook one after the other."""
    body: list[ast.stmt] = []
    for chunk in (one for one in program.chunks if one.error is None):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body += ast.parse(chunk.text).body
    return ast.Module(body=body, type_ignores=[])


def _has_code(tree: ast.Module) -> bool:
    texts = (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant) for one in tree.body)
    return not all(texts)


def _syntax_problem(path: str, chunk: Chunk) -> Problem:
    error, cell = chunk.error, chunk.cell
    assert error is not None
    line = error.lineno or 0
    if isinstance(error, TabError):
        said = ("mélange tabulations et espaces", "mixes tabs and spaces", "tabulation")
    elif isinstance(error, IndentationError):
        said = ("est mal indenté", "is wrongly indented", error.msg)
    else:
        said = ("a une erreur de syntaxe", "has a syntax error", error.msg or "")
    return _problem("syntax_error", path, line, *said, cell=cell)


def _problem(
    kind: str, path: str, line: int, fr: str, en: str, detail: str = "", *, cell: int = 0
) -> Problem:
    more = f" ({shown(detail)})" if detail else ""
    in_fr, in_en = (f", cellule {cell}", f", cell {cell}") if cell else ("", "")
    at_fr, at_en = (f"{in_fr}, ligne {line},", f"{in_en}, line {line},") if line else (in_fr, in_en)
    return Problem(
        kind=kind,
        text=Text(fr=f"{shown(path)}{at_fr} {fr}{more}.", en=f"{shown(path)}{at_en} {en}{more}."),
        place=Place(file=path, line=line, page=cell),
    )


def module_level(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the statements that run when the module does, within `if`, `for`, `with` and `try` too."""
    waiting = list(reversed(tree.body))
    while waiting:
        statement = waiting.pop()
        yield statement
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for name in ("finalbody", "orelse", "body"):
            waiting.extend(reversed(getattr(statement, name, [])))
        for handler in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
            waiting.extend(reversed(handler.body))


def module_level_calls(tree: ast.Module) -> Iterator[ast.Call]:
    """Yield the calls made when the module runs, those inside functions and classes excepted."""
    for statement in module_level(tree):
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        nested = {"body", "orelse", "finalbody", "handlers", "cases"}
        for name, value in ast.iter_fields(statement):
            if name in nested:
                continue
            for node in value if isinstance(value, list) else [value]:
                if isinstance(node, ast.AST):
                    yield from (found for found in ast.walk(node) if isinstance(found, ast.Call))


def dotted(node: ast.expr) -> str:
    """Return `a.b.c` for a name or an attribute of names, an empty string for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join(reversed([*parts, node.id])) if isinstance(node, ast.Name) else ""


def imported_modules(source: Source) -> Iterator[tuple[int, str]]:
    """Yield (level, dotted name) of every module imported anywhere; level counts leading dots.

    For `from a import b` both `a` and `a.b` are given, since `b` may be a module.
    """
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if base:
                yield node.level, base
            for alias in node.names:
                yield node.level, f"{base}.{alias.name}".lstrip(".")
        elif isinstance(node, ast.Call) and dotted(node.func) in ("importlib.import_module", "__import__"):
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield 0, first.value
