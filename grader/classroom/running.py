"""grade_class(): from what a platform gave to a mark for everybody, going on wherever an earlier run was stopped."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from grader.classroom.executors import Ended, Executor, Job, Processes
from grader.classroom.handin import Source
from grader.classroom.progress import Progress, Watcher
from grader.classroom.queue import MOST_LOSSES, MOST_TRIES, Queue
from grader.classroom.register import Register, Row, State, Step
from grader.classroom.settings import ClassOptions, conditions_digest, fingerprint, judging_digest
from grader.classroom.sources import read_source
from grader.classroom.work import FAILURE, failure
from grader.courseworks import Coursework
from grader.errors import UsageError
from grader.pipeline import Silent
from grader.pipeline.session import begin
from grader.records import read_record, write_record
from grader.text import Text
from grader.training.devices import core_count

_POLL_S = 0.5
_NOTHING_THERE = Text(fr="Rien n'a été rendu.", en="Nothing was handed in.")
_NOT_THERE = Text(
    fr="Le fichier nommé par la liste n'existe pas.", en="The file that the list names does not exist."
)
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


def grade_class(options: ClassOptions, watcher: Watcher, executor: Executor | None = None) -> Graded:
    """Grade every hand-in of a class and return where each stands; the same call goes on after any interruption.

    Raises UsageError, SubmissionError, CourseworkError, DataError or SandboxUnavailable before anything is graded,
    and UsageError where another run holds the folder. What one hand-in does to its jobs costs only itself.
    """
    began = time.monotonic()
    session = begin(options.single(), Silent())
    options = replace(
        options, assignment=session.assignment.slug, budget=session.budget, device=session.device
    )
    with _held(options.out), Register(options.out / "class.sqlite") as register:
        source = read_source(options.source, options.out / "incoming", options.out)
        for text in (*(() if options.anonymous else source.notes), *session.notes):
            watcher.note(text)
        _enrol(register, source, options)
        again = _reset_what_changed(
            register, options, session.data.digest if session.data else "", session.coursework.folder
        )
        _set_aside(register, source, options)
        queue = Queue(register, options, device=session.device)
        _check_only(options, queue)
        queue.again = again
        cores = options.jobs or core_count()
        runner = executor or _executor(options, cores, session.device)
        try:
            _Run(register, queue, runner, options, watcher, slots=cores).to_the_end()
        finally:
            runner.close()
        return Graded(
            options=options,
            coursework=session.coursework,
            source=source,
            rows=register.rows(),
            sharing=register.sharing(),
            needs={row.hand_in.id: register.needs(row.hand_in.id) for row in register.rows()},
            seconds=time.monotonic() - began,
        )


def _executor(options: ClassOptions, cores: int, device: str) -> Executor:
    if options.engine == "processes":
        return Processes(cpus=cores, gpus=1.0 if device == "cuda" else 0.0)
    from grader.classroom.executors.ray_cluster import RayCluster

    return RayCluster(options.address)


@contextlib.contextmanager
def _held(out: Path) -> Iterator[None]:
    """Hold the class's folder for one run at a time; the system lets go of it when the run dies."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / "class.lock").open("w") as file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:
            pass
        except OSError as error:
            raise UsageError(
                fr=f"Une autre correction de cette classe est en cours dans {out} : attendez sa fin, ou arrêtez-la.",
                en=f"Another run is grading this class in {out}: wait for its end, or stop it.",
            ) from error
        yield


def _enrol(register: Register, source: Source, options: ClassOptions) -> None:
    found = []
    for one in source.hand_ins:
        there = one.path and Path(one.path).exists() and one.refused is None
        found.append((one, fingerprint(Path(one.path)) if there else f"-{one.refused}-{one.path}"))
    register.enrol(found)


def _set_aside(register: Register, source: Source, options: ClassOptions) -> None:
    """Note what cannot be graded before anything is tried: nothing there, or refused while it was unpacked."""
    for one in source.hand_ins:
        why = one.refused
        if why is None and not (one.path and Path(one.path).exists()):
            why = _NOT_THERE if one.path else _NOTHING_THERE
        if why is not None:
            register.end(one.id, "watch", "failed", note=why)
            write_record(options.folder(one.id) / FAILURE, why)


