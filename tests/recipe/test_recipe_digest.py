"""Fingerprints of recipes."""

from __future__ import annotations

import msgspec
import pytest
import torch
from recipe_networks import SHAPE, SMALL, Sheet, recipe_of
from torch import nn

from grader.model import Recipe
from grader.recipe.capture import capture
from grader.recipe.digest import digest


class One(nn.Module):
    """A small network."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(192, 20)
        self.second = nn.Linear(20, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        hidden = torch.relu(self.first(images.flatten(1)))
        return self.second(hidden)


class Renamed(nn.Module):
    """The same, otherwise named and registered in another order."""

    def __init__(self) -> None:
        super().__init__()
        self.sortie = nn.Linear(20, 10)
        self.blocs = nn.ModuleDict({"entree": nn.Linear(192, 20)})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.sortie(torch.relu(self.blocs["entree"](x.flatten(1))))


def recipe(module: nn.Module) -> Recipe:
    """Return a recipe around `module`."""
    return recipe_of(capture(module, SHAPE))


def test_names_do_not_count() -> None:
    """Equal recipes of different students have one digest."""
    assert digest(recipe(One())) == digest(recipe(Renamed()))
    assert len(digest(recipe(One()))) == 64


def test_values_do_not_count() -> None:
    """Two instances of one class, with other values, have one digest."""
    assert digest(recipe(Sheet())) == digest(recipe(Sheet()))


def test_whole_numbers_may_be_written_either_way() -> None:
    """`1` and `1.0` are one number."""
    one = recipe(One())
    group = msgspec.structs.replace(one.optimisation.groups[0], options={"lr": 1})
    other = msgspec.structs.replace(group, options={"lr": 1.0})
    digests = {
        digest(
            msgspec.structs.replace(
                one, optimisation=msgspec.structs.replace(one.optimisation, groups=(each,))
            )
        )
        for each in (group, other)
    }
    assert len(digests) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"optimisation": {"optimizer": "Adam"}},
        {"optimisation": {"epochs": 6}},
        {"data": {"batch_size": 64}},
        {"data": {"shuffle": False}},
        {"loop": {"clears_gradients": False}},
    ],
    ids=str,
)
def test_what_changes_the_training_changes_the_digest(change: dict[str, dict[str, object]]) -> None:
    """Any setting that the engine follows is part of the digest."""
    one = recipe(One())
    ((part, settings),) = change.items()
    other = msgspec.structs.replace(one, **{part: msgspec.structs.replace(getattr(one, part), **settings)})
    assert digest(one) != digest(other)


def test_groups_are_told_apart_by_what_they_hold() -> None:
    """A learning rate given to the first layer is not one given to the second."""
    one = recipe(One())
    whole = one.optimisation.groups[0]

    def split(first: tuple[str, ...], second: tuple[str, ...]) -> str:
        groups = (
            msgspec.structs.replace(whole, parameters=first),
            msgspec.structs.replace(whole, parameters=second, options={"lr": 0.5}),
        )
        return digest(
            msgspec.structs.replace(
                one, optimisation=msgspec.structs.replace(one.optimisation, groups=groups)
            )
        )

    a, b = ("first.weight", "first.bias"), ("second.weight", "second.bias")
    assert split(a, b) != split(b, a)
    assert split(a, b) == split(a[::-1], b)


def test_all_small_networks_differ() -> None:
    """Different networks have different digests."""
    assert len({digest(recipe(make())) for make in SMALL.values()}) == len(SMALL)
