"""Has the recorded networks rebuilt and measured in a process of their own, and takes the answer."""

from __future__ import annotations

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


class Examiner:
    """Rebuilds and measures recorded networks; as a context, its process gets ready while programs are watched."""

    def __init__(self, *, wall_s: float = WALL_S) -> None:
        self._wall_s = wall_s
        self._ready: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Examiner:
        """Start the process; it waits for its folder."""
        self._ready = _start()
        return self

    def __exit__(self, *_: object) -> None:
        """End the process, where nothing was asked of it."""
        if self._ready is not None:
            self._ready.kill()
            self._ready.communicate()

    def examine_all(self, folder: Path, recordings: Recordings) -> tuple[Examination, ...]:
        """Return one examination per run of `recordings`, which stand in `folder`/recordings.json.

        The process is started again where a run ended it. A run that it did not come to is told as such.
        """
        runs = [run for recording in recordings.recordings for run in recording.runs]
        waiting = {run.id for run in runs if run.recipe is not None}
        (folder / _OUTPUT).unlink(missing_ok=True)
        done: dict[str, Examination] = {}
        deadline = time.monotonic() + self._wall_s
        while waiting - set(done) and time.monotonic() < deadline:
            before = len(done)
            process, self._ready = self._ready or _start(), None
            _give(process, folder, deadline - time.monotonic())
            done = {examination.run: examination for examination in _read(folder)}
            if len(done) == before:
                break
        (folder / _OUTPUT).unlink(missing_ok=True)
        return tuple(done.get(run.id) or _undone(run) for run in runs)


def _undone(run: Run) -> Examination:
    if run.recipe is None:
        return Examination(run=run.id, agrees=False, reason=run.unexpressed)
    return Examination(run=run.id, agrees=False, reason=_NOT_DONE, flags=("not_examined",))


def _start() -> subprocess.Popen[bytes]:
    """Return a process that reads the folder to examine from its standard input."""
    command = [sys.executable, "-P", "-m", "grader.recipe"]
    threads = {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    env = {name: os.environ[name] for name in _KEPT if name in os.environ} | threads
    package = str(Path(__file__).resolve().parents[2])
    env["PYTHONPATH"] = os.pathsep.join(part for part in (package, env.get("PYTHONPATH", "")) if part)
    return subprocess.Popen(
        command, env=env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _give(process: subprocess.Popen[bytes], folder: Path, wall_s: float) -> None:
    """Have `process` examine `folder`, for `wall_s` at most: what was done until then is on disk."""
    try:
        process.communicate(os.fsencode(folder), timeout=wall_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def _read(folder: Path) -> list[Examination]:
    try:
        return read_record(folder / _OUTPUT, list[Examination])
    except (FileNotFoundError, msgspec.MsgspecError):
        return []
