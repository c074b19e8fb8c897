"""The ways in which questions may be numbered: through the whole sheet, anew in each part, anew in each section."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from grader.model import Assignment


@dataclass(frozen=True)
class Scheme:
    """One way to number: from a written number to the questions it may mean."""

    order: tuple[str, ...]
    plain: bool
    sections: tuple[str, ...]
    """Of each question in `order`, the section or part that its number counts in."""
    numbers: tuple[int | None, ...]
    """Of each question in `order`, its number in this scheme."""
    prefixes: frozenset[str] | None
    """What may stand before the point; None when it must be the question's own part."""

    def meant(self, number: int, prefix: str) -> list[int]:
        """Return the places in `order` of the questions that a written number may mean."""
        if self.prefixes is not None and prefix not in self.prefixes:
            return []
        places = [at for at, own in enumerate(self.numbers) if own == number]
        return [at for at in places if self.sections[at] == prefix] if self.prefixes is None else places

    def fits(self, at: int, section: str) -> float:
        """Return what it says for the question at `at` that the heading above names `section`."""
        own = self.sections[at]
        if self.plain or not section or not own:
            return 0.0
        return 0.6 if section.startswith(own) or own.startswith(section) else -2.0

    def follows(self, before: int, after: int) -> bool:
        """Tell whether `after` is the next question after `before` that has a number."""
        return before < after and all(number is None for number in self.numbers[before + 1 : after])

    def new_part(self, before: int, after: int) -> float:
        """Return what beginning another part costs where numbers begin anew: it should begin with its first."""
        if self.plain or self.prefixes is None or self.sections[before] == self.sections[after]:
            return 0.0
        return 0.3 + 0.5 * min((self.numbers[after] or 1) - 1, 4)


def schemes(assignment: Assignment) -> list[Scheme]:
    """Return the numberings that a report on `assignment` may use, the plain one first."""
    questions = [one for one in assignment.question if one.kind not in ("implementation", "free")]
    order = tuple(one.id for one in questions)
    absolute = tuple(int(found[1]) if (found := re.fullmatch(r"Q(\d+)", one)) else None for one in order)
    digits = re.findall(r"\d+", assignment.slug)
    own = frozenset(("", *digits, "".join(digits), "-".join(digits)))
    every = [Scheme(order, True, ("",) * len(order), absolute, own)]
    for depth in (1, 3):
        sections = tuple(one.section[:depth] for one in questions)
        counts: dict[str, int] = defaultdict(int)
        relative: list[int | None] = []
        for number, section in zip(absolute, sections, strict=True):
            counts[section] += number is not None
            relative.append(counts[section] if number is not None else None)
        every.append(Scheme(order, False, sections, tuple(relative), frozenset(("",))))
        if depth == 1:
            every.append(Scheme(order, False, sections, tuple(relative), None))
    return every
