"""Optimizers, schedules, losses and loops: each is trained as the same loop written by hand, to the last bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import torch
from hand_written import train_by_hand
from torch.nn import functional as F
from torch.optim import lr_scheduler as torch_schedules

from grader.errors import TrainingError
from grader.model import Budget, Call, Loop, Loss, ParameterGroup, Recipe, Schedule
from grader.recipe.initialise import initialise
from grader.recipe.rebuild import rebuild
from grader.training import Job
from grader.training.budgets import settle
from grader.training.engine import Outcome, train
from grader.training.jobs import plan
from grader.training.worker import build_pipelines, resident

Both = Callable[..., tuple[torch.nn.Module, Outcome]]
STEPS = 18
"""Three epochs of six batches."""


@pytest.fixture
def both(make_job: Callable[..., Job]) -> Both:
    """`both(recipe, **by_hand)` trains both ways, asserts that they are equal, and returns the engine's way."""

    def compare(
        recipe: Recipe, *, budget: Budget | None = None, **by_hand: Any
    ) -> tuple[torch.nn.Module, Outcome]:
        torch.set_num_threads(1)
        one = plan(make_job(recipe=recipe, budget=budget or Budget()), "cpu")
        images = resident(one)
        pipelines = build_pipelines(one.recipe, images.train)
        epochs = one.recipe.optimisation.epochs
        expected, losses, rates = train_by_hand(one.recipe, images, pipelines, epochs=epochs, **by_hand)
        module = rebuild(one.recipe.network)
        initialise(module, one.recipe.network, 0)
        outcome = train(module, one.recipe, images, pipelines, seed=0)
        batches = len(rates) // epochs
        assert [point.learning_rate for point in outcome.curve] == pytest.approx(rates[::batches], rel=1e-12)
        assert [point.train_loss for point in outcome.curve] == losses
        for path, tensor in module.state_dict().items():
            assert torch.equal(tensor, expected.state_dict()[path]), path
        return module, outcome

    return compare


def optimised(recipe: Recipe, **changes: Any) -> Recipe:
    """Return `recipe` with another optimisation."""
    return msgspec.structs.replace(
        recipe, optimisation=msgspec.structs.replace(recipe.optimisation, **changes)
    )


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
        ("SGD", {"lr": 0.05, "momentum": 0.8, "dampening": 0.1, "maximize": False}),
        ("Adam", {"lr": 0.003, "betas": [0.8, 0.99], "amsgrad": True, "weight_decay": 0.01}),
        ("Adam", {"lr": 0.003, "weight_decay": 0.1, "decoupled_weight_decay": True}),
        ("AdamW", {"lr": 0.003, "weight_decay": 0.1, "eps": 1e-6}),
        ("Adamax", {"lr": 0.003}),
        ("NAdam", {"lr": 0.003, "momentum_decay": 0.01}),
        ("RAdam", {"lr": 0.003}),
        ("RMSprop", {"lr": 0.003, "alpha": 0.9, "momentum": 0.5, "centered": True}),
        ("Adagrad", {"lr": 0.02, "lr_decay": 0.01, "initial_accumulator_value": 0.1}),
        ("Adadelta", {"lr": 1.0, "rho": 0.8}),
        ("ASGD", {"lr": 0.05, "t0": 5.0, "lambd": 0.01}),
        ("Rprop", {"lr": 0.01, "etas": [0.4, 1.3], "step_sizes": [1e-5, 10]}),
    ],
)  # fmt: skip
def test_every_optimizer_steps_as_torchs_own(
    both: Both, make_recipe: Callable[..., Recipe], name: str, options: dict[str, Any]
) -> None:
    """With all its options, it moves every weight as torch does in the student's own loop."""
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    both(
        make_recipe(optimizer=name, options=options, rates=(options["lr"],)),
        optimizer=lambda module: getattr(torch.optim, name)(module.parameters(), foreach=False, **given),
    )


