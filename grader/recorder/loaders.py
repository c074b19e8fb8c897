"""DataLoader: what it draws from is noted, its passes end early, every batch carries its origin."""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import torch
from torch.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    Dataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
)
from torch.utils.data import default_collate as _collate

from grader.model import Call
from grader.recorder.data import InMemory
from grader.recorder.journal import Images, Journal, LoaderRecord, Pass
from grader.recorder.places import Places
from grader.recorder.plain import NotPlain
from grader.recorder.trail import Trail, tag, tensors_in
from grader.recorder.transforms import describe
from grader.text import Text

_BATCHES = 2
"""Batches of a pass while a training is watched; 1 afterwards."""
_PATIENT = 64
"""Batches of a pass while a training has not stepped: it may gather gradients first."""
_LARGE = 1_024
"""A batch this large is drawn once a pass."""
_PULLED_MAX = 4
"""Batches really drawn by a program that calls `next` itself; the later ones repeat."""


def install(journal: Journal, places: Places) -> None:
    """Make every DataLoader work in this process, note what it draws, and end its passes early."""
    original_init, original_iter = DataLoader.__init__, DataLoader.__iter__

    def __init__(self: Any, dataset: Any, *args: Any, **kwargs: Any) -> None:
        names = ("batch_size", "shuffle", "sampler", "batch_sampler", "num_workers", "collate_fn", "pin_memory",
                 "drop_last", "timeout", "worker_init_fn", "multiprocessing_context")  # fmt: skip
        kwargs = dict(zip(names, args, strict=False)) | kwargs
        for name in ("num_workers", "pin_memory", "timeout", "multiprocessing_context", "prefetch_factor",
                     "persistent_workers", "pin_memory_device", "worker_init_fn"):  # fmt: skip
            kwargs.pop(name, None)
        real = journal.real
        if real is not None and kwargs.get("batch_sampler") is None and _learns_from(dataset, len(real.test)):
            kwargs["batch_size"] = journal.real.batch_size(kwargs.get("batch_size", 1))
        original_init(self, dataset, **kwargs)
        self.__dict__["_recorder_record"] = None
        self.__dict__["_recorder_place"] = places.here(outside="__init__")

    def __iter__(self: Any) -> Any:
        if journal.paused:
            return original_iter(self)
        record = self.__dict__.get("_recorder_record")
        if record is None:
            record = self.__dict__["_recorder_record"] = _record(self)
            journal.loaders.append(record)
        record.passes += 1
        started = Pass(record, record.passes, places.here(), len(journal.events))
        return Batches(journal, started, lambda: original_iter(self))

    DataLoader.__init__ = __init__  # type: ignore[method-assign]
    DataLoader.__iter__ = __iter__  # type: ignore[method-assign]


def _record(loader: Any) -> LoaderRecord:
    """Return what `loader` draws, as far as it can be told."""
    images, transforms, reason = _origin(loader.dataset)
    sampler, batch_sampler = loader.sampler, loader.batch_sampler
    shuffle = isinstance(sampler, RandomSampler | SubsetRandomSampler)
    batch_size, drop_last = loader.batch_size, bool(loader.drop_last)
    if batch_size is None and isinstance(batch_sampler, BatchSampler):
        batch_size, drop_last = batch_sampler.batch_size, bool(batch_sampler.drop_last)
        shuffle = isinstance(batch_sampler.sampler, RandomSampler | SubsetRandomSampler)
    if reason is None and loader.collate_fn is not _collate:
        reason = Text(
            fr="les batchs sont assemblés par une fonction `collate_fn` propre au programme",
            en="batches are put together by a `collate_fn` of the program's own",
        )
    stock = (RandomSampler, SubsetRandomSampler, SequentialSampler)
    if reason is None and (
        type(sampler) not in stock or type(batch_sampler) not in (BatchSampler, type(None))
    ):
        reason = Text(
            fr=f"les images sont tirées par `{type(sampler).__name__[:60]}`, que l'outil ne sait pas imiter",
            en=f"the images are drawn by `{type(sampler).__name__[:60]}`, which the tool cannot imitate",
        )
    length = len(loader) if hasattr(loader.dataset, "__len__") else 1
    place = loader.__dict__.get("_recorder_place")
    count = len(loader.dataset) if hasattr(loader.dataset, "__len__") else 0
    record = LoaderRecord(images, batch_size, shuffle, drop_last, length, reason, transforms, place, count)
    record.stock_order = type(sampler) in stock and type(batch_sampler) in (BatchSampler, type(None))
    return record


