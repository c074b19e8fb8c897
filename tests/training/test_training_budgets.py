"""What a budget changes in a recipe, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from grader.model import Budget, Loop, Recipe, Schedule
from grader.training.budgets import optimizer_family, relative_rates, settle

QUICK = Budget(
    train_images=1500,
    epochs=12,
    batch_size=32,
    learning_rates={"sgd": 0.04, "sgd_momentum": 0.015, "adaptive": 0.001},
)


@pytest.mark.parametrize(
    ("optimizer", "options", "family"),
    [
        ("SGD", {}, "sgd"),
        ("SGD", {"momentum": 0.0}, "sgd"),
        ("SGD", {"momentum": 0.5}, "sgd_momentum"),
        ("Adam", {"betas": [0.9, 0.999]}, "adaptive"),
        ("RMSprop", {}, "adaptive"),
        ("Adadelta", {}, "adadelta"),
    ],
)
def test_the_family_decides_the_quick_learning_rate(
    make_recipe: Callable[..., Recipe], optimizer: str, options: dict[str, float], family: str
) -> None:
    """Plain SGD, SGD with momentum and the adaptive optimizers each have their own rate; others keep theirs."""
    recipe = make_recipe(optimizer=optimizer, options=options, rates=(0.7,))
    assert optimizer_family(recipe.optimisation) == family
    settled = settle(recipe, QUICK).optimisation
    assert settled.groups[0].options["lr"] == QUICK.learning_rates.get(family, 0.7)
    assert settled.schedule.rates == (settled.groups[0].options["lr"],) * 12


def test_quick_keeps_the_ingredients(make_recipe: Callable[..., Recipe]) -> None:
    """Momentum, transforms, network and loop stay the student's own."""
    recipe = make_recipe(options={"momentum": 0.5, "nesterov": True, "weight_decay": 1e-4}, rates=(0.2, 0.19))
    settled = settle(recipe, QUICK)
    own = {key: value for key, value in settled.optimisation.groups[0].options.items() if key != "lr"}
    assert own == {"momentum": 0.5, "nesterov": True, "weight_decay": 1e-4}
    assert settled.network == recipe.network and settled.loop.steps_per_batch == recipe.loop.steps_per_batch
    assert settled.data.train == recipe.data.train and settled.data.batch_size == 32


def test_full_keeps_the_students_numbers(make_recipe: Callable[..., Recipe]) -> None:
    """A budget without numbers trains with the student's own epochs, batch size and learning rates."""
    settled = settle(make_recipe(rates=(0.2, 0.1, 0.05), epochs=3), Budget())
    assert settled.optimisation.epochs == 3 and settled.data.batch_size == 16
    assert settled.optimisation.schedule.rates == (0.2, 0.1, 0.05)


def test_recipes_that_differ_only_in_what_the_budget_sets_become_equal(
    make_recipe: Callable[..., Recipe],
) -> None:
    """One quick training serves every student with the same ingredients."""
    one = make_recipe(rates=tuple(0.1 * 0.95**epoch for epoch in range(50)), epochs=50)
    other = make_recipe(rates=tuple(0.02 * 0.95**epoch for epoch in range(30)), epochs=30)
    assert settle(one, QUICK) == settle(other, QUICK)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (Schedule(), (1.0, 1.0, 1.0, 1.0)),
        (Schedule(rates=(0.1, 0.1)), (1.0, 1.0, 1.0, 1.0)),
        (Schedule(rates=(0.1, 0.095)), (1.0, 0.95, 0.9025, 0.857375)),
        (Schedule(rates=(0.1, 0.1, 0.01)), (1.0, 1.0, 0.1, 0.1)),
        (Schedule(rates=(0.1, 0.05, 0.0)), (1.0, 0.5, 0.0, 0.0)),
        (Schedule(rates=(0.1, 0.2, 0.3, 0.4, 0.5)), (1.0, 2.0, 3.0, 4.0)),
        (
            Schedule(rates=(0.1,), name="ExponentialLR", arguments={"gamma": 0.5}, stepped="epoch"),
            (1.0, 0.5, 0.25, 0.125),
        ),
        (
            Schedule(rates=(0.1,), name="ExponentialLR", arguments={"gamma": 0.5}, stepped="after_training"),
            (1.0, 1.0, 1.0, 1.0),
        ),
    ],
    ids=["none", "constant", "geometric", "step", "to-zero", "longer", "one-epoch", "stepped-too-late"],
)
def test_a_schedule_goes_on_as_it_began(schedule: Schedule, expected: tuple[float, ...]) -> None:
    """Constant and geometric rates are continued, any other last rate is held."""
    assert relative_rates(schedule, 0.1, 4) == pytest.approx(expected)


def test_groups_keep_their_proportions(make_recipe: Callable[..., Recipe]) -> None:
    """Where the first group's rate is set by the budget, the others are scaled with it."""
    import msgspec

    recipe = make_recipe(rates=(0.1,))
    first = recipe.optimisation.groups[0]
    second = msgspec.structs.replace(first, options={"lr": 0.2})
    both = msgspec.structs.replace(recipe.optimisation, groups=(first, second))
    settled = settle(msgspec.structs.replace(recipe, optimisation=both), QUICK)
    assert [group.options["lr"] for group in settled.optimisation.groups] == [0.04, 0.08]


def test_how_a_program_looked_at_the_test_is_no_other_training(make_recipe: Callable[..., Recipe]) -> None:
    """With or without `no_grad`, with or without an evaluation of its own, the same network is trained."""
    plain, careful = (
        make_recipe(loop=loop)
        for loop in (Loop(), Loop(evaluates_in_eval_mode=True, evaluates_without_gradients=False))
    )
    wrong = make_recipe(loop=Loop(evaluates_in_eval_mode=False))
    assert settle(plain, QUICK) == settle(careful, QUICK) != settle(wrong, QUICK)
