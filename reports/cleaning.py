"""Foreign text made fit to print: nothing invisible, nothing that reorders, nothing endless."""

from __future__ import annotations

import re
import unicodedata

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")
_LONGEST_MARK_PILE = 3


def clean(text: str) -> str:
    """Return `text` with line ends as `\\n` and every hidden character shown or taken out.

    Control and bidirectional characters become `⟨U+202E⟩`, so that a reader sees that they were
    there; characters of zero width and piles of combining marks are dropped (a name in which
    they hide must not differ from how it looks). Lone surrogates become U+FFFD.
    """
    text = _LINE_ENDS.sub("\n", text).replace("\t", "    ")
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    kept: list[str] = []
    pile = 0
    for character in text:
        pile = pile + 1 if unicodedata.combining(character) else 0
        if pile <= _LONGEST_MARK_PILE:
            kept.append(_shown(character))
    return "".join(kept)


def clean_line(text: str, longest: int = 400) -> str:
    """Return `text` cleaned, on one line, and cut with an ellipsis after `longest` characters."""
    line = " ".join(clean(text[: 8 * longest]).split())
    return clip(line, longest)


def clip(line: str, longest: int) -> str:
    """Return `line`, or its beginning up to a word's end with an ellipsis when it is longer."""
    if len(line) <= longest:
        return line
    head = line[: longest - 1]
    space = head.rfind(" ")
    return head[: space if space > longest * 2 // 3 else None].rstrip(" ,;:.") + "…"


def _shown(character: str) -> str:
    if character == "\n":
        return character
    category = unicodedata.category(character)
    if character in _BIDI or category == "Cc":
        return f"⟨U+{ord(character):04X}⟩"
    if category == "Cs":
        return "\ufffd"
    return "" if category == "Cf" else character
