"""What a recipe claims, held against the names in the student's own source.

A recording is written by a process that the program can reach, so a program may leave a recording of a network
it never built. What a recipe says is made of layers, transforms, an optimizer and a scheduler; each of them has
a name that an honest program spells out somewhere. Where the source never says it, a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from grader.model import EntryPoint, Fact, Recipe
from grader.recording.by_hand import made_by_hand, tosses_a_fair_coin
from grader.recording.tree import Tree

FACT = "named_in_source"
_FAMILIES = ("conv", "linear", "batchnorm", "dropout")
"""Functions of layers: `F.dropout2d` is recorded under more than one name, its family is in all of them."""
_RENAMED = frozenset({"ToTensor", "Resize", "RandomResizedCrop"})
"""Transforms that are recorded under this name whatever the program called them."""


def named_in_source(entry: EntryPoint, recipe: Recipe, tree: Tree, *, by_pixels: bool = False) -> Fact:
    """Return the fact that every part of `recipe` is named in `tree` or among the arguments of `entry`.

    With `by_pixels` transforms are told by what the network was fed: a program that prepares images by code of its
    own need not say `Normalize`, but what it does can be seen to normalise.
    """
    written = {_plain(word) for word in (*tree.names, *_given(entry))}

    def is_named(part: str) -> bool:
        if by_pixels and part == "RandomHorizontalFlip" and not tosses_a_fair_coin(tree):
            return False
        named = any(_plain(part) in known for known in written)
        return named or (by_pixels and made_by_hand(part, recipe, tree))

    absent = sorted(part for part in set(_parts(recipe)) if not is_named(part))
    return Fact(name=FACT, value=", ".join(absent[:6])[:200] if absent else True, confirmed=not absent)


def _given(entry: EntryPoint) -> Iterable[str]:
    return (
        *entry.arguments,
        *map(str, entry.keywords.values()),
        *entry.environment.values(),
        *entry.typed.values(),
    )


def _parts(recipe: Recipe) -> Iterator[str]:
    """Yield the names that an honest program cannot do without."""
    network = recipe.network
    for node in network.train.nodes:
        if node.op == "module" and node.target in network.modules:
            yield network.modules[node.target].name
        elif node.op == "function":
            yield from (family for family in _FAMILIES if family in _plain(node.target))
    for call in (*recipe.data.train, *(recipe.data.evaluation or ())):
        if call.name not in _RENAMED:
            yield call.name
    yield recipe.optimisation.optimizer
    if recipe.optimisation.schedule.name is not None:
        yield recipe.optimisation.schedule.name


def _plain(name: str) -> str:
    """Return `name` as it compares: `batch_norm`, `BatchNorm` and `--batch-norm` are one word."""
    return name.replace("_", "").replace("-", "").casefold()
