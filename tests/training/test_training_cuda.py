"""The same engine on a real GPU, where there is one; what follows where there is none is in test_training_gpu.py."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch

from grader import courseworks
from grader.model import Budget, Call, Loss, Outcome, Recipe, Schedule
from grader.recipe.initialise import initialise
from grader.recipe.rebuild import rebuild
from grader.records import read_record, write_record
from grader.training import Job, choose_data, engine, train_all
from grader.training.checkpoints import Checkpoint, Moment
from grader.training.graphs import capture_on_gpu
from grader.training.jobs import Plan, plan
from grader.training.ladder import CODES, Setback
from grader.training.sharing import CONTROL, shared
from grader.training.worker import build_pipelines, main, resident

pytestmark = pytest.mark.skipif(not Path("/dev/nvidia0").exists(), reason="no GPU on this machine")

AUGMENTED = (
    Call(name="RandomCrop", arguments={"size": 28}),
    Call(name="RandomHorizontalFlip"),
    Call(name="ToTensor"),
)
CROPPED = (Call(name="CenterCrop", arguments={"size": 28}), Call(name="ToTensor"))


def trained(one: Plan, checkpoint: Checkpoint | None = None, *, device: str = "cuda") -> engine.Outcome:
    """Return what the engine makes of a plan in this process."""
    torch.set_num_threads(1)
    images = resident(one)
    pipelines = build_pipelines(one.recipe, images.train)
    module = rebuild(one.recipe.network)
    initialise(module, one.recipe.network, 0)
    return engine.train(
        module,
        one.recipe,
        images,
        pipelines,
        seed=0,
        device=device,
        precision="tf32" if device == "cuda" else "fp32",
        checkpoint=checkpoint,
        capture=capture_on_gpu if device == "cuda" else None,
    )


def augmented(make_recipe: Callable[..., Recipe], **changes: Any) -> Recipe:
    """Return a recipe with batch norm, dropout and random crops."""
    recipe = make_recipe(regularised=True, train=AUGMENTED, **changes)
    return msgspec.structs.replace(recipe, data=msgspec.structs.replace(recipe.data, evaluation=CROPPED))


def test_the_reference_trains_by_graph_and_learns(tmp_path: Path) -> None:
    """All six stages, side by side in processes of their own: a graph each, the GPU named, and far above chance."""
    coursework = courseworks.load("polytech_tp5_6")
    recipes = read_record(coursework.recipes, dict[str, Recipe])
    data = choose_data("synthetic", cache=tmp_path)
    budget = coursework.assignment.budgets["quick"]
    jobs = [
        Job(name=stage, recipe=recipe, budget=budget, budget_name="quick", data=data, device="cuda")
        for stage, recipe in recipes.items()
    ]
    for stage, training in train_all(jobs, cache=tmp_path).items():
        assert training.outcome is Outcome.PASSED and training.note is None, (stage, training.note)
        assert training.conditions is not None and training.conditions.precision == "tf32"
        assert training.settings["stepping"] == "graph" and "NVIDIA" in training.settings["gpu"]
        assert training.accuracy is not None and training.accuracy > 0.3, stage


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_gpu_computes_what_a_cpu_computes(
    make_job: Callable[..., Job], make_recipe: Callable[..., Recipe], epochs: int
) -> None:
    """The same weights, images, order, crops and flips: the losses of the first epochs differ by rounding alone."""
    recipe = make_recipe(train=AUGMENTED, epochs=epochs)
    recipe = msgspec.structs.replace(recipe, data=msgspec.structs.replace(recipe.data, evaluation=CROPPED))
    one = plan(make_job(recipe=recipe), "cpu")
    ours, usual = trained(one), trained(one, device="cpu")
    for point, other in zip(ours.curve, usual.curve, strict=True):
        assert point.train_loss == pytest.approx(other.train_loss, rel=5e-3)
        assert point.test_loss == pytest.approx(other.test_loss, rel=5e-3)


@pytest.mark.parametrize(
    "optimizer",
    ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam", "ASGD", "Rprop"],
)
def test_every_optimizer_goes_by_graph(
    make_job: Callable[..., Job], make_recipe: Callable[..., Recipe], optimizer: str
) -> None:
    """Forward and backward are captured whatever steps afterwards, and the short last batch is learnt too."""
    one = plan(make_job(recipe=augmented(make_recipe, optimizer=optimizer)), "cuda")
    made = trained(one)
    assert made.stepping == "graph" and made.accuracy is not None


@pytest.mark.parametrize(
    "loss",
    [
        Loss(name="cross_entropy", arguments={"label_smoothing": 0.1}),
        Loss(name="cross_entropy", arguments={"weight": [1.0] * 9 + [2.0]}),
        Loss(name="cross_entropy", arguments={"reduction": "sum"}),
        Loss(name="nll_loss", before=("log_softmax",)),
        Loss(name="cross_entropy", before=("softmax",)),
        Loss(name="mse_loss", before=("softmax",)),
        Loss(name="binary_cross_entropy_with_logits"),
        Loss(name="multi_margin_loss"),
    ],
    ids=lambda loss: "-".join((*loss.before, loss.name, *loss.arguments)),
)
def test_every_loss_goes_by_graph(
    make_job: Callable[..., Job], make_recipe: Callable[..., Recipe], loss: Loss
) -> None:
    """Weights of classes, smoothing and one-hot targets are made where a graph can read them."""
    made = trained(plan(make_job(recipe=augmented(make_recipe, loss=loss, epochs=1)), "cuda"))
    assert made.stepping == "graph" and made.curve[0].train_loss is not None


@pytest.mark.parametrize("schedule", [None, "OneCycleLR"])
def test_the_same_bits_come_twice_and_after_an_interruption(
    make_job: Callable[..., Job], make_recipe: Callable[..., Recipe], tmp_path: Path, schedule: str | None
) -> None:
    """Momentum, batch norm, dropout, crops and the schedule's steps go on from a checkpoint as if nothing had been."""
    changes: dict[str, Any] = {"optimizer": "SGD", "options": {"momentum": 0.9}, "epochs": 4}
    recipe = augmented(make_recipe, **changes)
    if schedule is not None:
        by_batch = Schedule(
            name=schedule,
            arguments={"max_lr": 0.05, "total_steps": 24},
            stepped="batch",
            rates=(0.002,),
            steps=24,
        )
        recipe = msgspec.structs.replace(
            recipe, optimisation=msgspec.structs.replace(recipe.optimisation, schedule=by_batch)
        )
    one = plan(make_job(recipe=recipe), "cuda")
    whole, again = trained(one), trained(one)
    assert whole.curve == again.curve and torch.equal(_given(whole), _given(again))

    class Halfway(Checkpoint):
        """Keeps the moment after the second epoch."""

        kept: Moment | None = None

        def due(self, size_bytes: int) -> bool:
            return self.kept is None

        def write(self, moment: Moment) -> None:
            super().write(moment)
            if len(moment.facts["curve"]) == 2:
                self.kept = moment

    halfway = Halfway(tmp_path / "moment", {})
    trained(one, halfway)
    resumed = trained(one, Checkpoint(tmp_path / "moment", {}))
    assert resumed.curve == whole.curve and torch.equal(_given(resumed), _given(whole))


