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


Evidence = Literal["handed_in", "uncommented", "history"]
"""Where the code of an entry point comes from: only what was handed in as it stands decides points."""


VARIANTS = ".variants"
"""Folder of the opened hand-in in which the files of weaker evidence stand, one folder a variant."""


class EntryPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One way to run a program of the hand-in."""

    id: str
    """`e1`, `e2`, ... in the order found; stable for the same contents."""
    path: str
    call: Literal["script", "main", "notebook"] = "script"
    """`main`: the module defines `function` and does not call it, so the recorder does."""
    function: str = "main"
    arguments: tuple[str, ...] = ()
    """Command-line arguments, for a script with flags."""
    keywords: dict[str, int | float | bool | str] = {}
    """Arguments by name for `function`; `params.lr` is the field `lr` of its argument `params`."""
    environment: dict[str, str] = {}
    """Variables of the environment, for a program that takes its choices from there."""
    typed: dict[str, str] = {}
    """What is typed at the keyboard, by the place that asks: `tp.py:12`, or `tp.ipynb#cell=3:2`."""
    order: Literal["file", "execution"] = "file"
    """In which order the cells of a notebook are run."""
    evidence: Evidence = "handed_in"
    variant: str = ""
    """Folder, beneath `VARIANTS`, of the files that stand in for those handed in; named by its content."""
    origin: Text | None = None
    """For weaker evidence: which lines were uncommented, or which commit it was."""
    template: bool = False
    """Whether it is the untouched template, which is no evidence."""

    @property
    def named(self) -> Text:
        """How people are told of it: `tp.py --bn`, `tp.py main_bn()`, `tp.ipynb (ordre d'exécution)`."""
        called = [f"{self.function}()"] if self.call == "main" else []
        shown = {key.rpartition(".")[2]: value for key, value in self.keywords.items()}
        given = [f"{key}={value}" for key, value in shown.items() if key and value is not False]
        set_ = [f"{name}={value}" for name, value in self.environment.items()]
        words = " ".join([*set_, self.path, *self.arguments, *called, *given])
        fr, en = words, words
        if self.typed:
            typed = ", ".join(self.typed.values())
            fr, en = f"{fr} (réponse au clavier : {typed})", f"{en} (typed: {typed})"
        if self.order == "execution":
            fr, en = f"{fr} (ordre d'exécution)", f"{en} (in order of execution)"
        if self.origin is not None:
            fr, en = f"{fr} ({self.origin.fr})", f"{en} ({self.origin.en})"
        return Text(fr=fr, en=en)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something in the hand-in that stopped us, told once, with the student's own file and line."""

    kind: str
    """A short stable name: `syntax_error`, `import_error`, `time_limit`, `memory_limit`, ..."""
    text: Text
    place: Place | None = None
    about: str = ""
    """What several programs may share it for, and is told once of: the module that is not there, say."""


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
    alternatives: tuple[EntryPoint, ...] = ()
    """Weaker evidence, for stages that no entry point shows: what comments and an older commit still hold."""
    documents: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[Text, ...] = ()
    """What was set aside on opening (links, caches, nested archives), once each."""
