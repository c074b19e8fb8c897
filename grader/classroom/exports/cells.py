"""A CSV file whose cells can be changed one by one, every other byte staying as it was.

A teacher's own file carries a separator, quotes, line ends, a mark and an order of columns that the platform which made
it expects back. So it is never written anew: the text of single cells is replaced where it stands.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cell:
    """One cell: its value, and where its raw text stands."""

    value: str
    start: int
    end: int


@dataclass
class Sheet:
    """A CSV text read into cells; changes are kept until `text` is asked for."""

    source: str
    separator: str
    rows: list[list[Cell]]
    _changes: dict[tuple[int, int], tuple[Cell, str]] = field(default_factory=dict)

    def value(self, row: int, column: int) -> str:
        """Return the value at `row` and `column`, as changed; empty where the row is too short."""
        changed = self._changes.get((row, column))
        if changed is not None:
            return changed[1]
        cells = self.rows[row]
        return cells[column].value if column < len(cells) else ""

    def set(self, row: int, column: int, value: str) -> None:
        """Have the cell at `row` and `column`, which must be there, hold `value`."""
        self._changes[row, column] = (self.rows[row][column], value)

    def text(self) -> str:
        """Return the file with the changes made."""
        parts, place = [], 0
        for cell, value in sorted(self._changes.values(), key=lambda change: change[0].start):
            parts += [self.source[place : cell.start], self._quoted(cell, value)]
            place = cell.end
        return "".join([*parts, self.source[place:]])

    def _quoted(self, cell: Cell, value: str) -> str:
        was_quoted = self.source[cell.start : cell.start + 1] == '"'
        if was_quoted or any(sign in value for sign in (self.separator, '"', "\n", "\r")):
            doubled = value.replace('"', '""')
            return f'"{doubled}"'
        return value


def read_sheet(text: str) -> Sheet:
    """Return `text` as a sheet; comma, semicolon or tabulator, whichever its first line holds most."""
    head = text.split("\n", 1)[0]
    separator = max((",", ";", "\t"), key=head.count)
    rows: list[list[Cell]] = []
    row: list[Cell] = []
    place = 1 if text.startswith("\ufeff") else 0
    while place < len(text):
        cell, place = _cell(text, place, separator)
        row.append(cell)
        if place < len(text) and text[place] == separator:
            place += 1
            if place == len(text):
                row.append(Cell("", place, place))
            continue
        rows.append(row)
        row = []
        if text.startswith("\r\n", place):
            place += 2
        elif place < len(text):
            place += 1
    if row:
        rows.append(row)
    return Sheet(text, separator, rows)


def _cell(text: str, start: int, separator: str) -> tuple[Cell, int]:
    """Return the cell that begins at `start` and the place after it."""
    ends = (separator, "\n", "\r")
    if not text.startswith('"', start):
        place = start
        while place < len(text) and text[place] not in ends:
            place += 1
        return Cell(text[start:place], start, place), place
    place = start + 1
    value = []
    while place < len(text):
        if text[place] != '"':
            value.append(text[place])
            place += 1
        elif text.startswith('""', place):
            value.append('"')
            place += 2
        else:
            place += 1
            break
    while place < len(text) and text[place] not in ends:
        value.append(text[place])
        place += 1
    return Cell("".join(value), start, place), place
