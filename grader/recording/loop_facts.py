"""What the syntax tree says of the training loop: each function looks for one fact around the lines recorded."""

from __future__ import annotations

import ast

from grader.model import EntryPoint, Place, Recipe, Run
from grader.recording.seen import UNCLEAR, Seen
from grader.recording.tree import CallSite, LoopSite, Tree

_GRADIENTS_OFF = ("no_grad", "inference_mode", "set_grad_enabled")
_CLEARING = ("zero_grad", "zero_")
_SPANS = 2
"""Loops around a backward pass in the usual program: over epochs and over batches."""


def backward_sites(tree: Tree, run: Run) -> list[CallSite]:
    """Return the backward pass of this very training, or all there are where its line was not recorded."""
    here = tree.at(run.places.get("backward"), "backward")
    return here or [call for call in tree.named("backward") if call.receiver]


def _scope(tree: Tree, call: CallSite) -> ast.AST | None:
    """Return the innermost loop around a call, those of its callers too; else its function."""
    chain = tree.chain(call)
    return chain[-1] if chain else call.function


def clears(tree: Tree, run: Run, _recipe: Recipe) -> Seen:
    """Gradients start from zero where the loop around a `backward` also holds a `zero_grad`."""
    clearing: list[CallSite | None] = []
    backwards = backward_sites(tree, run)
    for call in backwards:
        scope = _scope(tree, call)
        if scope is None:
            return UNCLEAR
        clearing.append(next((one for one in tree.within(scope) if one.name in _CLEARING), None))
    if not clearing:
        return UNCLEAR
    if all(clearing):
        return Seen(True, clearing[0])
    if any(clearing):
        return UNCLEAR
    by_hand = "grad" in tree.attributes
    return UNCLEAR if by_hand else Seen(False, backwards[0], absent=True)


def _mode_calls(calls: list[CallSite]) -> tuple[list[CallSite], list[CallSite]]:
    """Return the calls that put something in train mode, and those that take it out of it."""
    modes = [call for call in calls if call.name == "train" and call.receiver]
    off = [call for call in calls if call.name == "eval" and call.receiver]
    off += [call for call in modes if call.argument("mode", 0) not in (None, True)]
    return [call for call in modes if call.argument("mode", 0) in (None, True, ...)], off


def trains_in_train_mode(tree: Tree, run: Run, recipe: Recipe) -> Seen:
    """Each epoch begins in train mode: said in its loop, or never left."""
    on, off = _mode_calls(list(tree.calls))
    if not off:
        return Seen(True, on[0] if on else None)
    chains = [tree.chain(call) for call in backward_sites(tree, run)]
    if not chains or not chains[0]:
        return UNCLEAR
    epoch = chains[0][-_SPANS] if len(chains[0]) >= _SPANS else chains[0][0]
    on_here, off_here = _mode_calls(tree.within(epoch))
    if on_here:
        return Seen(True, on_here[0]) if recipe.loop.trains_in_train_mode else UNCLEAR
    if off_here:
        return Seen(False, off_here[0])
    return UNCLEAR if on else Seen(False, off[0])


def _evaluation(tree: Tree, run: Run) -> tuple[LoopSite | None, list[CallSite]]:
    """Return the loop that evaluates, and the calls around it that may set its mode: of its epoch, or all."""
    loop = tree.loop_at(run.places.get("evaluation_loop"))
    chain = tree.chain(loop) if loop is not None else ()
    return loop, tree.within(chain[-1]) if chain else list(tree.calls)


def evaluates_in_eval_mode(tree: Tree, run: Run, _recipe: Recipe) -> Seen:
    """An epoch that evaluates calls `eval()`."""
    loop, near = _evaluation(tree, run)
    _, off = _mode_calls(near)
    if off:
        return Seen(True, off[0])
    _, elsewhere = _mode_calls(list(tree.calls))
    return UNCLEAR if elsewhere else Seen(False, loop or run.places.get("evaluation_loop"), absent=True)


def without_gradients(tree: Tree, run: Run, _recipe: Recipe) -> Seen:
    """An epoch that evaluates turns gradients off."""
    loop, near = _evaluation(tree, run)
    calls = [call for call in near if call.name in _GRADIENTS_OFF]
    if calls:
        return Seen(True, calls[0])
    mentioned = bool(tree.attributes & {*_GRADIENTS_OFF, "requires_grad", "requires_grad_", "volatile"})
    keyword = any(call.keyword("volatile") is not None for call in tree.calls)
    if mentioned or keyword:
        return UNCLEAR
    return Seen(False, loop or run.places.get("evaluation_loop"), absent=True)


def steps(tree: Tree, run: Run, _recipe: Recipe) -> Seen:
    """The loop around the backward pass holds one `step()` that is not the scheduler's."""
    schedulers = _scheduler_names(tree)
    loops = [_scope(tree, call) for call in backward_sites(tree, run)]
    near = tree.within(loops[0]) if loops and loops[0] is not None else list(tree.calls)
    here = [
        call
        for call in near
        if call.name == "step" and call.receiver and call.receiver.rpartition(".")[2] not in schedulers
    ]
    if not here:
        return Seen(0.0, backward_sites(tree, run)[0] if loops else None, absent=True)
    return Seen(1.0, here[0]) if len({call.receiver for call in here}) == 1 else UNCLEAR


