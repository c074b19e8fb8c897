"""Python files read as syntax trees; nothing of them is ever executed."""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.model import Place, Problem
from grader.submissions.names import shown
from grader.text import Text

_LARGEST_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Source:
    """One Python file that could be parsed."""

    path: str
    tree: ast.Module


def parse(folder: Path, path: str) -> Source | Problem | None:
    """Return the parsed file, a problem with its line when it is not Python, None when it is empty."""
    raw = (folder / path).read_bytes()
    if len(raw) > _LARGEST_BYTES:
        return _problem(
            "too_large", path, 0, "est trop grand pour être un programme", "is too large to be a program"
        )
    if b"\0" in raw:
        return _not_python(path)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        raw.decode(encoding)
        readable = raw
    except (SyntaxError, UnicodeDecodeError, LookupError):
        # Python refuses such a file; old editors wrote it, and its structure can still be told.
        return _unreadable_bytes(path, raw)
    if not readable.strip():
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Source(path, ast.parse(readable, filename=path))
    except SyntaxError as error:
        return _syntax_problem(path, error)
    except (ValueError, RecursionError, MemoryError):
        return _problem("syntax_error", path, 0, "ne peut pas être analysé", "cannot be parsed")


def _unreadable_bytes(path: str, raw: bytes) -> Problem:
    """Return the problem for bytes that are not UTF-8: text of another encoding, or no text at all."""
    printable = sum(byte >= 32 or byte in (9, 10, 12, 13) for byte in raw)
    if printable < 0.95 * len(raw):
        return _not_python(path)
    try:
        raw.decode("utf-8")
        line = 1
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
    return _problem(
        "syntax_error",
        path,
        line,
        "n'est pas en UTF-8 : enregistrez-le en UTF-8",
        "is not UTF-8: save it as UTF-8",
    )


def _not_python(path: str) -> Problem:
    return _problem("not_python", path, 0, "n'est pas un fichier texte Python", "is not a Python text file")


def _syntax_problem(path: str, error: SyntaxError) -> Problem:
    line = error.lineno or 0
    if isinstance(error, TabError):
        return _problem(
            "syntax_error",
            path,
            line,
            "mélange tabulations et espaces",
            "mixes tabs and spaces",
            "tabulation",
        )
    if isinstance(error, IndentationError):
        return _problem("syntax_error", path, line, "est mal indenté", "is wrongly indented", error.msg)
    return _problem("syntax_error", path, line, "a une erreur de syntaxe", "has a syntax error", error.msg)


def _problem(kind: str, path: str, line: int, fr: str, en: str, detail: str = "") -> Problem:
    more = f" ({shown(detail)})" if detail else ""
    at_fr, at_en = (f", ligne {line},", f", line {line},") if line else ("", "")
    return Problem(
        kind=kind,
        text=Text(fr=f"{shown(path)}{at_fr} {fr}{more}.", en=f"{shown(path)}{at_en} {en}{more}."),
        place=Place(file=path, line=line),
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
