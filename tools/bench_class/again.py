"""Enrols a class whose every step stands already: what follows has to mark it and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

from grader.classroom.executors import Ended, Job, Resources
from grader.classroom.running import grade_class
from grader.classroom.settings import ClassOptions


class Done:
    """Says that everything was done before."""

    name = "done"

    def __init__(self) -> None:
        self._ended: list[Ended] = []

    def fits(self, resources: Resources) -> bool:
        """Anything does."""
        return len(self._ended) < 64

    def submit(self, job: Job) -> None:
        """Take note."""
        self._ended.append(Ended(id=job.id, how="done"))

    def wait(self, timeout_s: float) -> list[Ended]:
        """Return all of it."""
        ended, self._ended = self._ended, []
        return ended

    def close(self) -> None:
        """Do nothing."""


class Quiet:
    """Shows nothing."""

    def note(self, text: object) -> None:
        """Say nothing."""

    def update(self, state: object) -> None:
        """Show nothing."""


if __name__ == "__main__":
    grade_class(
        ClassOptions(
            source=Path(sys.argv[1]), out=Path(sys.argv[2]), assignment="polytech_tp5_6", budget="static",
            data="synthetic", language="en",
        ),
        Quiet(),
        Done(),
    )  # fmt: skip
