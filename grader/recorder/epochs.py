"""How many epochs a loop had planned, where it was left before its end or its time ran out.

Every `for` of the program goes through `watched`, which hands on what it is given, but for a range: that counts its
turns, and which trainings began a pass in them. A range with a pass a turn is a loop over epochs.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from typing import Any

from grader.recorder.inert import Bar
from grader.recorder.journal import Journal, TrainingRecord

_NAME = "__recorder_watched__"


class Turns:
    """The turns of one range that a loop goes through."""

    def __init__(self, journal: Journal, planned: int) -> None:
        self.planned, self.begun, self.over = planned, 0, False
        self._turns = journal.turns
        self._passes: dict[TrainingRecord, int] = {}
        self._turns.append(self)

    def entered(self, run: TrainingRecord) -> None:
        """Note that `run` began a pass in the present turn."""
        self._passes[run] = self._passes.get(run, 0) + 1

    def missing(self, run: TrainingRecord) -> int:
        """Return how many epochs of `run` were planned and not come to; 0 where this is no loop over its epochs."""
        # A loop inside this one may have told of the same passes already.
        counts = self._tells(run) and run.told_at < len(run.passes) and not self.over
        return max(self.planned - self._passes[run], 0) if counts else 0

    def left(self) -> None:
        """Note that the loop is over, or was left."""
        self._turns.remove(self)
        for run in self._passes:
            if self._tells(run):
                run.unmade += self.missing(run)
                run.told_at = len(run.passes)

    def _tells(self, run: TrainingRecord) -> bool:
        made = self._passes.get(run, 0)
        return made > 0 and made in (self.begun, self.begun - 1)


class _Range:
    """A range as a loop goes through it: gone as soon as the loop is left."""

    def __init__(self, turns: Turns, values: range) -> None:
        self._turns, self._values = turns, iter(values)

    def __iter__(self) -> _Range:
        return self

    def __next__(self) -> int:
        for value in self._values:
            self._turns.begun += 1
            return value
        self._turns.over = True
        raise StopIteration

    def __del__(self) -> None:
        self._turns.left()


def unmade(journal: Journal, run: TrainingRecord) -> int:
    """Return how many epochs were planned beyond those seen, by loops left early and by those under way."""
    under_way = (one.missing(run) for one in reversed(journal.turns))
    return run.unmade + next((count for count in under_way if count), 0)


def install(journal: Journal) -> None:
    """Let the loops of the program's own files be counted."""

    def watched(values: Any) -> Any:
        planned = values.iterable if type(values) is Bar else values
        return _Range(Turns(journal, len(planned)), planned) if type(planned) is range else values

    setattr(builtins, _NAME, watched)


def counted(text: str, name: str) -> ast.Module:
    """Return the tree of a program in which every `for` asks for its turns; no line moves."""
    tree = ast.parse(text, filename=name)
    for loop in _loops(tree):
        loop.iter = ast.copy_location(
            ast.Call(ast.copy_location(ast.Name(_NAME, ast.Load()), loop.iter), [loop.iter], []), loop.iter
        )
    return tree


def _loops(tree: ast.Module) -> Iterator[ast.For]:
    return (node for node in list(ast.walk(tree)) if isinstance(node, ast.For))
