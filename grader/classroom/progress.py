"""How far a run over a class is, and who is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from grader.classroom.register import State
from grader.text import Text


@dataclass(frozen=True)
class Progress:
    """How far a run is: jobs by kind and state, how much was shared, and what is under way."""

    counts: Mapping[str, Mapping[State, int]]
    sharing: tuple[int, int]
    running: tuple[str, ...]
    seconds: Mapping[str, float]
    """Mean duration of the jobs of a kind so far."""
    slots: int

    @property
    def left_s(self) -> float | None:
        """Seconds that what is known to be left will take; None as long as nothing is known of some kind."""
        total = 0.0
        for kind, states in self.counts.items():
            left = states.get("waiting", 0) + 0.5 * states.get("running", 0)
            if left and kind not in self.seconds:
                return None
            total += left * self.seconds.get(kind, 0.0)
        return total / max(self.slots, 1)


class Watcher(Protocol):
    """Whoever shows how a class comes on."""

    def note(self, text: Text) -> None:
        """Say something once."""

    def update(self, state: Progress) -> None:
        """Show how far things are."""
