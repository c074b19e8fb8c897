"""Threads of the program: watched like the rest of it, and one training at a time.

What a thread does is noted in the order in which it happens, so a thread has the program to itself until it is over,
or until it waits for something and nothing happens any more.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from typing import Any

from grader.recorder.journal import Journal

_LOOK_S = 0.02
_IDLE_LOOKS = 150
"""Looks in a row at which nothing new had happened, after which a thread is let go on by itself."""


def install(journal: Journal, watch: AbstractContextManager[Any]) -> None:
    """Let every thread that the program starts be watched too, and wait for it where it is started."""
    kind: Any = threading.Thread
    started, waited = kind.start, kind.join

    def watched(self: Any) -> None:
        with watch:
            try:
                type(self).run(self)
            except Exception as error:  # noqa: BLE001 - told to its author where nothing else was seen
                journal.failed = journal.failed or error

    def start(self: Any) -> None:
        """Start the thread, and return when it is over or waits."""
        if str(getattr(self._target, "__module__", "")).startswith(
            ("torch", "multiprocessing", "concurrent")
        ):
            started(self)
            return
        if "run" not in vars(self):
            self.run = lambda: watched(self)
        started(self)
        idle, seen = 0, (-1, -1)
        while self.is_alive() and idle < _IDLE_LOOKS:
            waited(self, _LOOK_S)
            happened = (len(journal.events), sum(one.steps for one in journal.runs))
            idle = idle + 1 if happened == seen else 0
            seen = happened

    kind.start = start
