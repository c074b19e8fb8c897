"""Recipes and images that make no sense: a clear sentence each, no crash, no hang."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from grader.model import Budget, Call, Outcome, Recipe, Training
from grader.records import write_record
from grader.training import DataSource, Job, train_all
from grader.training.ended import asked_otherwise
from grader.training.jobs import plan
from grader.training.ladder import CODES, Setback
from grader.training.resident import Loaded, keep
from grader.training.worker import carry_out, main


@pytest.fixture
def outcome_of(make_job: Callable[..., Job], tmp_path: Path) -> Callable[..., Training]:
    """`outcome_of(recipe, data=..., budget=...)` returns the record that a worker leaves."""

    def run(recipe: Recipe, data: DataSource | None = None, **changes: Any) -> Training:
        job = make_job(recipe=recipe, **changes)
        if data is not None:
            job = msgspec.structs.replace(job, data=data)
        return carry_out(plan(job, "cpu"), tmp_path)

    return run


def with_batch(recipe: Recipe, size: int) -> Recipe:
    """Return `recipe` with batches of `size`."""
    return msgspec.structs.replace(recipe, data=msgspec.structs.replace(recipe.data, batch_size=size))


def with_epochs(recipe: Recipe, epochs: int) -> Recipe:
    """Return `recipe` with another number of epochs."""
    return msgspec.structs.replace(
        recipe, optimisation=msgspec.structs.replace(recipe.optimisation, epochs=epochs)
    )


def told(training: Training) -> str:
    """Return the English sentence, after looking that there is a French one and no traceback in either."""
    assert training.note is not None and training.note.fr and training.note.fr != training.note.en
    assert "Traceback" not in training.note.en and len(training.note.en) < 400
    return training.note.en


def test_a_loss_that_breaks_is_told_with_its_epoch(
    outcome_of: Callable[..., Training], make_recipe: Callable[..., Recipe]
) -> None:
    """What came before the third epoch is kept and judged."""
    training = outcome_of(make_recipe(rates=(0.05, 0.05, 1e30, 1e30), epochs=6))
    assert training.outcome is Outcome.FAILED and f"epoch {len(training.curve)}" in told(training)
    before = [point.test_accuracy for point in training.curve if point.test_accuracy is not None]
    assert 2 <= len(before) < len(training.curve) <= 5
    assert training.accuracy == pytest.approx(sum(before[-3:]) / len(before[-3:]))


def test_weights_that_break_in_the_last_step_of_all_are_noticed(
    outcome_of: Callable[..., Training], make_recipe: Callable[..., Recipe]
) -> None:
    """The loss of the only batch was finite, and the network gives no number afterwards."""
    training = outcome_of(with_batch(make_recipe(rates=(1e38,), epochs=1), 90))
    assert training.outcome is Outcome.FAILED and training.accuracy is None
    assert "epoch 1" in told(training)


@pytest.mark.parametrize("budget", [Budget(), Budget(epochs=2, batch_size=30, learning_rates={"sgd": 0.04})])
def test_a_learning_rate_of_zero_learns_nothing_under_any_budget(
    outcome_of: Callable[..., Training], make_recipe: Callable[..., Recipe], budget: Budget
) -> None:
    """A budget that sets the rate does not hide that the program's own is zero."""
    training = outcome_of(make_recipe(rates=(0.0,)), budget=budget)
    assert training.outcome is Outcome.PASSED and "learning rate is 0" in told(training)
    assert len({point.test_accuracy for point in training.curve}) == 1


def test_a_learning_rate_of_ten_is_trained(
    outcome_of: Callable[..., Training], make_recipe: Callable[..., Recipe]
) -> None:
    """It may break or not: either way there is a curve, and a sentence where it broke."""
    training = outcome_of(make_recipe(rates=(10.0,), epochs=2))
    assert training.outcome in (Outcome.PASSED, Outcome.FAILED) and training.curve
    assert (training.outcome is Outcome.FAILED) == (training.note is not None)


def test_a_rate_that_grows_without_bound_can_be_written_down(
    outcome_of: Callable[..., Training], make_recipe: Callable[..., Recipe], make_job: Callable[..., Job]
) -> None:
    """A decay the other way round over hundreds of epochs gives no infinity, and its loss breaks."""
    recipe = make_recipe(rates=(0.1, 10.0), epochs=400)
    rates = plan(make_job(recipe=recipe), "cpu").recipe.optimisation.schedule.rates
    assert max(rates) == 1e38 and len(rates) == 400
    assert outcome_of(recipe).outcome is Outcome.FAILED


def test_a_network_of_a_billion_parameters_is_refused_before_it_is_built(
    outcome_of: Callable[..., Training], make_recipe: Callable[..., Recipe]
) -> None:
    """It is weighed without memory, in a moment."""
    recipe = make_recipe()
    wide = Call(name="Linear", arguments={"in_features": 96, "out_features": 10_500_000})
    parameters = recipe.network.parameters | {
        "head.weight": msgspec.structs.replace(
            recipe.network.parameters["head.weight"], shape=(10_500_000, 96)
        ),
        "head.bias": msgspec.structs.replace(recipe.network.parameters["head.bias"], shape=(10_500_000,)),
    }
    network = msgspec.structs.replace(
        recipe.network, modules=recipe.network.modules | {"head": wide}, parameters=parameters
    )
    training = outcome_of(msgspec.structs.replace(recipe, network=network))
    assert training.outcome is Outcome.NOT_RUN and "parameters" in told(training)


