"""What the syntax tree says of the images that a training draws from, and of the figures told of them."""

from __future__ import annotations

import ast

from grader.model import Place, Recipe, Run
from grader.recording.ingredients import random_names
from grader.recording.seen import UNCLEAR, Seen
from grader.recording.tree import CallSite, LoopSite, Tree


def _half(call: CallSite) -> object:
    """Return whether a data set is asked for its training half; Ellipsis where that is not plain."""
    said = call.argument("train", 1)
    return True if said is None else said


def trains_on_test(tree: Tree, run: Run, recipe: Recipe) -> Seen:
    """The data set that the training draws from is built with `train=False`."""
    sites = tree.at(run.places.get("train_images"), recipe.data.dataset)
    if len(sites) == 1 and _half(sites[0]) in (True, False):
        return Seen(_half(sites[0]) is False, sites[0])
    calls = tree.named(recipe.data.dataset)
    train, test = [one for one in calls if _half(one) is True], [one for one in calls if _half(one) is False]
    if train and test:
        return Seen(False, train[0])
    return Seen(True, test[0]) if test and not train and len(calls) == len(test) else UNCLEAR


def evaluates_on_test(tree: Tree, run: Run, recipe: Recipe) -> Seen:
    """The data set that the evaluation draws from is built with `train=False`."""
    sites = tree.at(run.places.get("evaluation_images"), recipe.data.dataset)
    if len(sites) == 1 and _half(sites[0]) in (True, False):
        return Seen(_half(sites[0]) is False, sites[0])
    calls = tree.named(recipe.data.dataset)
    test = [call for call in calls if _half(call) is False]
    if test:
        return Seen(True, test[0])
    return Seen(False, calls[0]) if calls and all(_half(call) is True for call in calls) else UNCLEAR


def shuffles(tree: Tree, run: Run, _recipe: Recipe) -> Seen:
    """The loader of the training is asked to shuffle."""
    sites = tree.at(run.places.get("train_loader"), "DataLoader")
    if len(sites) != 1 or any(sites[0].keyword(name) is not None for name in ("sampler", "batch_sampler")):
        return UNCLEAR
    said = sites[0].argument("shuffle", 2)
    return UNCLEAR if said is ... else Seen(bool(said), sites[0])


def augments_test_recorded(recipe: Recipe) -> bool:
    """Whether images of the evaluation are changed at random."""
    return bool(random_names(recipe.data.evaluation or ()))


def augments_test(tree: Tree, run: Run, recipe: Recipe) -> Seen:
    """Random transforms are named where the transforms of the evaluation are built."""
    wanted = random_names(recipe.data.evaluation or ())
    for name in ("evaluation_transforms", "evaluation_images"):
        sites = tree.at(run.places.get(name))
        inside = {id(node) for site in sites for node in ast.walk(site.node)}
        if any(call.name in wanted and id(call.node) in inside for call in tree.calls):
            return Seen(True, run.places.get("evaluation_images") or run.places[name])
    return UNCLEAR


def last_batch(tree: Tree, run: Run, _recipe: Recipe) -> Seen:
    """A figure is given a new value by every batch, adds nothing up, and is told after the loop."""
    for name in ("evaluation_loop", "training_loop"):
        loop = tree.loop_at(run.places.get(name))
        place = _told_from_last(tree, loop) if loop is not None else None
        if place is not None:
            return Seen(True, place)
    return UNCLEAR


def _told_from_last(tree: Tree, loop: LoopSite) -> Place | None:
    if not isinstance(loop.node, ast.For):
        return None
    summed = {
        node.target.id
        for node in ast.walk(loop.node)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
    }
    end = loop.node.end_lineno or 0
    body = [loop.function] if loop.function is not None else list(tree.modules)
    # Told: printed, handed on or returned behind the loop. What only feeds a sum is not told itself.
    later = {
        node.id
        for scope in body
        for node in ast.walk(scope)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.lineno > end
    }
    for node in reversed(list(ast.walk(loop.node))):
        if not isinstance(node, ast.Assign) or not any(isinstance(n, ast.Call) for n in ast.walk(node.value)):
            continue
        read = {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
        names = {one.id for one in node.targets if isinstance(one, ast.Name)}
        if names & later and not names & summed and not read & summed and _measures(node.value):
            return Place(file=loop.place.file, line=node.lineno, page=loop.place.page)
    return None


def _measures(value: ast.expr) -> bool:
    """Whether the value compares outputs with labels, or asks something that says so."""
    for node in ast.walk(value):
        if isinstance(node, ast.Compare):
            return True
        word = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        if any(part in word.lower() for part in ("acc", "prec", "eq", "loss", "crit", "perte", "entropy")):
            return True
    return False
