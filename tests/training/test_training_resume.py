"""A training killed at any moment goes on from the last group of epochs, and comes out the same to the last bit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from safetensors import safe_open

from grader.model import Call, Loop, Outcome, Recipe, Schedule, Text
from grader.recipe.initialise import initialise
from grader.recipe.rebuild import rebuild
from grader.records import encode, write_record
from grader.training import Job, engine, train_all
from grader.training.cache import entry, lock, sweep, unfinished
from grader.training.checkpoints import Checkpoint, Moment
from grader.training.jobs import Plan, plan
from grader.training.locks import held
from grader.training.process import WORKER, environment
from grader.training.worker import build_pipelines, resident

CROP = (
    Call(name="RandomCrop", arguments={"size": 32, "padding": 2}),
    Call(name="RandomHorizontalFlip"),
    Call(name="ToTensor"),
)
PLATEAU = Schedule(
    name="ReduceLROnPlateau",
    arguments={"patience": 0, "threshold": 0.9, "factor": 0.7},
    stepped="epoch",
    rates=(0.01,),
    metric="test_loss",
)
CYCLE = Schedule(
    name="OneCycleLR", arguments={"max_lr": 0.05, "total_steps": 36}, stepped="batch", rates=(0.002,)
)


class Killed(Exception):
    """Stands for the end of a process."""


def train(one: Plan, checkpoint: Checkpoint | None, *, until: int | None = None) -> tuple[Any, list[int]]:
    """Return the outcome and the epochs told; with `until` the training dies when that epoch is told."""
    torch.set_num_threads(1)
    images = resident(one)
    module = rebuild(one.recipe.network)
    initialise(module, one.recipe.network, 0)
    told: list[int] = []

    def report(point: Any) -> None:
        told.append(point.epoch)
        if point.epoch == until:
            raise Killed

    pipelines = build_pipelines(one.recipe, images.train)
    outcome = engine.train(
        module, one.recipe, images, pipelines, seed=0, report=report, checkpoint=checkpoint
    )
    return (outcome, [tensor.clone() for tensor in module.state_dict().values()]), told


def eager(path: Path, **stamp: str) -> Checkpoint:
    """Return a checkpoint that is written after every epoch."""
    return Checkpoint(path, stamp, share=float("inf"))


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "Adam", "options": {"amsgrad": True}},
        {"optimizer": "NAdam"},
        {"optimizer": "ASGD", "options": {"t0": 5.0}},
        {"options": {"momentum": 0.9, "nesterov": True}, "loop": Loop(evaluates_in_eval_mode=False)},
        {"loop": Loop(clears_gradients=False), "rates": (0.005,)},
        {"loop": Loop(steps_per_batch=0.25)},
        {"options": {"momentum": 0.9}, "schedule": CYCLE},
        {"schedule": PLATEAU},
    ],
    ids=["adam", "nadam", "asgd", "train-mode-evaluation", "never-cleared", "accumulation", "one-cycle", "plateau"],
)  # fmt: skip
def test_a_training_taken_up_again_is_the_same(
    make_job: Callable[..., Job], make_recipe: Callable[..., Recipe], tmp_path: Path, changes: dict[str, Any]
) -> None:
    """Weights, optimizer, dropout, augmentation, order of images, gradients and rates go on as if nothing was."""
    schedule = changes.get("schedule")
    others = {name: value for name, value in changes.items() if name != "schedule"}
    recipe = make_recipe(regularised=True, train=CROP, epochs=6, **others)
    if schedule is not None:
        recipe = msgspec.structs.replace(
            recipe, optimisation=msgspec.structs.replace(recipe.optimisation, schedule=schedule)
        )
    one = plan(make_job(recipe=recipe), "cpu")
    (whole, weights), _ = train(one, None)
    path = tmp_path / "moment.safetensors"
    with pytest.raises(Killed):
        train(one, eager(path), until=4)
    (again, same), told = train(one, eager(path))
    assert told == [3, 2, 1, 4, 5, 6], (
        "the epochs done before are told, the latest first, and not trained again"
    )
    assert again.curve == whole.curve and torch.equal(again.logits, whole.logits)
    assert all(torch.equal(left, right) for left, right in zip(weights, same, strict=True))


def test_a_checkpoint_of_others_is_left_alone(make_job: Callable[..., Job], tmp_path: Path) -> None:
    """Another torch or machine, and a file cut short, mean to begin at the beginning."""
    one = plan(make_job(), "cpu")
    path = tmp_path / "moment.safetensors"
    with pytest.raises(Killed):
        train(one, eager(path, torch="1"), until=3)
    assert eager(path, torch="1").read() is not None
    assert train(one, eager(path, torch="2"))[1] == [1, 2, 3]
    with pytest.raises(Killed):
        train(one, eager(path, torch="1"), until=3)
    path.write_bytes(path.read_bytes()[:-100])
    assert eager(path, torch="1").read() is None
    path.write_bytes(b"")
    assert eager(path, torch="1").read() is None


def test_checkpoints_cost_less_than_a_fiftieth_of_the_time(tmp_path: Path) -> None:
    """Each is due only when the time spent on them, and on it, stays within the share."""
    now, tick = [0.0], [0.0]

    def clock() -> float:
        now[0] += tick[0]
        return now[0]

    checkpoint = Checkpoint(tmp_path / "one", {}, clock=clock)
    assert not checkpoint.due(1000)
    now[0] = 1000.0
    assert checkpoint.due(10**9) and not checkpoint.due(10**10)
    tick[0] = 15.0
    checkpoint.write(Moment({"one": torch.zeros(1)}, {}))
    tick[0] = 0.0
    assert not checkpoint.due(1000), "the next would cost fifteen seconds again"
    now[0] = 1501.0
    assert checkpoint.due(1000)


class Heard:
    """Keeps the number of epochs done that a watcher is told."""

    def __init__(self) -> None:
        self.done: list[float] = []

    def step(self, text: Text) -> None:
        """Nothing to keep."""

    def advance(self, done: float, total: float, text: Text) -> None:
        """Keep how far it is."""
        self.done.append(done)


def epochs_kept(path: Path) -> int:
    """Return how many epochs the checkpoint at `path` holds, 0 without one."""
    if not path.is_file():
        return 0
    with safe_open(path, framework="pt") as file:
        return len(json.loads((file.metadata() or {})["state"])["facts"]["curve"])


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system cannot kill so")
def test_kill_9_costs_no_bit(
    make_job: Callable[..., Job], make_recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    """A worker killed for good is followed by one that goes on, and record and tensors are the bytes they would be."""
    # A checkpoint is due by the clock: on a fast machine few epochs would end before the first one.
    recipe = make_recipe(regularised=True, train=CROP, options={"momentum": 0.9}, epochs=200)
    job, cache = make_job(recipe=recipe), tmp_path / "killed"
    one = plan(job, "cpu")
    path = unfinished(cache, one.key)
    folder = tmp_path / "entry"
    folder.mkdir()
    write_record(tmp_path / "plan.json", msgspec.structs.replace(one, checkpoint=str(path)))
    command = [sys.executable, *WORKER, str(tmp_path / "plan.json"), str(folder), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as process:
        for _ in process.stdout or ():
            if epochs_kept(path) > 1:
                os.kill(process.pid, signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL and not list(folder.iterdir())
    heard = Heard()
    again = train_all([job], cache=cache, progress=heard)["stage"]
    whole = train_all([job], cache=tmp_path / "whole")["stage"]
    assert heard.done[0] > 1, "it did not begin at the beginning"
    assert encode(again) == encode(whole) and again.outcome is Outcome.PASSED
    names = [entry(where, one.key) / str(again.tensors) for where in (cache, tmp_path / "whole")]
    assert names[0].read_bytes() == names[1].read_bytes()
    assert not path.exists(), "what is kept needs no checkpoint"


@pytest.mark.slow
def test_two_processes_train_the_same_once(make_job: Callable[..., Job], tmp_path: Path) -> None:
    """Whoever comes second waits, and takes what the first one kept; equal hand-ins of other names are equal."""
    cache = tmp_path / "cache"
    first, second = make_job("alice"), make_job("bob")
    heard, found = Heard(), {}

    def train_second() -> None:
        found.update(train_all([second], cache=cache, progress=heard))

    with held(lock(cache, plan(first, "cpu").key), give_up=lambda: False) as descriptors:
        assert descriptors
        other = threading.Thread(target=train_second)
        other.start()
        time.sleep(1.0)
        assert not heard.done and not found, "it waits for the lock"
        elsewhere = train_all([first], cache=tmp_path / "elsewhere")["alice"]
        target = entry(cache, elsewhere.key)
        target.parent.mkdir(parents=True)
        entry(tmp_path / "elsewhere", elsewhere.key).rename(target)
    other.join(timeout=60)
    assert found["bob"] == elsewhere and heard.done == []


def test_a_lock_ends_with_who_held_it(tmp_path: Path) -> None:
    """A process that is killed leaves its lock to the next one; a wait can be given up."""
    path = tmp_path / "locks" / "one"
    program = (
        "import sys, time; from pathlib import Path; from grader.training.locks import held\n"
        "with held(Path(sys.argv[1]), give_up=lambda: False): print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", program, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as process:
        assert process.stdout is not None and process.stdout.readline() == b"held\n"
        with held(path, give_up=lambda: True) as descriptors:
            assert descriptors == ()
        process.kill()
        process.wait()
        with held(path, give_up=lambda: True) as descriptors:
            assert len(descriptors) == 1


def test_what_was_left_long_ago_is_swept(tmp_path: Path) -> None:
    """Old scratch folders, checkpoints and locks go; young ones and whole entries stay."""
    old, young = tmp_path / ".training.old", tmp_path / ".training.young"
    for folder in (old, young, tmp_path / "unfinished", tmp_path / "trainings"):
        folder.mkdir()
    (old / "plan.json").write_text("{}")
    checkpoint = unfinished(tmp_path, "ab")
    checkpoint.write_text("")
    long_ago = time.time() - 365 * 86_400
    for path in (old, checkpoint, tmp_path / "trainings"):
        os.utime(path, (long_ago, long_ago))
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".training.young", "trainings", "unfinished"]
    assert not checkpoint.exists()
