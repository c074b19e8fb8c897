"""How training tells what it is doing, without knowing who listens or how it is shown."""

from __future__ import annotations

from typing import Protocol

from grader.text import Text


class Watcher(Protocol):
    """Hears how far data and trainings are."""

    def step(self, text: Text) -> None:
        """Something that takes its time begins."""

    def advance(self, done: float, total: float, text: Text) -> None:
        """It has come from 0 to `done` of `total`; `text` says what is being done."""


class Unwatched:
    """Hears and does nothing."""

    def step(self, text: Text) -> None:
        """Do nothing."""

    def advance(self, done: float, total: float, text: Text) -> None:
        """Do nothing."""
