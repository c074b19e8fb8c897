"""What is measured of a class: core-seconds, memory, writes, marks a minute, and how busy the cores are."""

from __future__ import annotations

import json
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
from grader.classroom.running import LOG

SLUG = "polytech_tp5_6"
_NOTED = "verdicts.of.json"
"""Without it no verdict stands, as after a change of the rubric."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """One run of the command."""

    wall_s: float
    marks_s: float
    """Until the gradebook was out."""
    core_s: float
    peak_mb: float
    """Of the process that holds the class."""
    busy: float
    """Share of the machine's cores that did something."""


@dataclass(frozen=True, kw_only=True)
class Static:
    """A class at the static budget."""

    count: int
    ran: Ran
    watch_s: float
    """Core-seconds of the jobs that record and read, as far as the sandbox lets them be counted."""


@dataclass(frozen=True, kw_only=True)
class Many:
    """A class that is marked again: after a change of the rubric, so that checks run, and of points alone."""

    count: int
    rubric: Ran
    points: Ran


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
    ran = _graded(source, out, jobs, "static")
    lines = [json.loads(line) for line in (out / LOG).read_text("utf-8").splitlines()]
    return Static(
        count=len(list(source.iterdir())),
        ran=ran,
        watch_s=sum(line["core_s"] for line in lines if line["kind"] == "watch"),
    )


def _graded(source: Path, out: Path, jobs: int, budget: str, *more: str) -> Ran:
    before, idle = resource.getrusage(resource.RUSAGE_CHILDREN), _idle_s()
    began, started_at = time.monotonic(), time.time()
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
    wall_s = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cores = os.cpu_count() or 1
    return Ran(
        wall_s=wall_s,
        marks_s=(out / "gradebook.csv").stat().st_mtime - started_at,
        core_s=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        peak_mb=peak[0],
        busy=1.0 - (_idle_s() - idle) / (wall_s * cores),
    )


def _idle_s() -> float:
    """Return how long the cores of the machine did nothing since it started, waiting for disks included."""
    fields = Path("/proc/stat").read_text("ascii").split("\n", 1)[0].split()
    return (float(fields[4]) + float(fields[5])) / os.sysconf("SC_CLK_TCK")


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
    """Grade a class whose every step stands already, twice by other points; no verdict stands the first time."""
    source, out = room / "source", room / "out"
    templates = sorted(path.parent for path in (graded / "students").glob("*/result.json"))
    for number in range(count):
        name = f"copy{number:05d}"
        (source / name).mkdir(parents=True)
        (source / name / "answers.md").write_text(f"{number}\n", encoding="utf-8")
        shutil.copytree(
            templates[number % len(templates)],
            out / "students" / name,
            copy_function=os.link,  # files are written anew, never in place
            ignore=shutil.ignore_patterns(".lock", _NOTED),
        )
    subprocess.run(
        [sys.executable, str(Path(__file__).with_name("again.py")), str(source), str(out)], check=True
    )
    (out / LOG).unlink()
    ran = []
    for worth in ("1.5", "1.25"):
        scheme = room / f"scheme-{worth}.toml"
        scheme.write_text(f"[points]\nQ1 = {worth}\n", encoding="utf-8")
        ran.append(_graded(source, out, jobs, "static", "--scheme", str(scheme), "--no-reports"))
    kinds = {json.loads(line)["kind"] for line in (out / LOG).read_text("utf-8").splitlines()}
    if not kinds <= {"judge"}:
        raise SystemExit(f"marking again did more than that: {kinds}")
    return Many(count=count, rubric=ran[0], points=ran[1])


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
    ran = _graded(source, out, jobs, "quick")
    with sqlite3.connect(out / "class.sqlite") as sql:
        (trainings,) = sql.execute("SELECT count(*) FROM training").fetchone()
        (hand_ins,) = sql.execute("SELECT count(*) FROM hand_in").fetchone()
    return Distinct(recipes=recipes, hand_ins=hand_ins, trainings=trainings, core_s=ran.core_s)
