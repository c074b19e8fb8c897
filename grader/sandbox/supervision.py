"""Reading a program's output under a cap while its limits are watched."""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from grader.sandbox.seam import EndedBy, Limits

_TICK_S = 0.05
_DISK_TICK_S = 0.25
_DRAIN_S = 0.5
_CHUNK_BYTES = 65_536


@dataclass(frozen=True)
class Watched:
    """How a supervised run ended and what it printed (each stream cut at the cap)."""

    ended_by: EndedBy
    wall_s: float
    stdout: bytes
    stderr: bytes


class _Stream:
    """One pipe of the program, read without blocking and kept up to a cap."""

    def __init__(self, pipe: IO[bytes], cap_bytes: int) -> None:
        self.pipe = pipe
        self.kept = bytearray()
        self.overflowed = False
        self._cap_bytes = cap_bytes
        os.set_blocking(pipe.fileno(), False)

    def read_some(self) -> bool:
        """Take what is there, up to one chunk; return False at the end of the stream."""
        try:
            chunk = os.read(self.pipe.fileno(), _CHUNK_BYTES)
        except BlockingIOError:
            return True
        room = self._cap_bytes - len(self.kept)
        self.kept += chunk[:room]
        self.overflowed |= len(chunk) > room
        return bool(chunk)


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


@contextlib.contextmanager
def _exit_descriptor(process: subprocess.Popen[bytes]) -> Iterator[int | None]:
    """Yield a descriptor that becomes readable when `process` ends, None where there is none."""
    if sys.platform != "linux":
        yield None
        return
    try:
        descriptor = os.pidfd_open(process.pid)
    except OSError:
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def supervise(
    process: subprocess.Popen[bytes],
    *,
    limits: Limits,
    writable: tuple[Path, ...],
    breach: Callable[[], EndedBy | None],
    kill: Callable[[], None],
) -> Watched:
    """Return when `process` has ended by itself or been ended by a limit.

    `breach` tells at each look (20 a second) whether a limit was met; `kill` ends everything the
    run started and is always called, before the last output is read. A descendant that outlives
    `kill` and holds a pipe cannot keep this from returning.
    """
    assert process.stdout is not None and process.stderr is not None
    out, err = (_Stream(pipe, limits.output_bytes) for pipe in (process.stdout, process.stderr))
    started = time.monotonic()
    ended_by: EndedBy = "exit"
    try:
        with selectors.DefaultSelector() as selector, _exit_descriptor(process) as ended:
            for stream in (out, err):
                selector.register(stream.pipe, selectors.EVENT_READ, stream)
            if ended is not None:
                selector.register(ended, selectors.EVENT_READ, None)
            ended_by = _watch(process, selector, (out, err), limits, writable, breach, started)
            wall_s = time.monotonic() - started
            kill()
            if ended is not None:
                selector.unregister(ended)
            _drain(selector)
    except BaseException:
        kill()
        raise
    finally:
        out.pipe.close()
        err.pipe.close()
    if ended_by == "exit" and (out.overflowed or err.overflowed):
        ended_by = "output"
    return Watched(ended_by, wall_s, bytes(out.kept), bytes(err.kept))


def _watch(
    process: subprocess.Popen[bytes],
    selector: selectors.BaseSelector,
    streams: tuple[_Stream, _Stream],
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
        _read_ready(selector, min(_TICK_S, started + limits.wall_s - now + 0.001))
        if any(stream.overflowed for stream in streams):
            return "output"
    return "disk" if folder_exceeds(writable, limits) else "exit"


def _read_ready(selector: selectors.BaseSelector, timeout_s: float) -> None:
    """Wait at most `timeout_s`, read each pipe that has something, forget those at their end."""
    if not selector.get_map():
        time.sleep(timeout_s)
        return
    for key, _ in selector.select(timeout_s):
        if isinstance(key.data, _Stream) and not key.data.read_some():
            selector.unregister(key.fileobj)


def _drain(selector: selectors.BaseSelector) -> None:
    """Read what is left in the pipes for a short while; their writers are dead or about to be."""
    deadline = time.monotonic() + _DRAIN_S
    while selector.get_map() and time.monotonic() < deadline:
        _read_ready(selector, 0.02)
