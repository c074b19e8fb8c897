"""What one grading run was asked to do."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from grader.marking import Scheme
from grader.text import Language


@dataclass(frozen=True, kw_only=True)
class Options:
    """The choices of one run; None means "the coursework or the machine decides"."""

    submission: Path
    out: Path
    assignment: str | None = None
    budget: Literal["static", "quick", "full"] | None = None
    data: str = "auto"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    seed: int = 0
    language: Language | None = None
    sandbox: Literal["auto", "bubblewrap", "none"] = "auto"
    scheme: Path | Scheme | None = None
    overrides: Path | None = None
    """A file of a person's decisions, to be added to those under `out`."""
    judge_url: str | None = None
    """Address of a chat endpoint that is asked for a second opinion; None asks nobody."""
    judge_model: str = "default"
    reveal: bool = False
    """Whether the solution's answers stand beside the student's: for the teacher's eyes."""
    workers: int | None = None
    time_limit_s: float | None = None
    """After this long trainings stop where they are; None lets them come to their end."""
    watch_s: float = 300.0
    """How long all programs of the hand-in together may be watched; 0 to run none of them."""


def machine_language() -> Language:
    """Return the language of the reader's terminal where it is one of ours, else French, the sheets' own."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value[:2] == "en":
            return "en"
        if value[:2] == "fr":
            return "fr"
    return "fr"