def _learns_from(dataset: Any, tested: int) -> bool:
    """Whether training images of the coursework's stand behind `dataset`; `tested` is the number of test images."""
    images = _origin(dataset)[0]
    if not images:  # copies of them, which only their number tells apart
        return hasattr(dataset, "__len__") and len(dataset) != tested
    return any(one.split == "train" and one.dataset.real is not None for one in images)


def _origin(dataset: Any) -> tuple[list[Images], tuple[Call, ...] | None, Text | None]:
    """Return the data sets of torchvision behind `dataset`, the transforms on the way, or why they are unknown."""
    images: list[Images] = []
    chains: list[list[Any]] = []
    reason: Text | None = None
    pending: list[tuple[Any, list[Any], int]] = [(dataset, [], 0)]
    seen: set[int] = set()
    while pending and len(seen) < 100:
        one, outer, depth = pending.pop(0)
        if id(one) in seen or depth > 5:
            continue
        seen.add(id(one))
        if isinstance(one, InMemory):
            images += [known for known in InMemory.journal.images if known.dataset is one]
            chains.append([one.transform, *outer])
            reason = reason or _reason(one, [])
            continue
        parts, own = _parts(one)
        reason = reason or _reason(one, own)
        pending.extend((part, [*own, *outer], depth + 1) for part in parts)
    if not images or reason is not None:
        return images, None, reason or _own_dataset(type(dataset).__name__)
    try:
        described = [tuple(call for part in chain for call in describe(part)) for chain in chains]
    except NotPlain as error:
        return images, None, _own_transform(str(error))
    return images, described[0], None


def _parts(one: Any) -> tuple[list[Any], list[Any]]:
    """Return the data sets inside `one`, and the transforms that it applies itself."""
    if isinstance(one, Subset):
        return [one.dataset], []
    if isinstance(one, ConcatDataset):
        return list(one.datasets), []
    values = vars(one) if hasattr(one, "__dict__") else {}
    own = [value for name, value in values.items() if "transform" in name and value is not None]
    return [value for value in values.values() if isinstance(value, Dataset)], own


def _reason(one: Any, own: list[Any]) -> Text | None:
    """Return why the images that come out of `one` are unknown, None when they are not."""
    if isinstance(one, TensorDataset):
        return Text(
            fr="les images sont copiées dans un TensorDataset, leurs transformations ne sont plus connues",
            en="the images are copied into a TensorDataset, their transforms are no longer known",
        )
    if isinstance(one, InMemory):
        stock = type(one).__getitem__ is InMemory.__getitem__
    else:
        stock = isinstance(one, Subset | ConcatDataset) or bool(own)
    return None if stock else _own_dataset(type(one).__name__)


def _own_dataset(name: str) -> Text:
    return Text(
        fr=f"les images passent par une classe propre au programme, `{name[:80]}`",
        en=f"the images pass through a class of the program's own, `{name[:80]}`",
    )


def _own_transform(name: str) -> Text:
    return Text(
        fr=f"une transformation des images n'est pas de torchvision : `{name[:80]}`",
        en=f"a transform of the images is not one of torchvision's: `{name[:80]}`",
    )


