"""How far a run over a class is, and who is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from grader.classroom.register import State
from grader.text import Text

_USUAL_S = {"judge": 0.5, "report": 6.0}
"""What a mark and a report take, as long as this run has made none."""


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
        """Seconds that what is left will take, trainings still to be found among it; None while that is unknown."""
        total = 0.0
        for kind, states in self.counts.items():
            left = states.get("waiting", 0) + 0.5 * states.get("running", 0)
            left += self._unseen_trainings() if kind == "train" else 0.0
            seconds = self.seconds.get(kind, _USUAL_S.get(kind))
            if left and seconds is None:
                return None
            total += left * (seconds or 0.0)
        return total / max(self.slots, 1)

    def _unseen_trainings(self) -> float:
        """Return how many trainings what is not watched yet will need, if it is like what was watched."""
        watch, train = self.counts.get("watch", {}), self.counts.get("train", {})
        unwatched = watch.get("waiting", 0) + watch.get("running", 0)
        return unwatched * sum(train.values()) / max(watch.get("done", 0), 1)


class Watcher(Protocol):
    """Whoever shows how a class comes on."""

    def note(self, text: Text) -> None:
        """Say something once."""

    def update(self, state: Progress) -> None:
        """Show how far things are."""