def test_groups_have_options_of_their_own(both: Both, make_recipe: Callable[..., Recipe]) -> None:
    """Another rate for the head, a weight decay for the convolution alone, and a bias in neither."""
    groups = (
        ParameterGroup(
            parameters=("conv.weight",), options={"lr": 0.05, "momentum": 0.9, "weight_decay": 0.1}
        ),
        ParameterGroup(parameters=("head.weight", "head.bias"), options={"lr": 0.01, "momentum": 0.5}),
    )
    schedule = Schedule(rates=(0.05, 0.025, 0.0125), name="ExponentialLR", stepped="epoch")

    def prepare(module: torch.nn.Module) -> torch.optim.Optimizer:
        named = dict(module.named_parameters())
        parts = [{"params": [named[path] for path in one.parameters], **one.options} for one in groups]
        return torch.optim.SGD(parts, foreach=False)

    module, _ = both(
        optimised(make_recipe(), groups=groups, schedule=schedule),
        optimizer=prepare,
        scheduler=lambda optimizer: torch_schedules.LambdaLR(optimizer, lambda epoch: 0.5**epoch),
    )
    drawn = rebuild(make_recipe().network)
    initialise(drawn, make_recipe().network, 0)
    assert torch.equal(module.state_dict()["conv.bias"], drawn.state_dict()["conv.bias"])


def test_a_group_may_move_alone(both: Both, make_recipe: Callable[..., Recipe]) -> None:
    """Where the second group's rate falls and the first one's does not, both are as recorded."""
    groups = (
        ParameterGroup(parameters=("conv.weight", "conv.bias"), options={"lr": 0.05}),
        ParameterGroup(parameters=("head.weight", "head.bias"), options={"lr": 0.02}),
    )
    schedule = Schedule(
        rates=(0.05, 0.05, 0.05), group_rates=((0.02, 0.01, 0.005),), stepped="epoch", name="LambdaLR"
    )

    def prepare(module: torch.nn.Module) -> torch.optim.Optimizer:
        named = dict(module.named_parameters())
        parts = [{"params": [named[path] for path in one.parameters], **one.options} for one in groups]
        return torch.optim.SGD(parts, foreach=False)

    both(
        optimised(make_recipe(), groups=groups, schedule=schedule),
        optimizer=prepare,
        scheduler=lambda optimizer: torch_schedules.LambdaLR(
            optimizer, [lambda epoch: 1.0, lambda epoch: 0.5**epoch]
        ),
    )


BY_BATCH = [
    ("StepLR", {"step_size": 4, "gamma": 0.5}),
    ("MultiStepLR", {"milestones": [3, 9], "gamma": 0.3}),
    ("ConstantLR", {"factor": 0.5, "total_iters": 7}),
    ("LinearLR", {"start_factor": 0.1, "total_iters": 10}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("PolynomialLR", {"total_iters": STEPS, "power": 2.0}),
    ("CosineAnnealingLR", {"T_max": STEPS, "eta_min": 0.001}),
    ("CosineAnnealingWarmRestarts", {"T_0": 4, "T_mult": 2}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.05, "step_size_up": 4, "mode": "triangular2"}),
    ("OneCycleLR", {"max_lr": 0.05, "total_steps": STEPS}),
    (
        "OneCycleLR",
        {
            "max_lr": [0.05],
            "epochs": 3,
            "steps_per_epoch": 6,
            "three_phase": True,
            "anneal_strategy": "linear",
        },
    ),
]


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
@pytest.mark.parametrize(("name", "arguments"), BY_BATCH)
def test_a_scheduler_stepped_at_every_batch_is_torchs_own(
    both: Both, make_recipe: Callable[..., Recipe], name: str, arguments: dict[str, Any], optimizer: str
) -> None:
    """Rates and momentum move at every batch, as they did in the program."""
    options: dict[str, Any] = (
        {"lr": 0.05, "momentum": 0.9} if optimizer == "SGD" else {"lr": 0.05, "betas": (0.9, 0.99)}
    )
    schedule = Schedule(
        name=name, arguments=arguments, stepped="batch", rates=(0.05, 0.04, 0.03), steps=STEPS
    )
    recipe = optimised(make_recipe(optimizer=optimizer, options=options, rates=(0.05,)), schedule=schedule)
    both(
        recipe,
        optimizer=lambda module: getattr(torch.optim, optimizer)(
            module.parameters(), foreach=False, **options
        ),
        scheduler=lambda one: getattr(torch_schedules, name)(one, **arguments),
        stepped="batch",
    )