class Batches:
    """Draws the batches of one pass, and ends it early when a loop does the drawing."""

    def __init__(self, journal: Journal, started: Pass, draw: Callable[[], Iterator[Any]]) -> None:
        self._journal, self._pass, self._draw = journal, started, draw
        self._batches: Iterator[Any] | None = None
        self._last: Any = None
        self._positions: tuple[int, ...] = ()

    def __iter__(self) -> Batches:
        return self

    def __len__(self) -> int:
        return self._pass.loader.length

    length = property(__len__)

    def next(self) -> Any:
        """Return the next batch, by the name that iterators once had."""
        self._journal.bridge("iterator_next")
        return self._take(looping=False)

    def __next__(self) -> Any:
        return self._take(looping=in_a_loop(sys._getframe(1)))

    def _take(self, *, looping: bool) -> Any:
        one = self._pass
        if one.drawn >= (self._allowed() if looping else one.loader.length):
            self._journal.shortened |= one.drawn < one.loader.length
            if not one.finished:
                one.finished = True
                self._journal.event("pass_end")
                end_of_pass(self._journal, one)
                if self._journal.real is not None:
                    self._journal.real.over(one)
            raise StopIteration
        one.drawn += 1
        self._journal.active = one
        self._journal.event("batch")
        if self._repeats() and one.loader.last_batch is not None:
            batch = one.loader.last_batch
        else:
            real = self._journal.real
            with self._journal.pause():
                if self._batches is None:
                    self._batches = iter(self._draw())
                    if real is not None:
                        real.follow(self._batches)
                batch = next(self._batches)
            if real is not None:
                self._positions = real.taken(one.loader)
            one.loader.last_batch = batch
        _tag_batch(batch, one, self._positions)
        return batch

    def _repeats(self) -> bool:
        """Whether the last batch will do: the numbers of this one decide nothing."""
        one = self._pass
        if self._journal.real is not None:
            return one.run is not None and not one.run.watched(one)
        run = one.run or self._journal.current
        return (run is not None and not run.watched(one)) or max(one.drawn, one.number) > _PULLED_MAX

    def _allowed(self) -> int:
        if self._journal.real is not None:
            return int(self._journal.real.allowed(self._pass, self._pass.run or self._journal.current))
        return allowed(self._journal, self._pass)


def allowed(journal: Journal, one: Pass) -> int:
    """Return how many batches of a pass a loop gets while a program is only watched."""
    if journal.whole_passes:
        return one.loader.length
    small = (one.loader.batch_size or 1) < _LARGE and not journal.slow
    run = one.run or journal.current
    if run is not None and run.batches and not run.steps and not journal.slow:
        return min(one.loader.length, _PATIENT)
    watched = run is None or run.watched(one)
    return min(one.loader.length, _BATCHES if watched and small else 1)


def end_of_pass(journal: Journal, one: Pass) -> None:
    """Let a scheduler that is stepped at every batch catch up with the batches left out."""
    run = one.run
    journal.ended = [*journal.ended[-1:], one]
    if run is None:
        return
    for record in run.optimizer.schedulers:
        if record.inside.get(one, 0) >= one.steps > 0 and not record.told:
            with journal.pause():
                for _ in range(min(one.loader.length - one.drawn, 5_000)):
                    try:
                        record.original_step(record.scheduler)
                    except (ValueError, TypeError):  # past its last step, or one that wants a metric
                        break
    journal.on_change()


def _tag_batch(batch: Any, one: Pass, positions: tuple[int, ...]) -> None:
    """Mark the batch's images and labels as drawn in this pass; `positions` are those of test images among them."""
    for tensor in tensors_in(batch):
        image = tensor.dim() >= 3 or (tensor.dim() == 2 and torch.is_floating_point(tensor))
        tag(tensor, Trail("image" if image else "label", drawn=one, positions=positions))
        if not image and tensor.dim() == 1:
            one.labels = tensor


_LOOPS = frozenset(
    dis.opmap[name] for name in dis.opmap if name.startswith("FOR_ITER") or name in ("LIST_EXTEND", "SEND")
)


def in_a_loop(frame: FrameType | None) -> bool:
    """Whether a `for` asks for the next batch, and not the program itself by `next(...)`."""
    if frame is None or frame.f_lasti < 0:
        return True
    code = frame.f_code.co_code
    return frame.f_lasti < len(code) and code[frame.f_lasti] in _LOOPS
