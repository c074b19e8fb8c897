"""An HTML page: what was typed into a platform, a report saved as a page, the writing of an exported notebook.

Nothing in it runs and nothing is fetched. A picture is counted where it stands unless it tells the LaTeX it was
made from; what the page hides from its reader is left out, and so are the code and outputs of a notebook.
"""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree.ElementTree import Element

import tinyhtml5

from grader.converter.gathering import SOURCE_BYTES_MAX, Gathered, Unreadable, table, tidy
from grader.converter.mathml import latex, local
from grader.model.document import Block, Document

_DEPTH_MAX = 300
_EMBEDDED = re.compile(r"data:[^\"'()\s<>]{100,}")
_SKIPPED = frozenset(
    ("head", "style", "template", "noscript", "nav", "button", "select", "textarea", "input", "datalist", "iframe",
     "del", "s", "strike", "title")
)  # fmt: skip
_DRAWN = frozenset(("svg", "canvas", "object", "embed", "video"))
_BLOCKS = frozenset(
    ("body", "p", "div", "section", "article", "main", "header", "footer", "aside", "address", "center", "form",
     "fieldset", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "blockquote", "pre", "ul", "ol", "li", "dl", "dt", "dd",
     "figure", "figcaption", "details", "summary", "table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption")
)  # fmt: skip
_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])")
_BOLD = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)")
_PROGRAM = frozenset(("jp-CodeCell", "code_cell", "jp-OutputArea", "output_wrapper", "jp-InputPrompt"))
_REPEATED = frozenset(
    ("anchor-link", "katex-html", "MathJax", "MathJax_Display", "MathJax_Preview", "MathJax_SVG", "prompt")
)
_ORDINAL = re.compile(r"(?:er|ère|e|ème|eme|nd|nde|th|st|rd|re|ième)s?")
_DELIMITERS = re.compile(r"\\[()]|\\[\[\]]")


def read(source: Path) -> Document:
    """Return the text of the page at `source`, `line` being the paragraph's number; raises Unreadable."""
    if source.stat().st_size > SOURCE_BYTES_MAX:
        raise Unreadable("damaged")
    raw = source.read_bytes()
    if not raw.strip():
        raise Unreadable("empty")
    reading = _Reading()
    reading.take(tinyhtml5.parse(_decoded(raw), namespace_html_elements=False), 0)
    reading.flush()
    return reading.document()


