"""From the bytes of a script or a notebook to pieces of Python in the order in which they run."""

from __future__ import annotations

import io
import json
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from grader.source.mending import mend, started

CELLS_MAX = 600
BYTES_MAX = 48 * 1024 * 1024
"""Of a notebook, its embedded plots among them."""
Order = Literal["file", "execution"]

_LFS = b"version https://git-lfs.github.com/spec/"
_CELL_MAGIC = re.compile(r"^\s*%%(\w+)[ \t]*(.*)$")
_STILL_PYTHON = frozenset({"time", "timeit", "capture", "prun", "memit", "python", "python3", "py", "wandb"})
_SHELLS = frozenset({"bash", "sh", "script", "cmd"})
_FILE_NAME = re.compile(r"(?:-a\s+)?[\"']?([\w-]+(?:/[\w-]+)*\.py)[\"']?\s*$")


class SourceUnreadable(Exception):
    """There is no program in the file; `kind` says why: `lfs_pointer`, `empty_notebook`, `broken_notebook`."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True)
class Chunk:
    """A script, or one code cell of a notebook, with the lines where the author wrote them."""

    text: str
    """Python that parses, or the author's own text where `error` says that it does not."""
    cell: int = 0
    """Its number among all cells of the notebook, text cells too, from 1; 0 for a script."""
    count: int | None = None
    """The execution count that the notebook keeps, None for a cell that was not run or was cleared."""
    error: SyntaxError | None = None
    bridges: tuple[str, ...] = ()


@dataclass(frozen=True)
class Program:
    """The pieces of one program, in order."""

    chunks: tuple[Chunk, ...]
    is_notebook: bool = False

    @property
    def bridges(self) -> tuple[str, ...]:
        """Names of what was mended anywhere, each once."""
        return tuple(dict.fromkeys(name for chunk in self.chunks for name in chunk.bridges))

    @property
    def ran_otherwise(self) -> bool:
        """Whether the cells were last run in another order than they stand in."""
        counts = [chunk.count for chunk in self.chunks if chunk.count is not None]
        return counts != sorted(counts)

    def in_order(self, order: Order) -> Program:
        """Return the program with its cells in the order of the file or of their execution.

        Cells that were never run come last.
        """
        if order == "file" or not self.ran_otherwise:
            return self
        ran = sorted((one for one in self.chunks if one.count is not None), key=lambda one: one.count or 0)
        return replace(self, chunks=(*ran, *(one for one in self.chunks if one.count is None)))


def read_program(raw: bytes, path: str) -> Program:
    """Return the program in the bytes of a .py or .ipynb file.

    A piece that is not Python keeps its error; raises SourceUnreadable where there is no program at all.
    """
    if raw.startswith(_LFS):
        raise SourceUnreadable("lfs_pointer")
    if not path.lower().endswith(".ipynb"):
        text, bridges = decode(raw)
        return Program((_chunk(text, 0, None, bridges),))
    cells = tuple(_cells(raw))
    if not any(cell.text.strip() for cell in cells):
        raise SourceUnreadable("empty_notebook")
    return Program(cells, is_notebook=True)


def decode(raw: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the text of a Python file, with lines ended by a line feed only; old encodings are read as Latin-1."""
    bridges: tuple[str, ...] = ()
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        text = raw.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        text, bridges = raw.decode("latin-1"), ("source_encoding",)
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"), bridges


def _chunk(text: str, cell: int, count: int | None, bridges: tuple[str, ...] = ()) -> Chunk:
    if "\0" in text:
        return Chunk(text, cell, count, SyntaxError("source code cannot contain null bytes"), bridges)
    try:
        mended, names = mend(text)
    except SyntaxError as error:
        return Chunk(text, cell, count, error, bridges)
    except (ValueError, RecursionError, MemoryError) as error:
        return Chunk(text, cell, count, SyntaxError(f"cannot be parsed ({type(error).__name__})"), bridges)
    return Chunk(mended, cell, count, None, (*bridges, *names))


def _cells(raw: bytes) -> Iterator[Chunk]:
    """Yield the code cells of a notebook, of format 3 or 4."""
    if len(raw) > BYTES_MAX:
        raise SourceUnreadable("broken_notebook")
    if len(raw.strip()) <= 2:
        raise SourceUnreadable("broken_notebook")
    try:
        book = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError, UnicodeDecodeError) as error:
        raise SourceUnreadable("broken_notebook") from error
    for number, cell in enumerate(_listed(book)[:CELLS_MAX], start=1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", cell.get("input", ""))
        count = cell.get("execution_count", cell.get("prompt_number"))
        text = "".join(map(str, source)) if isinstance(source, list) else str(source)
        text, bridges = _without_cell_magic(text.replace("\r\n", "\n").replace("\r", "\n"))
        known = count if isinstance(count, int) and not isinstance(count, bool) else None
        yield _chunk(text, number, known, bridges)


def _listed(book: Any) -> list[Any]:
    if not isinstance(book, dict):
        raise SourceUnreadable("broken_notebook")
    sheets = book.get("worksheets")
    if isinstance(sheets, list):
        return [one for sheet in sheets if isinstance(sheet, dict) for one in _list(sheet.get("cells"))]
    return _list(book.get("cells"))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _without_cell_magic(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the cell without the magic of its first line; a cell of another language is emptied."""
    lines = text.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    found = _CELL_MAGIC.match(lines[first]) if first is not None else None
    if found is None or first is None:
        return text, ()
    rest = "\n".join(lines[first + 1 :])
    if found[1] == "writefile":
        name = _FILE_NAME.match(found[2])
        return (f"open({name[1]!r}, 'w').write({rest!r})" if name else ""), ("notebook_magic",)
    if found[1] in _SHELLS:
        commands = [started(f"!{line}") for line in lines[first + 1 :]]
        return ("\n".join(["", *commands]) if any(commands) else ""), ("notebook_magic",)
    if found[1] not in _STILL_PYTHON:
        return "", ("notebook_magic",)
    lines[first] = ""
    return "\n".join(lines), ("notebook_magic",)