def _given(outcome: engine.Outcome) -> torch.Tensor:
    assert outcome.logits is not None
    return outcome.logits


def test_images_that_go_one_by_one_reach_the_gpu_too(
    make_job: Callable[..., Job], make_recipe: Callable[..., Recipe]
) -> None:
    """A transform without a batched form is torchvision's own, and the network still trains by graph."""
    posterized = (Call(name="RandomPosterize", arguments={"bits": 4}), Call(name="ToTensor"))
    one = plan(make_job(recipe=make_recipe(train=posterized, epochs=1)), "cuda")
    assert build_pipelines(one.recipe, resident(one).train).train.path == "image_by_image"
    assert trained(one).stepping == "graph"


def test_memory_that_does_not_suffice_is_told_by_the_exit_code(
    make_job: Callable[..., Job], make_recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    """A worker with next to no share of the GPU leaves no record, and the pool tries with more, then on the CPU."""
    one = plan(make_job(recipe=augmented(make_recipe), precision="tf32"), "cuda")
    write_record(tmp_path / "plan.json", msgspec.structs.replace(one, share=1e-6))
    folder = tmp_path / "entry"
    folder.mkdir()
    try:
        assert main([str(tmp_path / "plan.json"), str(folder), "0"]) == CODES[Setback.MEMORY]
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert not list(folder.iterdir())


def test_a_budget_of_more_trainings_than_places_ends(
    make_job: Callable[..., Job], make_recipe: Callable[..., Recipe], cache: Path
) -> None:
    """Twelve seeds share the GPU, a few at a time, and each leaves its own curve."""
    recipe = augmented(make_recipe, epochs=1)
    jobs = [
        make_job(str(seed), recipe, seed=seed, device="cuda", precision="tf32", budget=Budget(epochs=1))
        for seed in range(12)
    ]
    found = train_all(jobs, cache=cache)
    assert {one.outcome for one in found.values()} == {Outcome.PASSED}
    assert len({one.curve for one in found.values()}) == len(jobs)


@pytest.mark.skipif(shutil.which(CONTROL) is None, reason="without NVIDIA's service for sharing a GPU")
def test_trainings_that_share_the_gpu_come_out_as_each_alone(
    make_job: Callable[..., Job], make_recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    """The service opens the GPU for several processes at once, and changes no bit of what they compute."""
    with shared(2) as environment:
        assert environment
    recipe = augmented(make_recipe, options={"momentum": 0.9})
    jobs = [make_job(str(seed), recipe, seed=seed, device="cuda", precision="tf32") for seed in range(2)]
    together = train_all(jobs, cache=tmp_path / "together")
    in_turn = train_all(jobs, cache=tmp_path / "in turn", workers=1)
    for job in jobs:
        assert together[job.name].curve == in_turn[job.name].curve
        assert together[job.name].note is None and together[job.name].outcome is Outcome.PASSED
