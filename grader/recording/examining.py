"""Has the recorded networks rebuilt and measured in a process of their own, and takes the answer."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from grader.model import Examination, Recordings, Run
from grader.records import read_record
from grader.text import Text

WALL_S = 180.0
_OUTPUT = "examinations.json"
_KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "HOME", "PYTHONPATH")
_NOT_DONE = Text(
    fr="La reconstruction de ce réseau n'a pas abouti dans le temps accordé : une personne doit le regarder.",
    en="Rebuilding this network did not come to an end in the time it is given: a person must look at it.",
)


def examine_all(folder: Path, recordings: Recordings, *, wall_s: float = WALL_S) -> tuple[Examination, ...]:
    """Return one examination per run of `recordings`, which stand in `folder`/recordings.json.

    The process is started again where a run ended it. A run that it did not come to is told as such.
    """
    runs = [run for recording in recordings.recordings for run in recording.runs]
    waiting = {run.id for run in runs if run.recipe is not None}
    (folder / _OUTPUT).unlink(missing_ok=True)
    done: dict[str, Examination] = {}
    deadline = time.monotonic() + wall_s
    while waiting - set(done) and time.monotonic() < deadline:
        before = len(done)
        _start(folder, deadline - time.monotonic())
        done = {examination.run: examination for examination in _read(folder)}
        if len(done) == before:
            break
    (folder / _OUTPUT).unlink(missing_ok=True)
    return tuple(done.get(run.id) or _undone(run) for run in runs)


def _undone(run: Run) -> Examination:
    if run.recipe is None:
        return Examination(run=run.id, agrees=False, reason=run.unexpressed)
    return Examination(run=run.id, agrees=False, reason=_NOT_DONE, flags=("not_examined",))


def _start(folder: Path, wall_s: float) -> None:
    command = [sys.executable, "-m", "grader.recipe.examine", str(folder)]
    threads = {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    env = {name: os.environ[name] for name in _KEPT if name in os.environ} | threads
    package = str(Path(__file__).resolve().parents[2])
    env["PYTHONPATH"] = os.pathsep.join(part for part in (package, env.get("PYTHONPATH", "")) if part)
    # What was done until the time is over is on disk; the rest is told as not examined.
    with contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=wall_s,
            check=False,
        )


def _read(folder: Path) -> list[Examination]:
    try:
        return read_record(folder / _OUTPUT, list[Examination])
    except (FileNotFoundError, msgspec.MsgspecError):
        return []
