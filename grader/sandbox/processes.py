"""What a tree of processes uses, read from /proc, for machines that keep no count per group."""

from __future__ import annotations

import contextlib
import os
import signal
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True)
class TreeUsage:
    """Sums over a process and all its living descendants (threads counted as processes)."""

    cpu_s: float = 0.0
    memory_bytes: int = 0
    threads: int = 0
    pids: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Stat:
    parent: int
    born_ticks: int
    cpu_ticks: int
    threads: int
    resident_pages: int


def _read_stat(pid: int) -> _Stat | None:
    """Return the fields of /proc/PID/stat that matter here, None when the process is gone."""
    try:
        raw = (_PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return None
    fields = raw[raw.rindex(b")") + 2 :].split()
    ticks = sum(int(fields[place]) for place in (11, 12, 13, 14))
    return _Stat(int(fields[1]), int(fields[19]), ticks, int(fields[17]), int(fields[21]))


def born_ticks(pid: int) -> int | None:
    """Return when process `pid` started, which tells it from a later one of the same number."""
    stat = _read_stat(pid)
    return None if stat is None else stat.born_ticks


def measure(root: int, born: int | None) -> TreeUsage:
    """Return what `root` and its descendants use now, waited-for children included in the CPU time.

    Nothing when the process of that number is not the one `born` then. Memory is the sum of
    resident sets, where pages shared by two processes count twice: see `proportional_bytes`.
    """
    stats: dict[int, _Stat] = {}
    children: dict[int, list[int]] = defaultdict(list)
    for entry in os.listdir(_PROC):
        if entry.isdigit() and (stat := _read_stat(int(entry))) is not None:
            stats[int(entry)] = stat
            children[stat.parent].append(int(entry))
    found: list[int] = []
    waiting = [root] if root in stats and stats[root].born_ticks == born else []
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting.extend(children[pid])
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    page_bytes = os.sysconf("SC_PAGE_SIZE")
    return TreeUsage(
        cpu_s=sum(stats[pid].cpu_ticks for pid in found) * tick_s,
        memory_bytes=sum(stats[pid].resident_pages for pid in found) * page_bytes,
        threads=sum(stats[pid].threads for pid in found),
        pids=tuple(found),
    )


def proportional_bytes(pids: tuple[int, ...]) -> int | None:
    """Return the memory of `pids` with shared pages counted once, None where the kernel does not tell.

    Slower to read than resident sets, so asked for only when those exceed a limit.
    """
    total_kib = 0
    for pid in pids:
        try:
            lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        except OSError:
            return None
        total_kib += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total_kib * 1024


def marked(marker: str) -> tuple[int, ...]:
    """Return the processes whose starting environment holds `marker` (a `NAME=value`)."""
    wanted = marker.encode()
    found = []
    for entry in os.listdir(_PROC) if _PROC.is_dir() else ():
        if entry.isdigit():
            with contextlib.suppress(OSError):
                if wanted in (_PROC / entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry))
    return tuple(found)


def kill(pids: tuple[int, ...]) -> None:
    """Send SIGKILL to each of `pids` that still exists, except this process itself."""
    for pid in pids:
        if pid != os.getpid():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
