"""What an executor is: something that takes jobs, runs each as a command of its own, and says how it ended.

A job is `python -m grader.classroom.work` with a record on its standard input. It leaves its findings as files and its
word is one small record, so that the same job runs in a process of this machine or on a node of a cluster.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol

import msgspec

SHARE_A_GPU = 4
"""Trainings at a time on each GPU."""

How = Literal["done", "failed", "time", "memory", "lost"]


class Resources(msgspec.Struct, frozen=True, kw_only=True):
    """What a job takes while it runs."""

    cpus: float = 1.0
    gpus: float = 0.0
    memory_bytes: int = 2 << 30


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One command: what to do, what it takes, and how long it may last."""

    id: str
    work: dict[str, Any]
    """Given to the command as JSON; paths in it are absolute."""
    resources: Resources = Resources()
    limit_s: float = 900.0


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a job ended. `lost` is nobody's fault: its node or its executor went away, and it may be tried again."""

    id: str
    how: How
    detail: str = ""
    """The end of what it complained with, for the instructor."""
    seconds: float = 0.0
    core_s: float = 0.0
    """Of processors, all its processes together; 0 where it was not told."""


class Executor(Protocol):
    """Runs jobs, as many at a time as its resources allow."""

    @property
    def name(self) -> str:
        """`processes` or `ray`, for the record."""

    def fits(self, resources: Resources) -> bool:
        """Return whether a job that takes `resources` could be begun now."""

    def submit(self, job: Job) -> None:
        """Begin `job`, which fits."""

    def wait(self, timeout_s: float) -> list[Ended]:
        """Return the jobs that ended, waiting up to `timeout_s` for the first."""

    def close(self) -> None:
        """End whatever still runs."""
