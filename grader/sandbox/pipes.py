"""A program's two output pipes, each kept up to a cap and never waited for longer than asked."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import threading
import time
from typing import IO, Protocol

_CHUNK_BYTES = 65_536
_STEP_S = 0.02


class Pipes(Protocol):
    """Both pipes of a started program."""

    def wait(self, timeout_s: float) -> None:
        """Return after `timeout_s` at the latest, sooner when something happened."""

    def drain(self, timeout_s: float) -> None:
        """Take what is left, for at most `timeout_s`: somebody may still hold a pipe open."""

    @property
    def overflowed(self) -> bool:
        """Tell whether either pipe carried more than the cap."""

    def close(self) -> tuple[bytes, bytes]:
        """Let go of the pipes and return what was kept of stdout and stderr."""


class _Kept:
    """The first bytes of one stream."""

    def __init__(self, cap_bytes: int) -> None:
        self.data = bytearray()
        self.overflowed = False
        self._cap_bytes = cap_bytes

    def add(self, chunk: bytes) -> None:
        room = self._cap_bytes - len(self.data)
        self.data += chunk[:room]
        self.overflowed |= len(chunk) > room


class PolledPipes:
    """Pipes read without blocking, by one thread that also notices the program's end."""

    def __init__(self, process: subprocess.Popen[bytes], cap_bytes: int) -> None:
        assert process.stdout is not None and process.stderr is not None
        self._pipes: tuple[IO[bytes], IO[bytes]] = (process.stdout, process.stderr)
        self._kept = (_Kept(cap_bytes), _Kept(cap_bytes))
        self._selector = selectors.DefaultSelector()
        for pipe, kept in zip(self._pipes, self._kept, strict=True):
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, selectors.EVENT_READ, kept)
        self._ended = _end_of(process.pid)
        if self._ended is not None:
            self._selector.register(self._ended, selectors.EVENT_READ, None)

    @property
    def overflowed(self) -> bool:
        """Tell whether either pipe carried more than the cap."""
        return any(kept.overflowed for kept in self._kept)

    def wait(self, timeout_s: float) -> None:
        """Read each pipe that has something, forget those at their end."""
        if not self._selector.get_map():
            time.sleep(timeout_s)
            return
        for key, _ in self._selector.select(timeout_s):
            if isinstance(key.data, _Kept):
                try:
                    chunk = os.read(key.fd, _CHUNK_BYTES)
                except BlockingIOError:
                    continue
                key.data.add(chunk)
                if not chunk:
                    self._selector.unregister(key.fileobj)

    def drain(self, timeout_s: float) -> None:
        """Read to the ends of the pipes, or for `timeout_s`."""
        self._forget_end()
        deadline = time.monotonic() + timeout_s
        while self._selector.get_map() and time.monotonic() < deadline:
            self.wait(_STEP_S)

    def _forget_end(self) -> None:
        if self._ended is not None:
            self._selector.unregister(self._ended)
            os.close(self._ended)
            self._ended = None

    def close(self) -> tuple[bytes, bytes]:
        """Close everything and return what was kept."""
        self._forget_end()
        self._selector.close()
        for pipe in self._pipes:
            pipe.close()
        return bytes(self._kept[0].data), bytes(self._kept[1].data)


def _end_of(pid: int) -> int | None:
    """Return a descriptor that becomes readable when `pid` ends, None where there is none."""
    if sys.platform != "linux":
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


class ThreadedPipes:
    """Pipes read by a thread each, where pipes cannot be polled (Windows).

    A thread whose pipe is still held by somebody at the end is left to itself; it keeps nothing.
    """

    def __init__(self, process: subprocess.Popen[bytes], cap_bytes: int) -> None:
        assert process.stdout is not None and process.stderr is not None
        self._process = process
        self._kept = (_Kept(cap_bytes), _Kept(cap_bytes))
        pipes = (process.stdout, process.stderr)
        self._threads = [
            threading.Thread(target=_read_to_end, args=pair, daemon=True)
            for pair in zip(pipes, self._kept, strict=True)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def overflowed(self) -> bool:
        """Tell whether either pipe carried more than the cap."""
        return any(kept.overflowed for kept in self._kept)

    def wait(self, timeout_s: float) -> None:
        """Wait for the program's end, looking at the cap now and then."""
        try:
            self._process.wait(min(timeout_s, _STEP_S))
        except subprocess.TimeoutExpired:
            return

    def drain(self, timeout_s: float) -> None:
        """Wait for the readers to reach the ends of the pipes."""
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def close(self) -> tuple[bytes, bytes]:
        """Return what was kept; each reader closes its pipe at its end."""
        return bytes(self._kept[0].data), bytes(self._kept[1].data)


def _read_to_end(pipe: IO[bytes], kept: _Kept) -> None:
    with pipe:
        while chunk := os.read(pipe.fileno(), _CHUNK_BYTES):
            kept.add(chunk)


def open_pipes(process: subprocess.Popen[bytes], cap_bytes: int) -> Pipes:
    """Return the pipes of `process`, read in the way this system offers."""
    return ThreadedPipes(process, cap_bytes) if os.name == "nt" else PolledPipes(process, cap_bytes)
