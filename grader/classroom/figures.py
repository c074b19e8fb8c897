"""Figures in sentences: the decimal sign is the reader's. Cells of tables have points everywhere, and none of this."""

from __future__ import annotations

from grader.text import Language


def figure(value: float, language: Language) -> str:
    """Return `value` as a sentence has it: 12.5 in English, 12,5 in French, no needless zeros."""
    told = f"{value:g}"
    return told.replace(".", ",") if language == "fr" else told
