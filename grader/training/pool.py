"""Trains many jobs at once, one process a core; equal ones once, known ones not at all, and none is ever lost."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

import grader
from grader.model import EpochPoint, Outcome, Training
from grader.records import read_record, write_record
from grader.text import Text
from grader.training.board import Board, Clock
from grader.training.cache import RECORD, keep, recall
from grader.training.curves import final_accuracy
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
    time_limit_s: float | None = None,
) -> dict[str, Training]:
    """Return one training per job, by the job's name; what the cache holds is not trained again.

    A worker that dies, or that takes longer than `limit_s`, gives a training with outcome `error` and a note, and
    the others go on. `workers` is the number of processes, by default one a core (one on a GPU).
    After `time_limit_s` everything stops: what ran keeps its curve so far, and is `unfinished`, as what never began.
    """
    clock = Clock(limit_s, time_limit_s)
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
    missing = [
        msgspec.structs.replace(one, weights=key in kept)
        for key, (_, one) in reversed(distinct.items())
        if key not in found
    ]
    count = workers or (1 if any(device == "cuda" for device, _ in devices.values()) else _cores())
    names = {one.key: distinct[one.key][0] for one in missing}
    board = Board(progress, names, plans, min(count, max(len(missing), 1)), clock)
    with ThreadPoolExecutor(max_workers=count) as threads:
        for training in threads.map(lambda one: _carry_out(one, cache, board, memory_bytes, clock), missing):
            found[training.key] = training
    return {name: found[one.key] if isinstance(one, Plan) else one for name, one in planned.items()}


def key_of(job: Job) -> str | None:
    """Return the key under which the training of `job` is kept on this machine, None where it cannot be trained."""
    planned = _planned(job, resolve_device(job.device)[0])
    return planned.key if isinstance(planned, Plan) else None


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


def _carry_out(one: Plan, cache: Path, board: Board, memory_bytes: int, clock: Clock) -> Training:
    if clock.left_s() <= 0:
        return _unfinished(one, (), clock)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".training.") as scratch:
        folder = Path(scratch) / "entry"
        folder.mkdir()
        write_record(Path(scratch) / "plan.json", one)
        command = [sys.executable, *WORKER, str(Path(scratch) / "plan.json"), str(folder), str(memory_bytes)]
        board.begin(one.key)
        try:
            ended, tail = _run(command, one.key, board, clock)
        finally:
            board.end(one.key)
        try:
            training = read_record(folder / RECORD, Training)
        except (OSError, msgspec.MsgspecError):
            if ended == "stopped":
                return _unfinished(one, board.curve(one.key), clock)
            return _dead(one, ended, tail)
        keep(cache, folder, training)
        return training


def _run(command: list[str], key: str, board: Board, clock: Clock) -> tuple[str, str]:
    """Run a worker to its end; return how it ended, in a word, and the last line it complained with."""
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env=environment(),
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
        return "stopped" if left_s <= clock.each_s else "time", tail
    return f"signal {-code}" if code < 0 else f"code {code}", tail


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


def _unfinished(one: Plan, curve: tuple[EpochPoint, ...], clock: Clock) -> Training:
    """Return what stands for a training that the time limit cut short: its curve, and nothing that claims an end."""
    limit = f"{clock.all_s:g}"
    epochs = one.conditions.epochs
    note = Text(
        fr=f"Le temps accordé ({limit} s) s'est écoulé avant que cet entraînement ne donne une époque.",
        en=f"The time given ({limit} s) was over before this training gave an epoch.",
    )
    if curve:
        note = Text(
            fr=f"Le temps accordé ({limit} s) s'est écoulé après l'époque {curve[-1].epoch} sur {epochs} : "
            "la courbe est inachevée.",
            en=f"The time given ({limit} s) was over after epoch {curve[-1].epoch} of {epochs}: "
            "the curve is unfinished.",
        )
    return Training(
        key=one.key,
        outcome=Outcome.NOT_RUN,
        conditions=one.conditions,
        curve=curve,
        accuracy=final_accuracy(curve),
        unfinished=True,
        note=note,
    )


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
