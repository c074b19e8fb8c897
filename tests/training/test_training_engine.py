"""The engine: what it reproduces of a loop, and that it reproduces itself."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn

from grader.errors import TrainingError
from grader.model import Budget, Call, Loop, Loss, Recipe
from grader.recipe.initialise import initialise
from grader.recipe.rebuild import rebuild
from grader.training import Job
from grader.training.budgets import settle
from grader.training.engine import Images, Outcome, train
from grader.training.jobs import plan
from grader.training.results import confusion_of
from grader.training.transforms import build_pipeline
from grader.training.worker import build_pipelines, resident, without_chance

Trained = tuple[nn.Module, Outcome, Images]


@pytest.fixture
def trained(make_job: Callable[..., Job]) -> Callable[..., Trained]:
    """`trained(recipe, seed=0, precision="fp32")` returns the network, the outcome and the images."""

    def run(recipe: Recipe, *, seed: int = 0, precision: str = "fp32") -> Trained:
        torch.set_num_threads(1)
        one = plan(make_job(recipe=recipe, seed=seed, precision=precision), "cpu")
        images = resident(one)
        module = rebuild(one.recipe.network)
        initialise(module, one.recipe.network, seed)
        pipelines = build_pipelines(one.recipe, images.train)
        outcome = train(module, one.recipe, images, pipelines, seed=seed, precision=precision)
        return module, outcome, images

    return run


def weights(module: nn.Module) -> list[torch.Tensor]:
    """Return all tensors of the network."""
    return list(module.state_dict().values())


def test_a_network_learns_what_can_be_learnt(
    trained: Callable[..., Trained], make_recipe: Callable[..., Recipe]
) -> None:
    """Ten classes of different colour are told apart after a few epochs, far above chance."""
    _, outcome, _ = trained(make_recipe(optimizer="Adam", rates=(0.01,), epochs=15))
    assert outcome.accuracy is not None and outcome.accuracy > 0.8
    assert [point.epoch for point in outcome.curve] == list(range(1, 16))
    first, last = outcome.curve[0], outcome.curve[-1]
    assert first.train_loss and last.train_loss and last.train_loss < first.train_loss
    assert outcome.logits is not None and outcome.logits.shape == (60, 10)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_same_seed_gives_the_same_bits(
    trained: Callable[..., Trained], make_recipe: Callable[..., Recipe], precision: str
) -> None:
    """Dropout, batch norm, random crops and shuffling included."""
    crop = (
        Call(name="RandomCrop", arguments={"size": 32, "padding": 2}),
        Call(name="RandomHorizontalFlip"),
        Call(name="ToTensor"),
    )
    recipe = make_recipe(regularised=True, train=crop, options={"momentum": 0.9})
    one, other, third = (trained(recipe, seed=seed, precision=precision) for seed in (3, 3, 4))
    assert one[1].curve == other[1].curve != third[1].curve
    assert all(
        torch.equal(left, right) for left, right in zip(weights(one[0]), weights(other[0]), strict=True)
    )


def test_the_step_is_torchs_own(trained: Callable[..., Trained], make_recipe: Callable[..., Recipe]) -> None:
    """One epoch in one batch equals gradient descent written by hand on the same network."""
    import msgspec

    recipe = make_recipe(rates=(0.1,), epochs=1)
    recipe = msgspec.structs.replace(
        recipe, data=msgspec.structs.replace(recipe.data, batch_size=90, shuffle=False)
    )
    module, _, images = trained(recipe, seed=5)
    expected = rebuild(recipe.network)
    initialise(expected, recipe.network, 5)
    loss = nn.functional.cross_entropy(expected(images.train.permute(0, 3, 1, 2) / 255), images.train_labels)
    loss.backward()
    for ours, theirs in zip(module.parameters(), expected.parameters(), strict=True):
        assert theirs.grad is not None
        torch.testing.assert_close(ours.detach(), theirs.detach() - 0.1 * theirs.grad, atol=1e-6, rtol=1e-5)


def test_a_loss_that_breaks_ends_the_training(
    trained: Callable[..., Trained], make_recipe: Callable[..., Recipe]
) -> None:
    """The epoch is told, and what came before is kept and judged."""
    module, outcome, _ = trained(make_recipe(rates=(0.05, 0.05, 1e30, 1e30), epochs=6))
    assert outcome.broke_at is not None and 2 <= outcome.broke_at < 6
    assert outcome.curve[outcome.broke_at].train_loss is None
    assert len(outcome.curve) == outcome.broke_at + 1
    assert outcome.perturbed_accuracy is not None, "measured on the network of the epoch before"
    assert all(bool(tensor.isfinite().all()) for tensor in module.state_dict().values())
    before = [point.test_accuracy for point in outcome.curve if point.test_accuracy is not None]
    assert outcome.accuracy == pytest.approx(sum(before[-3:]) / len(before[-3:]))


def test_a_loss_that_breaks_at_once_has_no_accuracy(
    trained: Callable[..., Trained], make_recipe: Callable[..., Recipe]
) -> None:
    """Nothing was measured, so nothing is told."""
    _, outcome, _ = trained(make_recipe(rates=(1e38,)))
    assert outcome.broke_at == 0 and outcome.accuracy is None and outcome.logits is None


def test_a_program_that_never_steps_learns_nothing(
    trained: Callable[..., Trained], make_recipe: Callable[..., Recipe]
) -> None:
    """Without optimizer steps the weights stay as they were drawn."""
    recipe = make_recipe(loop=Loop(steps_per_batch=0.0))
    module, _, _ = trained(recipe, seed=2)
    drawn = rebuild(recipe.network)
    initialise(drawn, recipe.network, 2)
    assert all(torch.equal(left, right) for left, right in zip(weights(module), weights(drawn), strict=True))


@pytest.mark.parametrize(
    "loop",
    [
        Loop(clears_gradients=False),
        Loop(steps_per_batch=0.5),
        Loop(trains_in_train_mode=False),
    ],
    ids=["gradients-pile-up", "accumulation", "evaluation-mode"],
)
def test_a_loop_that_differs_trains_differently(
    trained: Callable[..., Trained], make_recipe: Callable[..., Recipe], loop: Loop
) -> None:
    """Gradients never cleared, steps every other batch, evaluation mode in training: all are reproduced."""
    usual = trained(make_recipe(regularised=True))[1]
    assert trained(make_recipe(regularised=True, loop=loop))[1].curve != usual.curve


def test_evaluation_in_train_mode_moves_the_statistics(
    trained: Callable[..., Trained], make_recipe: Callable[..., Recipe]
) -> None:
    """A program that forgot `eval()` lets batch norm learn from test images; so does its retraining."""
    right, wrong = (
        trained(make_recipe(regularised=True, loop=Loop(evaluates_in_eval_mode=flag)))[0]
        for flag in (True, False)
    )
    assert int(wrong.state_dict()["norm.num_batches_tracked"]) > int(
        right.state_dict()["norm.num_batches_tracked"]
    )


@pytest.mark.parametrize(
    "loss",
    [
        Loss(name="cross_entropy", arguments={"label_smoothing": 0.1}),
        Loss(name="cross_entropy", arguments={"reduction": "sum"}),
        Loss(name="cross_entropy", before=("softmax",)),
        Loss(name="nll_loss", before=("log_softmax",)),
        Loss(name="mse_loss", before=("softmax",)),
    ],
    ids=["smoothed", "summed", "double-softmax", "nll", "mse"],
)
def test_other_losses_train(
    trained: Callable[..., Trained], make_recipe: Callable[..., Recipe], loss: Loss
) -> None:
    """Each recorded loss gives finite numbers that fall."""
    _, outcome, _ = trained(make_recipe(loss=loss, optimizer="Adam", rates=(0.005,), epochs=6))
    losses = [point.train_loss for point in outcome.curve]
    assert all(value is not None and math.isfinite(value) for value in losses)
    assert losses[-1] < losses[0]  # type: ignore[operator]


def test_log_softmax_and_nll_are_cross_entropy(
    trained: Callable[..., Trained], make_recipe: Callable[..., Recipe]
) -> None:
    """Two ways to write the same loss train alike."""
    one = trained(make_recipe())[1].curve[-1]
    other = trained(make_recipe(loss=Loss(name="nll_loss", before=("log_softmax",))))[1].curve[-1]
    assert one.train_loss == pytest.approx(other.train_loss, rel=1e-4)


@pytest.mark.parametrize(
    ("optimizer", "rate"),
    [
        ("SGD", 0.05), ("Adam", 0.005), ("AdamW", 0.005), ("RMSprop", 0.002), ("Adagrad", 0.02), ("Adadelta", 1.0),
        ("NAdam", 0.005), ("RAdam", 0.005), ("Adamax", 0.005),
    ],
)  # fmt: skip
def test_every_optimizer_of_the_list_trains(
    trained: Callable[..., Trained], make_recipe: Callable[..., Recipe], optimizer: str, rate: float
) -> None:
    """Each one lowers the loss."""
    _, outcome, _ = trained(make_recipe(optimizer=optimizer, rates=(rate,), epochs=5))
    assert outcome.curve[-1].train_loss < outcome.curve[0].train_loss  # type: ignore[operator]


def test_the_learning_rate_follows_the_record(
    trained: Callable[..., Trained], make_recipe: Callable[..., Recipe]
) -> None:
    """Each epoch has its own rate, and a rate of zero leaves the weights alone."""
    module, outcome, _ = trained(make_recipe(rates=(0.1, 0.05, 0.0), epochs=3))
    again, _, _ = trained(make_recipe(rates=(0.1, 0.05), epochs=2))
    assert [point.learning_rate for point in outcome.curve] == [0.1, 0.05, 0.0]
    assert all(torch.equal(left, right) for left, right in zip(weights(module), weights(again), strict=True))


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "LBFGS"},
        {"optimizer": "__class__"},
        {"loss": Loss(name="other")},
        {"loss": Loss(name="cross_entropy", before=("eval",))},
        {"options": {"weight_decay": -1.0}},
    ],
    ids=["lbfgs", "no-optimizer", "other-loss", "unknown-function", "refused-option"],
)
def test_what_is_not_on_the_lists_is_refused(
    trained: Callable[..., Trained], make_recipe: Callable[..., Recipe], changes: dict[str, object]
) -> None:
    """A recipe names classes and functions; only known ones are ever called."""
    with pytest.raises(TrainingError):
        trained(make_recipe(**changes))


def test_clipping_bounds_the_step(
    trained: Callable[..., Trained], make_recipe: Callable[..., Recipe]
) -> None:
    """With gradients clipped to nearly nothing the network stays where it was drawn."""
    import msgspec

    recipe = make_recipe(rates=(0.1,), epochs=1)
    clipping = Call(name="clip_grad_norm_", arguments={"max_norm": 1e-9})
    recipe = msgspec.structs.replace(
        recipe, optimisation=msgspec.structs.replace(recipe.optimisation, clipping=clipping)
    )
    module, _, _ = trained(recipe)
    drawn = rebuild(recipe.network)
    initialise(drawn, recipe.network, 0)
    for left, right in zip(weights(module), weights(drawn), strict=True):
        torch.testing.assert_close(left, right, atol=1e-7, rtol=0)


def test_the_confusion_counts_every_test_image(
    trained: Callable[..., Trained], make_recipe: Callable[..., Recipe]
) -> None:
    """Rows are the true classes; their sums are the images of each class, and the diagonal the right ones."""
    _, outcome, images = trained(make_recipe())
    assert outcome.logits is not None
    confusion = confusion_of(outcome.logits, images)
    assert [sum(row) for row in confusion] == [6] * 10
    right = sum(confusion[index][index] for index in range(10))
    assert right / 60 == pytest.approx(outcome.curve[-1].test_accuracy)


def test_a_program_that_never_evaluated_is_evaluated_without_chance(
    make_recipe: Callable[..., Recipe],
) -> None:
    """Its own transforms are used, with a central crop for a random one and no flips."""
    train = (
        Call(name="RandomCrop", arguments={"size": 28}),
        Call(name="RandomHorizontalFlip"),
        Call(name="ToTensor"),
        Call(name="Normalize", arguments={"mean": [0.5] * 3, "std": [0.2] * 3}),
    )
    kept = without_chance(train, 32)
    assert [call.name for call in kept] == ["CenterCrop", "ToTensor", "Normalize"]
    assert (
        without_chance((Call(name="RandomCrop", arguments={"size": 32, "padding": 4}), *train[2:]), 32)
        == train[2:]
    )
    probe = torch.zeros(4, 32, 32, 3, dtype=torch.uint8)
    assert build_pipeline(kept, probe).apply(probe).shape == (4, 3, 28, 28)


def test_no_colour_is_changed_by_chance_in_an_evaluation_of_our_own() -> None:
    """Jitter and policies are left out whatever their names begin with; a resized crop still gives its size."""
    train = tuple(
        Call(name=name, arguments=arguments)
        for name, arguments in (
            ("ColorJitter", {"hue": 0.2}),
            ("AutoAugment", {}),
            ("RandAugment", {}),
            ("RandomResizedCrop", {"size": [24, 24]}),
            ("ToTensor", {}),
        )
    )
    kept = without_chance(train, 32)
    assert [(call.name, call.arguments) for call in kept] == [
        ("Resize", {"size": [24, 24]}),
        ("ToTensor", {}),
    ]


def test_a_settled_recipe_stays_as_it_is(make_recipe: Callable[..., Recipe]) -> None:
    """Settling twice under a budget that sets nothing changes nothing more."""
    once = settle(make_recipe(rates=(0.1, 0.05), epochs=4), Budget())
    assert settle(once, Budget()) == once
