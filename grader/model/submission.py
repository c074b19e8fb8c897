"""What was handed in, as it was found and before anything of it ran."""

from __future__ import annotations

from typing import Literal

import msgspec

from grader.text import Text


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A line of one of the student's own files; `line` counts from 1, 0 when unknown."""

    file: str
    line: int = 0
    page: int = 0
    """Of a PDF, or the cell of a notebook, and `line` then counts on it; 0 where there are none."""


class FileEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the hand-in, by its path inside it."""

    path: str
    size_bytes: int
    sha256: str
    template: bool = False
    """Whether it equals, up to white space at line ends, a file of the handed-out template."""


class EntryPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One way to run a program of the hand-in."""

    id: str
    """`e1`, `e2`, ... in the order found; stable for the same contents."""
    path: str
    call: Literal["script", "main"] = "script"
    """`main`: the module defines `main(...)` and does not call it, so the recorder does."""
    arguments: tuple[str, ...] = ()
    """Command-line arguments, for a script with flags."""
    keywords: dict[str, int | float | bool | str] = {}
    """Arguments by name for `main`."""
    template: bool = False
    """Whether it is the untouched template, which is no evidence."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something in the hand-in that stopped us, told once, with the student's own file and line."""

    kind: str
    """A short stable name: `syntax_error`, `import_error`, `time_limit`, `memory_limit`, ..."""
    text: Text
    place: Place | None = None


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """A hand-in opened: who, what files, which programs can be run, which documents hold answers."""

    id: str
    """A name for folders and tables: letters, digits, `-`, `_` and `.` only."""
    name: str
    """What the teacher sees: the folder's or archive's name, made safe to print."""
    authors: tuple[str, ...] = ()
    digest: str
    """SHA-256 over the sorted paths and contents."""
    files: tuple[FileEntry, ...] = ()
    entry_points: tuple[EntryPoint, ...] = ()
    documents: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[Text, ...] = ()
    """What was set aside on opening (links, caches, nested archives), once each."""