def test_one_cycle_stepped_by_the_epoch_moves_the_momentum_too(
    both: Both, make_recipe: Callable[..., Recipe]
) -> None:
    """A recorded rate per epoch would leave the momentum where it was."""
    arguments = {"max_lr": 0.05, "total_steps": 3}
    schedule = Schedule(name="OneCycleLR", arguments=arguments, stepped="epoch", rates=(0.002, 0.05, 0.0))
    both(
        optimised(make_recipe(options={"lr": 0.05, "momentum": 0.9}), schedule=schedule),
        optimizer=lambda module: torch.optim.SGD(module.parameters(), lr=0.05, momentum=0.9, foreach=False),
        scheduler=lambda one: torch_schedules.OneCycleLR(one, **arguments),
    )


def test_schedulers_made_of_others_are_made_again(both: Both, make_recipe: Callable[..., Recipe]) -> None:
    """A warm-up before a cosine, and two that multiply, stepped at every batch."""
    warm = {"name": "LinearLR", "arguments": {"start_factor": 0.1, "total_iters": 5}}
    cosine = {"name": "CosineAnnealingLR", "arguments": {"T_max": 13}}
    composed = [
        Schedule(name="SequentialLR", arguments={"schedulers": [warm, cosine], "milestones": [5]}, stepped="batch"),
        Schedule(name="ChainedScheduler", arguments={"schedulers": [warm, cosine]}, stepped="batch"),
    ]  # fmt: skip

    def sequential(one: Any) -> Any:
        parts = [
            torch_schedules.LinearLR(one, 0.1, total_iters=5),
            torch_schedules.CosineAnnealingLR(one, 13),
        ]
        return torch_schedules.SequentialLR(one, parts, milestones=[5])

    def chained(one: Any) -> Any:
        parts = [
            torch_schedules.LinearLR(one, 0.1, total_iters=5),
            torch_schedules.CosineAnnealingLR(one, 13),
        ]
        return torch_schedules.ChainedScheduler(parts)

    for schedule, by_hand in zip(composed, (sequential, chained), strict=True):
        both(
            optimised(make_recipe(), schedule=msgspec.structs.replace(schedule, rates=(0.005,), steps=STEPS)),
            optimizer=lambda module: torch.optim.SGD(module.parameters(), lr=0.05, foreach=False),
            scheduler=by_hand,
            stepped="batch",
        )


def test_a_function_of_the_program_is_followed_by_its_table(
    both: Both, make_recipe: Callable[..., Recipe]
) -> None:
    """LambdaLR at every batch is trained from the factors that were noted."""
    factors = [1 / (1 + step) for step in range(STEPS)]
    arguments = {"lr_lambda": [{"every": 1, "factors": factors}]}
    schedule = Schedule(name="LambdaLR", arguments=arguments, stepped="batch", rates=(0.05,), steps=STEPS)
    both(
        optimised(make_recipe(), schedule=schedule),
        optimizer=lambda module: torch.optim.SGD(module.parameters(), lr=0.05, foreach=False),
        scheduler=lambda one: torch_schedules.LambdaLR(one, lambda step: 1 / (1 + step)),
        stepped="batch",
    )