def _decoded(raw: bytes) -> str | bytes:
    """Return the page as text without what is embedded in it; another encoding than UTF-8 the page itself tells."""
    try:
        return _EMBEDDED.sub("data:", raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return raw


class _Reading:
    """The page so far: `parts` is the paragraph that is being read."""

    def __init__(self) -> None:
        self._gathered = Gathered()
        self._paragraphs = 0
        self._parts: list[str] = []
        self._plain = 0
        """Letters of the paragraph that are not bold."""
        self._lost = 0
        self._level = 0
        self._lists: list[list[str | int]] = []
        """Of each list around: its kind, and the number of its next item."""
        self._label = ""
        self._program = False

    def document(self) -> Document:
        """Return the document; the page of a notebook that is all code is read and holds nothing."""
        found = self._gathered.document()
        program = self._program and found.state == "empty"
        return Document(state="read") if program else found

    def take(self, element: Element, depth: int, bold: bool = False) -> None:
        """Add what `element` holds, without what follows it."""
        name, classes = local(element), set(element.get("class", "").split())
        if not name or depth > _DEPTH_MAX:
            return
        style = element.get("style", "")
        self._program = self._program or not classes.isdisjoint(_PROGRAM)
        if name in _DRAWN or name == "img":
            self._picture(element, classes)
        elif name in ("math", "mjx-container"):
            self._formula(element)
        elif name == "script":
            if element.get("type", "").startswith("math/tex"):
                self._parts.append(f"${(element.text or '').strip()}$")
        elif (
            name in _SKIPPED or "hidden" in element.attrib or _UNSEEN.search(style)
            or not classes.isdisjoint(_PROGRAM | _REPEATED)
        ):  # fmt: skip
            return
        elif name == "br":
            self._parts.append("\n")
        elif name in ("sup", "sub"):
            self._raised(element, depth, bold)
        elif name in _BLOCKS:
            self.flush()
            self._block(element, name, depth, bold or name == "th")
            self.flush()
        else:
            heavy = name in ("b", "strong") or _BOLD.search(style) is not None
            self._inside(element, depth, bold or heavy)

    def _inside(self, element: Element, depth: int, bold: bool, *, exact: bool = False) -> None:
        self._text(element.text, bold, exact)
        for child in element:
            self.take(child, depth + 1, bold)
            self._text(child.tail, bold, exact)

    def _text(self, text: str | None, bold: bool, exact: bool) -> None:
        if text:
            self._parts.append(text if exact else re.sub(r"[^\S\xa0]+", " ", text).replace("\xa0", " "))
            self._plain += 0 if bold else sum(map(str.isalnum, text))

    def _formula(self, element: Element) -> None:
        """Add a formula; one that was drawn is read where the drawing keeps its MathML beside it."""
        formula = next((one for one in element.iter() if local(one) == "math"), None)
        if formula is None:
            self._lost += 1
        else:
            self._parts.append(f"${' '.join(latex(formula).split())}$")

    def _picture(self, element: Element, classes: set[str]) -> None:
        formula = element.get("alt", "").strip().strip("$").strip()
        if formula and not classes.isdisjoint(("texrender", "latex", "Wirisformula")):
            self._parts.append(f"${formula}$")
        else:
            self._lost += 1

    def _raised(self, element: Element, depth: int, bold: bool) -> None:
        place = len(self._parts)
        self._inside(element, depth, bold)
        text = "".join(self._parts[place:]).strip()
        plain = not text or (element.tag == "sup" and _ORDINAL.fullmatch(text))
        self._parts[place:] = [text if plain else f"{'^' if element.tag == 'sup' else '_'}{{{text}}}"]

    def _block(self, element: Element, name: str, depth: int, bold: bool) -> None:
        if name in ("ul", "ol", "table", "pre"):
            self._number_alone()
        if name in ("ul", "ol"):
            start = element.get("start", "1")
            first = int(start) if start.isdecimal() and len(start) < 5 else 1
            self._lists.append([name, first])
            self._inside(element, depth, bold)
            self.flush()
            self._lists.pop()
        elif name == "li":
            self._item(element)
            self._inside(element, depth, bold)
        elif name == "table" and not self._is_frame(element):
            self._table(element, depth)
        elif name == "pre":
            self._code(element, depth)
        else:
            self._level = int(name[1]) if len(name) == 2 and name[1].isdecimal() else self._level
            self._inside(element, depth, bold)
            self.flush()
            self._level = 0

    def _number_alone(self) -> None:
        """Give an item that begins with a list, a table or code its number on a line of its own."""
        if self._label.endswith("."):
            self._gathered.add(Block(text=self._label, gap=True, line=self._paragraphs + 1))
        self._label = ""

    def _item(self, element: Element) -> None:
        kind, number = self._lists[-1] if self._lists else ("ul", 1)
        told = element.get("value", "")
        number = int(told) if told.isdecimal() and len(told) < 5 else int(number)
        self._label = f"{number}." if kind == "ol" else "-"
        if self._lists:
            self._lists[-1][1] = number + 1

    @staticmethod
    def _is_frame(element: Element) -> bool:
        """Tell whether a table lays out a page: one cell, or cells that hold tables, headings or lists."""
        cells = sum(local(one) in ("td", "th") for one in element.iter())
        inner = {local(one) for one in element.iter()} - {"table"}
        nested = sum(local(one) == "table" for one in element.iter()) > 1
        return cells < 2 or nested or not inner.isdisjoint(("h1", "h2", "h3", "h4", "h5", "h6", "ol", "pre"))

    def _table(self, element: Element, depth: int) -> None:
        rows = [
            [self._cell(cell, depth) for cell in row if local(cell) in ("td", "th")]
            for row in element.iter() if local(row) == "tr"
        ]  # fmt: skip
        self._paragraphs += 1
        line, lost = self._paragraphs, self._lost
        self._forget()
        self._gathered.add(Block(kind="table", text=tidy(table(rows)), gap=True, line=line, lost=lost))

    def _cell(self, cell: Element, depth: int) -> str:
        """Return the text of a cell; its pictures stay counted."""
        inner = _Reading()
        inner._inside(cell, depth + 2, bold=False)
        inner.flush()
        blocks = inner.document().blocks
        self._lost += sum(block.lost for block in blocks)
        return " ".join(block.text for block in blocks)

    def _code(self, element: Element, depth: int) -> None:
        self._inside(element, depth, bold=False, exact=True)
        text = "".join(self._parts).strip("\n")
        self._forget()
        if text.strip():
            self._paragraphs += 1
            self._gathered.add(Block(kind="code", text=text[:100_000], gap=True, line=self._paragraphs))

    def flush(self) -> None:
        """End the paragraph that is being read."""
        lines = [tidy(_DELIMITERS.sub("$", line)) for line in "".join(self._parts).split("\n")]
        text, lost = "\n".join(lines).strip(), self._lost
        strong = self._plain == 0 and any(map(str.isalnum, text))
        if not text and not lost:
            self._forget(keep_label=True)
            return
        self._gathered.pictures += bool(lost and not text)
        self._paragraphs += 1
        label, indent = self._label, 2 * max(len(self._lists) - 1, 0)
        self._forget()
        for place, line in enumerate(f"{label} {text}".strip().split("\n")):
            self._gathered.add(
                Block(
                    kind="heading" if self._level and place == 0 else "text",
                    text=line,
                    level=self._level if place == 0 else 0,
                    strong=strong,
                    gap=place == 0 and not indent,
                    indent=indent,
                    line=self._paragraphs,
                    lost=lost if place == 0 else 0,
                )
            )

    def _forget(self, *, keep_label: bool = False) -> None:
        self._parts, self._plain, self._lost = [], 0, 0
        self._label = self._label if keep_label else ""
