"""What the rendering process tells the one that started it."""

from __future__ import annotations

import msgspec

from grader.text import Text


class ChildStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The number of pages of the PDF, or why there is none."""

    pages: int | None = None
    note: Text | None = None
