"""A Word or Google Docs document: paragraphs with the numbers Word prints, tables, Office Math as LaTeX.

Old formula objects (Equation Editor, MathType) and pictures are no text: they are counted as lost where they stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from grader.converter.gathering import Gathered, Unreadable, table, tidy
from grader.converter.office_math import MATH, latex
from grader.converter.word_package import WORD, Package, value, whole
from grader.converter.word_styles import Numbering, Styles, is_on
from grader.model.document import Block, Document

LOST_FORMULA = "□"
_TWIPS_PER_STEP = 240
_DEPTH_MAX = 60
_COMPATIBILITY = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_SKIPPED = frozenset((f"{WORD}del", f"{WORD}instrText", f"{WORD}delText", f"{_COMPATIBILITY}Fallback"))


def read(source: Path) -> Document:
    """Return the text of the document at `source`, `line` being the paragraph's number; raises Unreadable."""
    package = Package(source)
    root = package.part("word/document.xml")
    body = None if root is None else root.find(f"{WORD}body")
    if body is None:
        raise Unreadable("damaged")
    reading = _Reading(Styles(package), Numbering(package))
    reading.take(body, 0)
    return reading.gathered.document()


class _Inline:
    """The text of one paragraph, gathered run by run."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.formulas = 0
        self.pictures = 0
        self.plain = 0
        """Letters that are not bold."""

    def take(self, element: Element, depth: int, bold: bool = False) -> None:
        """Add what `element` holds; formulas become LaTeX, tabs and breaks stay."""
        if depth > _DEPTH_MAX or element.tag in _SKIPPED:
            return
        tag = element.tag
        if tag in (f"{MATH}oMath", f"{MATH}oMathPara"):
            formulas = [element] if tag.endswith("oMath") else list(element.iter(f"{MATH}oMath"))
            self.parts.extend(f"${' '.join(latex(one).split())}$" for one in formulas)
        elif tag == f"{WORD}t":
            text = element.text or ""
            self.parts.append(text)
            self.plain += 0 if bold else sum(map(str.isalnum, text))
        elif tag in (f"{WORD}tab", f"{WORD}ptab"):
            self.parts.append("\t")
        elif tag in (f"{WORD}br", f"{WORD}cr"):
            self.parts.append("\n")
        elif tag == f"{WORD}noBreakHyphen":
            self.parts.append("-")
        elif tag == f"{WORD}object":
            self.formulas += 1
            self.parts.append(LOST_FORMULA)
        elif tag in (f"{WORD}drawing", f"{WORD}pict"):
            self._picture(element, depth)
        else:
            bold = is_on(element.find(f"{WORD}rPr/{WORD}b")) if tag == f"{WORD}r" else bold
            for child in element:
                self.take(child, depth + 1, bold)

    def _picture(self, element: Element, depth: int) -> None:
        """Count a picture; a text box is text."""
        boxes = list(element.iter(f"{WORD}txbxContent"))
        self.pictures += not boxes
        for box in boxes:
            for paragraph in box.iter(f"{WORD}p"):
                self.parts.append("\n")
                for child in paragraph:
                    self.take(child, depth + 1)

    @property
    def text(self) -> str:
        """The paragraph, its lines apart."""
        return "\n".join(tidy(line) for line in "".join(self.parts).split("\n")).strip()


class _Reading:
    """The document so far."""

    def __init__(self, styles: Styles, numbering: Numbering) -> None:
        self.styles, self.numbering = styles, numbering
        self.gathered = Gathered()
        self._paragraphs = 0
        self._gap = False

    def take(self, holder: Element, depth: int) -> None:
        """Add the paragraphs and tables of a body, a content control or the like."""
        if depth > _DEPTH_MAX:
            return
        for element in holder:
            if element.tag == f"{WORD}p":
                self._paragraph(element)
            elif element.tag == f"{WORD}tbl":
                self._table(element)
            elif element.tag not in _SKIPPED and not element.tag.endswith("Pr"):
                self.take(element, depth + 1)

    def _paragraph(self, element: Element) -> None:
        self._paragraphs += 1
        properties = element.find(f"{WORD}pPr")
        style = value(None if properties is None else properties.find(f"{WORD}pStyle"))
        if style in self.styles.contents:
            return
        label, indent = self._label(properties, style)
        inline = _Inline()
        for child in element:
            inline.take(child, 0, style in self.styles.bold)
        text = inline.text
        lost = inline.formulas + inline.pictures
        if not text and not lost:
            self._gap = True
            return
        self.gathered.pictures += bool(inline.pictures and not text)
        lines = f"{label} {text}".strip().split("\n")
        strong = inline.plain == 0 and any(map(str.isalnum, text))
        level = self.styles.levels.get(style, 0)
        for place, line in enumerate(lines):
            self.gathered.add(
                Block(
                    kind="heading" if level and place == 0 else "text",
                    text=line,
                    level=level if place == 0 else 0,
                    strong=strong,
                    gap=place == 0 and (self._gap or not indent),
                    indent=indent,
                    line=self._paragraphs,
                    lost=lost if place == 0 else 0,
                )
            )
        self._gap = False

    def _label(self, properties: Element | None, style: str) -> tuple[str, int]:
        """Return the number that Word prints before the paragraph, and how far it is indented."""
        numbered = None if properties is None else properties.find(f"{WORD}numPr")
        number, level = self.styles.lists.get(style, ("", 0))
        if numbered is not None:
            number = value(numbered.find(f"{WORD}numId"), number)
            level = whole(numbered.find(f"{WORD}ilvl"), level)
        margin = None if properties is None else properties.find(f"{WORD}ind")
        left = "" if margin is None else margin.get(f"{WORD}left") or margin.get(f"{WORD}start") or ""
        indent = int(left) // _TWIPS_PER_STEP if left.isdecimal() and len(left) < 7 else 0
        label = self.numbering.label(number, level) if number not in ("", "0") else ""
        return label, max(indent, 2 * level)

    def _table(self, element: Element) -> None:
        self._paragraphs += 1
        rows: list[list[str]] = []
        lost = 0
        for row in _held(element, "tr"):
            cells = []
            for cell in _held(row, "tc"):
                inline = _Inline()
                for paragraph in cell.iter(f"{WORD}p"):
                    inline.parts.append("\n")
                    inline.take(paragraph, 0)
                cells.append(inline.text)
                lost += inline.formulas + inline.pictures
            rows.append(cells)
        if sum(map(len, rows)) == 1:  # a frame around text
            for paragraph in element.iter(f"{WORD}p"):
                self._paragraph(paragraph)
            return
        line = self._paragraphs
        self.gathered.add(Block(kind="table", text=table(rows), gap=True, line=line, lost=lost))
        self._gap = True


def _held(holder: Element, name: str) -> Iterator[Element]:
    """Yield the rows of a table or the cells of a row, those in content controls too, none of inner tables."""
    for child in holder:
        if child.tag == f"{WORD}{name}":
            yield child
        elif child.tag in (f"{WORD}sdt", f"{WORD}sdtContent"):
            yield from _held(child, name)
