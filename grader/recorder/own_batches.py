"""Batches that a program cuts itself, from tensors it holds in memory: its loops over them are ended early too.

The innermost loop in which a network is called, on images that no DataLoader just drew, is a pass over such batches
as soon as something is learned in it, or a network that learns is looked at in it. What is trained so is
a recipe only where `explaining` can tell how its images were made; its epochs are counted in any case, and watching it
takes no longer than watching any other program.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from grader.recorder.journal import Journal, LoaderRecord, Pass, Root
from grader.recorder.loaders import allowed, end_of_pass
from grader.text import Text

_UNKNOWN = 400
"""The length of a pass of which nobody knows how many batches it has: what is usual."""
_WHOLE = 1_000
"""A DataLoader with batches this large may have been used to load everything at once."""
_GATHERED = 2_000
"""Turns of a loop that learns nothing and keeps what the network says, however many more it has."""


@dataclass
class OwnBatches(LoaderRecord):
    """What stands for a DataLoader where the program has a loop of its own."""

    planned: int | None = None
    """Batches of a pass, where the loop says how many."""
    of: tuple[int, bool] = (0, False)
    """The network, and whether it was in training mode: one loop over each is one loader."""
    lowest: float = 0.0
    """Of the numbers in the first batch."""
    side: int = 0
    """Of its images."""


def is_own(drawn: Pass | None) -> bool:
    """Whether a pass is over batches that the program cut itself."""
    return drawn is not None and isinstance(drawn.loader, OwnBatches)


def pass_of(journal: Journal, root: Root, drawn: Pass | None, images: Tensor) -> Pass | None:
    """Return the pass that a call of `root` on `images` belongs to; `drawn` is what they were drawn in."""
    count = len(images) if images.dim() else 0
    if journal.real is not None or journal.whole_passes or not journal.turns:
        return drawn
    if (drawn is not None and not _cut_anew(journal, drawn, count)) or _has_a_loader(root):
        return drawn
    turns = journal.turns[-1]
    if turns.own is None:
        if turns.entered_any:
            return drawn
        loader = _loader(journal, root, turns.length, images)
        loader.passes += 1
        turns.own = Pass(loader, loader.passes, journal.here(), len(journal.events))
    own: Pass = turns.own
    if own.finished:  # enough was seen, but the loop goes on for the sake of what it gathers
        return own
    own.drawn += 1
    turns.looked_at |= root.run is not None
    journal.active = own
    journal.event("batch")
    return own


def over(journal: Journal, turns: Any) -> bool:
    """Whether the loop `turns`, about to go on, is a pass of which enough was seen; what is due then is done."""
    own: Pass | None = turns.own
    if own is None or journal.whole_passes or not (own.trains or turns.looked_at) or turns.entered_by_others:
        return False
    if not own.finished and own.drawn < allowed(journal, own):
        return False
    ends = own.trains or not turns.gathers or turns.begun >= _GATHERED
    journal.shortened |= ends
    if not own.finished:
        own.finished = True
        journal.event("pass_end")
        end_of_pass(journal, own)
    return ends


def _cut_anew(journal: Journal, drawn: Pass, count: int) -> bool:
    """Whether images come from a batch that a DataLoader drew long before, and of which they are a small part."""
    size = drawn.loader.batch_size or 0
    done = drawn.finished or drawn.drawn >= drawn.loader.length or journal.active is not drawn
    return done and size >= _WHOLE and 2 * count <= size


def _has_a_loader(root: Root) -> bool:
    return root.run is not None and any(not is_own(one) for one in root.run.passes)


def _loader(journal: Journal, root: Root, planned: int | None, images: Tensor) -> OwnBatches:
    """Return what stands for the loader of a loop, the same for every pass of it."""
    of, place = (id(root), root.module.training), journal.here()
    for one in journal.loaders:
        if isinstance(one, OwnBatches) and (one.of, one.place) == (of, place):
            return one
    made = OwnBatches(
        planned=planned,
        of=of,
        place=place,
        lowest=float(images.detach().min()) if images.numel() else 0.0,
        side=images.shape[-1] if images.dim() > 2 else 0,
        images=[],
        batch_size=len(images) if images.dim() else 0,
        shuffle=False,
        drop_last=False,
        length=planned or _UNKNOWN,
        reason=Text(
            fr="les images ne viennent pas d'un DataLoader de torch sur un jeu de torchvision",
            en="the images do not come from a torch DataLoader over a data set of torchvision",
        ),
    )
    journal.loaders.append(made)
    return made