def test_a_plateau_is_lowered_by_our_own_metric(both: Both, make_recipe: Callable[..., Recipe]) -> None:
    """The rate falls where our training stops getting better, not where the recording did."""
    arguments = {"factor": 0.1, "patience": 0, "threshold": 0.5}
    schedule = Schedule(
        name="ReduceLROnPlateau", arguments=arguments, stepped="epoch", rates=(0.05,) * 3, metric="train_loss"
    )
    _, outcome = both(
        optimised(make_recipe(), schedule=schedule),
        optimizer=lambda module: torch.optim.SGD(module.parameters(), lr=0.05, foreach=False),
        scheduler=lambda one: torch_schedules.ReduceLROnPlateau(one, **arguments),
        metric="train_loss",
    )
    assert outcome.curve[-1].learning_rate < 0.05


@pytest.mark.parametrize("metric", ["test_loss", "test_accuracy", "train_accuracy"])
def test_a_plateau_may_follow_any_metric(
    make_recipe: Callable[..., Recipe], make_job: Callable[..., Job], metric: str
) -> None:
    """Accuracies that never exceed themselves tenfold lower the rate at each epoch; `mode` says which way is better."""
    mode = "max" if "accuracy" in metric else "min"
    arguments = {"factor": 0.5, "patience": 0, "threshold": 10.0 if mode == "max" else 0.99, "mode": mode}
    schedule = Schedule(
        name="ReduceLROnPlateau", arguments=arguments, stepped="epoch", rates=(0.05,), metric=metric
    )
    one = plan(make_job(recipe=optimised(make_recipe(epochs=4), schedule=schedule)), "cpu")
    module, images = rebuild(one.recipe.network), resident(one)
    initialise(module, one.recipe.network, 0)
    outcome = train(module, one.recipe, images, build_pipelines(one.recipe, images.train), seed=0)
    rates = [point.learning_rate for point in outcome.curve]
    assert rates[0] == rates[1] == 0.05 and rates[2:] == pytest.approx([0.025, 0.0125])


def test_a_schedule_is_fitted_into_the_budgets_steps(make_recipe: Callable[..., Recipe]) -> None:
    """A cycle over thirty epochs is a whole cycle in three, and its rates are scaled with the optimizer's."""
    schedule = Schedule(
        name="OneCycleLR",
        arguments={"max_lr": 0.4, "total_steps": 3000},
        stepped="batch",
        rates=(0.016,),
        steps=3000,
    )
    recipe = optimised(make_recipe(options={"momentum": 0.9}, rates=(0.1,), epochs=30), schedule=schedule)
    settled = settle(
        recipe, Budget(epochs=3, batch_size=16, learning_rates={"sgd_momentum": 0.02})
    ).optimisation
    assert settled.schedule.arguments["max_lr"] == 0.02 and settled.schedule.steps == 3000
    assert settled.schedule.rates == (0.0008,) and settled.groups[0].options["lr"] == 0.005


def test_a_cycle_ends_where_it_should_under_any_budget(
    make_recipe: Callable[..., Recipe], make_job: Callable[..., Job]
) -> None:
    """Three thousand recorded steps in eighteen of ours: up in the first third, and down to nothing."""
    schedule = Schedule(
        name="OneCycleLR",
        arguments={"max_lr": 0.05, "total_steps": 3000},
        stepped="batch",
        rates=(0.002,),
        steps=3000,
    )
    recipe = optimised(make_recipe(options={"momentum": 0.9}, epochs=30), schedule=schedule)
    one = plan(make_job(recipe=recipe, budget=Budget(epochs=9)), "cpu")
    module, images = rebuild(one.recipe.network), resident(one)
    initialise(module, one.recipe.network, 0)
    outcome = train(module, one.recipe, images, build_pipelines(one.recipe, images.train), seed=0)
    rates = [point.learning_rate for point in outcome.curve]
    assert rates[0] == pytest.approx(0.002) and max(rates) > 0.045 and rates[-1] < 0.005
    assert rates.index(max(rates)) in (2, 3)


WEIGHTS = [1.0, 2.0] * 5


def one_hot(labels: torch.Tensor) -> torch.Tensor:
    """Return 1 for the class of each image, 0 for the others."""
    return F.one_hot(labels, 10).float()


