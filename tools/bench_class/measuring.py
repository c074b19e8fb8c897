"""What is measured of a class: core-seconds, memory, writes, marks a minute, and how busy the cores are."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from grader.classroom.handin import HandIn
from grader.classroom.register import Register

SLUG = "polytech_tp5_6"


@dataclass(frozen=True, kw_only=True)
class Static:
    """A class at the static budget."""

    count: int
    wall_s: float
    core_s: float
    recording_s: float
    """Wall time of the watching jobs together, each on one core."""
    busy: float
    peak_mb: float
    """Of the process that holds the class."""


@dataclass(frozen=True, kw_only=True)
class Many:
    """A class that is marked again: checks and marks only."""

    count: int
    judge_s: float
    """Wall time of the marking jobs together, divided by the jobs at a time."""
    peak_mb: float


@dataclass(frozen=True, kw_only=True)
class Distinct:
    """A class at the quick budget with so many distinct recipes."""

    recipes: int
    hand_ins: int
    trainings: int
    core_s: float


@dataclass(frozen=True, kw_only=True)
class Told:
    """Everything that was measured."""

    static: Static
    many: tuple[Many, ...]
    write_ms: float
    distinct: tuple[Distinct, ...]
    jobs: int


def measure_static(source: Path, out: Path, jobs: int) -> Static:
    """Grade `source` at the static budget into `out`."""
    wall_s, core_s, peak_mb = _graded(source, out, jobs, "static")
    with sqlite3.connect(out / "class.sqlite") as sql:
        (recording_s,) = sql.execute("SELECT total(seconds) FROM step WHERE kind = 'watch'").fetchone()
        (count,) = sql.execute("SELECT count(*) FROM hand_in").fetchone()
    return Static(
        count=count,
        wall_s=wall_s,
        core_s=core_s,
        recording_s=recording_s,
        busy=core_s / (wall_s * jobs),
        peak_mb=peak_mb,
    )


def _graded(source: Path, out: Path, jobs: int, budget: str, *more: str) -> tuple[float, float, float]:
    """Return (wall seconds, core-seconds of all processes, peak megabytes of the class's own process)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "grader.cli", "class", str(source), "--out", str(out), "--assignment", SLUG,
         "--budget", budget, "--data", "synthetic", "--jobs", str(jobs), "--lang", "en", *more],
    )  # fmt: skip
    peak = [0.0]
    watch = threading.Thread(target=_follow, args=(process, peak))
    watch.start()
    code = process.wait()
    watch.join()
    if code not in (0, 1):
        raise SystemExit(f"grade class ended with {code}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    core_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - began, core_s, peak[0]


def _follow(process: subprocess.Popen[bytes], peak: list[float]) -> None:
    """Keep the largest resident size of `process`, in megabytes, where the system tells it."""
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        try:
            lines = status.read_text("ascii", "replace").splitlines()
        except OSError:
            break
        sizes = [float(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")]
        peak[0] = max([peak[0], *sizes])
        time.sleep(0.2)


def measure_many(graded: Path, room: Path, counts: tuple[int, ...], jobs: int) -> tuple[Many, ...]:
    """Mark classes of `counts` hand-ins again, made of the folders of `graded` under other names."""
    return tuple(_many(graded, room / str(count), count, jobs) for count in counts)


def _many(graded: Path, room: Path, count: int, jobs: int) -> Many:
    """Grade a class whose every step but marking stands already; reports are left as they are."""
    source, out = room / "source", room / "out"
    templates = sorted(path.parent for path in (graded / "students").glob("*/result.json"))
    for number in range(count):
        name = f"copy{number:05d}"
        (source / name).mkdir(parents=True)
        (source / name / "answers.md").write_text(f"{number}\n", encoding="utf-8")
        shutil.copytree(
            templates[number % len(templates)],
            out / "students" / name,
            copy_function=_linked,
            ignore=shutil.ignore_patterns(".lock"),
        )  # held by one job at a time: never shared
    # Enrol with everything waiting, then say that all is done: what follows has to mark again and nothing else.
    scheme = room / "scheme.toml"
    scheme.write_text("[points]\nQ1 = 1.5\n", encoding="utf-8")
    began = time.monotonic()
    code = f"from again import mark_again; mark_again({str(source)!r}, {str(out)!r}, {str(scheme)!r}, {jobs})"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment)
    peak = [0.0]
    _follow(process, peak)
    if process.wait():
        raise SystemExit("marking again did not come to its end")
    return Many(count=count, judge_s=time.monotonic() - began, peak_mb=peak[0])


def _linked(source: str, target: str) -> None:
    """Files are written anew, never in place, so a link is as good as a copy."""
    os.link(source, target)


def measure_writes(path: Path, count: int) -> float:
    """Return the mean milliseconds of one write to the class's database."""
    with Register(path) as register:
        register.enrol((HandIn(id=f"s{n}", name=f"s{n}", path="x"), str(n)) for n in range(count))
        began = time.perf_counter()
        for n in range(count):
            register.begin(f"s{n}", "watch")
            register.end(f"s{n}", "watch", "done", seconds=1.0)
        return 1000 * (time.perf_counter() - began) / (2 * count)


def measure_distinct(source: Path, out: Path, recipes: int, jobs: int) -> Distinct:
    """Grade `source` at the quick budget."""
    _, core_s, _ = _graded(source, out, jobs, "quick")
    with sqlite3.connect(out / "class.sqlite") as sql:
        (trainings,) = sql.execute("SELECT count(*) FROM training").fetchone()
        (hand_ins,) = sql.execute("SELECT count(*) FROM hand_in").fetchone()
    return Distinct(recipes=recipes, hand_ins=hand_ins, trainings=trainings, core_s=core_s)
