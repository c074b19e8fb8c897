"""One warm process, a fork per entry point, a few at a time; nothing is read back but exit statuses."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass

from grader.model import EntryPoint, Problem, Recording
from grader.recorder import problems, writing
from grader.recorder.child import live
from grader.recorder.job import Job

_GRACE_S = 1.0
_POLL_S = 0.01


@dataclass
class _Running:
    entry: EntryPoint
    deadline: float


def serve(job: Job) -> None:
    """Run every entry point of `job`; afterwards each has a recording under `job.out`."""
    os.makedirs(job.out, exist_ok=True)
    waiting = list(job.entries)
    running: dict[int, _Running] = {}
    while waiting or running:
        while waiting and len(running) < max(job.parallel, 1):
            entry = waiting.pop(0)
            running[_start(job, entry)] = _Running(entry, time.monotonic() + job.entry_wall_s + _GRACE_S)
        _wait(job, running)


def _start(job: Job, entry: EntryPoint) -> int:
    process = os.fork()
    if process == 0:
        live(job, entry)
    return process


def _wait(job: Job, running: dict[int, _Running]) -> None:
    """Take leave of the children that ended, and end those whose time is over."""
    for process, one in list(running.items()):
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            del running[process]
            _kill(process)
            _settle(job, one.entry, status, late=False)
        elif time.monotonic() > one.deadline:
            _kill(process)
            os.kill(process, signal.SIGKILL)
            _, status = os.waitpid(process, 0)
            del running[process]
            _settle(job, one.entry, status, late=True)
    time.sleep(_POLL_S)


def _kill(group: int) -> None:
    """End whatever is left of a child's process group."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass  # nobody left, or the child never had a group of its own


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
