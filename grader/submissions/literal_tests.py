"""Blocks that a program keeps but does not run: `if 0:`, `if False:`, and the other side of `if 1: ... else: ...`.

Such a test is a switch written down as a number. A block that does something is turned on with the others off, since
each is a stage; one that only defines or sets something is turned on beside what runs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from grader.submissions.running import runs
from grader.submissions.traits import ORDER, traits_of

_STATES_MAX = 10


@dataclass(frozen=True)
class Test:
    """A test that is a constant, with where it stands."""

    piece: int
    line: int
    first: int
    last: int
    """Columns of the test, in bytes."""
    on: bool
    acts: bool
    """Whether what it guards, on its other side as it is now, does something."""
    rank: int


def tests_of(text: str, piece: int) -> list[Test]:
    """Return the tests of one piece of a program that are constants, in order."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [one for node in ast.walk(tree) for one in _test(node, piece)]


def _test(node: ast.AST, piece: int) -> Iterator[Test]:
    if not isinstance(node, ast.If) or not isinstance(node.test, ast.Constant):
        return
    test = node.test
    if test.value not in (0, 1) or test.end_lineno != test.lineno:
        return
    on = bool(test.value)
    body = ast.Module(body=node.body, type_ignores=[])
    if on and not node.orelse and not runs(body, by_itself=True):
        return
    held = sorted(ORDER.index(one) for one in traits_of(body) if one in ORDER)
    yield Test(piece, test.lineno, test.col_offset, test.end_col_offset or 0, on, runs(body, by_itself=True),
               held[-1] + 1 if held else 0)  # fmt: skip


def settings_of(tests: list[Test]) -> list[dict[Test, bool]]:
    """Return which tests to turn, state by state: each acting block alone, then the others one more at a time."""
    acting = [one for one in tests if one.acts]
    found: list[dict[Test, bool]] = []
    for one in acting:
        if not one.on:
            found.append({other: other is one for other in acting if other.on != (other is one)})
    quiet = sorted((one for one in tests if not one.acts), key=lambda one: (one.rank, one.line))
    off = {one: not one.on for one in quiet if one.on}
    if quiet:
        found += [{one: not one.on} for one in quiet]
        found.append(off)
        found += [
            off | {one: True for one in quiet[: count + 1] if not one.on} for count in range(len(quiet))
        ]
        for count in range(len(quiet)):
            kept = quiet[: count + 1]
            found.append({one: (one in kept) for one in quiet if one.on != (one in kept)})
    return [one for at, one in enumerate(found) if one and one not in found[:at]][:_STATES_MAX]


def turned(text: str, changes: dict[Test, bool]) -> str:
    """Return the text of one piece with its tests turned; no line moves."""
    lines = text.split("\n")
    for one, on in sorted(changes.items(), key=lambda pair: (-pair[0].line, -pair[0].first)):
        raw = lines[one.line - 1].encode()
        lines[one.line - 1] = (raw[: one.first] + (b"1" if on else b"0") + raw[one.last :]).decode()
    return "\n".join(lines)
