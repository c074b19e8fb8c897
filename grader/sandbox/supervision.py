"""Reading a program's output under a cap while its limits are watched."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from grader.sandbox.pipes import Pipes, open_pipes
from grader.sandbox.seam import EndedBy, Limits

_TICK_S = 0.05
_DISK_TICK_S = 0.25
_DRAIN_S = 0.5


@dataclass(frozen=True)
class Watched:
    """How a supervised run ended and what it printed (each stream cut at the cap)."""

    ended_by: EndedBy
    wall_s: float
    stdout: bytes
    stderr: bytes


def folder_exceeds(folders: tuple[Path, ...], limits: Limits) -> bool:
    """Tell whether `folders` together hold more bytes or entries than `limits` allow (links not followed)."""
    size_bytes = entries = 0
    waiting = [str(folder) for folder in folders if folder.is_dir()]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as listing:
            for entry in listing:
                entries += 1
                with contextlib.suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    size_bytes += status.st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                if size_bytes > limits.disk_bytes or entries > limits.disk_entries:
                    return True
    return False


def supervise(
    process: subprocess.Popen[bytes],
    *,
    limits: Limits,
    writable: tuple[Path, ...],
    breach: Callable[[], EndedBy | None],
    kill: Callable[[], None],
    reader: Callable[[subprocess.Popen[bytes], int], Pipes] = open_pipes,
) -> Watched:
    """Return when `process` has ended by itself or been ended by a limit.

    `breach` tells at each look (20 a second) whether a limit was met; `kill` ends everything the
    run started and is always called, before the last output is read. A descendant that outlives
    `kill` and holds a pipe cannot keep this from returning.
    """
    pipes = reader(process, limits.output_bytes)
    started = time.monotonic()
    try:
        ended_by = _watch(process, pipes, limits, writable, breach, started)
        wall_s = time.monotonic() - started
        kill()
        pipes.drain(_DRAIN_S)
    except BaseException:
        kill()
        raise
    finally:
        out, err = pipes.close()
    if ended_by == "exit" and pipes.overflowed:
        ended_by = "output"
    return Watched(ended_by, wall_s, out, err)


def _watch(
    process: subprocess.Popen[bytes],
    pipes: Pipes,
    limits: Limits,
    writable: tuple[Path, ...],
    breach: Callable[[], EndedBy | None],
    started: float,
) -> EndedBy:
    """Read until the program ends or a limit is met; return which."""
    next_look = next_disk_look = started
    while process.poll() is None:
        now = time.monotonic()
        if now - started > limits.wall_s:
            return "wall"
        if now >= next_look:
            if (met := breach()) is not None:
                return met
            next_look = time.monotonic() + _TICK_S
        if now >= next_disk_look:
            if folder_exceeds(writable, limits):
                return "disk"
            next_disk_look = time.monotonic() + _DISK_TICK_S
        pipes.wait(min(_TICK_S, started + limits.wall_s - now + 0.001))
        if pipes.overflowed:
            return "output"
    return "disk" if folder_exceeds(writable, limits) else "exit"
