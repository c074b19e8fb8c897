"""A training under way, on disk: the next run goes on from there and comes out the same, bit for bit.

One safetensors file holds the tensors and, as JSON in its head, everything else; it is written whole or not at
all. It is written as seldom as makes it cost less than a fiftieth of the time. What another engine, torch or machine
wrote is left alone, as is a damaged file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from grader.records import write_bytes

SHARE = 0.02
"""Of a training's time that may go into checkpoints."""
_BYTES_PER_S = 100e6
_FIXED_S = 0.02
_HEAD = "state"


class Moment(NamedTuple):
    """A training between two epochs."""

    tensors: Mapping[str, Tensor]
    facts: dict[str, Any]
    """Plain JSON values."""


class Checkpoint:
    """The file of one training, for the trainings that bear the same stamp alone."""

    def __init__(
        self,
        path: Path,
        stamp: Mapping[str, str],
        *,
        share: float = SHARE,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.path, self.stamp, self._share, self._clock = path, dict(stamp), share, clock
        self._begun = clock()
        self._spent = 0.0
        self._latest: float | None = None

    def read(self) -> Moment | None:
        """Return the moment on disk; None where there is none, or one that is damaged or of another stamp."""
        try:
            with safe_open(self.path, framework="pt") as file:
                head = json.loads((file.metadata() or {})[_HEAD])
                if head["stamp"] != self.stamp:
                    return None
                return Moment({name: file.get_tensor(name) for name in file.keys()}, head["facts"])  # noqa: SIM118
        except (OSError, SafetensorError, ValueError, LookupError, TypeError):
            return None

    def due(self, size_bytes: int) -> bool:
        """Whether writing `size_bytes` now leaves the time spent so within its share."""
        expected = self._latest if self._latest is not None else _FIXED_S + size_bytes / _BYTES_PER_S
        return self._spent + expected <= self._share * (self._clock() - self._begun)

    def write(self, moment: Moment) -> None:
        """Put `moment` on disk in one step; a full disk costs the checkpoint, never the training."""
        begun = self._clock()
        head = json.dumps({"stamp": self.stamp, "facts": moment.facts})
        try:
            write_bytes(self.path, save(dict(moment.tensors), metadata={_HEAD: head}))
        except OSError:
            self.path.unlink(missing_ok=True)
        self._latest = self._clock() - begun
        self._spent += self._latest
