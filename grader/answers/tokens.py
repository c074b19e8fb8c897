"""The words of the formula grammar: a text cut into numbers, names, signs and what separates formulas.

Plain text, Unicode and LaTeX come out as the same tokens. Nothing is looked up and nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from grader.answers.numbers import plain

TOKENS_MAX = 4000

Kind = Literal[
    "number", "name", "sign", "open", "close", "floor", "end_floor", "call", "fraction", "word", "break"
]

_SUPER = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_DROPPED = re.compile(
    r"\\(?:left|right|bigl?|bigr?|Bigl?|Bigr?|displaystyle|textstyle|quad|qquad|limits)(?![A-Za-z])|\\[,;:! ]|[$&`]"
)
_PIECES = re.compile(
    r"""(?P<number>\d{1,12}(?:\.\d{1,6})?)
    |(?P<fraction>\\[dt]?frac(?![A-Za-z]))
    |(?P<floor>\\lfloor(?![A-Za-z])|⌊)|(?P<end_floor>\\rfloor(?![A-Za-z])|⌋)
    |(?P<call>(?:\\operatorname\{|\\mathrm\{|\\text\{|\\)?
        (?:floor|int|ent|E|partie[ ]enti[eè]re(?:[ ]de)?)\}?(?=\s*[(\[{]))
    |(?P<text>\\(?:text|mathrm|operatorname|mbox)\{[^{}]{0,60}\})
    |(?P<name>(?:[A-Za-z](?:_\{[A-Za-z0-9]{1,6}\}|_[A-Za-z0-9]{1,4})?(?:'|\\prime|\^\{?\\prime\}?){0,2})(?![A-Za-zÀ-ÖØ-öø-ÿ_'\\]))
    |(?P<product>(?:[A-Za-z](?:'|\\prime|\^\{?\\prime\}?){0,2}){2,12}(?![A-Za-zÀ-ÖØ-öø-ÿ_']))
    |(?P<word>[A-Za-zÀ-ÖØ-öø-ÿŒœ]+(?:_\w+)?'*)
    |(?P<super>[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2})
    |(?P<div>//|\\div|÷)
    |(?P<power>\*\*)
    |(?P<sign>[-+*×/^])
    |(?P<open>[(\[{])|(?P<close>[)\]}])
    |(?P<space>\s+)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    """One word of a formula, or something that no formula holds (`word`, `break`)."""

    kind: Kind
    text: str
    start: int
    end: int
    spaced: bool = False
    """Whether white space stands before it."""


def normal(text: str) -> str:
    """Return `text` as the tokens see it; their places are counted in it."""
    return plain(text)


def tokenize(text: str, letters: frozenset[str]) -> tuple[Token, ...]:
    """Return the first tokens of `text`, where words made of `letters` alone (`xyz`) are split into names."""
    text = normal(text)
    text = _DROPPED.sub(lambda match: " " * len(match[0]), text)
    found: list[Token] = []
    spaced = False
    for match in _PIECES.finditer(text):
        if match.lastgroup == "space":
            spaced = True
            if "\n" in match[0]:
                found.append(Token("break", "\n", match.start(), match.end()))
            continue
        found.extend(_tokens(match, letters, spaced))
        spaced = False
        if len(found) >= TOKENS_MAX:
            break
    return tuple(found[:TOKENS_MAX])


def _tokens(match: re.Match[str], letters: frozenset[str], spaced: bool) -> Iterator[Token]:
    kind, text, start, end = match.lastgroup or "other", match[0], match.start(), match.end()
    if kind in ("number", "fraction", "floor", "end_floor", "call", "open", "close", "sign"):
        yield Token(kind, "*" if text == "×" else text, start, end, spaced)  # type: ignore[arg-type] # a Kind, by the pattern
    elif kind == "name":
        yield Token("name", _name(text), start, end, spaced)
    elif kind == "super":
        yield Token("sign", "^", start, start, spaced)
        yield Token("number", text.translate(_SUPER), start, end)
    elif kind == "power":
        yield Token("sign", "^", start, end, spaced)
    elif kind == "div":
        yield Token("sign", "//" if text == "//" else "/", start, end, spaced)
    elif kind in ("word", "product"):
        yield from _word(text, start, letters, spaced)
    elif kind == "text":
        yield from _word(re.sub(r"^.*?\{|\}$", "", text).strip(), start, letters, spaced)
    else:
        yield Token("break", text, start, end, spaced)


def _word(text: str, start: int, letters: frozenset[str], spaced: bool) -> Iterator[Token]:
    """Yield the names of a product written without signs (`xyz`, `xyx'y'`, `kxk`), or the word as it is."""
    text = _name(text)
    if len(text) <= 24 and re.fullmatch(r"(?:[A-Za-z]'{0,2})+", text):
        names = re.findall(r"[A-Za-z]'{0,2}", text)
        if all(name.rstrip("'") in letters for name in names):
            place = start
            for count, name in enumerate(names):
                yield Token("name", _name(name), place, place + len(name), spaced and count == 0)
                place += len(name)
            return
    yield Token("word", text, start, start + len(text), spaced)


def _name(text: str) -> str:
    """Return a name without LaTeX: `x_{out}` is `x_out`, `x^{\\prime}` is `x'`."""
    return re.sub(r"\^?\{?\\prime\}?", "'", text).replace("{", "").replace("}", "")
