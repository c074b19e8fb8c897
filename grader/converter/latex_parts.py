"""Pieces of LaTeX that become text in one go: formulas, labels of items, tables."""

from __future__ import annotations

import re
from typing import Any

from pylatexenc.latex2text import LatexNodes2Text
from pylatexenc.latexwalker import LatexMacroNode, LatexMathNode, LatexSpecialsNode

from grader.converter.gathering import table, tidy

Nodes = list[Any]
RANKS = {
    "part": 1,
    "chapter": 1,
    "section": 2,
    "subsection": 3,
    "subsubsection": 4,
    "paragraph": 5,
    "subparagraph": 6,
}
UNTOLD = re.compile(
    r"documentclass|usepackage|label|(?:auto|page|eq)?ref|cite[pt]?|bibliography(?:style)?|[vh]space|setlength|"
    r"(?:re)?newcommand|def|input|include|(?:this)?pagestyle|centering|tableofcontents|listoffigures|maketitle|hline|"
    r"geometry|hypersetup|addtocounter|(?:define)?color|title|author|date|(?:top|mid|bottom)rule|c(?:line|midrule)|"
    r"pagenumbering|graphicspath|lstset|newtheorem|DeclareMathOperator|fancy\w*|[lrc](?:head|foot)|noindent"
)
BREAKS = frozenset(("\\", "newline", "linebreak", "tabularnewline"))
TEXT = LatexNodes2Text(math_mode="verbatim", strict_latex_spaces=False)


def label(options: str, depth: int, count: int) -> str:
    """Return `3. ` or what `label=\\textbf{Q\\arabic*.}` asks for."""
    asked = re.search(r"label\s*=\s*(.+?)\s*(?:,\s*\w+\s*=|$)", options)
    shape = asked[1] if asked else options if re.search(r"[1a]", options) and "=" not in options else ""
    letter = chr(ord("a") + (count - 1) % 26)
    if not shape:
        return f"{count}. " if depth == 1 else f"({letter}) "
    shape = re.sub(r"\\(?:arabic|theenumi)\*?", str(count), shape)
    shape = re.sub(r"\\alph\*?", letter, re.sub(r"\\(?:textbf|textit|bfseries|itshape)|[{}]", "", shape))
    if not asked:
        shape = re.sub(r"1", str(count), shape) if "1" in shape else shape.replace("a", letter)
    return f"{shape} "


def bare(line: str) -> str:
    """Return a line of source without commands and braces; what stands in formulas stays."""
    parts = re.split(r"(\$[^$\n]*\$)", re.sub(r"(?<!\\)%.*$", "", line))
    for place in range(0, len(parts), 2):
        parts[place] = re.sub(r"\\[A-Za-z]+\*?(?:\[[^\]\n]*\])?|[{}]|\\(?=[%&#_$])", "", parts[place])
    return "".join(parts)


def formula(node: Any) -> str:
    """Return a formula between dollar signs, as it was written."""
    opening, closing = node.delimiters
    body = node.latex_verbatim()[len(opening) : -len(closing)]
    sign = "$$" if node.displaytype == "display" else "$"
    return f"{sign}{body.strip()}{sign}"


def inline(nodes: Nodes) -> str:
    """Return nodes as text, accents and signs put in."""
    return str(TEXT.nodelist_to_text([node for node in nodes if node is not None]))


def body(node: Any) -> str:
    """Return what stands between an environment's begin and end."""
    verbatim = node.latex_verbatim()
    verbatim = re.sub(r"^\\begin\s*\{[^}]*\}", "", verbatim)
    return re.sub(r"\\end\s*\{[^}]*\}$", "", verbatim)


def tabular(node: Any) -> str:
    """Return the rows of a tabular as a Markdown table."""
    rows: list[list[str]] = [[""]]
    for child in node.nodelist:
        if isinstance(child, LatexMacroNode) and child.macroname in BREAKS:
            rows.append([""])
        elif isinstance(child, LatexSpecialsNode) and child.specials_chars == "&":
            rows[-1].append("")
        elif isinstance(child, LatexMathNode):
            rows[-1][-1] += formula(child)
        elif not (isinstance(child, LatexMacroNode) and UNTOLD.fullmatch(child.macroname)):
            rows[-1][-1] += inline([child])
    kept = [[tidy(cell) for cell in row] for row in rows]
    return table([row for row in kept if any(row)])