@pytest.mark.parametrize("size", [1, 50_000])
def test_batches_of_one_image_and_of_all_images_are_trained(
    outcome_of: Callable[..., Training], make_recipe: Callable[..., Recipe], size: int
) -> None:
    """One image at a time, or all ninety at once: as many steps as that makes."""
    training = outcome_of(with_batch(make_recipe(epochs=1, regularised=True), size))
    assert training.outcome is Outcome.PASSED and len(training.curve) == 1
    assert training.conditions is not None and training.conditions.batch_size == size


def test_a_program_of_no_epoch_is_told(
    make_job: Callable[..., Job], make_recipe: Callable[..., Recipe], cache: Path
) -> None:
    """Nothing is trained, and not one epoch either."""
    training = train_all([make_job(recipe=with_epochs(make_recipe(), 0))], cache=cache)["stage"]
    assert training.outcome is Outcome.NOT_RUN and "no epoch" in told(training) and not training.curve


def test_more_epochs_than_are_trained_are_told(
    make_job: Callable[..., Job], make_recipe: Callable[..., Recipe]
) -> None:
    """The retraining stops after five hundred, and whoever asked for more reads it."""
    job = make_job("many", with_epochs(make_recipe(), 20_000))
    settled = plan(job, "cpu")
    assert settled.conditions.epochs == 500
    trained = Training(key=settled.key, outcome=Outcome.PASSED, conditions=settled.conditions)
    said = asked_otherwise(job, trained, None)
    assert said is not None and "20000 epochs" in said.en and "after 500" in said.en
    usual = make_job("usual", with_epochs(make_recipe(), 20_000), budget=Budget(epochs=12))
    assert asked_otherwise(usual, trained, None) is None, "a budget that sets the epochs cuts nothing off"


def other_data(tmp_path: Path, *, side: int, classes: int) -> DataSource:
    """Return sixty images of another size, or of other classes."""
    labels = np.arange(60, dtype=np.int64) % classes
    images = np.zeros((60, side, side, 3), np.uint8) + (labels * 2)[:, None, None, None].astype(np.uint8)
    names = tuple(f"class {number}" for number in range(classes))
    return keep(
        tmp_path / "data", f"{side}-{classes}", "other", names, Loaded(images, labels, images, labels)
    )


def test_images_of_another_size_are_told_with_both_sizes(
    outcome_of: Callable[..., Training], make_recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    """A network that only takes one size says which; one that takes any is trained."""
    data = other_data(tmp_path, side=28, classes=10)
    recipe = make_recipe(epochs=1)
    assert outcome_of(recipe, data).outcome is Outcome.PASSED, "its pooling is adaptive"
    network = msgspec.structs.replace(
        recipe.network,
        modules=recipe.network.modules | {"pool": Call(name="AvgPool2d", arguments={"kernel_size": 8})},
    )
    training = outcome_of(msgspec.structs.replace(recipe, network=network), data)
    assert training.outcome is Outcome.NOT_RUN
    assert "3x32x32" in told(training) and "3x28x28" in told(training)


def test_more_classes_than_scores_are_told(
    outcome_of: Callable[..., Training], make_recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    """Ten scores cannot tell sixteen classes apart; for five they are too many, and that is no harm."""
    training = outcome_of(make_recipe(epochs=1), other_data(tmp_path, side=32, classes=16))
    assert training.outcome is Outcome.NOT_RUN
    assert "10 scores" in told(training) and "16 classes" in told(training)
    fewer = outcome_of(make_recipe(epochs=1), other_data(tmp_path, side=32, classes=5))
    assert fewer.outcome is Outcome.PASSED and len(fewer.confusion) == 5


@pytest.mark.skipif(Path("/dev/nvidia0").exists(), reason="this machine has a GPU")
def test_a_worker_without_the_gpu_it_was_meant_for_says_so(
    make_job: Callable[..., Job], tmp_path: Path
) -> None:
    """It leaves no record that could pass for one of a GPU, but the exit code that sends the training to the CPU."""
    write_record(tmp_path / "plan.json", plan(make_job(precision="tf32"), "cuda"))
    folder = tmp_path / "entry"
    folder.mkdir()
    assert main([str(tmp_path / "plan.json"), str(folder), "0"]) == CODES[Setback.ABSENT]
    assert not list(folder.iterdir())


@pytest.mark.slow
@pytest.mark.skipif(Path("/dev/nvidia0").exists(), reason="this machine has a GPU")
def test_a_gpu_that_was_asked_for_and_is_not_used_is_never_silent(
    make_job: Callable[..., Job], cache: Path
) -> None:
    """The training of whoever asked says so; the same one for whoever did not says nothing."""
    asked = msgspec.structs.replace(make_job("asked"), device="cuda", precision="fp32")
    found = train_all([asked, make_job("plain")], cache=cache)
    assert "CPU" in told(found["asked"]) and found["plain"].note is None
    assert found["asked"].curve == found["plain"].curve
    assert found["plain"].settings["stepping"] == "eager" and found["plain"].settings["threads"] == "1"
