"""Keeps a fault of ours from costing a result: a step that breaks is noted, and the next one goes on."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from grader.errors import GraderError
from grader.text import Text

T = TypeVar("T")


class Faults:
    """What broke on our side during a run; each fault is logged once with its traceback, for the teacher."""

    def __init__(self, log: Path, *, again: bool = False) -> None:
        """Begin a log anew; `again` goes on with the one that notes of an earlier run point to."""
        self._log = log
        self.notes: list[Text] = []
        if not again:
            log.unlink(missing_ok=True)

    def guard(self, step: Text, work: Callable[[], T], otherwise: T) -> T:
        """Return what `work` gives, or `otherwise` when it breaks; the break is then noted."""
        try:
            return work()
        except GraderError as error:
            told = error.text
        except Exception as error:  # noqa: BLE001 - whatever broke, the grade so far must survive
            told = Text(
                fr=f"erreur interne ({type(error).__name__})", en=f"internal error ({type(error).__name__})"
            )
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("a", encoding="utf-8") as log:
            traceback.print_exc(file=log)
        self.notes.append(
            Text(
                fr=f"Étape « {step.fr} » : {told.fr} Ce n'est pas la faute du travail rendu ; voir {self._log.name}.",
                en=f'Step "{step.en}": {told.en} The hand-in is not to blame; see {self._log.name}.',
            )
        )
        return otherwise
