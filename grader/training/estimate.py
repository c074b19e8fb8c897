"""How long the trainings that are left will take, told only from what the running ones have shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from heapq import heapreplace
from statistics import fmean

from grader.text import Text, figure


@dataclass
class _Running:
    since_s: float
    from_epoch: int
    done: int
    at_s: float

    @property
    def pace_s(self) -> float | None:
        """Measured seconds an epoch, its share of starting up included; None before the first."""
        made = self.done - self.from_epoch
        return (self.at_s - self.since_s) / made if made > 0 else None


class Estimate:
    """Adds up what is left of `epochs` (by training, none of them cached) when `at_once` are trained at a time.

    Every time given is seconds of one clock that never goes back.
    """

    def __init__(self, epochs: Mapping[str, int], at_once: int) -> None:
        self._waiting = dict(epochs)
        self._epochs = dict(epochs)
        self._at_once = max(at_once, 1)
        self._running: dict[str, _Running] = {}
        self._paces: list[float] = []

    def begin(self, key: str, now_s: float) -> None:
        """Note that the training of `key` starts."""
        self._waiting.pop(key, None)
        self._running[key] = _Running(now_s, 0, 0, now_s)

    def epoch(self, key: str, done: int, now_s: float) -> None:
        """Note that `done` epochs of `key` are over."""
        one = self._running.get(key)
        if one is None:
            return
        if (
            one.done == 0 and done > 1
        ):  # taken up again where an earlier run left it: those epochs cost nothing
            one.since_s, one.from_epoch = now_s, done
        one.done, one.at_s = done, now_s

    def end(self, key: str) -> None:
        """Note that the training of `key` is over, however it ended."""
        one = self._running.pop(key, None)
        if one is not None and one.pace_s is not None:
            self._paces.append(one.pace_s)

    def left_s(self, now_s: float) -> float | None:
        """Return the seconds that the rest will take, None while no epoch was measured.

        Trainings without a measured epoch are taken to run at the mean pace of those that have one.
        """
        paces = self._paces + [one.pace_s for one in self._running.values() if one.pace_s is not None]
        if not paces:
            return None
        usual = fmean(paces)
        slots = [0.0] * self._at_once
        for key, one in self._running.items():
            pace = usual if one.pace_s is None else one.pace_s
            left = pace * (self._epochs.get(key, 0) - one.done) - (now_s - one.at_s)
            heapreplace(slots, slots[0] + max(left, 0.0))
        for epochs in self._waiting.values():
            heapreplace(slots, slots[0] + usual * epochs)
        return max(slots)


def told(left_s: float) -> Text:
    """Return about how long is left, no finer than it can be known."""
    if left_s < 90:
        seconds = max(5, 5 * round(left_s / 5))
        return Text(fr=f"encore {seconds} s environ", en=f"about {seconds} s left")
    if left_s < 90 * 60:
        minutes = round(left_s / 60)
        return Text(fr=f"encore {minutes} min environ", en=f"about {minutes} min left")
    hours = left_s / 3600
    return Text(
        fr=f"encore {figure(hours, 'fr', '.1f')} h environ",
        en=f"about {hours:.1f} h left",
    )
