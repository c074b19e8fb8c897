"""One decision of a person added to what a finished run holds."""

from __future__ import annotations

from pathlib import Path

from grader import courseworks
from grader.marking import OVERRIDES, Scheme, append_overrides, check_override, load_overrides
from grader.model import Override
from grader.pipeline.grading import Graded, rescore
from grader.pipeline.kept import load_result
from grader.text import Language


def override(out: Path, decision: Override, *, language: Language | None = None) -> Graded:
    """Add `decision` to `overrides.toml` under `out`, and mark again with the points scheme of the finished run.

    Raises OverridesError, before anything is written, for a decision that cannot be kept or a file that is
    malformed, and UsageError where `out` holds no finished run.
    """
    kept = load_result(out)
    scheme = Scheme({mark.item: mark.maximum for mark in kept.marks})
    assignment = courseworks.load(kept.assignment).assignment
    load_overrides(out / OVERRIDES, assignment, scheme)
    append_overrides(out / OVERRIDES, [check_override(decision, assignment, scheme)])
    return rescore(out, scheme=scheme, language=language)
