"""Facts of the training loop, held against the student's own source.

What a loop does cannot be recomputed outside the sandbox: a recorded fact is `confirmed` only when the syntax
tree plainly says the same. Where the tree is incomplete, unclear or says otherwise, a person decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from grader.model import VARIANTS, EntryPoint, Fact, Loop, Recipe, Run
from grader.recording import image_facts, loop_facts, output_facts
from grader.recording.epoch_facts import epochs_planned
from grader.recording.files import read_tree
from grader.recording.naming import named_in_source
from grader.recording.seen import Seen
from grader.recording.tree import Tree

_Check = Callable[[Tree, Run, Recipe], Seen]


def facts(entry: EntryPoint, run: Run, root: Path) -> tuple[Fact, ...]:
    """Return what was recorded of the run's loop, each fact confirmed or not by the files under `root`.

    Files of the entry's variant stand before those handed in. Besides fields of `Loop`:
    `scheduler_stepped` (text), `softmax_before_loss`, `relu_on_logits`, `dropout_ignores_mode`, and, only
    where they are so, `shuffles` (false), `augments_test`, `propagates` (false), `last_batch_metrics`,
    `optimizer_fallback` and `epochs_planned`;
    `named_in_source` bears on the whole recipe: a text of absent names where it is not confirmed.
    """
    if run.recipe is None:
        return ()
    roots = [root / VARIANTS / entry.variant, root] if entry.variant else [root]
    first = [entry.path, *sorted({place.file for place in run.places.values()})]
    tree = read_tree(roots, first, entry, run.places.values())
    found = [
        _fact(name, value, check(tree, run, run.recipe), tree)
        for name, value, check in _checks(run, run.recipe)
    ]
    fallback = loop_facts.fallback(tree, run, entry)
    if fallback is not None:
        found.append(Fact(name="optimizer_fallback", value=True, confirmed=True, place=fallback))
    planned = epochs_planned(tree, run, entry)
    return (
        *found,
        *([planned] if planned is not None else []),
        named_in_source(entry, run.recipe, tree, by_pixels=run.signs.get("by_pixels", False)),
    )


def _checks(run: Run, recipe: Recipe) -> Sequence[tuple[str, object, _Check]]:
    """Return what was recorded, by name, with the check that looks for it in the tree."""
    checks: list[tuple[str, object, _Check]] = [
        (name, value, _LOOP_CHECKS[name]) for name, value in _loop_values(recipe.loop) if value is not None
    ]
    if not recipe.data.shuffle:
        checks.append(("shuffles", False, image_facts.shuffles))
    if recipe.optimisation.schedule.name is not None:
        checks.append(("scheduler_stepped", recipe.optimisation.schedule.stepped, loop_facts.scheduler))
    checks.append(("softmax_before_loss", output_facts.softmax_recorded(recipe), output_facts.softmax))
    checks.append(("relu_on_logits", output_facts.relu_recorded(recipe), output_facts.relu))
    checks.append(("dropout_ignores_mode", output_facts.dropout_recorded(recipe), output_facts.dropout))
    if image_facts.augments_test_recorded(recipe):
        checks.append(("augments_test", True, image_facts.augments_test))
    if run.signs.get("propagates") is False:
        checks.append(("propagates", False, loop_facts.propagates))
    if run.signs.get("last_batch_metrics"):
        checks.append(("last_batch_metrics", True, image_facts.last_batch))
    return checks


def _fact(name: str, value: object, seen: Seen, tree: Tree) -> Fact:
    # An incomplete tree can show that something is there, never that it is absent.
    told = seen.value is not ... and (tree.complete or seen.shown)
    kept = value if isinstance(value, bool | float | str) else None
    return Fact(name=name, value=kept, confirmed=told and seen.value == value, place=seen.place)


def _loop_values(loop: Loop) -> list[tuple[str, object]]:
    return [
        ("clears_gradients", loop.clears_gradients),
        ("trains_in_train_mode", loop.trains_in_train_mode),
        ("evaluates_in_eval_mode", loop.evaluates_in_eval_mode),
        ("evaluates_without_gradients", loop.evaluates_without_gradients),
        ("trains_on_test_images", loop.trains_on_test_images),
        ("evaluates_on_test_images", loop.evaluates_on_test_images),
        ("steps_per_batch", loop.steps_per_batch),
        ("untrained", bool(loop.untrained)),
    ]


_LOOP_CHECKS: dict[str, _Check] = {
    "clears_gradients": loop_facts.clears,
    "trains_in_train_mode": loop_facts.trains_in_train_mode,
    "evaluates_in_eval_mode": loop_facts.evaluates_in_eval_mode,
    "evaluates_without_gradients": loop_facts.without_gradients,
    "trains_on_test_images": image_facts.trains_on_test,
    "evaluates_on_test_images": image_facts.evaluates_on_test,
    "steps_per_batch": loop_facts.steps,
    "untrained": loop_facts.untrained,
}
