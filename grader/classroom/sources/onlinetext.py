"""Moodle's texts typed online: a small HTML page becomes a text that is read like any other document."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

NAME = "onlinetext.html"
_LARGEST_BYTES = 512 << 10
_BREAKS = frozenset(
    [
        "p",
        "div",
        "br",
        "li",
        "tr",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "table",
        "blockquote",
        "pre",
    ]
)
_SILENT = frozenset(("script", "style", "head", "template"))
_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}


def add_text(folder: Path) -> None:
    """Write `onlinetext.md` beside Moodle's `onlinetext.html` in `folder`, where there is one of bearable size."""
    page = folder / NAME
    if not page.is_file() or page.stat().st_size > _LARGEST_BYTES or page.with_suffix(".md").exists():
        return
    text = as_text(page.read_bytes().decode("utf-8", "replace"))
    if text:
        page.with_suffix(".md").write_text(text + "\n", encoding="utf-8")


def as_text(page: str) -> str:
    """Return the words of `page`, a line a paragraph, headings and list items marked as in Markdown."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.pieces).splitlines())
    return "\n\n".join(line for line in lines if line)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BREAKS:
            mark = "- " if tag == "li" else f"{_HEADINGS[tag]} " if tag in _HEADINGS else ""
            self.pieces.append(f"\n{mark}")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(self._silent - 1, 0)
        elif tag in _BREAKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.pieces.append(data.replace("\n", " "))
