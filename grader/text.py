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


def figure(value: float, language: Language, form: str = "g") -> str:
    """Return `value` laid out by `form` as a sentence has it: `0.25` or `54.1%`, in French `0,25` or `54,1 %`."""
    told = format(value, form)
    return told.replace(".", ",").replace("%", " %") if language == "fr" else told


def agreeing(count: float, one: Text, many: Text) -> Text:
    """Return the sentence that agrees with `count`: French takes the plural from 2, English for all but 1."""
    return Text(fr=(many if abs(count) >= 2 else one).fr, en=(one if count == 1 else many).en)
