"""How limits over a whole run are put in force: the seam, and the way that needs nobody's permission.

A confinement takes hold of the first process of a run before that process executes anything.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from grader.sandbox import processes
from grader.sandbox.seam import EndedBy, Limits

RLimits = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Usage:
    """What a run has used so far, and which limit on the whole run it has met."""

    cpu_s: float = 0.0
    peak_memory_bytes: int | None = None
    breach: EndedBy | None = None


class Confinement(Protocol):
    """Limits on everything one run starts, from the moment `hold` returns until `remove`."""

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """Name what is in force, for the status record."""

    def wrap(self, command: Sequence[str]) -> list[str]:
        """Return the command that starts `command` under these limits (often unchanged)."""

    def hold(self, pid: int) -> None:
        """Put the waiting process `pid` under the limits; raise OSError when that fails."""

    def usage(self) -> Usage:
        """Return what was used up to now."""

    def kill(self) -> None:
        """Kill every process held."""

    def remove(self) -> None:
        """Leave nothing of this confinement on the machine."""


def own_rlimits(limits: Limits) -> RLimits:
    """Return the limits the kernel keeps for each process by itself, in force whatever else is.

    The CPU time of one process is only the second line of defence, so it gets a second more.
    """
    return (
        ("RLIMIT_CORE", 0),
        ("RLIMIT_CPU", math.ceil(limits.cpu_s) + 1),
        ("RLIMIT_FSIZE", limits.file_bytes),
        ("RLIMIT_NOFILE", limits.open_files),
    )


def shared_rlimits(limits: Limits) -> RLimits:
    """Return the limits of a process that stand in where no group of processes can be limited.

    RLIMIT_DATA counts private writable memory; RLIMIT_AS would also count what CUDA and the
    allocators merely reserve. RLIMIT_NPROC counts one user's processes within a user namespace.
    """
    return (("RLIMIT_DATA", limits.memory_bytes), ("RLIMIT_NPROC", limits.processes))


def apply_rlimits(pid: int, wanted: RLimits) -> None:
    """Set the soft and hard limits of process `pid`, never above what it already has."""
    if sys.platform != "linux":
        raise OSError("the limits of another process can be set on Linux only")
    import resource

    for name, value in wanted:
        which = getattr(resource, name)
        _, hard = resource.prlimit(pid, which)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.prlimit(pid, which, (value, value))


class Rlimits:
    """Limits by rlimits on each process, and by adding up the processes seen in /proc.

    A run that outgrows a limit between two looks overshoots it for that moment; the rlimits bound
    what one process can do meanwhile. For root the kernel ignores RLIMIT_NPROC: see `bubblewrap`.
    """

    mechanisms = ("rlimit:data", "rlimit:nproc", "watch:cpu,memory,processes")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pid: int | None = None
        self._born: int | None = None
        self._cpu_s = 0.0
        self._peak_bytes = 0

    def wrap(self, command: Sequence[str]) -> list[str]:
        """Return `command` as it is."""
        return list(command)

    def hold(self, pid: int) -> None:
        """Set the rlimits of `pid`, which its descendants inherit."""
        apply_rlimits(pid, shared_rlimits(self._limits))
        self._pid, self._born = pid, processes.born_ticks(pid)

    def usage(self) -> Usage:
        """Return sums over the processes alive now, the peak as far as it was seen."""
        if self._pid is None:
            return Usage()
        seen = processes.measure(self._pid, self._born)
        self._cpu_s = max(self._cpu_s, seen.cpu_s)
        self._peak_bytes = max(self._peak_bytes, seen.memory_bytes)
        breach: EndedBy | None = None
        if seen.threads > self._limits.processes:
            breach = "processes"
        elif seen.memory_bytes > self._limits.memory_bytes:
            shared_once = processes.proportional_bytes(seen.pids)
            if shared_once is None or shared_once > self._limits.memory_bytes:
                breach = "memory"
        return Usage(self._cpu_s, self._peak_bytes or None, breach)

    def kill(self) -> None:
        """Kill the process held and its living descendants."""
        if self._pid is not None:
            processes.kill(processes.measure(self._pid, self._born).pids)

    def remove(self) -> None:
        """Do nothing: rlimits end with their processes."""
        self._pid = None