def _reset_what_changed(
    register: Register, options: ClassOptions, data_digest: str, coursework: Path
) -> set[str]:
    """Have done again what depends on something that changed; return the hand-ins to be only marked again."""
    if options.retry_errors:
        register.retry_failed()
    conditions, judging = conditions_digest(options, data_digest), judging_digest(options, coursework)
    before = register.setting("conditions"), register.setting("judging")
    again: set[str] = set()
    if before[0] not in (None, conditions):
        register.reset(_watchable(register), "watch")
    elif before[1] not in (None, judging):
        again = {row.hand_in.id for row in register.rows() if row.steps.get("judge") == "done"}
        register.reset(again, "judge")
    register.set_setting("conditions", conditions)
    register.set_setting("judging", judging)
    return again


def _watchable(register: Register) -> list[str]:
    return [row.hand_in.id for row in register.rows() if row.hand_in.path and row.hand_in.refused is None]


def _check_only(options: ClassOptions, queue: Queue) -> None:
    unknown = [key for key in options.only if key not in queue.rows]
    if unknown:
        raise UsageError(
            fr=f"Remises inconnues : {', '.join(unknown)}. Les identifiants sont les noms des dossiers de "
            f"{options.out / 'students'}.",
            en=f"Unknown hand-ins: {', '.join(unknown)}. Ids are the names of the folders in "
            f"{options.out / 'students'}.",
        )


class _Run:
    """One run of the queue, until nothing can be begun and nothing is under way."""

    def __init__(
        self, register: Register, queue: Queue, executor: Executor, options: ClassOptions, watcher: Watcher,
        *, slots: int,
    ) -> None:  # fmt: skip
        self._register, self._queue, self._executor = register, queue, executor
        self._options, self._watcher, self._slots = options, watcher, slots
        self._running: dict[str, Job] = {}
        self._seconds: dict[str, list[float]] = {}

    def to_the_end(self) -> None:
        """Begin what fits, take what ended, and go on until all is done or given up."""
        while True:
            self._begin_what_fits()
            self._show()
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

    def _show(self) -> None:
        seconds = {kind: sum(all_) / len(all_) for kind, all_ in self._seconds.items()}
        self._watcher.update(
            Progress(
                self._queue.counts(), self._register.sharing(), tuple(self._running), seconds, self._slots
            )
        )

    def _take(self, job: Job, ended: Ended) -> None:
        kind, *keys = job.id.split(" ")
        if ended.how == "done":
            self._seconds.setdefault(kind, []).append(ended.seconds / len(keys))
        if kind == "train":
            self._take_training(keys[0], ended)
        elif kind == "judge" and ended.how != "done" and len(keys) > 1:
            self._queue.judge_alone(keys)
            for key in keys:
                self._end(key, "judge", "waiting", None, ended)
        else:
            for key in keys:
                self._take_step(key, kind, ended)  # type: ignore[arg-type]

    def _take_training(self, key: str, ended: Ended) -> None:
        state: State = "done" if ended.how == "done" else "failed"
        if ended.how == "lost" and self._register.training_tries(key) < MOST_LOSSES:
            state = "waiting"
        note = None if state != "failed" else _because(ended)
        self._register.end_training(key, state, note=note, seconds=ended.seconds)
        self._queue.mark_training(key, state)

    def _take_step(self, key: str, kind: Step, ended: Ended) -> None:
        if ended.how == "done":
            if kind == "watch":
                needs = read_record(self._options.folder(key) / "needs.json", dict[str, str])
                self._queue.set_needs(key, needs)
            self._end(key, kind, "done", None, ended)
            return
        own = failure(self._options.folder(key)) if kind == "watch" else None
        most = MOST_LOSSES if ended.how == "lost" else MOST_TRIES
        if own is None and self._register.tries(key, kind) < most:
            self._end(key, kind, "waiting", None, ended)
        else:
            self._end(key, kind, "failed", own or _because(ended), ended)

    def _end(self, key: str, kind: Step, state: State, note: Text | None, ended: Ended) -> None:
        self._register.end(key, kind, state, note=note, seconds=round(ended.seconds, 3))
        self._queue.mark(key, kind, state)


def _because(ended: Ended) -> Text:
    """Return why a job was given up, with the end of what it said."""
    why = _GAVE_UP.get(ended.how, _GAVE_UP["failed"])
    tail = ended.detail.splitlines()[-1][:200] if ended.detail else ""
    return Text(fr=f"{why.fr} {tail}".strip(), en=f"{why.en} {tail}".strip())
