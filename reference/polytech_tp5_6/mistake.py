"""What a mistake in a run is, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass

from grader.checking import failed, manual
from grader.model import Place

HALF = 0.5
QUARTER_POINT_OF_Q15 = 0.25 / 1.75
RESULT = 0.15


@dataclass(frozen=True)
class Mistake:
    """Something wrong in a run, with the words for it and the share of its item it costs."""

    fault: str
    fr: str
    en: str
    place: Place | None = None
    cost: float = HALF
    confirmed: bool = True
    """False when only the program itself shows it and its source does not say the same."""


def judge(mistake: Mistake | None) -> None:
    """End the check over `mistake`, if there is one; a person decides what is not confirmed."""
    if mistake is None:
        return
    if not mistake.confirmed:
        manual(
            fr=f"{mistake.fr} Une personne le vérifiera.",
            en=f"{mistake.en} A person will look.",
            place=mistake.place,
        )
    failed(fr=mistake.fr, en=mistake.en, fault=mistake.fault, place=mistake.place, cost=mistake.cost)
