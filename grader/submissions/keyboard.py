"""Programs that ask at the keyboard what to do: which answers are worth typing, by what they are compared with."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from grader.submissions.combining import MOST_RUNS, Setting, combined, rank, switch
from grader.submissions.enums import enums, picked, with_enums
from grader.submissions.option_words import NUMBERS
from grader.submissions.syntax import Source, dotted
from grader.submissions.tested import aliases, constants, tested

_YES = re.compile(r"o|oui|y|yes|true|vrai|1", re.IGNORECASE)
_NO = re.compile(r"n|non|no|false|faux|0|", re.IGNORECASE)
_WORD = re.compile(r"\w+")

Typed = dict[str, str]
"""An answer by the place that asks: `tp.py:12`, or `tp.ipynb#cell=3:2`."""


def answers(sources: Sequence[Source]) -> list[Typed]:
    """Return what to type for each run of a program made of `sources`, at most MOST_RUNS; nothing where none asks.

    A question whose answer is compared with several values is a choice, one of yes or no a switch; any other gets
    what is usual for its words while the program runs.
    """
    alone: list[Typed] = []
    switches: list[Setting] = []
    for source in sources:
        for place, call in _questions(source):
            names, values = _compared(with_enums(source.tree, [one.tree for one in sources]), call)
            told = " ".join([*names, ast.unparse(call)])
            if any(name.lower() in NUMBERS for name in names) or len(values) < 1:
                continue
            on = next((value for value in values if _YES.fullmatch(value)), None)
            if rank(told) and all(_YES.fullmatch(one) or _NO.fullmatch(one) for one in values):
                off = next((value for value in values if _NO.fullmatch(value)), "n" if on != "1" else "0")
                word = f"{place}={on if on is not None else 'o'}"
                switches.append(switch(_named(told), (word,), (f"{place}={off}",)))
            elif len(values) > 1:
                alone += [{place: value} for value in values]
    if not switches:
        return alone[:MOST_RUNS]
    rows, _ = combined([], switches)
    together = [dict(word.rsplit("=", 1) for word in row) for row in rows if row]
    return [first | rest for first in (alone or [{}]) for rest in together][:MOST_RUNS]


def _named(told: str) -> str:
    return next((word for word in _WORD.findall(told) if rank(word)), told)


def _questions(source: Source) -> Iterator[tuple[str, ast.Call]]:
    """Yield each call of `input` with the place that it has when the program runs."""
    for chunk in source.program.chunks:
        if chunk.error is not None:
            continue
        cell = f"#cell={chunk.cell}" if chunk.cell else ""
        for node in ast.walk(ast.parse(chunk.text)):
            if _asks(node):
                assert isinstance(node, ast.Call)
                yield f"{source.path}{cell}:{node.lineno}", node


def _asks(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func) in ("input", "raw_input")


def _compared(tree: ast.Module, call: ast.Call) -> tuple[list[str], list[str]]:
    """Return the names that the answer is known by, and what it is compared with, as it is typed: numbers first."""
    text = ast.unparse(call)

    def is_it(node: ast.AST) -> bool:
        return _asks(node) and ast.unparse(node) == text

    names = sorted(aliases(tree, is_it))
    known = tested([tree]).values
    found: dict[int | str, None] = {}
    for name in names:
        found |= known.get(name, {})
    members = enums([tree])
    for node in ast.walk(tree):
        for one, values in picked(node, members):
            found |= dict.fromkeys(values) if is_it(one) else {}
        if isinstance(node, ast.Compare) and any(is_it(one) for one in ast.walk(node.left)):
            found |= dict.fromkeys(constants(node.comparators))
        elif isinstance(node, ast.Match) and any(is_it(one) for one in ast.walk(node.subject)):
            cases = [case.pattern.value for case in node.cases if isinstance(case.pattern, ast.MatchValue)]
            found |= dict.fromkeys(constants(cases))
    ordered = sorted(
        found, key=lambda value: (isinstance(value, str), value if isinstance(value, int) else 0)
    )
    return names, list(dict.fromkeys(str(value) for value in ordered))
