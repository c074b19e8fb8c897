"""LaTeX source: headings, items with the numbers LaTeX would print, tables, formulas as they were written.

Nothing is compiled and no file is read but the one given; what cannot be parsed is read as plain lines.
"""

from __future__ import annotations

import bisect
import re
from pathlib import Path
from typing import Any

from pylatexenc.latexwalker import (
    LatexCharsNode,
    LatexCommentNode,
    LatexEnvironmentNode,
    LatexGroupNode,
    LatexMacroNode,
    LatexMathNode,
    LatexSpecialsNode,
    LatexWalker,
    LatexWalkerError,
    get_default_latex_context_db,
)
from pylatexenc.macrospec import MacroSpec

from grader.converter.gathering import Gathered, Unreadable, tidy
from grader.converter.latex_macros import expand
from grader.converter.latex_parts import (
    BREAKS,
    RANKS,
    TEXT,
    UNTOLD,
    Nodes,
    bare,
    body,
    formula,
    inline,
    label,
    tabular,
)
from grader.model.document import Block, Document

SOURCE_CHARACTERS_MAX = 400_000
_FORMULAS = (
    "equation",
    "align",
    "gather",
    "eqnarray",
    "multline",
    "displaymath",
    "math",
    "flalign",
    "alignat",
)
_CODE = ("verbatim", "lstlisting", "minted", "Verbatim")
_TABLES = ("tabular", "tabularx", "tabular*", "longtable", "array", "tabulary")
_PARAGRAPHS = frozenset(("par", "newpage", "clearpage", "bigskip", "medskip", "smallskip", "pagebreak"))
_STRONG = frozenset(("textbf", "underline", "uline", "textsc"))
_SIGNS = {"bigstar": "★", "star": "★", "ding": "★", "og": "« ", "fg": " »"}
_HEADING = re.compile(
    rf"^\s*\\({'|'.join(RANKS)})\*?\s*\{{([^{{}}\n]{{1,300}}(?:\{{[^{{}}\n]*\}}[^{{}}\n]*)?)\}}(.*)$"
)
_STAR = re.compile(r"\$\s*\{?\s*\\(?:big)?(?:star|ast)\s*\}?\s*\$|\$\s*\^?\{?\*\}?\s*\$")


def _context() -> Any:
    """Return the macros known to take arguments, the headings that the library leaves out among them."""
    known = get_default_latex_context_db()
    headings = [MacroSpec(name, "*[{") for name in RANKS]
    known.add_context_category("headings", macros=headings, prepend=True)
    return known


def read(source: Path) -> Document:
    """Return the text of the LaTeX file at `source`, with its lines; raises Unreadable."""
    raw = source.read_bytes()[: 4 * SOURCE_CHARACTERS_MAX]
    if not raw.strip():
        raise Unreadable("empty")
    if b"\0" in raw[:4000]:
        raise Unreadable("damaged")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    gathered = Gathered()
    gathered.cut = False
    cut, text = len(text) > SOURCE_CHARACTERS_MAX, text[:SOURCE_CHARACTERS_MAX]
    try:
        text = expand(text)
        nodes, _, _ = LatexWalker(text, latex_context=_context(), tolerant_parsing=True).get_latex_nodes()
        _Walk(text, gathered).document(nodes)
    except (LatexWalkerError, RecursionError, ValueError, IndexError, AttributeError, TypeError):
        gathered = _plain(text)
    gathered.cut = gathered.cut or cut
    return gathered.document()


def _plain(text: str) -> Gathered:
    """Return the lines of a source that cannot be parsed: its headings as such, other commands taken away."""
    gathered = Gathered()
    gap = True
    for number, line in enumerate(text.split("\n"), start=1):
        heading = _HEADING.match(line)
        if heading is not None:
            level = RANKS[heading[1]]
            gathered.add(
                Block(kind="heading", text=tidy(bare(heading[2])), level=level, gap=True, line=number)
            )
            line = heading[3]
        words = tidy(bare(line))
        if words:
            gathered.add(Block(text=words, gap=gap, line=number))
        gap = not line.strip()
    return gathered


