"""Lets a program really train, on images of the host's, and keeps what it makes of unlabelled test images.

Passes run to the length of the budget and nothing is fast-forwarded before the budget's epochs are over. Each
image of the test half that goes through a network is known by its position, so the outputs of an evaluation are
collected whatever the order, the wrapper or the transforms. The labels of those images are not in this process,
nor anywhere in the sandbox.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save

from grader.recipe.families import family
from grader.recorder.capture import write_whole
from grader.recorder.job import RealTraining
from grader.recorder.journal import LoaderRecord, OptimizerRecord, Pass, Root, RootCall, TrainingRecord
from grader.recorder.trail import tensors_in

EPOCHS_MAX = 500
COLUMNS_MAX = 1_000
_ENOUGH = 0.9
"""Share of the test images that an evaluation must have seen: a loader may drop its last batch."""
_OTHER_BATCHES = 2
"""Batches of a pass over images that are not the coursework's."""


@dataclass
class _Evaluation:
    root: Root
    logits: NDArray[np.float32]
    seen: NDArray[np.bool_]


@dataclass
class _Outputs:
    """What one training made of the test images: the classes at each full evaluation, the last scores."""

    epochs: list[int] = field(default_factory=list)
    predictions: list[NDArray[np.int16]] = field(default_factory=list)
    logits: NDArray[np.float32] | None = None


