"""Many trainings at once: kept by content, done once, and never lost."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from safetensors.numpy import load_file

from grader.model import Budget, Loss, Outcome, Recipe, Schedule, Text
from grader.records import encode
from grader.training import Job, export, train_all
from grader.training.cache import entry, recall, timing
from grader.training.jobs import plan


class Heard:
    """Keeps what a watcher is told."""

    def __init__(self) -> None:
        self.told: list[tuple[float, float, str]] = []

    def step(self, text: Text) -> None:
        """Keep the sentence."""
        self.told.append((0, 0, text.en))

    def advance(self, done: float, total: float, text: Text) -> None:
        """Keep how far it is."""
        self.told.append((done, total, text.en))


@pytest.mark.slow
def test_a_pool_trains_every_job_and_keeps_it(
    make_job: Callable[..., Job], make_recipe: Callable[..., Recipe], cache: Path, tmp_path: Path
) -> None:
    """Jobs come back by name with curve, confusion and tensors; asked again, nothing is trained."""
    jobs = [
        make_job("one"),
        make_job("same"),
        make_job("broken", make_recipe(rates=(1e38,))),
        make_job("refused", make_recipe(loss=Loss(name="other"))),
    ]
    heard = Heard()
    found = train_all(jobs, cache=cache, workers=2, progress=heard)
    assert {name: training.outcome for name, training in found.items()} == {
        "one": Outcome.PASSED,
        "same": Outcome.PASSED,
        "broken": Outcome.FAILED,
        "refused": Outcome.NOT_RUN,
    }
    one = found["one"]
    assert one == found["same"] == recall(cache, one.key)
    assert one.conditions is not None and one.conditions.data == "small" and one.conditions.path == "batched"
    assert len(one.curve) == 3 and sum(map(sum, one.confusion)) == 60
    export(cache, one, tmp_path / "out")
    tensors = load_file(tmp_path / "out" / str(one.tensors))
    assert tensors["logits"].shape == (60, 10) and tensors["filters"].shape == (6, 3, 3, 3)
    assert found["broken"].note is not None and "epoch 1" in found["broken"].note.en
    assert recall(cache, found["refused"].key) is None
    assert heard.told and heard.told[-1][0] <= heard.told[-1][1]
    assert timing(cache, one.key) is not None and b"seconds" not in encode(one)

    silent = Heard()
    again = train_all(jobs[:3], cache=cache, workers=2, progress=silent)
    assert again == {name: found[name] for name in ("one", "same", "broken")}
    assert silent.told == []


@pytest.mark.slow
def test_two_empty_caches_give_the_same_bytes(make_job: Callable[..., Job], tmp_path: Path) -> None:
    """Trained in other processes on another day, the record and the logits are the same bytes."""
    recorded, tensors = [], []
    for name in ("first", "second"):
        training = train_all([make_job()], cache=tmp_path / name)["stage"]
        recorded.append(encode(training))
        tensors.append((entry(tmp_path / name, training.key) / str(training.tensors)).read_bytes())
    assert recorded[0] == recorded[1] and tensors[0] == tensors[1]


@pytest.mark.slow
def test_a_training_without_enough_memory_says_so(make_job: Callable[..., Job], cache: Path) -> None:
    """Under a cap too small for it a training ends with a sentence, is not kept, and is made again under a wider."""
    training = train_all([make_job()], cache=cache, memory_bytes=20 * 2**20)["stage"]
    assert training.outcome in (Outcome.NOT_RUN, Outcome.ERROR)
    assert training.note is not None and training.note.fr and training.accuracy is None
    assert recall(cache, training.key) is None
    assert train_all([make_job()], cache=cache)["stage"].outcome is Outcome.PASSED


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="workers are found through /proc")
def test_a_worker_that_is_killed_loses_only_its_own_job(
    make_job: Callable[..., Job], make_recipe: Callable[..., Recipe], cache: Path
) -> None:
    """The out-of-memory killer takes one process: its job becomes an error, the other job ends well."""
    jobs = [make_job("endless", make_recipe(epochs=500, optimizer="Adam")), make_job("other")]
    victim = plan(jobs[0], "cpu").key

    def kill() -> None:
        for _ in range(600):
            for folder in Path("/proc").glob("[0-9]*"):
                if _trains(folder, victim):
                    os.kill(int(folder.name), signal.SIGKILL)
                    return
            time.sleep(0.1)

    killer = threading.Thread(target=kill)
    killer.start()
    found = train_all(jobs, cache=cache, workers=2)
    killer.join()
    assert found["other"].outcome is Outcome.PASSED
    assert found["endless"].outcome is Outcome.ERROR
    assert found["endless"].note is not None and "killed" in found["endless"].note.en


def _trains(process: Path, key: str) -> bool:
    """Whether `process` is a worker whose plan has this key."""
    try:
        command = (process / "cmdline").read_bytes().decode().split("\0")
        return key in Path(command[command.index("grader.training") + 1]).read_text()
    except (OSError, IndexError, ValueError):
        return False


@pytest.mark.slow
def test_a_worker_that_takes_too_long_is_ended(
    make_job: Callable[..., Job], make_recipe: Callable[..., Recipe], cache: Path
) -> None:
    """The time limit ends one worker, and the others' results stand."""
    jobs = [make_job("quick"), make_job("endless", make_recipe(epochs=500, optimizer="Adam"))]
    assert train_all(jobs[:1], cache=cache)["quick"].outcome is Outcome.PASSED
    found = train_all(jobs, cache=cache, limit_s=1.0)
    assert found["quick"].outcome is Outcome.PASSED
    assert found["endless"].outcome is Outcome.ERROR
    assert found["endless"].note is not None and "time limit" in found["endless"].note.en


