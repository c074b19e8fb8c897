"""Numbers and small words as a French or an English reader expects them."""

from __future__ import annotations

import re

from babel import Locale
from babel.numbers import format_decimal, format_percent

from grader.text import Language
from reports.phrases import say

NO_BREAK = "\N{NO-BREAK SPACE}"
_NARROW = "\N{NARROW NO-BREAK SPACE}"
_WORST_DEVIATION = 1e9
_BEFORE = re.compile(r" (?=[:»%])|(?<=«) ")
_BEFORE_NARROW = re.compile(r" (?=[;!?](?:\s|$))|(?<=[0-9]) (?=[0-9]{3}(?![0-9]))")


def decimal(value: float, language: Language, places: int = 2) -> str:
    """Return `value` with at most `places` decimals: `1,5` or `1.5`."""
    if not abs(value) < _WORST_DEVIATION:
        return "–"
    return format_decimal(value + 0.0, format="#,##0." + "#" * places, locale=language)


def percent(fraction: float | None, language: Language) -> str:
    """Return a fraction of 1 as a percentage with one decimal, a dash for None or nonsense."""
    if fraction is None or not abs(fraction) < _WORST_DEVIATION:
        return "–"
    return format_percent(fraction, format="0.0 %" if language == "fr" else "0.0%", locale=language).replace(
        " ", NO_BREAK
    )


def percent_range(lower: float, upper: float, language: Language) -> str:
    """Return two fractions of 1 as `54,1 – 62,2 %`."""
    low = format_decimal(100 * lower, format="0.0", locale=language)
    return f"{low} – {percent(upper, language)}".replace(" – ", f"{NO_BREAK}–{NO_BREAK}")


def deviation(difference: float, language: Language) -> str:
    """Return a difference of two fractions of 1 in percentage points, with its sign."""
    sign = "+" if difference >= 0 else "−"
    return sign + format_decimal(abs(difference) * 100, format="0.0", locale=language)


def integer(value: int, language: Language) -> str:
    """Return `value` with its thousands grouped: `1 068 266` or `1,068,266`."""
    return format_decimal(value, locale=language)


def points(value: float, language: Language) -> str:
    """Return an amount of points with its unit: `1,5 point`, `2 points`."""
    form = Locale.parse(language).plural_form(abs(value))
    unit = say("point" if form == "one" else "points", language)
    return f"{decimal(value, language)}{NO_BREAK}{unit}"


def spaced(text: str, language: Language) -> str:
    """Return `text` with the spaces of French printing: no line breaks before `: ; ! ? % »`, after `«`, in a number."""
    if language != "fr":
        return text
    return _BEFORE_NARROW.sub(_NARROW, _BEFORE.sub(NO_BREAK, text))
