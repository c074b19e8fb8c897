"""Blocks gathered under caps, so that no document grows on its way through."""

from __future__ import annotations

import re

from grader.model.document import Block, Document, State

BLOCKS_MAX = 20_000
CHARACTERS_MAX = 1_500_000
BLOCK_CHARACTERS_MAX = 100_000
SOURCE_BYTES_MAX = 60 * 1024**2
_BLANKS = re.compile(r"[^\S\n\t]{2,}")


class Unreadable(Exception):
    """The document as a whole gives no text; `state` says why."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.state = state


class Gathered:
    """The blocks so far. Beyond the caps nothing is added, and the document counts as cut."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.pictures = 0
        self.cut = False
        self._characters = 0

    def add(self, block: Block) -> None:
        """Append `block`, its text shortened to a block's cap."""
        if self.cut or len(self.blocks) >= BLOCKS_MAX or self._characters >= CHARACTERS_MAX:
            self.cut = True
            return
        self._characters += len(block.text)
        self.blocks.append(block)

    def document(self, pages: int = 0) -> Document:
        """Return the document; without any letter it is `pictures` or `empty`."""
        state: State = "cut" if self.cut else "read"
        if not any(character.isalnum() for block in self.blocks for character in block.text):
            state = "pictures" if self.pictures or any(block.lost for block in self.blocks) else "empty"
        return Document(state=state, blocks=tuple(self.blocks), pages=pages, pictures=self.pictures)


def tidy(text: str) -> str:
    """Return `text` without runs of blanks, within a block's cap."""
    return _BLANKS.sub(" ", text[:BLOCK_CHARACTERS_MAX]).strip()


def table(rows: list[list[str]]) -> str:
    """Return `rows` as a Markdown table, the first row as its heading."""
    width = max((len(row) for row in rows), default=0)
    lines = []
    for place, row in enumerate(rows):
        cells = [" ".join(cell.split()).replace("|", "¦") for cell in row] + [""] * (width - len(row))
        lines.append(f"| {' | '.join(cells)} |")
        if place == 0:
            lines.append(f"|{'---|' * width}")
    return "\n".join(lines)
