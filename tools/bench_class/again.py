"""Marks a class again whose recordings stand: run by `measuring` in a process of its own, whose memory is watched."""

from __future__ import annotations

from pathlib import Path

from grader.classroom.executors import Ended, Job, Processes, Resources
from grader.classroom.register import Register
from grader.classroom.running import grade_class
from grader.classroom.settings import ClassOptions


class NoReports:
    """Processes for all but reports, which are another matter than marks: those count as done at once."""

    name = "processes"

    def __init__(self, jobs: int) -> None:
        self._processes = Processes(cpus=jobs)
        self._reports: list[Ended] = []
        self.watched = 0

    def fits(self, resources: Resources) -> bool:
        """As processes do."""
        return self._processes.fits(resources)

    def submit(self, job: Job) -> None:
        """Begin `job`, unless it is a report."""
        if job.work["kind"] == "report":
            self._reports.append(Ended(id=job.id, how="done"))
            return
        self.watched += job.work["kind"] != "judge"
        self._processes.submit(job)

    def wait(self, timeout_s: float) -> list[Ended]:
        """Return what ended."""
        ended, self._reports = self._reports, []
        return ended or self._processes.wait(timeout_s)

    def close(self) -> None:
        """End whatever still runs."""
        self._processes.close()


class Done:
    """Says that everything was done before."""

    name = "done"

    def __init__(self) -> None:
        self._ended: list[Ended] = []

    def fits(self, resources: Resources) -> bool:
        """Anything does."""
        return len(self._ended) < 64

    def submit(self, job: Job) -> None:
        """Take note."""
        self._ended.append(Ended(id=job.id, how="done"))

    def wait(self, timeout_s: float) -> list[Ended]:
        """Return all of it."""
        ended, self._ended = self._ended, []
        return ended

    def close(self) -> None:
        """Do nothing."""


class Quiet:
    """Shows nothing."""

    def note(self, text: object) -> None:
        """Say nothing."""

    def update(self, state: object) -> None:
        """Show nothing."""


def mark_again(source: str, out: str, scheme: str, jobs: int) -> None:
    """Enrol the class as done, then mark it by another scheme; raises SystemExit where anything else was done."""
    options = ClassOptions(
        source=Path(source), out=Path(out), assignment="polytech_tp5_6", budget="static", data="synthetic"
    )
    if not (Path(out) / "class.sqlite").exists():
        grade_class(options, Quiet(), Done())
    with_scheme = ClassOptions(
        source=Path(source), out=Path(out), assignment="polytech_tp5_6", budget="static", data="synthetic",
        scheme=Path(scheme),
    )  # fmt: skip
    runner = NoReports(jobs)
    graded = grade_class(with_scheme, Quiet(), runner)
    with Register(Path(out) / "class.sqlite") as register:
        undone = [row for row in register.rows() if row.steps.get("judge") != "done"]
    if undone or runner.watched or not graded.rows:
        raise SystemExit(1)
