"""Trains many jobs at once, one process a core; equal ones once, known ones not at all, and none is ever lost."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec

from grader.errors import TrainingError
from grader.model import Outcome, Training
from grader.records import read_record, write_record
from grader.text import Text
from grader.training import process
from grader.training.board import Board, Clock
from grader.training.cache import RECORD, keep, lock, recall, sweep, unfinished
from grader.training.devices import core_count, gpu_places, resolve_device
from grader.training.ended import asked_otherwise, dead, joined, refused, unusable
from grader.training.ended import unfinished as not_finished
from grader.training.jobs import Job, Plan, plan
from grader.training.ladder import Places, Rung, Setback, descend, rungs
from grader.training.locks import held
from grader.training.sharing import shared
from grader.training.watching import Unwatched, Watcher

MEMORY_BYTES = 4 * 2**30
"""Cap of one worker's own memory on a CPU."""
LIMIT_S = 6 * 3600.0
"""After this long a worker is ended; a quick training takes seconds, a full one on a CPU hours."""


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
    the others go on. `workers` is the number of processes, by default one a core, or as many as the GPU has places.
    After `time_limit_s` everything stops: what ran keeps its curve so far, and is `unfinished`, as what never began;
    the next call goes on from there. What the GPU does not take is trained on the CPU, with a note.
    """
    clock = Clock(limit_s, time_limit_s)
    progress = progress or Unwatched()
    devices = {asked: resolve_device(asked) for asked in {job.device for job in jobs}}
    for _, note in devices.values():
        if note is not None:
            progress.step(note)
    planned = {job.name: _planned(job, devices[job.device][0]) for job in jobs}
    wanted = {job.name: job for job in jobs}
    plans = {name: one for name, one in planned.items() if isinstance(one, Plan)}
    distinct = {one.key: (name, one) for name, one in reversed(plans.items())}
    kept = {one.key for one in plans.values() if one.weights}
    found = {key: known for key in distinct if (known := recall(cache, key, weights=key in kept)) is not None}
    missing = [
        _Errand(wanted[name], msgspec.structs.replace(one, weights=key in kept))
        for key, (name, one) in reversed(distinct.items())
        if key not in found
    ]
    on_gpu = any(one.plan.conditions.device == "cuda" for one in missing)
    count = workers or (gpu_places(core_count()) if on_gpu else core_count())
    board = Board(
        progress,
        {one.plan.key: one.job.name for one in missing},
        plans,
        min(count, max(len(missing), 1)),
        clock,
    )
    if missing:
        sweep(cache)
    together = min(count, len(missing)) if on_gpu else 1
    with shared(together) as sharing, ThreadPoolExecutor(max_workers=count) as threads:
        room = _Room(cache, board, clock, memory_bytes, Places(count), sharing)
        for errand, training in zip(missing, threads.map(room.carry_out, missing), strict=True):
            found[errand.plan.key] = training
    return {job.name: _told(job, planned[job.name], found, devices[job.device][1]) for job in jobs}


@dataclass(frozen=True)
class _Errand:
    """A training to be done, and the first of the jobs that asked for it."""

    job: Job
    plan: Plan


def key_of(job: Job) -> str | None:
    """Return the key under which the training of `job` is kept on this machine, None where it cannot be trained."""
    planned = _planned(job, resolve_device(job.device)[0])
    return planned.key if isinstance(planned, Plan) else None


def _planned(job: Job, device: str) -> Plan | Training:
    """Return the plan of `job`, or the record of a recipe whose numbers make no sense."""
    try:
        return plan(job, device)
    except TrainingError as error:
        return refused(error.text)
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
        return unusable(error)


def _told(job: Job, planned: Plan | Training, found: Mapping[str, Training], device: Text | None) -> Training:
    """Return the training of `job`, with what is to be said to whoever asked for it and to nobody else."""
    if not isinstance(planned, Plan):
        return planned
    training = found[planned.key]
    own = asked_otherwise(job, training, device)
    return msgspec.structs.replace(training, note=joined(own, training.note)) if own else training


@dataclass(frozen=True)
class _Room:
    """Where trainings take place: the cache they go to, who watches, and what they may use."""

    cache: Path
    board: Board
    clock: Clock
    memory_bytes: int
    places: Places
    sharing: Mapping[str, str]
    """What a worker's environment needs to use the GPU beside others, see `sharing`."""

    def carry_out(self, errand: _Errand) -> Training:
        """Return what came of a training, wherever it took place."""
        device = errand.plan.conditions.device
        self.cache.mkdir(parents=True, exist_ok=True)

        def attempt(rung: Rung) -> Training | Setback:
            if rung.device == device:
                one = errand.plan
            else:
                other = plan(errand.job, rung.device)
                one = msgspec.structs.replace(other, weights=errand.plan.weights)
            if rung.device == "cpu":
                return self._locked(one, errand.plan.key)
            with self.places.taken(rung.places) as share:
                return self._locked(msgspec.structs.replace(one, share=share), errand.plan.key)

        training, note = descend(rungs(device, self.places.count), attempt)
        return (
            training if note is None else msgspec.structs.replace(training, note=joined(note, training.note))
        )

    def _locked(self, one: Plan, name: str) -> Training | Setback:
        """Return the training of `one`, another process's where that was first; `name` is the board's key for it."""
        with held(lock(self.cache, one.key), give_up=lambda: self.clock.left_s() <= 0) as descriptors:
            known = recall(self.cache, one.key, weights=one.weights)
            if known is not None:
                return known
            if self.clock.left_s() <= 0:
                return not_finished(one, (), self.clock.all_s)
            checkpoint = unfinished(self.cache, one.key)
            made = self._trained(msgspec.structs.replace(one, checkpoint=str(checkpoint)), name, descriptors)
            if isinstance(made, Training) and not made.unfinished and made.outcome is not Outcome.ERROR:
                checkpoint.unlink(missing_ok=True)
            return made

    def _trained(self, one: Plan, name: str, descriptors: tuple[int, ...]) -> Training | Setback:
        with tempfile.TemporaryDirectory(dir=self.cache, prefix=".training.") as scratch:
            folder = Path(scratch) / "entry"
            folder.mkdir()
            write_record(Path(scratch) / "plan.json", one)
            self.board.begin(name)
            try:
                ended = process.run(
                    Path(scratch) / "plan.json",
                    folder,
                    key=name,
                    board=self.board,
                    clock=self.clock,
                    memory_bytes=self.memory_bytes,
                    sharing=self.sharing,
                    descriptors=descriptors,
                )
            finally:
                self.board.end(name)
            try:
                training = read_record(folder / RECORD, Training)
            except (OSError, msgspec.MsgspecError):
                if ended.how in process.SETBACKS:
                    return process.SETBACKS[ended.how]
                if ended.how == "stopped":
                    return not_finished(one, self.board.curve(name), self.clock.all_s)
                return dead(one, ended.how, ended.tail)
            keep(self.cache, folder, training)
            return training
