"""How many epochs a training was meant to have, where its loop was left early or may be: what the source says of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.model import EntryPoint, Fact, Run
from grader.recording.loop_facts import backward_sites
from grader.recording.tree import Tree, dotted

FACT = "epochs_planned"
_RANGES = ("range", "trange", "tqdm.trange", "xrange")
_OFF_BY_ONE = (-1, 0, 1)


def epochs_planned(tree: Tree, run: Run, entry: EntryPoint) -> Fact | None:
    """Return the fact that the epochs told are those that the loop plans; None for a loop that simply ends.

    It is looked at where the recorder says that a `range` was left early, and where the loop is a `while`. Confirmed
    means that such a loop stands around the backward pass, and that the number is one of the source's or of the
    command line's.
    """
    if run.recipe is None:
        return None
    epochs = run.recipe.optimisation.epochs
    left_early = run.signs.get(FACT, False)
    sites = backward_sites(tree, run)
    around = tree.chain(sites[0])[:-1] if sites else ()
    loop = next((one for one in reversed(around) if _is_while_or_range(one)), None)
    if not left_early and not isinstance(loop, ast.While):
        return None
    known = set(_numbers(tree, entry))
    confirmed = loop is not None and any(epochs + more in known for more in _OFF_BY_ONE)
    if not left_early and confirmed:
        return None
    place = next((one.place for one in tree.loops if one.node is loop), None)
    return Fact(name=FACT, value=float(epochs), confirmed=confirmed, place=place)


def _is_while_or_range(loop: ast.AST) -> bool:
    if not isinstance(loop, ast.For):
        return isinstance(loop, ast.While)
    calls = (node for node in ast.walk(loop.iter) if isinstance(node, ast.Call))
    return any(dotted(call.func) in _RANGES for call in calls)


def _numbers(tree: Tree, entry: EntryPoint) -> Iterator[int]:
    """Yield the whole numbers in the source, and those given to the program."""
    for module in tree.modules:
        for node in ast.walk(module):
            if isinstance(node, ast.Constant) and type(node.value) is int:
                yield node.value
    for word in (
        *entry.arguments,
        *entry.keywords.values(),
        *entry.environment.values(),
        *entry.typed.values(),
    ):
        digits = str(word).rpartition("=")[2]
        if digits.isascii() and digits.isdecimal() and len(digits) < 10:
            yield int(digits)
