"""What a GPU is asked, and what follows where it does not do it; the GPU itself is played by the CPU."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
import torch
from torch import nn

from grader.model import Call, Loop, Recipe
from grader.recipe.initialise import initialise
from grader.recipe.rebuild import rebuild
from grader.training import Job
from grader.training.devices import gpu_places
from grader.training.engine import Outcome, train
from grader.training.graphs import Capture, Work
from grader.training.jobs import plan
from grader.training.ladder import Places, Rung, Setback, descend, rungs
from grader.training.sharing import CONTROL, PLACE, shared
from grader.training.worker import build_pipelines, resident


class Replayed:
    """A capture whose replay does the work again, and counts how often."""

    def __init__(self) -> None:
        self.replays = 0

    def __call__(self, work: Work, clear: Work) -> Work:
        work()

        def replay() -> None:
            self.replays += 1
            clear()
            work()

        return replay


def never(work: Work, clear: Work) -> Work:
    """Fail as torch does for what cannot be captured."""
    raise RuntimeError("operation not permitted when stream is capturing")


def stale(work: Work, clear: Work) -> Work:
    """Leave at every replay the gradients of the first batch."""
    clear()
    work()
    return lambda: None


@pytest.fixture
def trained(make_job: Callable[..., Job]) -> Callable[..., tuple[nn.Module, Outcome]]:
    """`trained(recipe, capture)` returns the network and the outcome."""

    def run(recipe: Recipe, capture: Capture | None = None) -> tuple[nn.Module, Outcome]:
        torch.set_num_threads(1)
        one = plan(make_job(recipe=recipe), "cpu")
        images = resident(one)
        module = rebuild(one.recipe.network)
        initialise(module, one.recipe.network, 0)
        pipelines = build_pipelines(one.recipe, images.train)
        return module, train(module, one.recipe, images, pipelines, seed=0, capture=capture)

    return run


CROP = (Call(name="RandomCrop", arguments={"size": 32, "padding": 2}), Call(name="ToTensor"))


@contextmanager
def same_bits(one: nn.Module, other: nn.Module) -> Iterator[None]:
    """Assert that both networks hold the same bits."""
    yield
    for left, right in zip(one.state_dict().values(), other.state_dict().values(), strict=True):
        assert torch.equal(left, right)


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_a_graph_that_does_the_same_is_used(
    trained: Callable[..., tuple[nn.Module, Outcome]], make_recipe: Callable[..., Recipe], optimizer: str
) -> None:
    """Full batches go through it, the short last one does not, and trying it out leaves no trace in the numbers."""
    options = {"momentum": 0.9} if optimizer == "SGD" else {}
    recipe = make_recipe(regularised=True, train=CROP, optimizer=optimizer, options=options)
    capture = Replayed()
    module, outcome = trained(recipe, capture)
    plain, usual = trained(recipe)
    assert outcome.stepping == "graph" and usual.stepping == "eager"
    assert capture.replays == 5 + 3 * 5, "five tried, then three epochs of five full batches of sixteen"
    assert outcome.curve == usual.curve
    with same_bits(module, plain):
        pass


@pytest.mark.parametrize(("capture", "word"), [(never, "not captured"), (stale, "other weights")])
def test_a_graph_that_cannot_be_trusted_is_not_used(
    trained: Callable[..., tuple[nn.Module, Outcome]],
    make_recipe: Callable[..., Recipe],
    capture: Capture,
    word: str,
) -> None:
    """Where capturing fails, or gives other weights after five steps, training is eager, and the record says why."""
    recipe = make_recipe(regularised=True, train=CROP, options={"momentum": 0.9})
    module, outcome = trained(recipe, capture)
    plain, usual = trained(recipe)
    assert outcome.stepping.startswith("eager: ") and word in outcome.stepping
    assert outcome.curve == usual.curve
    with same_bits(module, plain):
        pass


@pytest.mark.parametrize(
    "loop", [Loop(clears_gradients=False), Loop(steps_per_batch=0.5), Loop(steps_per_batch=2)]
)
def test_an_irregular_loop_has_no_graph(
    trained: Callable[..., tuple[nn.Module, Outcome]], make_recipe: Callable[..., Recipe], loop: Loop
) -> None:
    """Gradients that pile up or wait are no business of a graph that writes them over."""
    _, outcome = trained(make_recipe(loop=loop), Replayed())
    assert "clear its gradients" in outcome.stepping


def test_a_batch_larger_than_the_images_has_no_graph(
    trained: Callable[..., tuple[nn.Module, Outcome]], make_recipe: Callable[..., Recipe]
) -> None:
    """Without a full batch there is nothing to capture."""
    recipe = make_recipe()
    recipe = msgspec.structs.replace(recipe, data=msgspec.structs.replace(recipe.data, batch_size=50_000))
    _, outcome = trained(recipe, Replayed())
    assert outcome.stepping == "eager: no full batch"


def test_the_gpus_memory_exhausted_while_capturing_is_no_reason_for_eager(
    trained: Callable[..., tuple[nn.Module, Outcome]], make_recipe: Callable[..., Recipe]
) -> None:
    """It is passed on to where a larger share, or the CPU, is chosen."""

    def full(work: Work, clear: Work) -> Work:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        trained(make_recipe(), full)


def test_fewer_and_fewer_share_the_gpu_and_then_comes_the_cpu() -> None:
    """Each rung doubles the share of the memory; the CPU takes whatever is left."""
    assert rungs("cpu", 4) == (Rung("cpu"),)
    assert rungs("cuda", 1) == (Rung("cuda", 1), Rung("cpu"))
    assert [one.places for one in rungs("cuda", 6)] == [1, 2, 4, 6, 1]
    assert rungs("cuda", 6)[-1].device == "cpu"


@pytest.mark.parametrize(
    ("setbacks", "tried", "words"),
    [
        ((), 1, ""),
        ((Setback.MEMORY,), 2, "fewer beside it"),
        ((Setback.MEMORY,) * 3, 4, "memory did not suffice: training took place on the CPU"),
        ((Setback.ABSENT,), 2, "found none when training began: training took place on the CPU"),
        ((Setback.MEMORY, Setback.FAILURE), 3, "reported an error: training took place on the CPU"),
    ],
)
def test_every_setback_is_told(setbacks: tuple[Setback, ...], tried: int, words: str) -> None:
    """What the GPU did not do is said with what was done instead; where it did, nothing is."""
    attempts: list[Rung] = []

    def attempt(rung: Rung) -> str | Setback:
        attempts.append(rung)
        number = len(attempts) - 1
        return setbacks[number] if number < len(setbacks) else f"trained on {rung.device}"

    made, note = descend(rungs("cuda", 4), attempt)
    assert len(attempts) == tried
    assert made == f"trained on {attempts[-1].device}"
    assert (note is None) == (not words)
    if note is not None:
        assert words in note.en and note.fr != note.en
        assert ("CPU" in note.en) == (attempts[-1].device == "cpu")


def test_places_are_held_and_given_back() -> None:
    """Whoever wants all of the GPU waits until the others have left it."""
    places, order = Places(2), []
    alone = threading.Event()

    def take_all() -> None:
        with places.taken(2) as share:
            order.append(("all", share))
        alone.set()

    with places.taken(1) as share:
        order.append(("one", share))
        other = threading.Thread(target=take_all)
        other.start()
        assert not alone.wait(0.1)
        order.append(("still one", share))
    assert alone.wait(10)
    other.join()
    assert order == [("one", 0.5), ("still one", 0.5), ("all", 1.0)]
    with places.taken(9) as share:
        assert share == 1.0


@pytest.mark.parametrize(
    ("cores", "gibibytes", "expected"), [(16, 139, 8), (2, 139, 2), (16, 24, 4), (16, 4, 1), (16, 0, 1)]
)
def test_as_many_share_a_gpu_as_its_memory_and_the_cores_allow(
    cores: int, gibibytes: int, expected: int
) -> None:
    """Each training wants a core for itself and six gibibytes; beyond eight they only wait for each other."""
    assert gpu_places(cores, gibibytes * 2**30) == expected


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """`service(shell)` puts a program of the sharing service's name on the path; it notes how it was called."""
    noted, programs = tmp_path / "noted", tmp_path / "programs"
    programs.mkdir()

    def install(shell: str) -> Path:
        program = programs / CONTROL
        program.write_text(f'#!/bin/sh\necho "$1|$(cat)|$CUDA_MPS_PIPE_DIRECTORY" >> {noted}\n{shell}\n')
        program.chmod(0o755)
        return noted

    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv(PLACE, raising=False)
    return install


