"""grade_class(): from what a platform gave to a mark for everybody, going on wherever an earlier run was stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec

from grader.classroom.enrolling import check_only, enrol, reset_what_changed, set_aside
from grader.classroom.executors import Ended, Executor, Job, Processes
from grader.classroom.executors.processes import gpus_here
from grader.classroom.handin import Source
from grader.classroom.locks import only_run
from grader.classroom.progress import Progress, Watcher
from grader.classroom.queue import MOST_LOSSES, MOST_TRIES, Queue
from grader.classroom.register import Register, Row, State, Step
from grader.classroom.settings import ClassOptions
from grader.classroom.sources import read_source
from grader.classroom.work import failure
from grader.courseworks import Coursework
from grader.pipeline import Silent
from grader.pipeline.session import begin
from grader.records import read_record
from grader.text import Text
from grader.training.devices import core_count

LOG = "jobs.jsonl"
_POLL_S = 0.5
_SHOW_EVERY_S = 0.2
_GAVE_UP = {
    "failed": Text(
        fr="Une étape de la correction a échoué, par notre faute.",
        en="A step of the grading failed, through our fault.",
    ),
    "time": Text(
        fr="Une étape de la correction a dépassé son temps.",
        en="A step of the grading took more than its time.",
    ),
    "memory": Text(
        fr="Une étape de la correction a été tuée, sans doute faute de mémoire.",
        en="A step of the grading was killed, for want of memory most likely.",
    ),
    "lost": Text(
        fr="La machine qui corrigeait ce travail a disparu plusieurs fois.",
        en="The machine that graded this work went away several times.",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Graded:
    """A class after a run: where everything lies, and every hand-in with its states."""

    options: ClassOptions
    coursework: Coursework
    source: Source
    rows: tuple[Row, ...]
    sharing: tuple[int, int]
    """Stages to be trained, and distinct trainings they came to."""
    needs: dict[str, dict[str, str]]
    """Key of the training of each stage, by hand-in."""
    seconds: float


def grade_class(
    options: ClassOptions,
    watcher: Watcher,
    executor: Executor | None = None,
    *,
    marked: Callable[[Graded], None] = lambda _: None,
) -> Graded:
    """Grade every hand-in of a class and return where each stands; the same call goes on after any interruption.

    `marked` is called once, as soon as every mark is out that this run can give; reports may follow. Raises
    UsageError, SubmissionError, CourseworkError, DataError or SandboxUnavailable before anything is graded, and
    UsageError where another run holds the folder. What one hand-in does to its jobs costs only itself.
    """
    began = time.monotonic()
    session = begin(options.single(), Silent())
    options = replace(
        options, assignment=session.assignment.slug, budget=session.budget, device=session.device
    )
    with only_run(options.out), Register(options.out / "class.sqlite") as register:
        source = read_source(options.source, options.out / "incoming", options.out)
        for text in (*(() if options.anonymous else source.notes), *session.notes):
            watcher.note(text)
        enrol(register, source)
        reset_what_changed(
            register, options, session.data.digest if session.data else "", session.coursework.folder
        )
        set_aside(register, source, options)
        cores = options.jobs or core_count()
        queue = Queue(register, options, device=session.device, slots=cores)
        check_only(options, queue)

        def now() -> Graded:
            rows = register.rows()
            return Graded(
                options=options,
                coursework=session.coursework,
                source=source,
                rows=rows,
                sharing=register.sharing(),
                needs={row.hand_in.id: register.needs(row.hand_in.id) for row in rows},
                seconds=time.monotonic() - began,
            )

        runner = executor or _executor(options, cores, session.device)
        try:
            _Run(register, queue, runner, options, watcher, slots=cores).to_the_end(lambda: marked(now()))
        finally:
            runner.close()
        return now()


def _executor(options: ClassOptions, cores: int, device: str) -> Executor:
    if options.engine == "processes":
        return Processes(cpus=cores, gpus=gpus_here() if device == "cuda" else ())
    from grader.classroom.executors.ray_cluster import RayCluster

    return RayCluster(options.address)


class _Run:
    """One run of the queue, until nothing can be begun and nothing is under way."""

    def __init__(
        self, register: Register, queue: Queue, executor: Executor, options: ClassOptions, watcher: Watcher,
        *, slots: int,
    ) -> None:  # fmt: skip
        self._register, self._queue, self._executor = register, queue, executor
        self._options, self._watcher, self._slots = options, watcher, slots
        self._running: dict[str, Job] = {}
        self._seconds: dict[str, tuple[int, float]] = {}
        self._shown_s = 0.0

    def to_the_end(self, marked: Callable[[], None]) -> None:
        """Begin what fits, take what ended, and go on until all is done or given up; `marked` once marks are out."""
        told = False
        while True:
            self._begin_what_fits()
            if not told and self._queue.marks_are_out():
                told = True
                marked()
            self._show(last=not self._running)
            if not self._running:
                return
            for ended in self._executor.wait(_POLL_S):
                self._take(self._running.pop(ended.id), ended)

    def _begin_what_fits(self) -> None:
        begun = True
        while begun:
            begun = False
            for job in self._queue.jobs():
                if self._executor.fits(job.resources):
                    self._queue.begin(job)
                    self._executor.submit(job)
                    self._running[job.id] = job
                    begun = True
                    break

    def _show(self, *, last: bool) -> None:
        if not last and time.monotonic() - self._shown_s < _SHOW_EVERY_S:
            return
        self._shown_s = time.monotonic()
        seconds = {kind: total / count for kind, (count, total) in self._seconds.items()}
        self._watcher.update(
            Progress(
                self._queue.counts(), self._register.sharing(), tuple(self._running), seconds, self._slots
            )
        )

    def _take(self, job: Job, ended: Ended) -> None:
        kind, *keys = job.id.split(" ")
        self._note_cost(kind, len(keys), ended)
        if ended.how == "done":
            count, total = self._seconds.get(kind, (0, 0.0))
            self._seconds[kind] = (count + len(keys), total + ended.seconds)
        if kind == "train":
            self._take_training(keys[0], ended)
        elif kind in ("judge", "report") and ended.how != "done" and len(keys) > 1:
            self._queue.do_alone(keys)
            for key in keys:
                self._end(key, kind, "waiting", None, ended.seconds)  # type: ignore[arg-type]
        else:
            for key in keys:
                self._take_step(key, kind, ended, ended.seconds / len(keys))  # type: ignore[arg-type]

    def _note_cost(self, kind: str, count: int, ended: Ended) -> None:
        """Add a line to the log of jobs: what one took, and how it ended."""
        line = {
            "kind": kind, "hand_ins": count, "how": ended.how, "seconds": round(ended.seconds, 2),
            "core_s": ended.core_s,
        }  # fmt: skip
        with (self._options.out / LOG).open("ab") as log:
            log.write(msgspec.json.encode(line) + b"\n")

    def _take_training(self, key: str, ended: Ended) -> None:
        state: State = "done" if ended.how == "done" else "failed"
        if ended.how == "lost" and self._register.training_tries(key) < MOST_LOSSES:
            state = "waiting"
        note = None if state != "failed" else _because(ended)
        self._register.end_training(key, state, note=note, seconds=ended.seconds)
        self._queue.mark_training(key, state)

    def _take_step(self, key: str, kind: Step, ended: Ended, seconds: float) -> None:
        if ended.how == "done":
            if kind == "watch":
                needs = read_record(self._options.folder(key) / "needs.json", dict[str, str])
                self._queue.set_needs(key, needs)
            self._end(key, kind, "done", None, seconds)
            return
        own = failure(self._options.folder(key)) if kind == "watch" else None
        most = MOST_LOSSES if ended.how == "lost" else MOST_TRIES
        if own is None and self._register.tries(key, kind) < most:
            self._end(key, kind, "waiting", None, seconds)
        else:
            self._end(key, kind, "failed", own or _because(ended), seconds)

    def _end(self, key: str, kind: Step, state: State, note: Text | None, seconds: float) -> None:
        self._register.end(key, kind, state, note=note, seconds=round(seconds, 3))
        self._queue.mark(key, kind, state)


def _because(ended: Ended) -> Text:
    """Return why a job was given up, with the end of what it said."""
    why = _GAVE_UP.get(ended.how, _GAVE_UP["failed"])
    tail = ended.detail.splitlines()[-1][:200] if ended.detail else ""
    return Text(fr=f"{why.fr} {tail}".strip(), en=f"{why.en} {tail}".strip())
