"""What the grader sees in a hand-in, told without training and without marks."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from grader.model import Answer, Outcome, Recordings, StageMatch, StageResult, Submission, Text, Verdict
from grader.pipeline.grading import find, judge
from grader.pipeline.options import Options
from grader.pipeline.progress import Progress, Silent
from grader.pipeline.session import begin


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """A hand-in as the grader sees it."""

    submission: Submission
    recordings: Recordings
    matches: tuple[StageMatch, ...]
    stages: tuple[StageResult, ...]
    answers: tuple[Answer, ...]
    departures: tuple[Verdict, ...]
    """What differs from the sheet or needs a person, without what only training could tell."""
    notes: tuple[Text, ...] = ()
    exit_code: int = 0


def inspect(options: Options, progress: Progress | None = None) -> Inspection:
    """Return what the grader sees; the scratch folder `options.out` holds what it needed on the way.

    Raises what `grade` raises before grading.
    """
    session = begin(options, progress or Silent())
    found = find(session)
    result = judge(session, found)
    return Inspection(
        submission=found.submission,
        recordings=found.recordings,
        matches=found.matches,
        stages=found.stages,
        answers=found.answers.answers,
        departures=tuple(one for one in result.verdicts if _tells(one)),
        notes=result.notes,
        exit_code=1 if session.faults.notes else 0,
    )


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="grade-") as folder:
        yield Path(folder)


def _tells(verdict: Verdict) -> bool:
    quiet = (Outcome.PASSED, Outcome.NOT_RUN, Outcome.MISSING)
    return verdict.remark or verdict.outcome not in quiet