class _Walk:
    """The paragraph being written, and the blocks before it."""

    def __init__(self, source: str, gathered: Gathered) -> None:
        self._gathered = gathered
        self._ends = [place for place, character in enumerate(source) if character == "\n"]
        self._parts: list[str] = []
        self._start = self._lost = self._indent = self._depth = 0
        self._gap = True
        self._counters: dict[int, int] = {}

    def document(self, nodes: Nodes) -> None:
        """Add the body of the document, or all of it where there is none (a part to be included)."""
        for node in nodes:
            if isinstance(node, LatexEnvironmentNode) and node.environmentname == "document":
                nodes = node.nodelist
                break
        self._all(nodes)
        self._close()

    def _line(self, place: int) -> int:
        return bisect.bisect_left(self._ends, place) + 1

    def _write(self, text: str, place: int) -> None:
        if not any(part.strip() for part in self._parts[:4]):
            self._start = place + len(text) - len(text.lstrip())
        self._parts.append(text)

    def _close(self, *, gap: bool = True) -> None:
        """End the paragraph: it becomes a block for each of its lines."""
        whole = _STAR.sub("★", "".join(self._parts))
        first = True
        for line in whole.split("\n"):
            text = tidy(line)
            if text or (self._lost and first):
                self._gathered.add(
                    Block(
                        text=text,
                        gap=first and self._gap,
                        indent=self._indent,
                        line=self._line(self._start),
                        lost=self._lost if first else 0,
                    )
                )
                first = False
        self._parts, self._lost = [], 0
        self._gap = gap

    def _all(self, nodes: Nodes) -> None:
        for node in nodes:
            if node is None or isinstance(node, LatexCommentNode):
                continue
            if isinstance(node, LatexCharsNode):
                self._characters(node)
            elif isinstance(node, LatexMathNode):
                self._write(" ".join(formula(node).split()), node.pos)
            elif isinstance(node, LatexGroupNode):
                self._all(node.nodelist)
            elif isinstance(node, LatexMacroNode):
                self._macro(node)
            elif isinstance(node, LatexEnvironmentNode):
                self._environment(node)
            elif isinstance(node, LatexSpecialsNode) and "\n" in node.specials_chars:
                self._close()
            else:
                self._write(TEXT.nodelist_to_text([node]), node.pos)

    def _characters(self, node: Any) -> None:
        place = node.pos
        for number, part in enumerate(re.split(r"(\n[^\S\n]*\n\s*)", node.chars)):
            if number % 2:
                self._close()
            elif part:
                text = part.replace("``", "«").replace("''", "»") if "``" in part else part
                self._write(re.sub(r"\s*\n\s*", " ", text).replace("~", " "), place)
            place += len(part)

    def _macro(self, node: Any) -> None:
        name = node.macroname
        if name in RANKS:
            self._close(gap=False)
            self._gathered.add(
                Block(
                    kind="heading",
                    text=_STAR.sub("★", tidy(inline(node.nodeargd.argnlist[-1:]))),
                    level=RANKS[name],
                    gap=True,
                    line=self._line(node.pos),
                )
            )
        elif name in BREAKS:
            self._write("\n", node.pos)
        elif name in _PARAGRAPHS:
            self._close()
        elif name in _STRONG:
            text = tidy(inline(node.nodeargd.argnlist)) if node.nodeargd else ""
            self._write(f"**{text}**" if text else "", node.pos)
        elif name == "setcounter":
            self._set_counter(node)
        elif name == "includegraphics":
            self._lost += 1
        elif name in _SIGNS:
            self._write(_SIGNS[name], node.pos)
        elif name == "caption" or not UNTOLD.fullmatch(name):
            self._write(inline([node]), node.pos)

    def _set_counter(self, node: Any) -> None:
        match = re.match(r"\\setcounter\s*\{enum(i{1,3}v?)\}\s*\{(\d{1,3})\}", node.latex_verbatim())
        if match is not None:
            self._counters[len(match[1].replace("iv", "iiii"))] = int(match[2])

    def _environment(self, node: Any) -> None:
        name = node.environmentname
        bare = name.rstrip("*")
        if bare in _FORMULAS:
            self._close(gap=False)
            for row in re.split(r"\\\\", body(node)):
                text = " ".join(re.sub(r"\\label\{[^}]*\}|\\nonumber|(?<!\\)&", " ", row).split())
                if text:
                    self._gathered.add(Block(text=f"$${text}$$", line=self._line(node.pos)))
        elif bare in _CODE:
            self._close(gap=False)
            self._gathered.add(
                Block(kind="code", text=body(node).strip("\n"), gap=True, line=self._line(node.pos))
            )
        elif name in _TABLES:
            self._close(gap=False)
            self._gathered.add(Block(kind="table", text=tabular(node), gap=True, line=self._line(node.pos)))
            self._gap = True
        elif bare in ("itemize", "enumerate", "description"):
            self._list(node)
        elif bare != "comment":
            self._close()
            self._all(node.nodelist)
            self._close()

    def _list(self, node: Any) -> None:
        """Add a list, with the numbers that LaTeX would print before its items."""
        self._close(gap=False)
        self._depth += 1
        numbers = node.environmentname.startswith("enumerate")
        given = re.match(r"\s*\[([^\]\n]*)\]", body(node))
        options = given[1] if numbers and given else ""
        start = re.search(r"start\s*=\s*(\d{1,3})", options)
        if start is not None:
            self._counters[self._depth] = int(start[1]) - 1
        elif "resume" not in options:
            self._counters.setdefault(self._depth, 0)
            if self._counters[self._depth] and self._depth > 1:
                self._counters[self._depth] = 0
        outer, self._indent = self._indent, 2 * (self._depth - 1)
        skipped = len(given[0]) if options and given else 0
        for child in node.nodelist:
            if isinstance(child, LatexMacroNode) and child.macroname == "item":
                self._close(gap=False)
                self._write(self._item(child, numbers, options), child.pos)
            elif skipped and isinstance(child, LatexCharsNode):
                skipped = 0
            else:
                self._all([child])
        self._close(gap=False)
        if "resume" not in options:
            self._counters[self._depth] = 0
        self._indent, self._depth = outer, self._depth - 1
        self._gap = True

    def _item(self, node: Any, numbers: bool, options: str) -> str:
        own = [one for one in (node.nodeargd.argnlist if node.nodeargd else []) if one is not None]
        if own:
            return f"{tidy(inline(own)).strip('[]')} "
        if not numbers:
            return "- "
        self._counters[self._depth] += 1
        return label(options, self._depth, self._counters[self._depth])
