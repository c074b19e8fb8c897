"""What the grader sees in a hand-in, told without training and without marks."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from grader.model import Outcome, Recordings, Result, Verdict
from grader.pipeline.grading import find, judge
from grader.pipeline.options import Options
from grader.pipeline.progress import Progress, Silent
from grader.pipeline.session import begin


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """A hand-in as the grader sees it: what was recorded, and what a result without training says of it."""

    recordings: Recordings
    result: Result
    departures: tuple[Verdict, ...]
    """What differs from the sheet or asks for a look, without what only training or a reader could tell."""
    exit_code: int = 0


def inspect(options: Options, progress: Progress | None = None) -> Inspection:
    """Return what the grader sees; the scratch folder `options.out` holds what it needed on the way.

    Raises what `grade` raises before grading.
    """
    session = begin(options, progress or Silent())
    found = find(session)
    result = judge(session, found)
    return Inspection(
        recordings=found.recordings,
        result=result,
        departures=tuple(one for one in result.verdicts if _tells(one)),
        exit_code=1 if session.faults.notes else 0,
    )


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="grade-") as folder:
        yield Path(folder)


def _tells(verdict: Verdict) -> bool:
    quiet = (Outcome.PASSED, Outcome.NOT_RUN, Outcome.MISSING)
    return verdict.remark or not (verdict.routine or verdict.outcome in quiet)
