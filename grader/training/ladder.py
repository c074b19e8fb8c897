"""What becomes of a training that the GPU does not take: fewer at a time, then the CPU, and every step said aloud."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from grader.text import Text

T = TypeVar("T")


class Setback(StrEnum):
    """Why an attempt on the GPU came to nothing."""

    MEMORY = "memory"
    """Its share of the GPU's memory was too small."""
    ABSENT = "absent"
    """The process that was to train found no GPU that torch can use."""
    FAILURE = "failure"
    """The GPU or its driver gave an error."""


CODES = {Setback.MEMORY: 75, Setback.ABSENT: 76, Setback.FAILURE: 77}
"""Exit codes of a worker that met one and left no record."""


@dataclass(frozen=True)
class Rung:
    """A way to train: on the CPU, or on the GPU with so many of its places."""

    device: str
    places: int = 1


def rungs(device: str, places: int) -> tuple[Rung, ...]:
    """Return the ways to train for `device` in the order in which they are tried.

    On a GPU with `places` trainings at a time, each retry takes twice the places of the one before it, so half as
    many run beside it and each has twice the memory; alone is the last, and then comes the CPU.
    """
    if device != "cuda":
        return (Rung(device),)
    found, wanted = [], 1
    while wanted < places:
        found.append(wanted)
        wanted *= 2
    return (*(Rung("cuda", one) for one in (*found, places)), Rung("cpu"))


def descend(ladder: Sequence[Rung], attempt: Callable[[Rung], T | Setback]) -> tuple[T, Text | None]:
    """Return what the first attempt gave that met no setback, and what to tell of those that did.

    Memory that did not suffice is answered by the next rung; a GPU that is absent or fails, by the last.
    """
    setbacks: list[Setback] = []
    for rung in ladder:
        if setbacks and setbacks[-1] is not Setback.MEMORY and rung is not ladder[-1]:
            continue
        made = attempt(rung)
        if not isinstance(made, Setback):
            return made, _told(setbacks, rung)
        setbacks.append(made)
    raise RuntimeError("the last rung of a ladder takes every training")


def _told(setbacks: Sequence[Setback], rung: Rung) -> Text | None:
    if not setbacks:
        return None
    fr, en = {
        Setback.MEMORY: ("La mémoire du GPU n'a pas suffi", "The GPU's memory did not suffice"),
        Setback.ABSENT: (
            "Un GPU était prévu, mais torch n'en a pas trouvé au moment d'entraîner",
            "A GPU was meant to be used, but torch found none when training began",
        ),
        Setback.FAILURE: ("Le GPU a signalé une erreur", "The GPU reported an error"),
    }[setbacks[-1]]
    if rung.device == "cpu":
        return Text(
            fr=f"{fr} : le réentraînement a eu lieu sur le processeur (CPU).",
            en=f"{en}: training took place on the CPU.",
        )
    return Text(
        fr=f"{fr} pour autant d'entraînements à la fois : celui-ci a été repris avec moins d'autres à côté.",
        en=f"{en} for as many trainings at a time: this one was repeated with fewer beside it.",
    )


class Places:
    """The places of a GPU: as many trainings at a time, each with as much of its memory."""

    def __init__(self, count: int) -> None:
        self.count = max(1, count)
        self._free = self.count
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, wanted: int) -> Iterator[float]:
        """Hold `wanted` places, waiting until they are free; gives their share of the memory."""
        wanted = max(1, min(wanted, self.count))
        with self._changed:
            self._changed.wait_for(lambda: self._free >= wanted)
            self._free -= wanted
        try:
            yield wanted / self.count
        finally:
            with self._changed:
                self._free += wanted
                self._changed.notify_all()
