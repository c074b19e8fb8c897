"""Loaders whose transforms cannot be read off: what a network is fed of them tells, held against the data set."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from grader.recorder import pixels
from grader.recorder.by_pixels import LEAST_IMAGES, MOST_IMAGES, Explained, explain
from grader.recorder.journal import Journal, LoaderRecord, RootCall
from grader.recorder.own_batches import OwnBatches

_BATCHES = 4
_NEARLY_ALL = 0.7


@dataclass(eq=False)
class Fed:
    """What a network was fed at one call, and which labels its loss was then given."""

    call: RootCall
    images: Tensor
    labels: tuple[int, ...] | None = None


def keep(journal: Journal, call: RootCall, images: Tensor) -> None:
    """Keep what the network is fed, where nothing else tells how it was prepared."""
    loader = call.drawn.loader if call.drawn is not None else None
    if loader is None or journal.real is not None or call.fast or len(loader.fed) >= _BATCHES:
        return
    if call.preprocessing or loader.reason is not None:
        with journal.pause(), torch.no_grad():
            loader.fed.append(Fed(call, images.detach()[:MOST_IMAGES].float().cpu().clone()))


def answer(journal: Journal, call: RootCall | None, target: Any) -> None:
    """Note the labels of what was kept at `call`: classes, or one row of numbers for each image."""
    loader = call.drawn.loader if call is not None and call.drawn is not None else None
    kept = next((one for one in loader.fed if one.call is call), None) if loader is not None else None
    if kept is None or not isinstance(target, Tensor) or target.dim() not in (1, 2):
        return
    with journal.pause(), torch.no_grad():
        known = target.detach()[:MOST_IMAGES]
        known = known.argmax(1) if known.dim() == 2 and known.shape[1] > 1 else known.flatten()
        kept.labels = tuple(known.long().tolist())


def is_explained(journal: Journal, call: RootCall) -> bool:
    """Whether what the network was fed is the data set's images under known transforms, which the loader then holds."""
    loader = call.drawn.loader if call.drawn is not None else None
    if loader is None or not loader.fed or not loader.stock_order:
        return False
    if loader.explained != len(loader.fed):
        loader.explained = len(loader.fed)
        with journal.pause():
            if loader.before is not None:  # more was fed since, and may tell otherwise
                loader.images, loader.transforms, loader.reason = loader.before
                loader.before = None
            _explain(journal, loader)
    return loader.before is not None


def _explain(journal: Journal, loader: LoaderRecord) -> None:
    learned = any(one.loader is loader for run in journal.runs for one in run.passes)
    fed: list[Fed] = loader.fed
    # Fewer may hide a change that is made by chance.
    if learned and (sum(len(one.images) for one in fed) < LEAST_IMAGES or len(fed) < 2):
        return
    kinds = {one.dataset.kind for one in journal.images}
    if len(kinds) != 1:
        return
    kind = kinds.pop()
    found = explain([one.images for one in fed], kind.statistics, kind.side)
    images = [one for one in journal.images if found is not None and one.split == found.split]
    if found is None or not images:
        return
    if learned and not _with_their_labels(fed, found, len(kind.classes)):
        return
    total = len(images[0].dataset)
    if learned and loader.count and not _NEARLY_ALL * total <= loader.count <= total:
        return  # copies of some of the images, or of some of them more than once
    if isinstance(loader, OwnBatches):
        if learned and not _is_a_pass(loader, found, total):
            return
        loader.shuffle = not _in_order(found.order[0])
        loader.drop_last = bool(loader.planned) and loader.planned == total // max(loader.batch_size or 1, 1)
        loader.drop_last &= total % max(loader.batch_size or 1, 1) != 0
    loader.before = loader.images, loader.transforms, loader.reason
    loader.images = loader.images or images[:1]
    loader.transforms, loader.reason = found.transforms, None


def _with_their_labels(fed: list[Fed], found: Explained, classes: int) -> bool:
    """Whether every batch was learned with the labels of its own images: a loop may shuffle one and not the other."""
    known = [
        (one.labels, places) for one, places in zip(fed, found.order, strict=True) if one.labels is not None
    ]
    return bool(known) and all(
        labels[: len(places)] == tuple(pixels.label(place, classes) for place in places)
        for labels, places in known
    )


def _is_a_pass(loader: OwnBatches, found: Explained, total: int) -> bool:
    """Whether a loop over batches goes once through the data set, in order or in another order every time."""
    seen = (loader.planned or 0) * (loader.batch_size or 0)
    whole = _NEARLY_ALL * total <= seen <= total + (loader.batch_size or 0)
    again = any(one == other for one, other in pairwise(found.order[::2]))
    return whole and (_in_order(found.order[0]) or not again)


def _in_order(positions: tuple[int, ...]) -> bool:
    return all((after - before) % pixels.POOL == 1 for before, after in pairwise(positions))
