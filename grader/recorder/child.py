"""The life of one entry point: a private copy, every patch, the program, and its recording."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from time import monotonic
from types import FrameType

import numpy as np
import torch

from grader.model import VARIANTS, EntryPoint, Problem
from grader.recorder import (
    bridges,
    data,
    elsewhere,
    epochs,
    front_ends,
    helpers,
    inert,
    launching,
    loaders,
    optimizers,
    problems,
    program,
    threads,
    transforms,
    writing,
)
from grader.recorder.capture import Capture
from grader.recorder.initial import Initial
from grader.recorder.job import Job
from grader.recorder.journal import REAL_EPOCHS, Journal
from grader.recorder.networks import Networks
from grader.recorder.places import Places
from grader.recorder.printed import Printed
from grader.recorder.real import Real
from grader.recorder.runs import Runs
from grader.recorder.watch import Watch

_end = os._exit
_SPARE_S = 1.5
"""How long before the hard limit a program is asked to stop."""
_WRITE_EVERY_S = 0.5


RETRY = 75
"""Exit status of a program that failed after its passes were cut short: with whole ones it may not."""
_BY_SHORTNESS = (NameError, IndexError, KeyError, ZeroDivisionError, ValueError, TypeError, StopIteration)
"""What a loop that ended too early may lead to: a name never set, an empty list, a mean of nothing."""


def live(job: Job, entry: EntryPoint, *, whole_passes: bool) -> None:
    """Record `entry` and end the process; nothing is returned and nothing is raised.

    With `whole_passes` a recording is left only if the program ends well.
    """
    status = 1
    errors = os.dup(2)
    try:
        os.setpgid(0, 0)
        _silence()
        status = Child(job, entry, errors, whole_passes=whole_passes).run()
    except BaseException:  # noqa: BLE001 - our own fault or a hostile program's doing: the status tells
        os.write(errors, traceback.format_exc().encode()[-4_000:])
    finally:
        _end(status)


def _silence() -> None:
    """Give the process an empty standard input, and outputs that nobody reads."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    sys.stdin = open(os.devnull)  # noqa: SIM115 - open for the life of the process


