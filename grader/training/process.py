"""One worker process, from its start to its end."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

import grader
from grader.model import EpochPoint
from grader.training.board import Board, Clock
from grader.training.ladder import CODES

WORKER = ("-P", "-m", "grader.training")
SETBACKS = {f"code {code}": setback for setback, code in CODES.items()}
"""What an ending says of the GPU, where it says something."""


class Ended(NamedTuple):
    """How a process ended: `stopped` (all had to), `time` (its own limit), `signal 9`, `code 1`."""

    how: str
    tail: str
    """The last line it complained with."""


def run(
    plan: Path,
    folder: Path,
    *,
    key: str,
    board: Board,
    clock: Clock,
    memory_bytes: int,
    sharing: Mapping[str, str],
    descriptors: tuple[int, ...] = (),
) -> Ended:
    """Have a worker train the plan in the file `plan` and leave the record in `folder`; return how it ended.

    It holds `descriptors` open as long as it lives, should this process be killed before it; `sharing` is added to
    its environment.
    """
    command = [sys.executable, *WORKER, str(plan), str(folder), str(memory_bytes)]
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env={**environment(), **sharing},
            pass_fds=descriptors,
        )
        late = threading.Event()
        left_s = clock.left_s()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(max(min(clock.each_s, left_s), 0.0), end)
        timer.start()
        try:
            _listen(process, key, board)
            code = process.wait()
        finally:
            timer.cancel()
            if process.poll() is None:
                process.kill()
                process.wait()
        complaints.seek(0)
        lines = complaints.read()[-4000:].decode(errors="replace").split("\n")
    tail = next((line.strip() for line in reversed(lines) if line.strip()), "")
    if late.is_set():
        return Ended("stopped" if left_s <= clock.each_s else "time", tail)
    return Ended(f"signal {-code}" if code < 0 else f"code {code}", tail)


def _listen(process: subprocess.Popen[bytes], key: str, board: Board) -> None:
    for line in process.stdout or ():
        try:
            board.epoch(key, msgspec.json.decode(line, type=EpochPoint))
        except msgspec.MsgspecError:
            continue


def environment() -> dict[str, str]:
    """Return the worker's environment: one thread, repeatable kernels, this very grader on its path."""
    own = {
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        "PYTHONHASHSEED": "0",
    }
    home = str(Path(grader.__file__).resolve().parent.parent)
    path = os.pathsep.join(part for part in (home, os.environ.get("PYTHONPATH", "")) if part)
    return {**os.environ, **own, "PYTHONPATH": path}
