"""What all workers together have done, and how much time they have left."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping

from grader.model import EpochPoint
from grader.text import Text
from grader.training.estimate import Estimate, told
from grader.training.jobs import Plan
from grader.training.watching import Watcher


class Clock:
    """When a single worker, and when all of them together, have had their time."""

    def __init__(self, each_s: float, all_s: float | None) -> None:
        self.each_s, self.all_s = each_s, all_s
        self._end = None if all_s is None else time.monotonic() + max(all_s, 0.0)

    def left_s(self) -> float:
        """Return the seconds until all must stop; without a limit, infinity."""
        return math.inf if self._end is None else self._end - time.monotonic()


class Board:
    """Adds up the epochs of all workers for the one who watches, and keeps the curves as they grow."""

    def __init__(
        self,
        progress: Watcher,
        names: Mapping[str, str],
        plans: Mapping[str, Plan],
        at_once: int,
        clock: Clock,
    ) -> None:
        self._progress, self._names, self._clock = progress, names, clock
        self._lock = threading.Lock()
        self._epochs = {key: plans[name].conditions.epochs for key, name in names.items()}
        self._estimate = Estimate(self._epochs, at_once)
        self._curves: dict[str, dict[int, EpochPoint]] = {key: {} for key in names}

    def begin(self, key: str) -> None:
        """Note that a worker starts on `key`."""
        with self._lock:
            self._estimate.begin(key, time.monotonic())

    def end(self, key: str) -> None:
        """Note that the worker on `key` is gone."""
        with self._lock:
            self._estimate.end(key)

    def epoch(self, key: str, point: EpochPoint) -> None:
        """Note that one more epoch of `key` is over."""
        with self._lock:
            self._curves[key][point.epoch] = point
            now_s = time.monotonic()
            self._estimate.epoch(key, point.epoch, now_s)
            done = sum(max(curve, default=0) for curve in self._curves.values())
            self._progress.advance(done, sum(self._epochs.values()), self._told(key, point, now_s))

    def curve(self, key: str) -> tuple[EpochPoint, ...]:
        """Return the epochs of `key` heard of so far, in order."""
        with self._lock:
            return tuple(self._curves[key][epoch] for epoch in sorted(self._curves[key]))

    def _told(self, key: str, point: EpochPoint, now_s: float) -> Text:
        text = f"{self._names[key]} {point.epoch}/{self._epochs[key]}"
        accuracy = point.test_accuracy
        figure = "" if accuracy is None else f" : {100 * accuracy:.1f} %"
        left_s = self._estimate.left_s(now_s)
        left = Text(fr="", en="")
        if left_s is not None:
            about = told(min(left_s, max(self._clock.left_s(), 0.0)))
            left = Text(fr=f", {about.fr}", en=f", {about.en}")
        return Text(
            fr=text + figure + left.fr,
            en=text + figure.replace(" ", "", 1).replace(" %", "%") + left.en,
        )
