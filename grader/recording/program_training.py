"""Has a student's own programs train in the sandbox, and takes what they answer on unlabelled test images.

For programs that no recipe can express. Nothing that comes out is believed to be right: it is checked to be numbers
of the right shape, and judged elsewhere against labels that were never inside.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from grader.errors import RecordingInvalid
from grader.model import EntryPoint, Recording
from grader.recording.launch import CODE, PACKAGES
from grader.recording.validate import JSON_BYTES, parse_recording
from grader.records import encode, write_bytes
from grader.sandbox import Limits, Mount, Sandbox, python_mounts, read_left_behind
from grader.text import Text

MEMORY_BYTES = 6 * 1024**3
OUTPUT_BYTES = 64 * 1024**2
EVALUATIONS = 500
COLUMNS = 1_000
_SUBMISSION, _OUT, _JOB, _IMAGES = "/submission", "/recordings", "/job", "/images"
_KINDS = ("float32", "int16", "int32", "float64")
_SPARE_S = 30.0
"""Time for starting, beside what the programs are given."""


@dataclass(frozen=True, kw_only=True)
class ProgramOrder:
    """How programs are to train: on which images, how long, and up to which of their trainings."""

    images: Path
    """A folder with train_images.npy, train_labels.npy and test_images.npy, and nothing else of interest."""
    test_images: int
    epochs: int
    batch_size: int
    learning_rates: Mapping[str, float]
    seed: int
    last_run: Mapping[str, int]
    """By entry point: the last of its trainings that is wanted."""
    wall_s: float
    """For each program."""
    parallel: int = 1


@dataclass(frozen=True, kw_only=True)
class ProgramOutputs:
    """What one training of a program left; `problem` says why there is nothing, or what ended it early."""

    epochs: tuple[int, ...] = ()
    predictions: tuple[NDArray[np.int64], ...] = ()
    logits: NDArray[np.float32] | None = None
    rate: float = 0.0
    problem: Text | None = None
    """In the program's own recording: None when it came to its end."""
    stopped: bool = False
    """Whether its time was over before its end."""


def train_programs(
    root: Path, entries: Sequence[EntryPoint], runs: Sequence[str], order: ProgramOrder, sandbox: Sandbox
) -> dict[str, ProgramOutputs]:
    """Return by run what the programs in `entries` answered; `runs` are ids such as `e2.1`.

    `root` is the folder of the hand-in. Raises SandboxUnavailable when the sandbox cannot be started.
    """
    rounds = -(-len(entries) // order.parallel)
    wall_s = order.wall_s * rounds + _SPARE_S
    with tempfile.TemporaryDirectory(prefix="training-", ignore_cleanup_errors=True) as scratch:
        left, job = Path(scratch) / "out", Path(scratch) / "job"
        left.mkdir()
        job.mkdir()
        write_bytes(job / "JOB.json", encode(_job(entries, order)))
        mounts, python, env = python_mounts(PACKAGES, code=CODE)
        mounts += [
            Mount(root.resolve(), _SUBMISSION),
            Mount(job, _JOB),
            Mount(order.images.resolve(), _IMAGES),
            Mount(left, _OUT, writable=True),
        ]
        limits = Limits(
            memory_bytes=MEMORY_BYTES,
            cpu_s=2 * wall_s,
            wall_s=wall_s,
            file_bytes=OUTPUT_BYTES,
            disk_bytes=8 * OUTPUT_BYTES,
            disk_entries=1_000,
        )
        sandbox.run(
            [python, "-m", "grader.recorder", f"{_JOB}/JOB.json"],
            mounts=mounts,
            limits=limits,
            env=env | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
        )
        by_id = {entry.id: entry for entry in entries}
        return {run: _outputs(left, run, by_id[run.rpartition(".")[0]], order.test_images) for run in runs}


def _job(entries: Sequence[EntryPoint], order: ProgramOrder) -> dict[str, Any]:
    return {
        "root": _SUBMISSION,
        "out": _OUT,
        "entries": tuple(entries),
        "parallel": min(order.parallel, os.cpu_count() or 1),
        "entry_wall_s": round(order.wall_s, 1),
        "training": {
            "folder": _IMAGES,
            "epochs": order.epochs,
            "batch_size": order.batch_size,
            "learning_rates": dict(order.learning_rates),
            "seed": order.seed,
            "last_run": dict(order.last_run),
        },
    }


def _outputs(left: Path, run: str, entry: EntryPoint, count: int) -> ProgramOutputs:
    problem, stopped = _ending(left, entry)
    try:
        content = read_left_behind(left, f"{run}.outputs.safetensors", OUTPUT_BYTES)
        found = parse_outputs(content, count) if content is not None else ProgramOutputs()
    except RecordingInvalid as error:
        return ProgramOutputs(problem=error.text)
    if found.logits is None and problem is None:
        problem = Text(
            fr="il n'évalue aucun réseau sur toutes les images de test, prises une à une d'un jeu de torchvision",
            en="it evaluates no network on all test images, taken one by one from a data set of torchvision",
        )
    return ProgramOutputs(
        epochs=found.epochs,
        predictions=found.predictions,
        logits=found.logits,
        rate=found.rate,
        problem=problem,
        stopped=stopped,
    )


def _ending(left: Path, entry: EntryPoint) -> tuple[Text | None, bool]:
    """Return what stopped the program, and whether that was the time."""
    try:
        content = read_left_behind(left, f"{entry.id}.json", JSON_BYTES + 1)
        recording = parse_recording(content, entry, ()) if content is not None else Recording(entry=entry)
    except RecordingInvalid as error:
        return error.text, False
    if content is None:
        return Text(fr="il a été arrêté", en="it was stopped"), True
    if recording.problem is None:
        return None, False
    return recording.problem.text, recording.problem.kind in ("time_limit", "killed")


def parse_outputs(content: bytes, count: int) -> ProgramOutputs:
    """Return the outputs in `content`, on `count` test images.

    Raises RecordingInvalid for anything but numbers of the right kinds and shapes within the caps.
    """
    try:
        tensors = load(content)
        logits, predictions = tensors["logits"], tensors["predictions"]
        epochs, rate = tensors["epochs"], tensors["rate"]
    except (SafetensorError, KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise _refused() from error
    right = (
        [str(one.dtype) for one in (logits, predictions, epochs, rate)] == list(_KINDS)
        and logits.ndim == 2
        and len(logits) == count
        and 2 <= logits.shape[1] <= COLUMNS
        and predictions.ndim == 2
        and predictions.shape[1] == count
        and 1 <= len(predictions) <= EVALUATIONS
        and epochs.shape == (len(predictions),)
        and bool((epochs >= 0).all() and (epochs <= 1_000_000).all())
        and rate.shape == (1,)
    )
    if not right:
        raise _refused()
    return ProgramOutputs(
        epochs=tuple(int(epoch) for epoch in epochs),
        predictions=tuple(row.astype(np.int64) for row in predictions),
        logits=logits,
        rate=float(rate[0]) if np.isfinite(rate[0]) else 0.0,
    )


def _refused() -> RecordingInvalid:
    return RecordingInvalid(
        fr="les sorties que le programme a laissées ne sont pas des nombres de la forme attendue",
        en="the outputs that the program left are not numbers of the expected shape",
    )