def propagates(tree: Tree, run: Run, _recipe: Recipe) -> Seen:
    """The loop around the optimizer's step holds no `backward`."""
    sites = tree.at(run.places.get("step"), "step")
    scope = _scope(tree, sites[0]) if sites else None
    if scope is None or any(call.name in ("backward", "grad") for call in tree.within(scope)):
        return UNCLEAR
    return Seen(False, sites[0], absent=True)


def untrained(tree: Tree, run: Run, recipe: Recipe) -> Seen:
    """An optimizer over the whole of the network that learns is written `NAME.parameters()`."""
    optimizers = tree.at(run.places.get("optimizer"), recipe.optimisation.optimizer)
    optimizers = optimizers or tree.named(recipe.optimisation.optimizer)
    given = optimizers[0].node.args[:1] if len(optimizers) == 1 else []
    given += [one.value for one in optimizers[0].node.keywords if one.arg == "params"] if optimizers else []
    if len(optimizers) != 1 or not given:
        return UNCLEAR
    whole = [call for call in tree.calls if call.node is given[0] and call.name == "parameters"]
    if not whole or "." in whole[0].receiver.removeprefix("self."):
        return Seen(True, optimizers[0])
    if not recipe.loop.untrained:
        return Seen(False, optimizers[0])
    network = _made_at(tree, run.places.get("network"))
    if network is None or (whole[0].receiver in network.assigned and _before(network, optimizers[0])):
        return UNCLEAR
    return Seen(True, optimizers[0])


def _made_at(tree: Tree, place: Place | None) -> CallSite | None:
    return next((call for call in tree.at(place) if call.assigned), None)


def _before(one: CallSite, other: CallSite) -> bool:
    same = (one.file, one.cell) == (other.file, other.cell)
    return not same or one.node.lineno <= other.node.lineno


def _scheduler_names(tree: Tree) -> set[str]:
    """Return the names that hold a scheduler, without what stands before a dot: assigned from one, or saying so."""
    made = {name for call in tree.calls if _makes_scheduler(call) for name in call.assigned}
    said = {call.receiver for call in tree.named("step") if "sched" in call.receiver.lower()}
    return {name.rpartition(".")[2] for name in made | said}


def _makes_scheduler(call: CallSite) -> bool:
    return "lr_scheduler" in call.receiver or call.name.endswith(("LR", "LROnPlateau"))


def scheduler(tree: Tree, run: Run, _recipe: Recipe) -> Seen:
    """The loops around the scheduler's step are compared with those around the backward pass."""
    names = _scheduler_names(tree)
    steps_ = tree.at(run.places.get("scheduler_step"), "step")
    steps_ = steps_ or [call for call in tree.named("step") if call.receiver.rpartition(".")[2] in names]
    backwards = backward_sites(tree, run)
    if not steps_:
        unknown = [call for call in tree.named("step") if call.receiver == "?" or not call.receiver]
        return UNCLEAR if unknown or not names else Seen("never", run.places.get("scheduler"), absent=True)
    chains = {tree.chain(call) for call in steps_}
    if len(chains) > 1 or not backwards:
        return UNCLEAR
    around, learning = chains.pop(), tree.chain(backwards[0])
    if learning[: len(around)] != around or not learning:
        return UNCLEAR
    more = len(learning) - len(around)
    if more >= _SPANS or (more == 1 and not around and len(learning) == 1):
        return Seen("after_training", steps_[0])
    return Seen("batch" if more == 0 else "epoch", steps_[0])


def fallback(tree: Tree, run: Run, entry: EntryPoint) -> Place | None:
    """Return the line of a plain optimizer behind an `else` that was meant to be another one's, None without any.

    A switch that the command line leaves off chooses it openly; a constant that fits no branch does not.
    """
    recipe = run.recipe
    if recipe is None or recipe.optimisation.schedule.name or recipe.optimisation.optimizer != "SGD":
        return None
    if any(group.options.get("momentum") for group in recipe.optimisation.groups):
        return None
    for site in tree.at(run.places.get("optimizer"), "SGD"):
        behind = [test for test, is_else in site.branches if is_else]
        better = [
            call
            for test in behind
            for call in tree.calls
            if any(call.node is node for one in test.body for node in ast.walk(one))
            and (call.keyword("momentum") is not None or call.name in ("Adam", "AdamW", "RMSprop"))
        ]
        if better and all(_meant(tree, test.test, entry) for test in behind):
            return site.place
    return None


def _meant(tree: Tree, test: ast.expr, entry: EntryPoint) -> bool:
    """Whether what the branch asks for was given: on the command line, or by a constant of the module."""
    names = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
    fields = {node.attr for node in ast.walk(test) if isinstance(node, ast.Attribute)}
    given = {word.lstrip("-").replace("-", "_") for word in entry.arguments if word.startswith("-")}
    given |= {key.rpartition(".")[2] for key in entry.keywords}
    if fields:
        return bool(fields & given)
    constants = {
        target.id
        for module in tree.modules
        for one in module.body
        if isinstance(one, ast.Assign) and isinstance(one.value, ast.Constant) and one.value.value not in (False, None)
        for target in one.targets
        if isinstance(target, ast.Name)
    }  # fmt: skip
    return bool(names & (constants | given))