def other(function: str, **arguments: Any) -> Loss:
    """Return a loss as the recorder names the ones that have no name of their own."""
    return Loss(name="other", arguments={"function": function, **arguments})


LOSSES: dict[str, tuple[Loss, Callable[..., torch.Tensor]]] = {
    "smoothed": (
        Loss(name="cross_entropy", arguments={"label_smoothing": 0.1}),
        lambda output, labels: F.cross_entropy(output, labels, label_smoothing=0.1),
    ),
    "weighted": (
        Loss(name="cross_entropy", arguments={"weight": WEIGHTS}),
        lambda output, labels: F.cross_entropy(output, labels, weight=torch.tensor(WEIGHTS)),
    ),
    "ignoring": (
        Loss(name="cross_entropy", arguments={"ignore_index": 3}),
        lambda output, labels: F.cross_entropy(output, labels, ignore_index=3),
    ),
    "nll": (
        Loss(name="nll_loss", before=("log_softmax",)),
        lambda output, labels: F.nll_loss(F.log_softmax(output, 1), labels),
    ),
    "nll-on-softmax": (
        Loss(name="nll_loss", before=("softmax",)),
        lambda output, labels: F.nll_loss(F.softmax(output, 1), labels),
    ),
    "nll-on-log-of-softmax": (
        Loss(name="nll_loss", before=("softmax", "log")),
        lambda output, labels: F.nll_loss(F.softmax(output, 1).log(), labels),
    ),
    "mse": (Loss(name="mse_loss"), lambda output, labels: F.mse_loss(output, one_hot(labels))),
    "mse-on-softmax": (
        Loss(name="mse_loss", before=("softmax",)),
        lambda output, labels: F.mse_loss(F.softmax(output, 1), one_hot(labels)),
    ),
    "binary": (
        other("binary_cross_entropy_with_logits"),
        lambda output, labels: F.binary_cross_entropy_with_logits(output, one_hot(labels)),
    ),
    "margin": (
        other("multi_margin_loss", margin=0.5),
        lambda output, labels: F.multi_margin_loss(output, labels, margin=0.5),
    ),
    "across": (
        Loss(name="nll_loss", before=("log_softmax across",)),
        lambda output, labels: F.nll_loss(F.log_softmax(output, 0), labels),
    ),
    "divided": (
        Loss(name="other", arguments={"base": "cross_entropy", "then": "div", "factor": 0.25}),
        lambda output, labels: F.cross_entropy(output, labels) * 0.25,
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_torchs_own(both: Both, make_recipe: Callable[..., Recipe], name: str) -> None:
    """Weights, smoothing, ignored classes, one-hot targets and factors are as the program had them."""
    loss, by_hand = LOSSES[name]
    both(
        make_recipe(loss=loss),
        optimizer=lambda module: torch.optim.SGD(module.parameters(), lr=0.05, foreach=False),
        loss=by_hand,
    )


@pytest.mark.parametrize(
    ("call", "by_hand"),
    [
        (Call(name="clip_grad_norm_", arguments={"max_norm": 0.1}),
         lambda module: torch.nn.utils.clip_grad_norm_(module.parameters(), 0.1)),
        (Call(name="clip_grad_norm_", arguments={"max_norm": 0.05, "norm_type": "inf"}),
         lambda module: torch.nn.utils.clip_grad_norm_(module.parameters(), 0.05, norm_type=float("inf"))),
        (Call(name="clip_grad_value_", arguments={"clip_value": 0.01}),
         lambda module: torch.nn.utils.clip_grad_value_(module.parameters(), 0.01)),
    ],
    ids=["norm", "largest", "value"],
)  # fmt: skip
def test_gradients_are_clipped_as_recorded(
    both: Both, make_recipe: Callable[..., Recipe], call: Call, by_hand: Callable[..., object]
) -> None:
    """By their norm or each by itself, before every step."""
    both(
        optimised(make_recipe(), clipping=call),
        optimizer=lambda module: torch.optim.SGD(module.parameters(), lr=0.05, foreach=False),
        before_step=by_hand,
    )


def test_gradients_that_are_never_cleared_pile_up(both: Both, make_recipe: Callable[..., Recipe]) -> None:
    """A program without `zero_grad` is trained without it."""
    both(
        make_recipe(rates=(0.01,), loop=Loop(clears_gradients=False)),
        optimizer=lambda module: torch.optim.SGD(module.parameters(), lr=0.01, foreach=False),
        clears=False,
    )


@pytest.mark.parametrize("every", [2, 3, 4])
def test_gradients_are_accumulated_over_batches(
    both: Both, make_recipe: Callable[..., Recipe], every: int
) -> None:
    """A step every few batches, counted afresh at each epoch; what is left over joins the next one."""
    both(
        make_recipe(loop=Loop(steps_per_batch=round(1 / every, 4)), options={"momentum": 0.9}),
        optimizer=lambda module: torch.optim.SGD(module.parameters(), lr=0.05, momentum=0.9, foreach=False),
        every=every,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"schedule": Schedule(stepped="batch", rates=(0.05,))},
        {"schedule": Schedule(name="MyOwn", stepped="batch", rates=(0.05,))},
        {"schedule": Schedule(name="LambdaLR", arguments={"lr_lambda": "<function>"}, stepped="batch", rates=(0.05,))},
        {"schedule": Schedule(name="StepLR", arguments={"step_size": 0}, stepped="batch", rates=(0.05,))},
        {"schedule": Schedule(name="StepLR", arguments={"surprise": 1}, stepped="batch", rates=(0.05,))},
        {"schedule": Schedule(name="ReduceLROnPlateau", stepped="epoch", rates=(0.05,))},
        {"schedule": Schedule(name="ReduceLROnPlateau", stepped="batch", rates=(0.05,), metric="train_loss")},
        {"schedule": Schedule(name="StepLR", arguments={"step_size": 9}, stepped="batch", rates=(1.0,), steps=10**9)},
        {"clipping": Call(name="clip_grad_norm_", arguments={"max_norm": 1.0, "parameters": "some"})},
        {"clipping": Call(name="clip_grad_norm_")},
        {"clipping": Call(name="clip_everything", arguments={"max_norm": 1.0})},
        {"loss": Loss(name="cross_entropy", arguments={"surprise": 1})},
        {"loss": Loss(name="other", arguments={"function": "system"})},
        {"loss": Loss(name="other", arguments={"base": "cross_entropy", "then": "add"})},
    ],
    ids=["by-hand", "own-class", "function", "zero", "argument", "no-metric", "plateau-by-batch", "endless",
         "clipped-in-part", "no-limit", "other-clipping", "other-argument", "other-function", "added"],
)  # fmt: skip
def test_what_cannot_be_made_again_is_said(
    make_recipe: Callable[..., Recipe], make_job: Callable[..., Job], changes: dict[str, Any]
) -> None:
    """It is refused with a sentence in both languages, never trained in a way that is nearly right."""
    one = plan(make_job(recipe=optimised(make_recipe(), **changes)), "cpu")
    images = resident(one)
    module = rebuild(one.recipe.network)
    with pytest.raises(TrainingError) as refused:
        train(module, one.recipe, images, build_pipelines(one.recipe, images.train), seed=0)
    assert refused.value.text.fr != refused.value.text.en


def test_steps_at_no_regular_pace_are_said(
    make_recipe: Callable[..., Recipe], make_job: Callable[..., Job]
) -> None:
    """Seven steps in ten batches: nobody knows which."""
    one = plan(make_job(recipe=make_recipe(loop=Loop(steps_per_batch=0.7))), "cpu")
    images = resident(one)
    with pytest.raises(TrainingError, match=r"0\.7 steps"):
        train(
            rebuild(one.recipe.network), one.recipe, images, build_pipelines(one.recipe, images.train), seed=0
        )
