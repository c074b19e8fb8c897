"""Limits by a transient scope of the user's systemd, where control groups are not ours to write."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from grader.sandbox import processes
from grader.sandbox.confinement import Usage
from grader.sandbox.seam import EndedBy, Limits

_BUS_VARIABLES = ("XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")
_STOP_S = 10.0


class ScopeUnavailable(OSError):
    """systemd-run is absent, or the scope it made does not hold."""


class Scope:
    """One run's systemd scope: version 2 control groups, asked of the session's own manager."""

    def __init__(
        self, limits: Limits, *, program: str | None = None, root: Path = Path("/sys/fs/cgroup")
    ) -> None:
        """Prepare a scope with `program` (systemd-run by default); raises ScopeUnavailable without one."""
        found = program or shutil.which("systemd-run")
        if found is None:
            raise ScopeUnavailable("systemd-run is not installed")
        self._program = found
        self._limits = limits
        self._root = root
        self._unit = f"coursework-run-{os.getpid()}-{secrets.token_hex(4)}.scope"
        self._folder: Path | None = None
        self._pid: int | None = None
        self._born: int | None = None
        self._last = Usage()
        self.mechanisms = ("systemd-scope:memory", "systemd-scope:pids")

    def wrap(self, command: Sequence[str]) -> list[str]:
        """Return the command that starts `command` inside the scope, with an empty environment."""
        bus = [f"{name}={os.environ[name]}" for name in _BUS_VARIABLES if name in os.environ]
        manager = [] if os.geteuid() == 0 else ["--user"]
        return [
            *("/usr/bin/env", "-i", *bus, self._program, *manager, "--scope", "--quiet", "--collect"),
            f"--unit={self._unit}",
            *("-p", f"MemoryMax={self._limits.memory_bytes}", "-p", "MemorySwapMax=0"),
            *("-p", f"TasksMax={self._limits.processes}", "-p", "OOMPolicy=kill", "--"),
            *("/usr/bin/env", "-i", *command),
        ]

    def hold(self, pid: int) -> None:
        """Check that `pid` stands in a group with the limits asked for; raise ScopeUnavailable if not."""
        listing = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
        paths = [line.removeprefix("0::") for line in listing if line.startswith("0::")]
        folder = self._root / paths[0].lstrip("/") if paths else self._root
        for name, wanted in (("memory.max", self._limits.memory_bytes), ("pids.max", self._limits.processes)):
            try:
                held = int((folder / name).read_text())
            except (OSError, ValueError) as error:
                raise ScopeUnavailable(f"the scope has no {name}") from error
            if not 0 < held <= wanted:
                raise ScopeUnavailable(f"the scope has {name} = {held}")
        self._folder, self._pid, self._born = folder, pid, processes.born_ticks(pid)

    def usage(self) -> Usage:
        """Return the kernel's counts; the last ones seen once systemd has removed the scope."""
        if self._folder is None or not (self._folder / "cpu.stat").exists():
            return self._last
        killed = self._counter("memory.events", "oom_kill")
        refused = self._counter("pids.events", "max")
        breach: EndedBy | None = "memory" if killed else "processes" if refused else None
        peak: int | None = None
        with contextlib.suppress(OSError, ValueError):
            peak = int((self._folder / "memory.peak").read_text())
        self._last = Usage(self._counter("cpu.stat", "usage_usec") / 1e6, peak, breach)
        return self._last

    def _counter(self, file: str, name: str) -> int:
        assert self._folder is not None
        with contextlib.suppress(OSError, ValueError):
            for line in (self._folder / file).read_text().splitlines():
                if line.startswith(f"{name} "):
                    return int(line.split()[1])
        return 0

    def kill(self) -> None:
        """Kill the process held and its descendants."""
        if self._pid is not None:
            processes.kill(processes.measure(self._pid, self._born).pids)

    def remove(self) -> None:
        """Stop the unit if it is still there; `--collect` makes systemd forget it."""
        control = shutil.which("systemctl")
        if self._pid is not None and control is not None:
            manager = [] if os.geteuid() == 0 else ["--user"]
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                subprocess.run(
                    [control, *manager, "stop", self._unit], check=False, capture_output=True, timeout=_STOP_S
                )
        self._pid = self._folder = None
