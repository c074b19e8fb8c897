"""One hand-in of a class: whose it is, where it lies, and what the platform must be told again."""

from __future__ import annotations

from typing import Literal

import msgspec

from grader.text import Text

Platform = Literal["folder", "moodle", "canvas", "nbgrader", "table"]


class HandIn(msgspec.Struct, frozen=True, kw_only=True):
    """What one student, pair or team handed in; graded once, whoever signed it."""

    id: str
    """Unique in the class, fit for a folder's name, the same for the same source."""
    name: str
    """Who handed in, as the platform says; never read from code."""
    path: str
    """The folder, archive or single file to open; empty where nothing was handed in."""
    attempt: int = 1
    """1 for the first; only the last attempt counts."""
    late: bool = False
    key: str = ""
    """The platform's own number or name of it: Moodle's participant, Canvas's user, nbgrader's student."""
    folder: str = ""
    """Moodle's name of the folder, to be used again in the feedback archive."""
    email: str = ""
    refused: Text | None = None
    """Why nothing of it can be opened, where that is known already."""
    notes: tuple[Text, ...] = ()


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A class as it was found: the attempts that count, those that do not, and what was noticed."""

    platform: Platform
    hand_ins: tuple[HandIn, ...]
    superseded: tuple[HandIn, ...] = ()
    notes: tuple[Text, ...] = ()
