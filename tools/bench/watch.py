"""Runs processes side by side and notes when each ends an epoch, and how much memory they hold together."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median

SAMPLE_S = 0.1


@dataclass
class Watched:
    """When each process ended each epoch (seconds since its start), the whole duration, and the peak of memory."""

    epochs_s: list[list[float]] = field(default_factory=list)
    seconds: float = 0.0
    peak_mb: float = 0.0

    def epoch_s(self) -> float:
        """Return the median duration of an epoch, the first ones left out: they hold the start."""
        spans = [after - before for ends in self.epochs_s for before, after in pairwise(ends)]
        return median(spans)


def run(commands: list[list[str]], environment: dict[str, str]) -> Watched:
    """Run all commands at once to their end; every line that one prints is the end of an epoch.

    Raises RuntimeError with the last line of complaint where one of them fails.
    """
    watched, started = Watched(epochs_s=[[] for _ in commands]), time.monotonic()
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        for command in commands
    ]
    listeners = [
        threading.Thread(target=_listen, args=(process, ends, started))
        for process, ends in zip(processes, watched.epochs_s, strict=True)
    ]
    for listener in listeners:
        listener.start()
    while any(process.poll() is None for process in processes):
        watched.peak_mb = max(watched.peak_mb, sum(held_mb(process.pid) for process in processes))
        time.sleep(SAMPLE_S)
    for listener in listeners:
        listener.join()
    watched.seconds = time.monotonic() - started
    for process in processes:
        if process.returncode:
            complaint = (process.stderr.read() if process.stderr else "").strip().splitlines()
            raise RuntimeError(complaint[-1] if complaint else f"ended with code {process.returncode}")
    return watched


def _listen(process: subprocess.Popen[str], ends: list[float], started: float) -> None:
    for _ in process.stdout or ():
        ends.append(time.monotonic() - started)


def held_mb(pid: int) -> float:
    """Return the memory of a process and all below it in MB, what they share counted once; 0 where it is not told."""
    total_kb = 0
    for one in (pid, *descendants(pid)):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total_kb += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total_kb / 1024


def descendants(pid: int) -> list[int]:
    """Return the processes below `pid`."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(word) for word in task.read_text().split()]
        except OSError:
            continue
        for child in children:
            found += [child, *descendants(child)]
    return found


def environment(threads: int) -> dict[str, str]:
    """Return an environment with that many threads in each process, and this very tree on Python's path."""
    home = str(Path(__file__).resolve().parents[2])
    return {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "PYTHONPATH": os.pathsep.join(part for part in (home, os.environ.get("PYTHONPATH", "")) if part),
        "PYTHONWARNINGS": "ignore",
    }


PYTHON = sys.executable
