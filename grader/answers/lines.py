"""Documents as lines of Markdown with their places, whatever they were written in."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from grader.model import Place
from grader.model.document import Block, Document

LINES_MAX = 40_000

_HEADING = re.compile(r"^\s{0,3}(#{1,6})(?!#)\s*(.+?)\s*#*\s*$")
_UNDERLINE = re.compile(r"^\s{0,3}(=+|-{3,})\s*$")
_FENCE = re.compile(r"^\s{0,3}(```|~~~)")
_PICTURE = re.compile(r"!\[[^\]\n]{0,500}\]\([^)\n]{0,100000}\)|<img\b[^>\n]*>", re.IGNORECASE)
_HIDDEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style)\b[^>]*>.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL
)
_TAG = re.compile(
    r"</?(?:a|b|strong|i|em|u|s|span|font|div|p|br|hr|center|sup|sub|small|big|details|summary|section|article|"
    r"ul|ol|li|img|iframe|object|embed|form|input|button|svg|link|meta|body|html|head|table|tr|td|th)\b[^<>\n]{0,2000}>",
    re.IGNORECASE,
)
_HTML_HEADING = re.compile(r"^\s*<h([1-6])\b[^>\n]*>(.*?)(?:</h\1>)?\s*$", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{2,6}|#x[0-9a-fA-F]{2,5});")


@dataclass(frozen=True)
class Line:
    """One line as Markdown, and what its layout says."""

    text: str
    place: Place
    level: int = 0
    """Of a heading, 1 to 6; 0 for anything else."""
    strong: bool = False
    closed: bool = False
    """Whether it stands in code or in a table, where nothing begins."""
    continues: bool = False
    gap: bool = False
    indent: int = 0
    lost: int = 0

    @property
    def words(self) -> str:
        """The text without the marks of a heading."""
        match = _HEADING.match(self.text) if self.level else None
        return match[2] if match else self.text.strip()


def from_markdown(text: str, file: str, *, markup: bool = True) -> list[Line]:
    """Return the lines of a text file; with `markup`, of one in which Markdown and HTML mean what they do."""
    if markup:
        text = _HIDDEN.sub(lambda match: "\n" * match[0].count("\n"), text)
    lines: list[Line] = []
    fenced = gap = False
    for number, raw in enumerate(text.split("\n")[:LINES_MAX], start=1):
        fence = _FENCE.match(raw) is not None
        line = _line(raw, Place(file=file, line=number), closed=fenced or fence, markup=markup)
        fenced = fenced != fence
        if _UNDERLINE.match(raw) and lines and _may_be_title(lines[-1], raw):
            above = lines[-1]
            level = 1 if raw.strip()[0] == "=" else 2
            lines[-1] = replace(above, text=f"{'#' * level} {above.text.strip()}", level=level)
            line = replace(line, text="")
        lines.append(replace(line, gap=gap))
        gap = not raw.strip()
    return lines


def _may_be_title(above: Line, rule: str) -> bool:
    text = above.text.strip()
    return bool(text) and not above.level and not above.closed and len(text) < 120 and len(rule.strip()) > 2


def _line(raw: str, place: Place, *, closed: bool, markup: bool) -> Line:
    if closed:
        return Line(raw, place, closed=True)
    text, lost = raw, 0
    if markup:
        text, lost = _unmarked(raw)
    heading = _HEADING.match(text)
    indent = (len(text) - len(text.lstrip())) // 2
    table = text.lstrip().startswith("|")
    return Line(text, place, len(heading[1]) if heading else 0, closed=table, indent=indent, lost=lost)


def _unmarked(text: str) -> tuple[str, int]:
    """Return the line without HTML tags, and how many pictures stood on it."""
    lost = len(_PICTURE.findall(text)) if "![" in text or "<" in text else 0
    if "<" in text:
        heading = _HTML_HEADING.match(text)
        if heading is not None:
            text = f"{'#' * int(heading[1])} {heading[2]}"
        text = re.sub(r"</?(?:b|strong)>", "**", text, flags=re.IGNORECASE)
    if lost:
        text = _PICTURE.sub("", text)
    text = _TAG.sub("", text) if "<" in text else text
    return (_ENTITY.sub(lambda one: html.unescape(one[0]), text) if "&" in text else text), lost


def from_blocks(document: Document, file: str) -> list[Line]:
    """Return the lines of a converted document; an empty one stands before what stands apart."""
    lines: list[Line] = []
    fences = 0
    for block in document.blocks[:LINES_MAX]:
        place = Place(file=file, line=block.line, page=block.page)
        if block.gap and lines:
            lines.append(Line("", place))
        lines.extend(_of_block(block, place))
        fences += block.kind == "code"
    return lines


def _of_block(block: Block, place: Place) -> Iterator[Line]:
    notebook = place.file.lower().endswith(".ipynb")
    for number, raw in enumerate(block.text.split("\n")):
        lost = block.lost if number == 0 else 0
        if block.kind in ("table", "code"):
            yield Line(raw, place, closed=True, lost=lost)
            continue
        text = _unmarked(raw)[0] if notebook else raw
        html_heading = _HEADING.match(text) if notebook else None
        level = block.level or (len(html_heading[1]) if html_heading else 0)
        if block.level:
            text = f"{'#' * block.level} {text}"
        yield Line(
            text,
            place,
            level=level,
            strong=block.strong,
            closed=text.lstrip().startswith("|"),
            continues=block.continues and number == 0,
            gap=block.gap and number == 0,
            indent=block.indent,
            lost=lost,
        )


def joined(lines: list[Line]) -> str:
    """Return the text of lines; what a page's width had broken is put together again."""
    parts: list[str] = []
    for line in lines:
        if line.continues and parts and parts[-1].strip():
            parts[-1] = f"{parts[-1]} {line.text.strip()}"
        else:
            parts.append(line.text)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).strip("\n").rstrip()
