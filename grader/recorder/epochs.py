"""How many epochs a loop had planned, where it was left before its end or its time ran out.

Every `for` of the program goes through `watched`, which counts the turns of what it is given, and which trainings
began a pass in them. A range with a pass a turn is a loop over epochs; a loop in which batches are learned from that
no DataLoader draws is a pass itself.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

from grader.recorder.inert import Bar
from grader.recorder.journal import Journal, TrainingRecord
from grader.recorder.loaders import Batches, in_a_loop
from grader.recorder.own_batches import over

_NAME = "__recorder_watched__"
_LEFT_ALONE = (str, bytes, dict)


class Turns:
    """The turns of one loop; of a range, a list and their like it is known how many were planned."""

    def __init__(
        self, journal: Journal, planned: int | None, length: int | None = None, *, gathers: bool = False
    ) -> None:
        self.planned, self.begun, self.over = planned, 0, False
        self.length = planned if planned is not None else length
        """How many turns it has where it is a pass over batches."""
        self.gathers = gathers
        """Whether what its turns give is kept: it has a size, which ending the loop early would change."""
        self.own: Any = None
        """The pass that this loop is by itself (`own_batches`)."""
        self.looked_at = False
        """Whether a network that learns was called in it."""
        self._turns = journal.turns
        self._passes: dict[TrainingRecord, int] = {}
        self._entered_in: dict[TrainingRecord, set[int]] = {}
        self._turns.append(self)

    def entered(self, run: TrainingRecord) -> None:
        """Note that `run` began a pass in the present turn."""
        self._passes[run] = self._passes.get(run, 0) + 1
        self._entered_in.setdefault(run, set()).add(self.begun)

    @property
    def entered_any(self) -> bool:
        """Whether a training began a pass in this loop."""
        return bool(self._passes)

    @property
    def entered_by_others(self) -> bool:
        """Whether a training began a pass in this loop that is not the loop itself."""
        return sum(self._passes.values()) > int(self.own is not None and self.own.trains)

    def missing(self, run: TrainingRecord) -> int:
        """Return how many epochs of `run` were planned and not come to; 0 where this is no loop over its epochs."""
        # A loop inside this one may have told of the same passes already.
        counts = self._tells(run) and run.told_at < len(run.passes) and not self.over and self.own is None
        return max(self.planned - self._passes[run], 0) if counts and self.planned is not None else 0

    def left(self) -> None:
        """Note that the loop is over, or was left."""
        self._turns.remove(self)
        for run in self._passes:
            if self._tells(run) and self.planned is not None and self.own is None:
                run.unmade += self.missing(run)
                run.told_at = len(run.passes)

    def _tells(self, run: TrainingRecord) -> bool:
        made = self._passes.get(run, 0)
        once_a_turn = made == len(self._entered_in.get(run, ()))
        return made > 0 and once_a_turn and made in (self.begun, self.begun - 1)


class _Loop:
    """What a loop goes through: gone as soon as the loop is left."""

    def __init__(self, journal: Journal, turns: Turns, values: Iterator[Any]) -> None:
        self._journal, self._turns, self._values = journal, turns, values

    def __iter__(self) -> _Loop:
        return self

    def __next__(self) -> Any:
        if not _looped(sys._getframe(1)):
            # Whoever asks by `next(...)` may count on as many turns as there are.
            return self._begun(next(self._values, self))
        if self._turns.own is not None and over(self._journal, self._turns):
            raise StopIteration
        # A `for`, since what draws batches looks at how it is asked.
        for value in self._values:
            return self._begun(value)
        return self._begun(self)

    def _begun(self, value: Any) -> Any:
        if value is self:
            self._turns.over = True
            raise StopIteration
        self._turns.begun += 1
        return value

    def __del__(self) -> None:
        self._turns.left()


def unmade(journal: Journal, run: TrainingRecord) -> int:
    """Return how many epochs were planned beyond those seen, by loops left early and by those under way."""
    under_way = (one.missing(run) for one in reversed(journal.turns))
    return run.unmade + next((count for count in under_way if count), 0)


def install(journal: Journal) -> None:
    """Let the loops of the program's own files be counted."""

    def watched(values: Any, gathers: bool = False) -> Any:
        inside = values.iterable if type(values) is Bar else values
        if isinstance(inside, _LEFT_ALONE):
            return values
        each = iter(inside)
        planned = len(inside) if isinstance(inside, range | list | tuple) else None
        length = each.length if isinstance(each, Batches) else None
        return _Loop(journal, Turns(journal, planned, length, gathers=gathers), each)

    setattr(builtins, _NAME, watched)


def _looped(frame: FrameType) -> bool:
    """Whether a loop's next turn is due to a loop: a generator's own loop may be asked for by `next(...)`."""
    if not frame.f_code.co_flags & inspect.CO_GENERATOR or frame.f_code.co_name == "<genexpr>":
        return True
    return frame.f_back is None or in_a_loop(frame.f_back)


def counted(text: str, name: str) -> ast.Module:
    """Return the tree of a program in which every `for` asks for its turns; no line moves."""
    tree = ast.parse(text, filename=name)
    for loop, gathers in _loops(tree):
        entrance = ast.copy_location(ast.Name(_NAME, ast.Load()), loop.iter)
        told = [ast.copy_location(ast.Constant(True), loop.iter)] if gathers else []
        loop.iter = ast.copy_location(ast.Call(entrance, [loop.iter, *told], []), loop.iter)
    return tree


def _loops(tree: ast.Module) -> Iterator[tuple[ast.For | ast.comprehension, bool]]:
    """Yield every loop, and of a comprehension the outermost, with whether it keeps what its turns give."""
    for node in list(ast.walk(tree)):
        if isinstance(node, ast.For):
            yield node, any(_keeps(one) for part in node.body for one in ast.walk(part))
        elif isinstance(node, ast.ListComp | ast.GeneratorExp) and not node.generators[0].is_async:
            yield node.generators[0], True


def _keeps(node: ast.AST) -> bool:
    """Whether something is put into a list, or into a part of an array."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr in ("append", "extend")
    if isinstance(node, ast.AugAssign):
        return isinstance(node.value, ast.List | ast.ListComp)
    return isinstance(node, ast.Assign) and any(isinstance(one, ast.Subscript) for one in node.targets)
