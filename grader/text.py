"""A sentence in both languages of the house, the smallest noun of all."""

from __future__ import annotations

from typing import Literal

import msgspec

Language = Literal["fr", "en"]


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """The same sentence in French and in English."""

    fr: str
    en: str

    def in_(self, language: Language) -> str:
        """Return the sentence in `language`."""
        return self.fr if language == "fr" else self.en
