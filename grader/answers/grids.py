"""Markdown and plain-text tables as grids of cells, and the lines that belong to none."""

from __future__ import annotations

import re
from dataclasses import dataclass

LINES_MAX = 2000
CELLS_MAX = 40

_RULE = re.compile(r"^[\s|:+=_-]*[-=]{2,}[\s|:+=_-]*$")


@dataclass(frozen=True)
class Grid:
    """A table: rows of cells, the heading row first when it has one."""

    rows: tuple[tuple[str, ...], ...]

    def turned(self) -> Grid:
        """Return the table with rows and columns exchanged; short rows are filled up."""
        width = max((len(row) for row in self.rows), default=0)
        filled = [row + ("",) * (width - len(row)) for row in self.rows]
        return Grid(tuple(zip(*filled, strict=True)))


def split(text: str) -> tuple[tuple[Grid, ...], str]:
    """Return the tables of `text` and the rest of it.

    A table is two or more lines in a row that hold the same separator: `|`, a tab, or `;`.
    LaTeX rows (`a & b \\\\\\\\`) count as tables too.
    """
    grids: list[Grid] = []
    rest: list[str] = []
    block: list[str] = []
    separator = ""
    for line in [*text.splitlines()[:LINES_MAX], ""]:
        own = _separator(line)
        if block and own != separator and not (_RULE.match(line) and line.strip()):
            _close(block, separator, grids, rest)
            block = []
        if own or (block and line.strip()):
            separator = own or separator
            block.append(line)
        else:
            rest.append(line)
    _close(block, separator, grids, rest)
    return tuple(grids), "\n".join(rest)


def _separator(line: str) -> str:
    if _RULE.match(line):
        return "|" if "|" in line else ""
    if line.count("|") >= 1 and (line.strip().startswith("|") or line.count("|") >= 2):
        return "|"
    if line.count("&") >= 2:
        return "&"
    if "\t" in line.strip():
        return "\t"
    return ";" if line.count(";") >= 2 else ""


def _close(block: list[str], separator: str, grids: list[Grid], rest: list[str]) -> None:
    if len(block) < 2:
        rest.extend(block)
        return
    rows = tuple(_cells(line, separator) for line in block if not _RULE.match(line))
    if len(rows) < 2:
        rest.extend(block)
        return
    grids.append(Grid(rows))


def _cells(line: str, separator: str) -> tuple[str, ...]:
    line = line.strip()
    if separator == "|":
        line = line.removeprefix("|").removesuffix("|")
    if separator == "&":
        line = re.sub(r"\\\\(?:\s*\\hline)?\s*$", "", line)
    return tuple(cell.strip(" *_`$") for cell in line.split(separator)[:CELLS_MAX])