def test_a_machine_without_the_sharing_service_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is started, and nothing added to the environment."""
    monkeypatch.setenv("PATH", "/nowhere")
    with shared(6) as environment:
        assert environment == {}


@pytest.mark.skipif(Path("/dev/nvidia0").exists(), reason="this machine has a GPU, which would open")
@pytest.mark.parametrize("shell", ["exit 0", "exit 1"])
def test_a_sharing_service_through_which_no_gpu_opens_is_not_used(
    service: Callable[[str], Path], shell: str
) -> None:
    """It is started in a folder of its own, tried, left alone, and ended in any case."""
    noted = service(shell)
    with shared(6) as environment:
        assert environment == {}
    began, ended = (line.split("|") for line in noted.read_text().splitlines())
    assert (began[0], ended[1]) == ("-d", "quit -t 5")
    assert began[2] == ended[2] and began[2] and not Path(began[2]).exists()


def test_one_training_and_a_service_of_somebodys_own_need_no_other(
    service: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A single training has nobody to share with; who named a service's folder gets that one."""
    noted = service("exit 0")
    with shared(1) as environment:
        assert environment == {}
    monkeypatch.setenv(PLACE, "/somewhere")
    with shared(6) as environment:
        assert environment == {}
    assert not noted.exists()


def test_a_service_whose_owner_was_killed_is_ended_by_the_next(
    service: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner's number stands in the folder; one that lives keeps its service."""
    noted = service("exit 1")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    gone = subprocess.Popen(["true"])
    gone.wait()
    for name, owner in (("left", gone.pid), ("used", os.getpid())):
        folder = tmp_path / f"grader-mps-{name}"
        folder.mkdir()
        (folder / "owner").write_text(str(owner))
    with shared(6):
        pass
    ended = [line.split("|")[2] for line in noted.read_text().splitlines() if "quit" in line]
    assert str(tmp_path / "grader-mps-left") in ended and not (tmp_path / "grader-mps-left").exists()
    assert str(tmp_path / "grader-mps-used") not in ended and (tmp_path / "grader-mps-used").exists()
