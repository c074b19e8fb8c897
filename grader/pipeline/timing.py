"""How long each step took, kept apart from the result so that equal inputs give equal results."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.records import write_record


class Stopwatch:
    """Adds up seconds by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Count the time spent inside the `with` block under `name`, also when it raises."""
        begin = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - begin

    def write(self, path: Path) -> None:
        """Write what was counted, rounded to milliseconds."""
        write_record(path, {"seconds": {name: round(spent, 3) for name, spent in self.seconds.items()}})
