"""MathML as LaTeX, element by element; where a page kept the LaTeX it was made from, that."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element

from grader.converter.office_math import sign

_DEPTH_MAX = 40
_TEX = ("application/x-tex", "TeX", "LaTeX")


def local(element: Element) -> str:
    """Return the element's name without its namespace; a comment has none."""
    tag: object = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def latex(element: Element, depth: int = 0) -> str:
    """Return the LaTeX of a MathML element; beyond a depth that no formula has, nothing."""
    if depth > _DEPTH_MAX:
        return ""
    name = local(element)
    parts = [child for child in element if local(child)]
    if name in ("mi", "mn", "mo", "mtext", "ms"):
        return "".join(map(sign, " ".join("".join(element.itertext()).split())))
    if name == "semantics":
        kept = (one for one in parts if local(one) == "annotation" and one.get("encoding") in _TEX)
        source = next(kept, None)
        return latex(parts[0], depth + 1) if source is None and parts else _text(source)
    if name.startswith("annotation"):
        return ""
    form, count = _FORMS.get(name, (None, 0))
    if form is not None and len(parts) == count:
        return form(*(latex(part, depth + 1).strip() for part in parts))
    rows = {"mtr": " & ", "mlabeledtr": " & ", "mtable": r" \\ "}
    inner = rows.get(name, "").join(latex(part, depth + 1) for part in parts)
    if name == "msqrt":
        return rf"\sqrt{{{inner}}}"
    if name == "mfenced":
        return f"{element.get('open', '(')}{inner}{element.get('close', ')')}"
    return inner


def _text(source: Element | None) -> str:
    return "" if source is None else "".join(source.itertext()).strip()


_FORMS: dict[str, tuple[Callable[..., str], int]] = {
    "mfrac": (lambda over, under: rf"\frac{{{over}}}{{{under}}}", 2),
    "msup": (lambda base, up: f"{base}^{{{up}}}", 2),
    "msub": (lambda base, down: f"{base}_{{{down}}}", 2),
    "msubsup": (lambda base, down, up: f"{base}_{{{down}}}^{{{up}}}", 3),
    "mover": (lambda base, up: f"{base}^{{{up}}}", 2),
    "munder": (lambda base, down: f"{base}_{{{down}}}", 2),
    "munderover": (lambda base, down, up: f"{base}_{{{down}}}^{{{up}}}", 3),
    "mroot": (lambda inner, degree: rf"\sqrt[{degree}]{{{inner}}}", 2),
}