class Real:
    """A real training under way in one program."""

    def __init__(self, order: RealTraining, out: str, entry: str) -> None:
        self.order, self.out, self.entry = order, out, entry
        self.train, self.labels, self.test = (
            np.load(os.path.join(order.folder, f"{name}.npy"), mmap_mode="r")
            for name in ("train_images", "train_labels", "test_images")
        )
        self.epochs = order.epochs or EPOCHS_MAX
        self.last = order.last_run.get(entry, 1)
        self.fetched: list[int] = []
        """Positions of the test images taken since it was last emptied."""
        self._moved: set[int] = set()
        self._worth: dict[Pass, bool] = {}
        self._open: dict[tuple[Pass, int], _Evaluation] = {}
        self._outputs: dict[int, _Outputs] = {}
        self._by_hand: list[Pass] = []
        self._asked: tuple[Any, ...] = ()
        self._copies: set[int] = set()
        self._rate = 0.0

    def fits(self, side: int, channels: int) -> bool:
        """Whether a data set of such images is the one that the host's images stand for."""
        return tuple(self.train.shape[1:]) == (side, side, channels)

    # ------------------------------------------------------------ how far a program may go

    def watches(self, run: TrainingRecord, drawn: Pass | None) -> bool:
        """Whether what `run` does now, in the pass `drawn` or outside any, is really computed."""
        if run.number > self.last:
            return False
        if drawn is None:
            return run.steps < self.epochs * len(self.train)
        if drawn.trains or not self._evaluates(drawn):
            return len(run.passes) < self.epochs or drawn in run.passes[: self.epochs]
        # Weights that have not moved since the last evaluation need no other.
        return self._worth.setdefault(drawn, id(run.root) in self._moved)

    def allowed(self, drawn: Pass, run: TrainingRecord | None) -> int:
        """Return how many batches a loop over `drawn` gets."""
        loader = drawn.loader
        ours = [one.dataset.real is not None for one in loader.images]
        if ours and not any(ours):
            return min(loader.length, _OTHER_BATCHES)
        spent = run is None and len(self._by_hand) >= self.epochs and drawn not in self._by_hand
        if self._evaluates(drawn):
            return loader.length if run is None or self.watches(run, drawn) else 1
        if spent or (run is not None and not self.watches(run, drawn)):
            return 1
        return min(loader.length, math.ceil(len(self.train) / max(loader.batch_size or 1, 1)))

    def batch_size(self, own: Any) -> Any:
        """Return the batch size of training: the budget's, where it sets one."""
        return self.order.batch_size or own

    def learns_by_hand(self, drawn: Pass | None) -> None:
        """Note a pass in which weights are moved without an optimizer."""
        if drawn is not None and drawn not in self._by_hand:
            self._by_hand.append(drawn)

    def stepping(self, run: TrainingRecord, optimizer: Any, really: Callable[[], Any]) -> Callable[[], Any]:
        """Return the step `really` at the budget's learning rate, keeping how the program lets its own move."""

        def step() -> Any:
            self._moved.add(id(run.root))
            with self._scaled(run.first, optimizer):
                return really()

        return step

    @contextlib.contextmanager
    def _scaled(self, first: OptimizerRecord, optimizer: Any) -> Iterator[None]:
        options = first.groups[0] if first.groups else {}
        own, momentum = options.get("lr"), options.get("momentum")
        if not isinstance(own, int | float) or own <= 0:
            yield
            return
        wanted = self.order.learning_rates.get(family(first.name, float(momentum or 0)), own)
        self._rate = float(wanted)
        before = [group["lr"] for group in optimizer.param_groups]
        for group in optimizer.param_groups:
            group["lr"] = group["lr"] * (wanted / own)
        try:
            yield
        finally:
            for group, rate in zip(optimizer.param_groups, before, strict=False):
                group["lr"] = rate

    # ------------------------------------------------------------ what comes out

    def follow(self, batches: Any) -> None:
        """Note which indices `batches`, an iterator of a DataLoader, asks its data set for."""
        original = getattr(batches, "_next_index", None)
        if original is None:
            return

        def noting() -> Any:
            asked = original()
            self._asked = tuple(asked) if isinstance(asked, list | tuple) else ()
            return asked

        batches._next_index = noting

    def taken(self, loader: LoaderRecord) -> tuple[int, ...]:
        """Return the test images in the batch just drawn from `loader`, by position."""
        found = tuple(self.fetched)
        self.fetched.clear()
        elsewhere = bool(loader.images) and loader.split != "test"
        if found or elsewhere or loader.count != len(self.test):
            return found
        # All test images were copied into a data set of the program's own: they stand there in their order.
        self._copies.add(id(loader))
        return tuple(int(index) for index in self._asked)

    def _evaluates(self, drawn: Pass) -> bool:
        """Whether `drawn` is a pass over the test images."""
        return drawn.loader.split == "test" or id(drawn.loader) in self._copies

    def evaluated(self, call: RootCall, result: Any) -> None:
        """Keep what the network gave for test images."""
        output = next(tensors_in(result), None)
        if output is None or call.drawn is None or not call.positions or call.drawn.trains:
            return
        rows = output.detach().to(torch.float32).reshape(len(output), -1).numpy() if output.dim() else None
        if rows is None or len(rows) != len(call.positions) or not 2 <= rows.shape[1] <= COLUMNS_MAX:
            return
        key = (call.drawn, id(call.root))
        one = self._open.get(key)
        if one is None:
            count = len(self.test)
            scores = np.full((count, rows.shape[1]), np.nan, np.float32)
            one = self._open[key] = _Evaluation(call.root, scores, np.zeros(count, np.bool_))
        if one.logits.shape[1] != rows.shape[1]:
            return
        one.logits[list(call.positions)] = rows
        one.seen[list(call.positions)] = True
        if one.seen.all():
            self._close(key)

    def over(self, drawn: Pass) -> None:
        """Note that the pass `drawn` is over: an evaluation that saw nearly all images counts."""
        for key, one in list(self._open.items()):
            if key[0] is not drawn:
                continue
            if one.seen.mean() >= _ENOUGH:
                self._close(key)
            self._open.pop(key, None)

    def _close(self, key: tuple[Pass, int]) -> None:
        """Take an evaluation for whole, unless the program learnt from it."""
        one = self._open.pop(key)
        run = one.root.run
        if key[0].trains:
            return
        self._moved.discard(key[1])
        kept = self._outputs.setdefault(run.number if run is not None else 1, _Outputs())
        known = np.isfinite(one.logits).all(axis=1)
        classes = np.where(known, np.nan_to_num(one.logits).argmax(axis=1), -1).astype(np.int16)
        epoch = min(len(run.passes) if run is not None else len(self._by_hand), self.epochs)
        kept.epochs, kept.predictions = [*kept.epochs, epoch][-EPOCHS_MAX:], [*kept.predictions, classes]
        kept.predictions = kept.predictions[-EPOCHS_MAX:]
        kept.logits = one.logits
        self._write(run.number if run is not None else 1, kept)

    def _write(self, number: int, kept: _Outputs) -> None:
        """Write all that there is, so that a program that is stopped leaves what it had."""
        assert kept.logits is not None
        content = save({
            "logits": kept.logits,
            "predictions": np.stack(kept.predictions),
            "epochs": np.array(kept.epochs, np.int32),
            "rate": np.array([self._rate], np.float64),
        })  # fmt: skip
        write_whole(os.path.join(self.out, f"{self.entry}.{number}.outputs.safetensors"), content)
