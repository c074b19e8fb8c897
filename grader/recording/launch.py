"""Runs the recorder over a hand-in, in one sandbox, and collects what can be believed."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from grader.errors import RecordingInvalid
from grader.model import EntryPoint, Examination, Recording, Recordings, Run, SandboxRecord, Submission
from grader.recording.endings import ended_early, nothing_left, told_once
from grader.recording.examining import Examiner
from grader.recording.source import facts
from grader.recording.validate import JSON_BYTES, invalid_recording, parse_recording, samples_problem
from grader.records import encode, write_bytes, write_record
from grader.sandbox import Finished, Limits, Mount, Sandbox, python_mounts, read_left_behind
from grader.text import Language

PACKAGES = ("torch", "torchvision", "numpy", "pandas", "pillow", "msgspec", "safetensors", "pyyaml", "click")
CODE = ("recorder", "recipe", "model", "source", "errors.py", "records.py", "text.py")
SAMPLES_BYTES = 400 * 1024**2
ALL_SAMPLES_BYTES = 1024**3
MEMORY_BYTES = 6 * 1024**3
_MANY = 4
"""Trainings of one program after which its switches are left alone."""
_SUBMISSION, _OUT, _JOB = "/submission", "/recordings", "/job"


def record(
    submission: Submission,
    root: Path,
    out: Path,
    sandbox: Sandbox,
    *,
    language: Language,
    wall_s: float = 300.0,
    earlier: Recordings | None = None,
) -> Recordings:
    """Return what the programs of `submission` did, and write it as `out`/recordings/recordings.json.

    `root` is the folder of its files. All entry points run in one sandbox, templates excepted; `wall_s`
    bounds them together. With `earlier`, which stands there already, it is the alternatives that run, and the result
    holds both. Whatever a program does ends as a `Problem` in its recording. Then every network is rebuilt
    and measured in a process of its own.
    Raises SandboxUnavailable when the sandbox cannot be started.
    """
    folder = out / "recordings"
    folder.mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob("*.safetensors"), *folder.glob("*.json")):
        if earlier is None:
            old.unlink()
    entries = tuple(entry for entry in submission.entry_points if not entry.template)
    if earlier is not None:
        entries = tuple(entry for entry in submission.alternatives if _may_add(entry, earlier))
    with ExitStack() as stack:
        scratch = Path(
            stack.enter_context(TemporaryDirectory(prefix="recording-", ignore_cleanup_errors=True))
        )
        examiner = stack.enter_context(Examiner()) if entries else Examiner()
        left = scratch / "out"
        left.mkdir()
        finished = Finished(backend=sandbox.name)
        if entries:
            job = _job(sandbox, root, left, entries, language, wall_s)
            finished = _run(sandbox, root, scratch, left, job, wall_s)
        files = frozenset(file.path for file in submission.files)
        recordings = told_once(_of_the_better_order(_collect(left, folder, entries, files, finished)))
        record_ = Recordings(recordings=recordings, sandbox=_sandbox_record(finished))
        write_record(folder / "recordings.json", record_)
        found = examiner.examine_all(folder, record_)
    record_ = msgspec.structs.replace(record_, examinations=_with_facts(found, recordings, root))
    if earlier is not None:
        record_ = msgspec.structs.replace(
            earlier,
            recordings=(*earlier.recordings, *record_.recordings),
            examinations=(*earlier.examinations, *record_.examinations),
        )
    write_record(folder / "recordings.json", record_)
    return record_


def _may_add(entry: EntryPoint, earlier: Recordings) -> bool:
    """Whether a program may show more with a switch set otherwise: one that trains many networks sets them itself."""
    seen = (len(one.runs) for one in earlier.recordings if one.entry.path == entry.path)
    return entry.evidence != "handed_in" or not entry.variant or max(seen, default=0) < _MANY


def _of_the_better_order(recordings: tuple[Recording, ...]) -> tuple[Recording, ...]:
    """Leave out a notebook that failed in one order of its cells and ran well in the other."""
    well = {one.entry.path for one in recordings if one.entry.call == "notebook" and one.problem is None}
    return tuple(one for one in recordings if one.problem is None or one.entry.path not in well or one.runs)


def _job(
    sandbox: Sandbox,
    root: Path,
    left: Path,
    entries: tuple[EntryPoint, ...],
    language: Language,
    wall_s: float,
) -> dict[str, Any]:
    """Return JOB.json: without a sandbox nothing is mounted, so paths are those of this machine."""
    plain = sandbox.name == "none"
    parallel = max(1, min(2, os.cpu_count() or 1))
    rounds = -(-len(entries) // parallel)
    return {
        "root": str(root.resolve()) if plain else _SUBMISSION,
        "out": str(left) if plain else _OUT,
        "entries": entries,
        "parallel": parallel,
        "entry_wall_s": round(min(max((wall_s - 20.0) / rounds, 10.0), 120.0), 1),
        "language": language,
    }


def _run(
    sandbox: Sandbox, root: Path, scratch: Path, left: Path, job: dict[str, Any], wall_s: float
) -> Finished:
    (scratch / "job").mkdir()
    write_bytes(scratch / "job" / "JOB.json", encode(job))
    mounts, python, env = python_mounts(PACKAGES, code=CODE)
    mounts += [
        Mount(root.resolve(), _SUBMISSION),
        Mount(scratch / "job", _JOB),
        Mount(left, _OUT, writable=True),
    ]
    limits = Limits(
        memory_bytes=MEMORY_BYTES,
        cpu_s=2 * wall_s,
        wall_s=wall_s,
        file_bytes=SAMPLES_BYTES,
        disk_bytes=ALL_SAMPLES_BYTES,
        disk_entries=2_000,
    )
    threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [python, "-m", "grader.recorder", f"{_JOB}/JOB.json"]
    return sandbox.run(command, mounts=mounts, limits=limits, env=env | threads)


def _collect(
    left: Path, folder: Path, entries: tuple[EntryPoint, ...], files: frozenset[str], finished: Finished
) -> tuple[Recording, ...]:
    """Return one recording per entry, and copy the samples files that are what they should be."""
    found = []
    budget = ALL_SAMPLES_BYTES
    for entry in entries:
        try:
            content = read_left_behind(left, f"{entry.id}.json", JSON_BYTES + 1)
            recording = (
                nothing_left(entry, finished) if content is None else parse_recording(content, entry, files)
            )
        except RecordingInvalid as error:
            found.append(invalid_recording(error, entry))
            continue
        runs = []
        for run in ended_early(recording, finished).runs:
            kept, size = _keep_samples(left, folder, run, budget)
            budget -= size
            runs.append(kept)
        lost = [before.samples for before, after in zip(recording.runs, runs, strict=True)
                if before.samples and not after.samples]  # fmt: skip
        recording = msgspec.structs.replace(ended_early(recording, finished), runs=tuple(runs))
        if lost and recording.problem is None:
            recording = msgspec.structs.replace(recording, problem=samples_problem(str(lost[0])))
        found.append(recording)
    return tuple(found)


def _keep_samples(left: Path, folder: Path, run: Run, budget: int) -> tuple[Run, int]:
    if run.samples is None:
        return run, 0
    try:
        content = read_left_behind(left, run.samples, min(SAMPLES_BYTES, max(budget, 0)))
    except RecordingInvalid:
        content = None
    if content is None:
        return msgspec.structs.replace(run, samples=None), 0
    write_bytes(folder / run.samples, content)
    return run, len(content)


def _with_facts(
    found: tuple[Examination, ...], recordings: tuple[Recording, ...], root: Path
) -> tuple[Examination, ...]:
    runs = {run.id: (recording.entry, run) for recording in recordings for run in recording.runs}
    return tuple(
        msgspec.structs.replace(examination, facts=facts(*runs[examination.run], root))
        for examination in found
    )


def _sandbox_record(finished: Finished) -> SandboxRecord:
    return SandboxRecord(
        backend=finished.backend, mechanisms=tuple(finished.mechanisms), ended_by=finished.ended_by
    )
