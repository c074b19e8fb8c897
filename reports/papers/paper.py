"""What a paper is made of, before it is laid out; and what the process that laid it out says of it."""

from __future__ import annotations

from typing import Literal

import msgspec

from grader.model import Language, StageResult
from grader.text import Text


class PaperAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer under the sheet's number."""

    label: str
    question: str = ""
    text: str = ""
    """Markdown; empty when there is no answer."""
    star: bool = False


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far one stage has come."""

    title: str
    state: Literal["done", "absent", "stuck"]
    details: str
    accuracy: float | None = None
    """Final test accuracy, fraction of 1."""
    whose: Literal["measured", "logged", "claimed", ""] = ""


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """One paper: everything that stands on it."""

    kind: Literal["followup", "final"]
    language: Language
    title: str
    authors: tuple[str, ...]
    answers: tuple[PaperAnswer, ...]
    progress: tuple[Progress, ...] = ()
    free: str = ""
    """The free part (final report) or the comments (follow-up), as Markdown."""
    stages: tuple[StageResult, ...] = ()
    """With the curves to draw; empty for none."""
    source: str = ""
    """Where the curves come from, in a phrase."""
    folders: tuple[str, ...] = ()
    """Folders of the documents, inside the hand-in: pictures are looked for there."""
    page_limit: int = 0
    """The paper must have fewer pages; 0 for any number."""


class Length(msgspec.Struct, frozen=True, kw_only=True):
    """How long one section of a paper is."""

    title: str
    pages: float


class PaperStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What came of laying a paper out."""

    pages: int | None = None
    """None where no PDF can be made on this machine."""
    longest: tuple[Length, ...] = ()
    """The longest sections first."""
    note: Text | None = None
    notes: tuple[Text, ...] = ()
    """Pictures that were left out, and why."""
