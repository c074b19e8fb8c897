"""Jobs as processes of this machine: cores and GPUs are slots, memory is a limit."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

import grader
from grader.classroom.executors.seam import SHARE_A_GPU, Ended, How, Job, Resources
from grader.training.sharing import shared

COMMAND = ("-P", "-m", "grader.classroom.work")
_TAIL_BYTES = 2_000
_GRACE_S = 5.0
_LITTLE = 1e-9


@dataclass
class _Running:
    job: Job
    process: subprocess.Popen[bytes]
    gpu: str | None


class Processes:
    """An executor on this machine. Each job is a session of its own, ended as a whole when its time is over."""

    name = "processes"

    def __init__(self, *, cpus: float, gpus: Sequence[str] = (), memory_bytes: int | None = None) -> None:
        self._cpus, self._memory_bytes = cpus, memory_bytes or _machine_memory_bytes()
        self._gpus = dict.fromkeys(gpus, 1.0)
        """What is free of each."""
        self._sharing = contextlib.ExitStack()
        self._shared = self._sharing.enter_context(shared(SHARE_A_GPU if gpus else 1))
        self._running: dict[str, _Running] = {}
        self._ended: queue.SimpleQueue[Ended] = queue.SimpleQueue()
        self._lock = threading.Lock()

    def fits(self, resources: Resources) -> bool:
        """Return whether the slots and the memory that `resources` takes are free; an idle machine takes any job."""
        with self._lock:
            return not self._running or (
                resources.cpus <= self._cpus + _LITTLE
                and resources.gpus <= max(self._gpus.values(), default=0.0) + _LITTLE
                and resources.memory_bytes <= self._memory_bytes
            )

    def submit(self, job: Job) -> None:
        """Start the process of `job`; one that takes a share of a GPU sees that GPU alone, the one most free."""
        gpu = None
        if job.resources.gpus and self._gpus:
            gpu = max(self._gpus, key=lambda name: self._gpus[name])
        running = _Running(job, started(gpu, self._shared), gpu)
        with self._lock:
            self._running[job.id] = running
            self._take(running, -1)
        threading.Thread(target=self._follow, args=(running,), daemon=True).start()

    def _take(self, running: _Running, sign: int) -> None:
        taken = running.job.resources
        self._cpus += sign * taken.cpus
        self._memory_bytes += sign * taken.memory_bytes
        if running.gpu is not None:
            self._gpus[running.gpu] += sign * taken.gpus

    def _follow(self, running: _Running) -> None:
        job = running.job
        ended = carried_out(running.process, job.id, job.work, job.limit_s)
        with self._lock:
            self._running.pop(job.id, None)
            self._take(running, 1)
        self._ended.put(ended)

    def wait(self, timeout_s: float) -> list[Ended]:
        """Return the jobs that ended, waiting up to `timeout_s` for the first."""
        found: list[Ended] = []
        with contextlib.suppress(queue.Empty):
            found.append(self._ended.get(timeout=timeout_s))
            while True:
                found.append(self._ended.get_nowait())
        return found

    def close(self) -> None:
        """End every process, politely first: a sandbox takes leave of its own."""
        with self._lock:
            running = list(self._running.values())
        for one in running:
            _signal(one.process, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_S
        for one in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                one.process.wait(max(0.0, deadline - time.monotonic()))
            end_session(one.process)
        self._sharing.close()


def started(gpu: str | None = None, sharing: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Return the process of a job, waiting for its work on standard input; of several GPUs it sees `gpu`.

    `sharing` is what its environment needs to use that GPU at the same moment as others, see `training.sharing`.
    """
    return subprocess.Popen(
        [sys.executable, *COMMAND],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**environment(gpu), **(sharing or {})},
        start_new_session=True,
    )


def carried_out(process: subprocess.Popen[bytes], key: str, work: dict[str, Any], limit_s: float) -> Ended:
    """Give `process` its work, wait for its end, `limit_s` at most, and return how it ended."""
    began = time.monotonic()
    late = False
    try:
        told, said = process.communicate(msgspec.json.encode(work), timeout=limit_s)
    except subprocess.TimeoutExpired as error:
        late, told, said = True, b"", error.stderr or b""
    end_session(process)
    tail = said[-_TAIL_BYTES:].decode(errors="replace").strip()
    how: How = "time" if late else "done" if process.returncode == 0 else "failed"
    if how == "failed" and process.returncode == -signal.SIGKILL:
        how = "memory"
    seconds = time.monotonic() - began
    return Ended(id=key, how=how, detail=tail[-600:], seconds=seconds, core_s=_core_seconds(told))


def _core_seconds(told: bytes) -> float:
    """Return what a job said of the processors' time that it took."""
    try:
        return msgspec.json.decode(told.splitlines()[-1], type=float)
    except (IndexError, msgspec.DecodeError):
        return 0.0


def end_session(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the process and of those it started."""
    _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait()


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        else:
            process.kill()


def environment(gpu: str | None = None) -> dict[str, str]:
    """Return a job's environment: one thread a core, this very grader on its path, one GPU where one is meant."""
    home = str(Path(grader.__file__).resolve().parent.parent)
    path = os.pathsep.join(part for part in (home, os.environ.get("PYTHONPATH", "")) if part)
    seen = {} if gpu is None else {"CUDA_VISIBLE_DEVICES": gpu}
    return {**os.environ, **seen, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONPATH": path}


def gpus_here() -> list[str]:
    """Return the GPUs that this process may use, by the names that CUDA takes."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is not None:
        return [name.strip() for name in given.split(",") if name.strip()]
    return [str(number) for number in range(max(len(list(Path("/dev").glob("nvidia[0-9]*"))), 1))]


def _machine_memory_bytes() -> int:
    try:
        return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 0.9)
    except (AttributeError, ValueError, OSError):
        return 8 << 30
