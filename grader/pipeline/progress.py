"""How the steps tell what they are doing: a seam, so that the pipeline never prints."""

from __future__ import annotations

from typing import Protocol

from grader.text import Text


class Progress(Protocol):
    """Hears about a run while it goes on."""

    def step(self, text: Text) -> None:
        """A new step begins; the one before is over."""

    def advance(self, done: float, total: float, text: Text) -> None:
        """The running step has come from 0 to `done` of `total`; `text` says what is being done."""


class Silent:
    """Hears and says nothing."""

    def step(self, text: Text) -> None:
        """Do nothing."""

    def advance(self, done: float, total: float, text: Text) -> None:
        """Do nothing."""