def test_no_jobs_give_no_trainings(cache: Path) -> None:
    """Under a budget that trains nothing nothing is started."""
    assert train_all([], cache=cache) == {}


def test_a_damaged_entry_is_not_believed(cache: Path) -> None:
    """A record that is cut short, or of another key, is as good as absent."""
    folder = entry(cache, "ab" * 32)
    folder.mkdir(parents=True)
    (folder / "training.json").write_text('{"key": "cd')
    assert recall(cache, "ab" * 32) is None
    (folder / "training.json").write_text('{"key": "cd", "outcome": "passed"}')
    assert recall(cache, "ab" * 32) is None


@pytest.mark.parametrize(
    "changes",
    [{"seed": 1}, {"precision": "bf16"}, {"budget_name": "quick"}, {"budget": Budget(train_images=30)}],
    ids=["seed", "precision", "budget", "images"],
)
def test_whatever_decides_the_numbers_is_in_the_key(
    make_job: Callable[..., Job], changes: dict[str, object]
) -> None:
    """Another seed, precision, budget or number of images is another training."""
    assert plan(make_job(), "cpu").key != plan(make_job(**changes), "cpu").key
    assert plan(make_job(), "cpu").key != plan(make_job(), "cuda").key


def test_nobodys_name_is_in_the_key(make_job: Callable[..., Job], make_recipe: Callable[..., Recipe]) -> None:
    """Jobs under other names, and students with other epochs and rates under a quick budget, share a training."""
    quick = Budget(epochs=2, batch_size=8, learning_rates={"sgd": 0.05})
    one = make_job("alice", make_recipe(rates=(0.1,) * 50, epochs=50), budget=quick)
    other = make_job("bob", make_recipe(rates=(0.02,) * 30, epochs=30), budget=quick)
    assert plan(one, "cpu").key == plan(other, "cpu").key


def test_a_schedule_written_otherwise_shares_the_training(
    make_job: Callable[..., Job], make_recipe: Callable[..., Recipe]
) -> None:
    """A hand-made decay and ExponentialLR with the same rates are the same training."""
    rates = (0.1, 0.095, 0.09025)
    plain = make_recipe(rates=rates)
    named = Schedule(name="ExponentialLR", arguments={"gamma": 0.95}, stepped="epoch", rates=rates)
    other = msgspec.structs.replace(
        plain, optimisation=msgspec.structs.replace(plain.optimisation, schedule=named)
    )
    assert plan(make_job(recipe=plain), "cpu").key == plan(make_job(recipe=other), "cpu").key


def test_settings_that_make_no_sense_are_told(
    make_job: Callable[..., Job], make_recipe: Callable[..., Recipe], cache: Path
) -> None:
    """A weight decay of infinity gives a sentence and not a traceback."""
    infinite = make_recipe(options={"weight_decay": float("inf")})
    training = train_all([make_job("odd", infinite)], cache=cache)["odd"]
    assert training.outcome is Outcome.NOT_RUN and training.note is not None and training.note.fr
