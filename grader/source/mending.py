"""Python that no longer parses, or never did outside a notebook, made to parse without moving a line."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable

_ROUNDS = 200
_ASYNC = re.compile(r"\basync(\s*=(?!=))")
_PRINT = re.compile(
    r"^(?P<indent>\s*)print(?:[ \t]+(?P<what>[^(=\s].*?|\(.*\)\s*[%,].*?))?(?P<comma>,)?[ \t]*$"
)
_REDIRECTED = re.compile(r"^>>\s*([\w.]+)\s*,?\s*")
_EXCEPT = re.compile(r"^(\s*except\s+[\w.()]+(?:\s*\([^)]*\))?)\s*,\s*(\w+)\s*:")
_TIMED = re.compile(r"^(\s*)%(?:time|timeit|prun|memit)\s+(?:-\S+\s+(?:\d+\s+)?)*(.*)$")
_STARTS = re.compile(
    r"^\s*(?:!\s*(?P<shell>.*\bpython[\d.]*\b.*\.py\b.*)|%run\s+(?P<script>[^\s-].*\.py\b.*))$"
)
_ASSIGNED = re.compile(r"^(\s*[\w.,\s\[\]\"']+=)\s*[!%].*$")
_MAGIC = re.compile(r"^(\s*)(?:[%!?].*|[\w.]+\?{1,2}\s*)$")

Fix = Callable[[list[str], int], bool]


def mend(text: str) -> tuple[str, tuple[str, ...]]:
    """Return `text` such that it parses, every line where it was, and the names of what was mended.

    Mended are the keyword `async=`, mixed tabs, Python 2's `print` and `except`, and what only notebooks understand.
    Raises the first SyntaxError where that is not enough; ValueError, RecursionError and MemoryError as `ast` does.
    """
    first = _error(text)
    if first is None:
        return text, ()
    lines, done = text.split("\n"), dict[str, None]()
    error: SyntaxError | None = first
    for _ in range(_ROUNDS):
        if error is None:
            return "\n".join(lines), tuple(done)
        name = _fix(lines, error)
        if name is None:
            break
        done[name] = None
        error = _error("\n".join(lines))
    raise first


def _error(text: str) -> SyntaxError | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError as error:
        return error
    return None


def _fix(lines: list[str], error: SyntaxError) -> str | None:
    """Mend what `error` complains of and return its name, None when nothing is known against it."""
    number = (error.lineno or 0) - 1
    if isinstance(error, IndentationError) and _untabbed(lines):
        return "tabs"
    for near in (number, number - 1, number + 1):
        if 0 <= near < len(lines):
            name = _mended_line(lines, near)
            if name is not None:
                return name
    for near in range(len(lines)):  # the complaint of an unclosed bracket or a bad indent may stand far away
        if _silenced(lines, near):
            return "notebook_magic"
    return None


def _mended_line(lines: list[str], number: int) -> str | None:
    if _ASYNC.search(lines[number]):
        lines[:] = [_ASYNC.sub(r"non_blocking\1", line) for line in lines]
        return "async_keyword"
    if _silenced(lines, number):
        return "notebook_magic"
    if _PRINT.match(lines[number]):
        lines[:] = [_printing(line) for line in lines]
        return "print_statement"
    if _EXCEPT.match(lines[number]):
        lines[number] = _EXCEPT.sub(r"\1 as \2:", lines[number])
        return "except_comma"
    return None


def _untabbed(lines: list[str]) -> bool:
    """Write tabs at the start of lines as Python 2 counted them: up to the next multiple of eight."""
    before = list(lines)
    for number, line in enumerate(lines):
        body = line.lstrip(" \t")
        lines[number] = line[: len(line) - len(body)].expandtabs(8) + body
    return lines != before


def _printing(line: str) -> str:
    found = _PRINT.match(line)
    if found is None:
        return line
    what = (found["what"] or "").rstrip()
    redirected = _REDIRECTED.match(what)
    more = ""
    if redirected:
        what, more = what[redirected.end() :], f", file={redirected[1]}"
    if found["comma"]:
        more += ", end=' '"
    inside = what + more if what else more.removeprefix(", ")
    return f"{found['indent']}print({inside})"


def _silenced(lines: list[str], number: int) -> bool:
    """Make a magic, a shell line or a question of a notebook do nothing; what `%time` times is kept."""
    line = lines[number]
    timed, assigned, magic = _TIMED.match(line), _ASSIGNED.match(line), _MAGIC.match(line)
    if timed:
        lines[number] = timed[1] + timed[2]
    elif assigned:
        lines[number] = assigned[1] + " []"
    elif magic:
        lines[number] = magic[1] + (started(line) or "pass")
        _without_rest(lines, number, line)
    else:
        return False
    return True


def started(line: str) -> str:
    """Return Python that starts the script which a shell line or `%run` starts; an empty text for any other line.

    `{name}` in it is a value of the notebook's, as the notebook understands it.
    """
    found = _STARTS.match(line)
    if found is None or line.rstrip().endswith("\\"):
        return ""
    command = (found["shell"] or f"python {found['script']}").strip()
    for text in (f"f{command!r}", repr(command)) if "{" in command else (repr(command),):
        called = f"get_ipython().system({text})"
        if _error(called) is None:
            return called
    return ""


def _without_rest(lines: list[str], number: int, line: str) -> None:
    """Empty the lines that a shell line goes on with behind a backslash."""
    while line.rstrip().endswith("\\") and number + 1 < len(lines):
        number += 1
        line, lines[number] = lines[number], ""
