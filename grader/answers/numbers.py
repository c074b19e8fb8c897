"""Numbers as people write them: thousands and decimals in every style, units and powers of ten.

`1 191 170`, `1,191,170`, `1.191.170`, `1.19M`, `1,2 million` and `$1{,}19 \\times 10^6$` are all read.
A number that may be read two ways (`1,024`) carries both readings. Nothing here is evaluated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SPACES = "\u00a0\u2007\u2008\u2009\u200a\u2002\u2003\u2004\u2005\u2006\u202f\u205f\u3000\t"
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
_ONE_KIND = {
    **dict.fromkeys(_INVISIBLE, ""), **dict.fromkeys(_SPACES, " "), "−": "-", "–": "-", "‐": "-", "‑": "-",
    "’": "'", "′": "'",
}  # fmt: skip
_OTHER_KIND = re.compile(f"[{''.join(_ONE_KIND)}]")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")

_GROUP = r"[ '.,]"
_BODY = (
    r"\d{1,3}(?:[ '](?!\d{3}\d)\d{3}){1,5}(?:[.,]\d{1,6})?(?!\d)"  # 1 191 170,5
    r"|\d{1,3}(?:,\d{3}){2,5}(?:\.\d{1,6})?(?!\d)"  # 1,191,170.5
    r"|\d{1,3}(?:\.\d{3}){2,5}(?:,\d{1,6})?(?!\d)"  # 1.191.170,5
    r"|\d{1,18}(?:[.,]\d{1,12})?"  # 1191170 or 1,19
)
_SCALE = r"(?:\s?(?P<word>millions?|milliers?|mille|thousands?|mio)\b|\s?(?P<letter>[MKk])(?![A-Za-zÀ-ÿ0-9]))"
_POWER = (
    r"(?:\s?(?:[*×·x])\s?10\s?(?:\^\s?\{?(?P<power>-?\d{1,2})\}?|(?P<raised>[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]{1,3}))"
    r"|[eE](?P<e>[+-]?\d{1,2})(?!\w))"
)
_NUMBER = re.compile(rf"(?<![\w.,])(?P<body>{_BODY})(?:{_POWER}|{_SCALE})?")
_DIGITS = re.compile(r"\d+")
_FACTORS = {"m": 10**6, "k": 10**3}


@dataclass(frozen=True)
class Number:
    """A number found in a text, with every value it can stand for, the likeliest first."""

    values: tuple[float, ...]
    start: int
    end: int
    text: str
    tolerance: float = 0.0
    """Half a unit of the last digit written, for a rounded figure such as `1.19M`; else 0."""

    @property
    def value(self) -> float:
        """The likeliest reading."""
        return self.values[0]

    def is_about(self, wanted: float) -> bool:
        """Tell whether some reading equals `wanted` within the precision that was written."""
        return any(abs(value - wanted) <= self.tolerance + 1e-9 for value in self.values)


_FENCED = re.compile(r"\{([.,])\}")
_THIN = re.compile(r"(?<=\d)\\[,;:! ](?=\d)|(?<=\d)~(?=\d)")
_TIMES = re.compile(r"\\times|\\cdot|\\ast|[✕✖∗⋅∙•·]")


def plain(text: str) -> str:
    """Return `text` with one kind of space, minus and apostrophe, and without LaTeX's thin spaces."""
    text = _OTHER_KIND.sub(lambda sign: _ONE_KIND[sign[0]], text)
    text = _FENCED.sub(r"\1", text)
    if "\\" in text or "~" in text:
        text = _THIN.sub(" ", text)
    return _TIMES.sub("×", text)


def find_numbers(text: str) -> tuple[Number, ...]:
    """Return the numbers of `text` in order; places are counted in `plain(text)`."""
    text = plain(text)
    found: list[Number] = []
    for digits in _DIGITS.finditer(text):  # a number begins with the first digit of a row
        start = digits.start()
        match = _NUMBER.match(text, start) if not found or start >= found[-1].end else None
        if match is not None:
            found.append(_number(match))
    return tuple(found)


def parse_number(text: str) -> Number | None:
    """Return the number that `text` is, or None when it is anything else."""
    match = _NUMBER.fullmatch(plain(text).strip(" $*_`~≈"))
    return _number(match) if match else None


def _number(match: re.Match[str]) -> Number:
    body = match["body"]
    factor, scaled = _factor(match)
    readings, decimals = _readings(body, scaled=scaled)
    values = tuple(dict.fromkeys(value * factor for value in readings))
    tolerance = 0.5 * factor * 10.0**-decimals if scaled else 0.0
    return Number(values, match.start(), match.end(), match[0], tolerance)


def _factor(match: re.Match[str]) -> tuple[float, bool]:
    """Return what the figure is multiplied by, and whether that makes it a rounded one."""
    raised = match["power"] or match["e"] or (match["raised"] or "").translate(_SUPERSCRIPTS)
    if raised and raised not in "+-":
        try:
            return 10.0 ** max(-30, min(30, int(raised))), True
        except ValueError:  # `--`, from superscripts
            return 1.0, False
    word = (match["word"] or match["letter"] or "").lower()
    return (
        (float(_FACTORS["m" if word.startswith(("million", "mio")) or word == "m" else "k"]), True)
        if word
        else (1.0, False)
    )


def _readings(body: str, *, scaled: bool) -> tuple[tuple[float, ...], int]:
    """Return the values that `body` can mean and how many decimals the first one has."""
    separators = [sign for sign in body if sign in " '.,"]
    if not separators:
        return (float(body),), 0
    last = separators[-1]
    whole, _, end = body.rpartition(last)
    grouped = (len(end) == 3 and last in " '") or (len(separators) > 1 and len(set(separators)) == 1)
    if grouped:
        return (float(re.sub(_GROUP, "", body)),), 0
    decimal = float(f"{re.sub(_GROUP, '', whole)}.{end}")
    if len(end) == 3 and len(separators) == 1 and not scaled and not whole.startswith("0"):
        return (float(whole + end), decimal), 0
    return (decimal,), len(end)
