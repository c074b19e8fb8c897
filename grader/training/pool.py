"""Trains many jobs at once, one process a core; equal ones once, known ones not at all, and none is ever lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

import grader
from grader.model import Outcome, Training
from grader.records import read_record, write_record
from grader.text import Text
from grader.training.cache import RECORD, keep, recall
from grader.training.devices import resolve_device
from grader.training.jobs import Job, Plan, plan
from grader.training.watching import Unwatched, Watcher

MEMORY_BYTES = 4 * 2**30
"""Cap of one worker's own memory on a CPU."""
LIMIT_S = 6 * 3600.0
"""After this long a worker is ended; a quick training takes seconds, a full one on a CPU hours."""
WORKER = ("-m", "grader.training.worker")


def train_all(
    jobs: Sequence[Job],
    *,
    cache: Path,
    workers: int | None = None,
    progress: Watcher | None = None,
    memory_bytes: int = MEMORY_BYTES,
    limit_s: float = LIMIT_S,
) -> dict[str, Training]:
    """Return one training per job, by the job's name; what the cache holds is not trained again.

    A worker that dies, or that takes longer than `limit_s`, gives a training with outcome `error` and a note, and
    the others go on. `workers` is the number of processes, by default one a core (one on a GPU).
    """
    progress = progress or Unwatched()
    devices = {asked: resolve_device(asked) for asked in {job.device for job in jobs}}
    for _, note in devices.values():
        if note is not None:
            progress.step(note)
    planned = {job.name: _planned(job, devices[job.device][0]) for job in jobs}
    plans = {name: one for name, one in planned.items() if isinstance(one, Plan)}
    distinct = {one.key: (name, one) for name, one in reversed(plans.items())}
    kept = {one.key for one in plans.values() if one.weights}
    found = {key: known for key in distinct if (known := recall(cache, key, weights=key in kept)) is not None}
    board = _Board(progress, {key: name for key, (name, _) in distinct.items() if key not in found}, plans)
    missing = [
        msgspec.structs.replace(one, weights=key in kept)
        for key, (_, one) in reversed(distinct.items())
        if key not in found
    ]
    count = workers or (1 if any(device == "cuda" for device, _ in devices.values()) else _cores())
    with ThreadPoolExecutor(max_workers=count) as threads:
        for training in threads.map(
            lambda one: _carry_out(one, cache, board, memory_bytes, limit_s), missing
        ):
            found[training.key] = training
    return {name: found[one.key] if isinstance(one, Plan) else one for name, one in planned.items()}


def _planned(job: Job, device: str) -> Plan | Training:
    """Return the plan of `job`, or the record of a recipe whose numbers make no sense."""
    try:
        return plan(job, device)
    except (ValueError, TypeError, IndexError, ArithmeticError, AttributeError) as error:
        # What a hand-in recorded may be any JSON: it is told and loses none of the others.
        brief = " ".join(str(error).split())[:160]
        return Training(
            key="",
            outcome=Outcome.NOT_RUN,
            note=Text(
                fr=f"Cette recette ne peut pas être réentraînée : ses réglages sont inutilisables ({brief}).",
                en=f"This recipe cannot be trained again: its settings cannot be used ({brief}).",
            ),
        )


def _cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Board:
    """Adds up the epochs of all workers for the one who watches."""

    def __init__(self, progress: Watcher, names: Mapping[str, str], plans: Mapping[str, Plan]) -> None:
        self._progress, self._names, self._lock = progress, names, threading.Lock()
        self._done = dict.fromkeys(names, 0)
        self._total = sum(plans[name].conditions.epochs for name in names.values())

    def epoch(self, key: str, epoch: int, epochs: int, accuracy: float | None) -> None:
        """Note that the training of `key` has ended `epoch` of `epochs`."""
        with self._lock:
            self._done[key] = epoch
            figure = "" if accuracy is None else f" : {100 * accuracy:.1f} %"
            text = f"{self._names[key]} {epoch}/{epochs}"
            self._progress.advance(
                sum(self._done.values()),
                self._total,
                Text(fr=text + figure, en=text + figure.replace(" ", "", 1).replace(" %", "%")),
            )


def _carry_out(one: Plan, cache: Path, board: _Board, memory_bytes: int, limit_s: float) -> Training:
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".training.") as scratch:
        folder = Path(scratch) / "entry"
        folder.mkdir()
        write_record(Path(scratch) / "plan.json", one)
        command = [sys.executable, *WORKER, str(Path(scratch) / "plan.json"), str(folder), str(memory_bytes)]
        ended, tail = _run(command, one.key, board, limit_s)
        try:
            training = read_record(folder / RECORD, Training)
        except (OSError, msgspec.MsgspecError):
            return _dead(one, ended, tail)
        keep(cache, folder, training)
        return training


def _run(command: list[str], key: str, board: _Board, limit_s: float) -> tuple[str, str]:
    """Run a worker to its end; return how it ended, in a word, and the last line it complained with."""
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env=environment(),
            text=True,
        )
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        clock = threading.Timer(limit_s, end)
        clock.start()
        try:
            _listen(process, key, board)
            code = process.wait()
        finally:
            clock.cancel()
            if process.poll() is None:
                process.kill()
                process.wait()
        complaints.seek(0)
        lines = complaints.read()[-4000:].decode(errors="replace").split("\n")
    tail = next((line.strip() for line in reversed(lines) if line.strip()), "")
    if late.is_set():
        return "time", tail
    return f"signal {-code}" if code < 0 else f"code {code}", tail


def _listen(process: subprocess.Popen[str], key: str, board: _Board) -> None:
    for line in process.stdout or ():
        try:
            told = json.loads(line)
            board.epoch(key, int(told["epoch"]), int(told["epochs"]), told["accuracy"])
        except (ValueError, KeyError, TypeError):
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


def _dead(one: Plan, ended: str, tail: str) -> Training:
    reason_fr, reason_en = {
        "time": ("la limite de temps est dépassée", "the time limit was passed"),
        "signal 9": (
            "il a été tué, sans doute faute de mémoire",
            "it was killed, for want of memory most likely",
        ),
    }.get(ended, (f"il s'est arrêté ({ended}) : {tail[:160]}", f"it stopped ({ended}): {tail[:160]}"))
    return Training(
        key=one.key,
        outcome=Outcome.ERROR,
        conditions=one.conditions,
        note=Text(
            fr=f"L'entraînement n'a pas abouti : {reason_fr}. Relancez la commande.",
            en=f"The training did not finish: {reason_en}. Run the command again.",
        ),
    )
