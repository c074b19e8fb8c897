"""Lines of a PDF to blocks: what begins a paragraph, what goes on, headings by their size, tables by their columns."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import msgspec

from grader.converter.gathering import Gathered, table
from grader.converter.lines import Line
from grader.model.document import Block

_HYPHENATED = re.compile(r"[^\W\d_]{2,}[-\u2010]$")
_ITEM = re.compile(r"[•–▪◦]|[(\[]?(?:\d{1,2}|[a-z])\s?[.)\]]\s")
_COMPOUNDS = frozenset(
    ("sous", "sur", "mini", "max", "min", "fully", "pré", "pre", "cross", "over", "auto", "non", "multi", "semi",
     "mean", "batch", "self", "co", "e", "re", "celui", "celle", "ceux", "peut", "est", "dit", "demi", "quasi", "vis"),
)  # fmt: skip


@dataclass(frozen=True)
class _Shape:
    """What is usual in this document, in points."""

    size: float
    left: float
    right: float
    leading: float
    ranks: tuple[float, ...]
    """Sizes of headings, the largest first."""


def add_pages(pages: list[list[Line]], gathered: Gathered) -> None:
    """Add the blocks of all pages to `gathered`."""
    lines = [line for page in pages for line in page if line.text]
    if not lines:
        for number, page in enumerate(pages, start=1):
            for line in page:
                gathered.add(Block(text="", page=number, lost=line.lost))
        return
    shape = _shape(pages, lines)
    vocabulary = frozenset(re.findall(r"[\w-]{4,}", "\n".join(line.text for line in lines).lower()))
    before: Line | None = None
    blocks: list[Block] = []
    for number, page in enumerate(pages, start=1):
        pieces = _pieces(page, number, shape, before)
        before = page[-1] if page else before
        if blocks and pieces and _goes_on(blocks[-1], pieces[0]):
            blocks[-1] = _one_table(blocks[-1], pieces.pop(0))
        blocks.extend(pieces)
    for block in _joined(blocks, vocabulary):
        gathered.add(block)


def _goes_on(block: Block, after: Block) -> bool:
    """Tell whether two tables, at the end of a page and the top of the next, are one that the page cut."""
    if block.kind != "table" or after.kind != "table":
        return False
    first, second = block.text.split("\n"), after.text.split("\n")
    return first[0].count("|") == second[0].count("|")


def _one_table(block: Block, after: Block) -> Block:
    """Return the table as a whole; a heading row printed again is left out."""
    head, _, *rows = after.text.split("\n")
    rows = rows if head == block.text.split("\n")[0] else [head, *rows]
    return msgspec.structs.replace(block, text="\n".join([block.text, *rows]), lost=block.lost + after.lost)


def _shape(pages: list[list[Line]], lines: list[Line]) -> _Shape:
    weights: Counter[float] = Counter()
    for line in lines:
        weights[round(line.size, 1)] += len(line.text)
    size = weights.most_common(1)[0][0]
    body = [line for line in lines if abs(line.size - size) < 0.6]
    lefts = Counter(round(line.x0) for line in body)
    usual = max(lefts.values())
    left = min(place for place, count in lefts.items() if count >= max(2, 0.1 * usual) or count == usual)
    rights = sorted(line.x1 for line in body)
    steps = [one.y - two.y for page in pages for one, two in pairwise(page) if one.y > two.y]
    short = sorted(step for step in steps if step < 2.5 * size)
    large = sorted({round(line.size, 1) for line in lines if line.size > 1.08 * size + 0.2}, reverse=True)
    return _Shape(
        size=size,
        left=left,
        right=rights[int(0.95 * (len(rights) - 1))],
        leading=short[len(short) // 3] if short else 1.2 * size,
        ranks=tuple(large),
    )


def _pieces(page: list[Line], number: int, shape: _Shape, before: Line | None) -> list[Block]:
    blocks: list[Block] = []
    previous, fresh = before, True
    place = 0
    while place < len(page):
        rows = _rows(page[place:])
        if rows:
            lost = sum(line.lost for line in page[place : place + rows])
            text = table([line.cells for line in page[place : place + rows]])
            blocks.append(Block(kind="table", text=text, gap=True, page=number, line=place + 1, lost=lost))
            previous, fresh = page[place + rows - 1], False
            place += rows
            continue
        line = page[place]
        blocks.append(_block(line, previous, fresh, shape, number, place + 1))
        previous, fresh = line, False
        place += 1
    return blocks


def _rows(lines: list[Line]) -> int:
    """Return how many lines from the first on are rows of one table, 0 for none."""
    count = 0
    for line in lines:
        cells = [cell for cell in line.cells if cell]
        if len(cells) < 2 or (count and abs(len(cells) - len(lines[0].cells)) > 1) or _is_item(cells):
            break
        count += 1
    return count if count > 1 else 0


def _is_item(cells: list[str]) -> bool:
    """Tell an item with its number set apart (`3.    Le pooling`) from a row of a table."""
    return len(cells) == 2 and re.fullmatch(r"[(\[]?(?:\d{1,2}|[a-z•–*-])\s?[.):\]]?", cells[0]) is not None


def _block(line: Line, previous: Line | None, fresh: bool, shape: _Shape, page: int, number: int) -> Block:
    """Return the block of a line; `fresh` for the first of its page, where no distance can be measured."""
    level = next((rank for rank, size in enumerate(shape.ranks, start=1) if line.size > size - 0.15), 0)
    distance = 0.0 if previous is None or fresh else previous.y - line.y
    gap = previous is None or distance > 1.35 * shape.leading or distance < -2 * shape.size
    full = previous is not None and previous.x1 > shape.right - 0.12 * (shape.right - shape.left)
    alike = previous is not None and abs(previous.size - line.size) < 0.6
    continues = (
        previous is not None and full and alike and not gap and not level and not _begins(line, previous)
    )
    return Block(
        kind="heading" if level else "text",
        text=line.text,
        level=min(level, 6),
        strong=line.bold and any(map(str.isalnum, line.text)),
        continues=continues,
        gap=gap and not continues,
        indent=max(0, round((line.x0 - shape.left) / (0.9 * shape.size))) if line.text else 0,
        page=page,
        line=number,
        lost=line.lost,
    )


def _begins(line: Line, previous: Line) -> bool:
    """Tell whether a line begins an item, is set in from the one before it, or ends bold print."""
    away = line.x0 - previous.x0
    if _ITEM.match(line.text):
        # A number amid running text is no item; one where items begin is.
        return line.text[:1] in "•–▪◦" or away < -0.8 * line.size or bool(_ITEM.match(previous.text))
    indented = away > 0.8 * line.size and not _ITEM.match(previous.text)
    return indented or (previous.bold and not line.bold)


def _joined(blocks: list[Block], vocabulary: frozenset[str]) -> list[Block]:
    """Return the blocks with words that a line end had cut put together on the first line."""
    done: list[Block] = []
    for block in blocks:
        if done and block.continues and _HYPHENATED.search(done[-1].text) and block.text[:1].islower():
            head, _, rest = block.text.partition(" ")
            stem = done[-1].text
            joined = stem + head if _keeps_hyphen(stem, head, vocabulary) else stem[:-1] + head
            done[-1] = msgspec.structs.replace(done[-1], text=joined)
            block = msgspec.structs.replace(block, text=rest)
        done.append(block)
    return [block for block in done if block.text or block.lost]


def _keeps_hyphen(stem: str, head: str, vocabulary: frozenset[str]) -> bool:
    first = re.findall(r"[^\W\d_]+", stem.lower())[-1]
    second = re.match(r"[^\W_]+", head.lower())
    if second is None:
        return True
    if first + second[0] in vocabulary:
        return False
    return f"{first}-{second[0]}" in vocabulary or first in _COMPOUNDS
