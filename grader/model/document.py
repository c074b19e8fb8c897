"""What a converter made of a document: text in blocks with their places, and nothing that could act."""

from __future__ import annotations

from typing import Literal

import msgspec

State = Literal["read", "cut", "pictures", "empty", "encrypted", "damaged"]
"""`cut`: read up to a cap. `pictures`: pages or paragraphs that hold pictures and no text."""


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """One paragraph, line, heading, table or piece of code, as Markdown without its marks of rank."""

    kind: Literal["text", "heading", "table", "code"] = "text"
    text: str
    """Formulas stand between dollar signs, in LaTeX's words; a table is a Markdown table."""
    level: int = 0
    """Of a heading, 1 to 6."""
    strong: bool = False
    """Whether all of it is bold."""
    continues: bool = False
    """Whether it goes on from the line before instead of beginning something."""
    indent: int = 0
    """How far to the right it begins, in steps of about two characters."""
    gap: bool = False
    """Whether it stands apart from what is above it."""
    page: int = 0
    """Of a PDF, or the cell of a notebook; from 1, 0 where there are none."""
    line: int = 0
    """In the file or, with pages, on the page; from 1."""
    lost: int = 0
    """Formula objects, glyphs or pictures in it that are no text."""


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A converted document."""

    state: State = "read"
    blocks: tuple[Block, ...] = ()
    pages: int = 0
    """Of a PDF as handed in, beyond the cap on what is read too."""
    pictures: int = 0
    """Pages or paragraphs with nothing but a picture on them."""
