"""Everything that the instructor takes away from a graded class, written from the results alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from grader.classroom.gradebook import write_gradebook
from grader.classroom.running import Graded
from grader.classroom.standing import Standing
from grader.text import Language


def write_all(graded: Graded, standings: Sequence[Standing], language: Language) -> tuple[Path, ...]:
    """Write the gradebook and whatever else was asked for into the class's folder; return the paths."""
    options, assignment = graded.options, graded.coursework.assignment
    written = write_gradebook(options.out, standings, assignment, language, anonymous=options.anonymous)
    return tuple(written)
