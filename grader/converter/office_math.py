"""Office Math (OMML) as LaTeX, element by element; what is not known gives its text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from xml.etree.ElementTree import Element

MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_DEPTH_MAX = 40
_SIGNS = {
    "⌊": r"\lfloor ", "⌋": r" \rfloor", "⌈": r"\lceil ", "⌉": r" \rceil", "{": r"\{", "}": r"\}",
    "∑": r"\sum", "∏": r"\prod", "∫": r"\int", "×": r" \times ", "⋅": r" \cdot ", "·": r" \cdot ",
    "∙": r" \cdot ", "−": "-", "′": "'", "≤": r" \leq ", "≥": r" \geq ", "≈": r" \approx ", "→": r" \to ",
    "∞": r"\infty",
}  # fmt: skip


def latex(element: Element, depth: int = 0) -> str:
    """Return the LaTeX of an OMML element; beyond a depth that no formula has, nothing."""
    if depth > _DEPTH_MAX:
        return ""
    name = element.tag.removeprefix(MATH)
    if name == "t":
        return "".join(sign(character) for character in element.text or "")
    known = _FORMS.get(name)
    if known is not None:
        return known(element, depth + 1)
    if name.endswith("Pr"):
        return ""
    return _all(element, depth + 1)


def sign(character: str) -> str:
    """Return `character` as LaTeX writes it in a formula."""
    code = ord(character)
    if 0x1D400 <= code <= 0x1D7FF:  # mathematical italic, bold and so on
        return unicodedata.normalize("NFKC", character)
    if character in _SIGNS:
        return _SIGNS[character]
    if 0x3B1 <= code <= 0x3C9:
        return f"\\{unicodedata.name(character).rpartition(' ')[2].lower()} "
    return character


def _all(element: Element, depth: int) -> str:
    return "".join(latex(child, depth) for child in element)


def _part(element: Element, name: str, depth: int) -> str:
    child = element.find(f"{MATH}{name}")
    return "" if child is None else latex(child, depth).strip()


def _setting(element: Element, name: str, default: str) -> str:
    """Return a property of the element, `default` where it is not set."""
    for properties in element:
        if properties.tag.endswith("Pr"):
            found = properties.find(f"{MATH}{name}")
            if found is not None:
                return found.get(f"{MATH}val", "")
    return default


def _fraction(element: Element, depth: int) -> str:
    above, below = _part(element, "num", depth), _part(element, "den", depth)
    if _setting(element, "type", "bar") in ("lin", "skw"):
        return f"({above})/({below})"
    return rf"\frac{{{above}}}{{{below}}}"


def _scripts(element: Element, depth: int) -> str:
    base, below, above = (_part(element, name, depth) for name in ("e", "sub", "sup"))
    base = f"{{{base}}}" if len(base) > 1 else base
    primes = above if above and set(above) <= {"'"} else ""
    raised = primes or (f"^{{{above}}}" if above else "")
    return f"{base}{f'_{{{below}}}' if below else ''}{raised}"


def _nary(element: Element, depth: int) -> str:
    symbol = sign(_setting(element, "chr", "∫")).strip()
    below, above = _part(element, "sub", depth), _part(element, "sup", depth)
    limits = (f"_{{{below}}}" if below else "") + (f"^{{{above}}}" if above else "")
    return f"{symbol}{limits} {_part(element, 'e', depth)}"


def _delimited(element: Element, depth: int) -> str:
    opening, closing = _setting(element, "begChr", "("), _setting(element, "endChr", ")")
    parts = [latex(child, depth).strip() for child in element if child.tag == f"{MATH}e"]
    between = _setting(element, "sepChr", "|").join(parts)
    return f"{sign(opening) if opening else ''}{between}{sign(closing) if closing else ''}"


def _root(element: Element, depth: int) -> str:
    degree = _part(element, "deg", depth)
    return rf"\sqrt{f'[{degree}]' if degree else ''}{{{_part(element, 'e', depth)}}}"


def _function(element: Element, depth: int) -> str:
    return f"{_part(element, 'fName', depth)} {_part(element, 'e', depth)}"


def _limit(element: Element, depth: int) -> str:
    return f"{_part(element, 'e', depth)}_{{{_part(element, 'lim', depth)}}}"


def _rows(children: Iterable[str]) -> str:
    return r" \\ ".join(children)


def _matrix(element: Element, depth: int) -> str:
    rows = [child for child in element if child.tag == f"{MATH}mr"]
    cells = ([latex(cell, depth).strip() for cell in row if cell.tag == f"{MATH}e"] for row in rows)
    return rf"\begin{{matrix}}{_rows(' & '.join(row) for row in cells)}\end{{matrix}}"


def _array(element: Element, depth: int) -> str:
    return _rows(latex(child, depth).strip() for child in element if child.tag == f"{MATH}e")


_FORMS = {
    "f": _fraction, "sSup": _scripts, "sSub": _scripts, "sSubSup": _scripts, "sPre": _scripts, "nary": _nary,
    "d": _delimited, "rad": _root, "func": _function, "limLow": _limit, "limUpp": _limit, "m": _matrix,
    "eqArr": _array,
}  # fmt: skip
