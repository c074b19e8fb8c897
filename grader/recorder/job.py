"""What the host asks the recorder to do, as it stands in JOB.json."""

from __future__ import annotations

import msgspec

from grader.model import EntryPoint
from grader.text import Language


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One hand-in's entry points, to be run `parallel` at a time for `entry_wall_s` seconds each."""

    root: str
    out: str
    entries: tuple[EntryPoint, ...]
    parallel: int = 2
    entry_wall_s: float = 60.0
    language: Language = "fr"
