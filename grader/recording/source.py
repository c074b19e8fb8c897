"""Facts of the training loop, held against the student's own source.

What a loop does cannot be recomputed outside the sandbox: a recorded fact is `confirmed` only when the syntax
tree plainly says the same. Where the tree is incomplete, unclear or says otherwise, a person decides.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

from grader.model import EntryPoint, Fact, Loop, Place, Recipe, Run
from grader.recording.naming import named_in_source
from grader.recording.tree import CallSite, Tree, read_tree

_GRADIENTS_OFF = ("no_grad", "inference_mode", "set_grad_enabled")
_SOFTMAX = ("softmax", "log_softmax", "Softmax", "LogSoftmax")


def facts(entry: EntryPoint, run: Run, root: Path) -> tuple[Fact, ...]:
    """Return what was recorded of the run's loop, each fact confirmed or not by the files under `root`.

    Besides fields of `Loop`: `scheduler_stepped` (text), `softmax_before_loss`, `dropout_ignores_mode`, and
    `named_in_source`, which bears on the whole recipe: a text of absent names where it is not confirmed.
    """
    if run.recipe is None:
        return ()
    tree = read_tree(root, [entry.path, *sorted({place.file for place in run.places.values()})])
    checks: list[tuple[str, object, Callable[[Tree, Recipe], _Seen]]] = [
        (name, value, _LOOP_CHECKS[name])
        for name, value in _loop_values(run.recipe.loop)
        if name in _LOOP_CHECKS and value is not None
    ]
    if run.recipe.optimisation.schedule.name is not None:
        checks.append(("scheduler_stepped", run.recipe.optimisation.schedule.stepped, _scheduler))
    checks.append(("softmax_before_loss", _softmax_recorded(run.recipe), _softmax))
    checks.append(("dropout_ignores_mode", _dropout_recorded(run.recipe), _dropout))
    found = tuple(_fact(name, value, check(tree, run.recipe), tree) for name, value, check in checks)
    return (*found, named_in_source(entry, run.recipe, tree))


class _Seen:
    """What the tree says: a value, or `...` where it does not say; and the line that says it."""

    def __init__(self, value: object, site: CallSite | None = None) -> None:
        self.value = value
        self.place: Place | None = site.place if site is not None else None


def _fact(name: str, value: object, seen: _Seen, tree: Tree) -> Fact:
    # An incomplete tree can show that something is there, never that it is absent.
    told = seen.value is not ... and (tree.complete or seen.place is not None)
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


def _backward(tree: Tree) -> list[CallSite]:
    return [call for call in tree.named("backward") if call.receiver]


def _clears(tree: Tree, _recipe: Recipe) -> _Seen:
    """Gradients start from zero where every loop around a `backward` also holds a `zero_grad`."""
    clearing = []
    for call in _backward(tree):
        scope = call.loops[-1] if call.loops else call.function
        if scope is None:
            return _Seen(...)
        near = tree.within(scope)
        clearing.append(next((one for one in near if one.name in ("zero_grad", "zero_")), None))
    if not clearing:
        return _Seen(...)
    if all(clearing):
        return _Seen(True, clearing[0])
    if not any(clearing) and not tree.named("zero_grad") and "grad" not in tree.attributes:
        return _Seen(False, _backward(tree)[0])
    return _Seen(...)


def _mode_calls(tree: Tree) -> tuple[list[CallSite], list[CallSite]]:
    """Return the calls that put something in train mode, and those that take it out of it."""
    modes = [call for call in tree.named("train") if call.receiver]
    off = [call for call in tree.named("eval") if call.receiver]
    off += [call for call in modes if _argument(call) not in (None, True)]
    return [call for call in modes if _argument(call) in (None, True, ...)], off


def _argument(call: CallSite) -> object:
    if call.node.args:
        return getattr(call.node.args[0], "value", ...)
    return call.keyword("mode")


def _trains_in_train_mode(tree: Tree, recipe: Recipe) -> _Seen:
    on, off = _mode_calls(tree)
    if on and not off:
        return _Seen(True, on[0])
    if not off:
        return _Seen(True)
    if on:
        return _Seen(True, on[0]) if recipe.loop.trains_in_train_mode else _Seen(...)
    return _Seen(False, off[0])


def _evaluates_in_eval_mode(tree: Tree, _recipe: Recipe) -> _Seen:
    _, off = _mode_calls(tree)
    return _Seen(True, off[0]) if off else _Seen(False)


def _without_gradients(tree: Tree, _recipe: Recipe) -> _Seen:
    calls = tree.named(*_GRADIENTS_OFF)
    if calls:
        return _Seen(True, calls[0])
    mentioned = bool(tree.attributes & {*_GRADIENTS_OFF, "requires_grad", "requires_grad_", "volatile"})
    keyword = any(call.keyword("volatile") is not None for call in tree.calls)
    return _Seen(...) if mentioned or keyword else _Seen(False)


def _halves(tree: Tree, recipe: Recipe) -> tuple[list[CallSite], list[CallSite]]:
    calls = [call for call in tree.named(recipe.data.dataset) if call.keyword("train") is not ...]
    train = [call for call in calls if call.keyword("train") in (True, None)]
    return train, [call for call in calls if call.keyword("train") is False]


def _trains_on_test(tree: Tree, recipe: Recipe) -> _Seen:
    train, test = _halves(tree, recipe)
    if train and test:
        return _Seen(False, train[0])
    return _Seen(True, test[0]) if test else _Seen(...)


def _evaluates_on_test(tree: Tree, recipe: Recipe) -> _Seen:
    train, test = _halves(tree, recipe)
    if test:
        return _Seen(True, test[0])
    return _Seen(False, train[0]) if train else _Seen(...)


def _steps(tree: Tree, _recipe: Recipe) -> _Seen:
    schedulers = _scheduler_names(tree)
    steps = [call for call in tree.named("step") if call.receiver and call.receiver not in schedulers]
    if not steps:
        return _Seen(0.0)
    looped = [call for call in steps if call.loops or call.function is not None]
    return _Seen(1.0, looped[0]) if len(steps) == 1 and looped else _Seen(...)


def _untrained(tree: Tree, recipe: Recipe) -> _Seen:
    """An optimizer over the whole of one network is written `NAME.parameters()`."""
    optimizers = tree.named(recipe.optimisation.optimizer)
    if len(optimizers) != 1 or not optimizers[0].node.args:
        return _Seen(...)
    inner = {id(node) for node in (optimizers[0].node.args[0],)}
    whole = [call for call in tree.calls if id(call.node) in inner and call.name == "parameters"]
    if whole and "." not in whole[0].receiver.removeprefix("self."):
        return _Seen(False, optimizers[0]) if not recipe.loop.untrained else _Seen(...)
    return _Seen(True, optimizers[0])


def _scheduler_names(tree: Tree) -> set[str]:
    """Return the names that hold a scheduler: assigned from one, or saying so."""
    made = {name for call in tree.calls if _makes_scheduler(call) for name in call.assigned}
    return made | {call.receiver for call in tree.named("step") if "sched" in call.receiver.lower()}


def _makes_scheduler(call: CallSite) -> bool:
    return "lr_scheduler" in call.receiver or call.name.endswith(("LR", "LROnPlateau"))


def _scheduler(tree: Tree, _recipe: Recipe) -> _Seen:
    names = _scheduler_names(tree)
    steps = [call for call in tree.named("step") if call.receiver in names]
    backwards = _backward(tree)
    if not steps:
        unknown = [call for call in tree.named("step") if call.receiver == "?" or not call.receiver]
        return _Seen(...) if unknown or not names else _Seen("never")
    if len({bool(call.loops) for call in steps}) > 1 or not backwards:
        return _Seen(...)
    step = steps[0]
    if not step.loops:
        # Outside every loop of its function: after the training where that function also holds the loop.
        trains = [loop for call in tree.calls if call.function is step.function for loop in call.loops]
        learns = any(call.name == "backward" for loop in trains for call in tree.within(loop))
        return _Seen("after_training", step) if learns and _is_after(step, trains) else _Seen(...)
    inner = step.loops[-1]
    direct = any(inner is call.loops[-1] for call in backwards if call.loops)
    if direct:
        return _Seen("batch", step)
    return _Seen("epoch", step) if any(call.name == "backward" for call in tree.within(inner)) else _Seen(...)


def _is_after(step: CallSite, loops: list[ast.AST]) -> bool:
    ends = [getattr(loop, "end_lineno", None) for loop in loops]
    return all(end is not None and end < step.node.lineno for end in ends)


def _softmax_recorded(recipe: Recipe) -> bool:
    loss = recipe.optimisation.loss
    inside = loss.name == "cross_entropy" and _ends_with_softmax(recipe)
    return inside or (loss.name == "cross_entropy" and any("softmax" in name for name in loss.before))


def _ends_with_softmax(recipe: Recipe) -> bool:
    nodes = recipe.network.train.nodes
    if len(nodes) < 2 or not nodes[-1].arguments:
        return False
    last = next((node for node in nodes if {"node": node.name} == nodes[-1].arguments[0]), None)
    if last is None:
        return False
    call = recipe.network.modules.get(last.target) if last.op == "module" else None
    return "softmax" in (call.name if call is not None else last.target).lower()


def _softmax(tree: Tree, _recipe: Recipe) -> _Seen:
    calls = tree.named(*_SOFTMAX)
    return _Seen(True, calls[0]) if calls else _Seen(False)


def _dropout_recorded(recipe: Recipe) -> bool:
    """Whether the evaluation graph holds a dropout that is awake."""
    return any(
        node.op == "function" and "dropout" in node.target and node.keywords.get("training", True) is True
        for node in recipe.network.evaluation.nodes
    )


def _dropout(tree: Tree, _recipe: Recipe) -> _Seen:
    calls = [call for call in tree.named("dropout", "dropout2d", "alpha_dropout") if call.receiver != "self"]
    functional = [
        call for call in calls if call.receiver in ("F", "nn.functional", "torch.nn.functional", "", "torch")
    ]
    awake = [
        call for call in functional if call.keyword("training") in (None, True) and len(call.node.args) < 3
    ]
    if awake:
        return _Seen(True, awake[0])
    return _Seen(False)


_LOOP_CHECKS: dict[str, Callable[[Tree, Recipe], _Seen]] = {
    "clears_gradients": _clears,
    "trains_in_train_mode": _trains_in_train_mode,
    "evaluates_in_eval_mode": _evaluates_in_eval_mode,
    "evaluates_without_gradients": _without_gradients,
    "trains_on_test_images": _trains_on_test,
    "evaluates_on_test_images": _evaluates_on_test,
    "steps_per_batch": _steps,
    "untrained": _untrained,
}
