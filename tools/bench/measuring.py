"""Measures a stage the student's way and ours, under equal conditions: images, batch, device, share of test images."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import watch

from grader import courseworks
from grader.model import Budget, Outcome, Recipe
from grader.records import read_record, write_record
from grader.training import DataSource, Job, train_all
from grader.training.devices import precision_of
from grader.training.jobs import plan
from grader.training.process import WORKER

HERE = Path(__file__).resolve().parent
EPOCHS = 3
"""The first holds the start of the process; the median of the others is told."""
TEST_SHARE = 5
"""One test image for every five that are learnt, as in CIFAR-10."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Under what conditions to measure."""

    data: DataSource
    images: int
    batch: int
    device: str
    cores: int

    @property
    def precision(self) -> str:
        """What our engine takes on this device."""
        return precision_of(self.device)

    @property
    def gpu(self) -> str | None:
        """The name of the GPU, None on a CPU."""
        if self.device != "cuda":
            return None
        question = "import torch; print(torch.cuda.get_device_name())"
        told = subprocess.run([watch.PYTHON, "-c", question], capture_output=True, text=True, check=True)
        return told.stdout.strip()


@dataclass(frozen=True)
class Speed:
    """Images learnt per second, evaluation included, and the memory that all processes held together at most."""

    images_per_s: float
    peak_mb: float


def recipes() -> dict[str, Recipe]:
    """Return the reference's recipes by stage, in the order of the sheet."""
    coursework = courseworks.load("polytech_tp5_6")
    found = read_record(coursework.recipes, dict[str, Recipe])
    return {stage.id: found[stage.id] for stage in coursework.assignment.stage}


def naive(setting: Setting, stage: str, workers: int) -> Speed:
    """Return the speed of the student's loop with that many workers of a DataLoader."""
    command = [
        watch.PYTHON, str(HERE / "naive.py"), setting.data.folder, stage, str(setting.batch), str(EPOCHS),
        str(setting.images), str(setting.images // TEST_SHARE), str(workers), setting.device,
    ]  # fmt: skip
    seen = watch.run([command], watch.environment(setting.cores))
    return Speed(setting.images / seen.epoch_s(), seen.peak_mb)


def ours(setting: Setting, stage: str) -> Speed:
    """Return the speed of our engine: one process a core (one on a GPU), each training the stage with its own seed."""
    side_by_side = 1 if setting.device == "cuda" else setting.cores
    with tempfile.TemporaryDirectory() as scratch:
        commands = [_worker(Path(scratch) / str(seed), setting, stage, seed) for seed in range(side_by_side)]
        seen = watch.run(commands, watch.environment(1))
    return Speed(side_by_side * setting.images / seen.epoch_s(), seen.peak_mb)


def _worker(folder: Path, setting: Setting, stage: str, seed: int) -> list[str]:
    folder.mkdir()
    budget = Budget(
        train_images=setting.images,
        test_images=setting.images // TEST_SHARE,
        epochs=EPOCHS,
        batch_size=setting.batch,
    )
    job = Job(
        name=stage, recipe=recipes()[stage], budget=budget, budget_name="bench", data=setting.data, seed=seed,
        device=setting.device,
    )  # fmt: skip
    write_record(folder / "plan.json", plan(job, setting.device))
    return [watch.PYTHON, *WORKER, str(folder / "plan.json"), str(folder), "0"]


def peaks(setting: Setting) -> dict[str, float]:
    """Return what a large product and a large copy reach on this device, with all its cores."""
    command = [watch.PYTHON, str(HERE / "floors.py"), setting.device, setting.precision]
    environment = watch.environment(setting.cores)
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(told.stdout)
    return found


@contextmanager
def _empty_cache() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as cache:
        yield Path(cache)


def six_stages(data: DataSource, budget: Budget, name: str, device: str) -> float:
    """Return the seconds in which all stages are trained from an empty cache, as `grade` trains them.

    Raises RuntimeError where one of them does not end well.
    """
    jobs = [
        Job(name=stage, recipe=recipe, budget=budget, budget_name=name, data=data, device=device)
        for stage, recipe in recipes().items()
    ]
    with _empty_cache() as cache:
        started = time.monotonic()
        trainings = train_all(jobs, cache=cache)
        seconds = time.monotonic() - started
    for stage, training in trainings.items():
        if training.outcome is not Outcome.PASSED:
            raise RuntimeError(f"{stage}: {training.note.en if training.note else training.outcome}")
    return seconds


def quick_budget() -> Budget:
    """Return the quick budget of the coursework."""
    return courseworks.load("polytech_tp5_6").assignment.budgets["quick"]


def full_budget(images: int, epochs: int) -> Budget:
    """Return the full budget with a number of images and epochs, and nothing else set."""
    full = courseworks.load("polytech_tp5_6").assignment.budgets["full"]
    return msgspec.structs.replace(full, train_images=images, epochs=epochs)


def cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
