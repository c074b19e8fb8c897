"""Running headers, footers and page numbers, known by coming back on page after page, taken away."""

from __future__ import annotations

import re
from collections import Counter

from grader.converter.lines import Line

_DEEP = 3
"""How many lines of either end of a page may belong to its margin."""

_SHIFTS = (0, -1, -2, -3, -4, 1)
"""How far the printed number may be from the page's own: pages of title and contents that do not count, a cover."""

_NUMBER = re.compile(
    r"[-–—\s]*(?:page\s*|p\.\s*)?(?:\d{1,3}|[ivx]{1,5})(?:\s*(?:/|sur|of|de)\s*\d{1,3})?[-–—\s]*",
    re.IGNORECASE,
)
_CONTENTS = re.compile(r"^.{3,}?(?:\s?\.){4,}\s*\d{1,3}$")


def without_margins(pages: list[list[Line]]) -> list[list[Line]]:
    """Return the pages without what is printed on most of them, page numbers, and lines of a table of contents."""
    heights = [line.y for page in pages for line in page]
    edges = (min(heights) + 4, max(heights) - 4) if heights else (0.0, 0.0)
    repeated = {shift: _repeated(pages, shift) for shift in _SHIFTS}
    numbered = {shift: _numbered(pages, shift) for shift in _SHIFTS}

    def marginal(line: Line, page: int) -> bool:
        lone = (
            not edges[0] < line.y < edges[1] and len(pages) > 1 and _NUMBER.fullmatch(line.text) is not None
        )
        return lone or any(
            _key(line, page + shift) in repeated[shift] or _height(line, page + shift) in numbered[shift]
            for shift in _SHIFTS
        )

    kept = []
    for number, page in enumerate(pages, start=1):
        dropped = {id(line) for line in _ends(page) if marginal(line, number)}
        kept.append([line for line in page if id(line) not in dropped and not _is_contents(line)])
    # Pages that are nearly all alike are no headers.
    left, found = sum(map(len, kept)), sum(map(len, pages))
    return kept if 2 * left >= found else pages


def _is_contents(line: Line) -> bool:
    return _CONTENTS.match(line.text.replace("\t", " ")) is not None


def _ends(page: list[Line]) -> list[Line]:
    """Return the uppermost and the lowest lines of a page, whatever the order in which it draws them."""
    ordered = sorted((line for line in page if line.text), key=lambda line: -line.y)
    return ordered[:_DEEP] + ordered[-_DEEP:]


def _key(line: Line, page: int) -> tuple[str, int]:
    """Return what is equal for a header on every page: its words, its height, and the page's number as a sign."""
    told = re.sub(r"\d+", lambda one: "#" if int(one[0][:6]) == page else one[0], line.text.lower())
    return told, round(line.y / 6)


def _repeated(pages: list[list[Line]], shift: int) -> set[tuple[str, int]]:
    """Return what stands at the same height of the ends of most pages, three at least (or both of two).

    `shift` is the number printed on the page before the first.
    """
    counts: Counter[tuple[str, int]] = Counter()
    for number, page in enumerate(pages, start=1 + shift):
        counts.update({_key(line, number) for line in _ends(page)})
    wanted = max(3, len(pages) // 2) if len(pages) > 2 else 2
    return {key for key, count in counts.items() if count >= wanted and key[0]}


def _height(line: Line, page: int) -> int | None:
    """Return the height of a line that begins or ends with the page's number, as `2 Results   7` does."""
    words = line.text.split()
    return round(line.y / 6) if words and str(page) in (words[0], words[-1]) else None


def _numbered(pages: list[list[Line]], shift: int) -> set[int | None]:
    """Return the heights at which most pages, three at least, print a line with their number."""
    counts: Counter[int | None] = Counter()
    for number, page in enumerate(pages, start=1 + shift):
        counts.update({_height(line, number) for line in _ends(page)})
    return {
        height for height, count in counts.items() if count >= max(3, len(pages) // 2) and height is not None
    }
