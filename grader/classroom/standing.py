"""What stands of each hand-in after a run: its result where there is one, else why there is none."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path

from grader.classroom.handin import HandIn
from grader.classroom.register import Row
from grader.classroom.running import Graded
from grader.classroom.slimming import Slimmer
from grader.classroom.work import REPORTS
from grader.errors import UsageError
from grader.model import Result
from grader.pipeline.kept import load_result
from grader.text import Text

_UNFINISHED = Text(
    fr="La correction n'a pas abouti : relancez la même commande avec --retry-errors.",
    en="The grading did not come to its end: run the same command again with --retry-errors.",
)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One hand-in, its result if any, and the people whose mark it is."""

    hand_in: HandIn
    pseudonym: str
    folder: Path
    result: Result | None
    note: Text | None
    """Why there is no result."""

    @property
    def students(self) -> tuple[str, ...]:
        """Everybody who shares the mark: who handed in first, then whoever else signed."""
        signed = self.result.submission.authors if self.result else ()
        if not signed:
            return (self.hand_in.name,)
        own = [name for name in signed if same_person(name, self.hand_in.name)]
        if self.hand_in.folder and not own:
            return (self.hand_in.name, *signed)
        return tuple(dict.fromkeys((*own, *signed)))

    @property
    def report(self) -> Path | None:
        """The report for people, where there is one."""
        found = (self.folder / name for name in REPORTS)
        return next((path for path in found if path.is_file()), None) if self.result else None


def standings(graded: Graded) -> tuple[Standing, ...]:
    """Return what stands of every hand-in, in the order of the class; results without what students wrote."""
    slim = Slimmer()
    return tuple(_standing(graded, row, slim) for row in graded.rows)


def _standing(graded: Graded, row: Row, slim: Slimmer) -> Standing:
    folder = graded.options.folder(row.hand_in.id)
    result = None
    if row.steps.get("judge") == "done":
        try:
            result = slim(load_result(folder))
        except UsageError:
            result = None
    return Standing(
        hand_in=row.hand_in,
        pseudonym=row.pseudonym,
        folder=folder,
        result=result,
        note=None if result else row.note or _UNFINISHED,
    )


def same_person(one: str, other: str) -> bool:
    """Return whether two ways of writing a name are of one person: the same words, in any order, accents apart."""
    return _words(one) == _words(other) != frozenset()


def _words(name: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(sign if sign.isalnum() else " " for sign in plain if not unicodedata.combining(sign))
    return frozenset(letters.split())
