"""One page of a PDF as runs: characters that follow each other on one baseline in one size."""

from __future__ import annotations

import ctypes
import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium

CHARACTERS_MAX = 30_000
"""Of one page; a page of small print has 8 000."""

_SPACE_EM = 0.16
_COLUMN_EM = 1.6
_AXIS_EM = 0.25
_ACCENTS = {"´": "\u0301", "`": "\u0300", "ˆ": "\u0302", "¨": "\u0308", "¸": "\u0327", "˜": "\u0303"}
_EXTENSION = re.compile(r"CMEX", re.IGNORECASE)
_BIG_DELIMITERS = {
    "h": "[", "i": "]", "j": "⌊", "k": "⌋", "l": "⌈", "m": "⌉", "\x04": "⌊", "\x05": "⌋", "\x16": "⌊", "\x17": "⌋",
    "\x00": "(", "\x01": ")", "\x10": "(", "\x11": ")", "\x12": "(", "\x13": ")", "$": "⌊", "%": "⌋",
}  # fmt: skip
"""What TeX's font of large delimiters shows at the codes of these letters, where a PDF says no better."""


@dataclass
class Run:
    """Characters on one baseline; places in points from the page's lower left corner."""

    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool
    lost: int = 0
    column: bool = False
    """Whether a wide space stands before it."""


@dataclass(frozen=True)
class _Style:
    size: float
    bold: bool
    extension: bool


def page_runs(page: Any) -> tuple[list[Run], bool]:
    """Return the runs of a page in the order in which it draws them, and whether all of it was read."""
    text = pdfium.FPDFText_LoadPage(page)
    if not text:
        return [], True
    try:
        count = pdfium.FPDFText_CountChars(text)
        reader = _Reader(text)
        for place in range(min(count, CHARACTERS_MAX)):
            reader.take(place)
        return reader.finished(), count <= CHARACTERS_MAX
    finally:
        pdfium.FPDFText_ClosePage(text)


