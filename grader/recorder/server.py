"""One warm process, a fork per entry point, a few at a time; nothing is read back but exit statuses."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass

import msgspec

from grader.model import EntryPoint, Problem, Recording
from grader.recorder import problems, writing
from grader.recorder.child import RETRY, live
from grader.recorder.job import Job

_GRACE_S = 1.0
_POLL_S = 0.01
_RETRY_S = 3.0
"""Time that must be left for a second attempt."""


@dataclass
class _Running:
    entry: EntryPoint
    deadline: float
    retried: bool = False


def serve(job: Job) -> None:
    """Run every entry point of `job`; afterwards each has a recording under `job.out`."""
    os.makedirs(job.out, exist_ok=True)
    waiting = list(job.entries)
    running: dict[int, _Running] = {}
    while waiting or running:
        while waiting and len(running) < max(job.parallel, 1):
            entry = waiting.pop(0)
            process = _start(job, entry, job.entry_wall_s, whole_passes=False)
            running[process] = _Running(entry, time.monotonic() + job.entry_wall_s + _GRACE_S)
        _wait(job, running)


def _start(job: Job, entry: EntryPoint, wall_s: float, *, whole_passes: bool) -> int:
    process = os.fork()
    if process == 0:
        live(msgspec.structs.replace(job, entry_wall_s=wall_s), entry, whole_passes=whole_passes)
    return process


def _wait(job: Job, running: dict[int, _Running]) -> None:
    """Take leave of the children that ended, and end those whose time is over."""
    for process, one in list(running.items()):
        ended, status = os.waitpid(process, os.WNOHANG)
        late = not ended and time.monotonic() > one.deadline
        if not ended and not late:
            continue
        del running[process]
        _kill(process)
        if late:
            os.kill(process, signal.SIGKILL)
            _, status = os.waitpid(process, 0)
        _settle(job, one.entry, status, late=late)
        left_s = one.deadline - _GRACE_S - time.monotonic()
        if not late and not one.retried and os.waitstatus_to_exitcode(status) == RETRY and left_s > _RETRY_S:
            again = _start(job, one.entry, left_s, whole_passes=True)
            running[again] = _Running(one.entry, one.deadline, retried=True)
    time.sleep(_POLL_S)


def _kill(group: int) -> None:
    """End whatever is left of a child's process group."""
    # Nobody may be left, or the child never had a group of its own.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _settle(job: Job, entry: EntryPoint, status: int, *, late: bool) -> None:
    """See to it that the entry point has a recording, of the failure alone if need be."""
    path = os.path.join(job.out, f"{entry.id}.json")
    if os.path.isfile(path) and not os.path.islink(path):
        return
    problem: Problem = problems.KILLED
    if late:
        problem = problems.time_limit(job.entry_wall_s, None)
    elif os.WIFEXITED(status):
        problem = problems.plain(
            "no_recording",
            "Le programme s'est terminé sans que rien n'ait pu en être noté.",
            "The program ended before anything of it could be noted.",
        )
    writing.write(job.out, Recording(entry=entry, problem=problem))
