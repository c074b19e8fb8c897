"""What the syntax tree says of one fact."""

from __future__ import annotations

from grader.model import Place
from grader.recording.tree import CallSite, LoopSite


class Seen:
    """A value, or `...` where the tree does not say; the line to look at; and whether something is there to be shown.

    That something is absent can only be told of a tree that is complete.
    """

    def __init__(
        self, value: object, site: CallSite | LoopSite | Place | None = None, *, absent: bool = False
    ) -> None:
        self.value = value
        self.place: Place | None = site if isinstance(site, Place) or site is None else site.place
        self.shown = self.place is not None and not absent


UNCLEAR = Seen(...)