class _Reader:
    def __init__(self, text: Any) -> None:
        self._text = text
        self._runs: list[Run] = []
        self._space = False
        self._high = 0
        self._styles: dict[int, _Style] = {}
        self._box = pdfium.FS_RECTF()
        self._x, self._y = ctypes.c_double(math.nan), ctypes.c_double(math.nan)

    def take(self, place: int) -> None:
        """Add the character at `place`."""
        code = pdfium.FPDFText_GetUnicode(self._text, place)
        hyphen = code == 2  # what PDFium makes of the one at the end of a line
        if code in (9, 10, 13, 32, 160) or (
            pdfium.FPDFText_IsGenerated(self._text, place) == 1 and not hyphen
        ):
            self._space = True
            return
        if 0xD800 <= code < 0xDC00:
            self._high = code
            return
        if 0xDC00 <= code < 0xE000 and self._high:
            code, self._high = 0x10000 + ((self._high - 0xD800) << 10) + (code - 0xDC00), 0
        style = self._style(place)
        character, lost = _character(code, style, self._unmapped(place))
        if not character and not lost:
            return
        pdfium.FPDFText_GetLooseCharBox(self._text, place, self._box)
        origin = (self._x.value, self._y.value)
        pdfium.FPDFText_GetCharOrigin(self._text, place, self._x, self._y)
        if (self._x.value, self._y.value) == origin and self._runs and not self._space:
            self._runs[-1].text += character  # the second letter of a ligature
            return
        baseline = self._axis(place) - _AXIS_EM * style.size if style.extension else self._y.value
        run = Run(character, self._box.left, self._box.right, baseline, style.size, style.bold, lost)
        self._add(run)
        self._space = False

    def _axis(self, place: int) -> float:
        """Return the height of a glyph's middle: large delimiters hang from their origin, and stand on the axis."""
        left, right, bottom, top = (ctypes.c_double() for _ in range(4))
        pdfium.FPDFText_GetCharBox(self._text, place, left, right, bottom, top)
        return (bottom.value + top.value) / 2

    def _unmapped(self, place: int) -> bool:
        return bool(pdfium.FPDFText_HasUnicodeMapError(self._text, place) == 1)

    def _style(self, place: int) -> _Style:
        """Return size in points as drawn, boldness, and whether it is TeX's font of large delimiters."""
        key = pdfium.FPDFText_GetTextObject(self._text, place)
        address = ctypes.cast(key, ctypes.c_void_p).value or -place - 1
        if address not in self._styles:
            matrix = pdfium.FS_MATRIX()
            pdfium.FPDFText_GetMatrix(self._text, place, matrix)
            scale = math.hypot(matrix.b, matrix.d) or 1.0
            name = ctypes.create_string_buffer(128)
            pdfium.FPDFText_GetFontInfo(self._text, place, name, 128, None)
            told = name.value.decode("latin-1")
            weight = pdfium.FPDFText_GetFontWeight(self._text, place)
            bold = weight >= 600 or re.search(r"bold|black|CMBX|SFBX|bx\d", told, re.IGNORECASE) is not None
            size = pdfium.FPDFText_GetFontSize(self._text, place) * scale
            self._styles[address] = _Style(max(size, 0.5), bold, _EXTENSION.search(told) is not None)
        return self._styles[address]

    def _add(self, run: Run) -> None:
        last = self._runs[-1] if self._runs else None
        if last is None or abs(run.y - last.y) > 0.1 * last.size or not 0.92 < run.size / last.size < 1.09:
            run.text = f" {run.text}" if self._space and last is not None and _near(run, last) else run.text
            self._runs.append(run)
            return
        gap = (run.x0 - last.x1) / last.size
        if gap < -0.7 or gap > _COLUMN_EM:
            run.column = gap > _COLUMN_EM
            self._runs.append(run)
            return
        between = " " if self._space or gap > _SPACE_EM else ""
        if run.bold != last.bold and (between or last.text.endswith(" ")):
            run.text = f"{between}{run.text}"
            self._runs.append(run)
            return
        last.text += between + run.text
        last.x1, last.lost = max(last.x1, run.x1), last.lost + run.lost

    def finished(self) -> list[Run]:
        """Return the runs, spacing accents put on their letters."""
        for run in self._runs:
            run.text = _accented(run.text)
        return self._runs


def _near(run: Run, last: Run) -> bool:
    return abs(run.y - last.y) < 1.2 * last.size and run.x0 > last.x0


def _character(code: int, style: _Style, unmapped: bool) -> tuple[str, int]:
    """Return the character for a code point, and 1 where the PDF does not say what a glyph means."""
    if style.extension and chr(code) in _BIG_DELIMITERS:
        return _BIG_DELIMITERS[chr(code)], 0
    private = 0xE000 <= code <= 0xF8FF or code >= 0xF0000
    if unmapped or private or code in (0, 0xFFFD, 0xFFFE, 0xFFFF) or 0xD800 <= code < 0xE000:
        return _symbol(code) or "□", 0 if _symbol(code) else 1
    if code < 32 or 0x7F <= code < 0xA0 or code == 0xAD:
        return ("-", 0) if code in (2, 0xAD) else ("", 0)
    character = chr(code)
    if 0xFB00 <= code <= 0xFB06 or 0x1D400 <= code <= 0x1D7FF:  # ligatures, mathematical letters
        character = unicodedata.normalize("NFKC", character)
    return character, 0


def _symbol(code: int) -> str:
    """Return what a bullet of Word's symbol fonts means; other private characters mean nothing."""
    return "•" if code in (0xF0B7, 0xF0A7, 0xF0D8, 0xF076, 0xF02D, 0xF0FC) else ""


def _accented(text: str) -> str:
    """Return `text` with TeX's separate accents (`´e`, `c¸`) put on their letters."""
    for accent, combining in _ACCENTS.items():
        if accent in text:
            letters = r"([cC])\s?¸" if accent == "¸" else rf"{accent}\s?([aeiouyAEIOUYnNı])"
            text = re.sub(letters, rf"\1{combining}", text).replace(f"ı{combining}", f"i{combining}")
    return unicodedata.normalize("NFC", text)