class Child:
    """One entry point, from its private copy to its last recording."""

    def __init__(self, job: Job, entry: EntryPoint, errors: int, *, whole_passes: bool = False) -> None:
        self.job, self.entry, self.errors = job, entry, errors
        self.journal = Journal(whole_passes=whole_passes)
        self.root = _copy(job.root, entry.variant)
        self.places = Places(self.root)
        self.printed = Printed(self.journal)
        self._written = 0.0
        self._done = False

    def run(self) -> int:
        """Run the program under every patch, write what was seen and return the exit status."""
        watch = self._install()
        sys.stdout = sys.stderr = self.printed
        self._limit()
        problem: Problem | None = None
        doubtful = False
        try:
            with watch:
                program.run(self.entry, self.root, self.journal)
        except bridges.Stopped:
            pass
        except SystemExit as error:
            problem = self._left(error)
        except program.ArgumentsUnknown as error:
            problem = _arguments(str(error))
        except BaseException as error:  # noqa: BLE001 - whatever the program raises is told to its author
            problem = problems.of_exception(error, self.places)
            if problem is problems.RECORDER_ERROR:
                os.write(self.errors, traceback.format_exc().encode()[-4_000:])
            doubtful = self._by_shortness(error)
            if doubtful and problem is not problems.RECORDER_ERROR:
                problem = problems.shortened(problem)
        if problem is None and self.journal.failed is not None and not self.journal.runs:
            problem = problems.of_exception(self.journal.failed, self.places)
        self._finish(problem)
        return RETRY if doubtful and self.journal.real is None else 0

    def _by_shortness(self, error: BaseException) -> bool:
        """Whether the error may come of passes that were ended early, and whole ones are worth a try."""
        unknown_name = isinstance(error, NameError) and self.entry.call == "notebook"
        cut = self.journal.shortened and not self.journal.whole_passes
        return isinstance(error, _BY_SHORTNESS) and cut and not unknown_name

    def _install(self) -> Watch:
        torch.set_num_threads(1)
        torch.manual_seed(0)
        random.seed(0)
        np.random.seed(0)
        warnings.simplefilter("ignore")
        os.environ["MPLBACKEND"] = "Agg"
        journal, places = self.journal, self.places
        if self.job.training is not None:
            journal.real = Real(self.job.training, self.job.out, self.entry.id)
            torch.manual_seed(self.job.training.seed)
        inert.install(program.own_modules(self.root))
        epochs.install(journal)
        program.install(self.root, journal)
        initial, runs = Initial(journal), Runs(journal)
        initial.install()
        Networks(journal, places, initial).install()
        data.install(journal, places)
        transforms.install(journal, places)
        loaders.install(journal, places)
        optimizers.install(journal, places, runs)
        bridges.install(journal)
        elsewhere.install(journal, self.root, self.entry.typed)
        launching.install(self.root, journal)
        front_ends.install(program.own_modules(self.root))
        sys.meta_path.append(helpers.Helpers(self.root, journal))
        if journal.real is None:
            journal.capture = Capture(journal, initial, self.job.out, self.entry.id)
            journal.on_change = self._on_change
        journal.here, journal.outermost = places.here, places.outermost
        watch = Watch(journal, places, initial, runs)
        threads.install(journal, watch)
        return watch

    def _limit(self) -> None:
        """Have the program interrupted shortly before its time is over."""

        def over(_: int, frame: FrameType | None) -> None:
            place = self.places.at(frame)
            self._finish(problems.time_limit(self.job.entry_wall_s, place))
            _end(0)

        signal.signal(signal.SIGALRM, over)
        signal.setitimer(signal.ITIMER_REAL, max(self.job.entry_wall_s - _SPARE_S, 0.5))

    def _on_change(self) -> None:
        """Write what was seen so far, in case the process is killed."""
        if self.journal.whole_passes:
            return
        run = self.journal.current
        early = run is None or len(run.passes) <= REAL_EPOCHS + 1
        if early or monotonic() - self._written > _WRITE_EVERY_S:
            self._write(problems.KILLED)
            self._written = monotonic()

    def _finish(self, problem: Problem | None) -> None:
        if self._done:
            return
        self._done = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        if problem is None and not self.journal.runs and not self.journal.by_hand:
            problem = problems.NO_TRAINING
        if (
            problem is None
            or not self.journal.whole_passes
            or problem.kind not in ("time_limit", "memory_limit")
        ):
            self._write(problem)
        shutil.rmtree(os.path.dirname(self.root), ignore_errors=True)

    def _write(self, problem: Problem | None) -> None:
        with self.journal.pause():
            recording = writing.recording_of(self.journal, self.entry, problem, self.printed.tail())
            writing.write(self.job.out, recording)

    def _left(self, error: SystemExit) -> Problem | None:
        """Return a problem when the program left before it trained anything, with a complaint."""
        if self.journal.runs or error.code in (None, 0):
            return None
        place = self.places.of_traceback(error.__traceback__)
        return problems.plain(
            "exit",
            f"Le programme s'est arrêté de lui-même avant tout apprentissage (code {str(error.code)[:100]}).",
            f"The program ended itself before any training (code {str(error.code)[:100]}).",
            place,
        )


def _arguments(name: str) -> Problem:
    return problems.plain(
        "arguments",
        f"La fonction main n'existe pas ou demande un argument inconnu : {name[:80]}.",
        f"The function main does not exist or wants an unknown argument: {name[:80]}.",
    )


def _copy(root: str, variant: str) -> str:
    """Return a private copy of the hand-in, in which the program may write, with the files of its variant."""
    copied = os.path.join(tempfile.mkdtemp(prefix="program-"), "submission")
    shutil.copytree(root, copied, symlinks=True, ignore=shutil.ignore_patterns(VARIANTS))
    for folder, _, _ in os.walk(copied):
        os.chmod(folder, 0o755)
    if variant:
        shutil.copytree(os.path.join(root, VARIANTS, variant), copied, symlinks=True, dirs_exist_ok=True)
    return os.path.realpath(copied)
