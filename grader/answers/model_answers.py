"""The model answers of a coursework's solution, for a teacher who asks to see them beside a student's."""

from __future__ import annotations

import re
from pathlib import Path

from grader.errors import UsageError
from grader.model import Assignment

_HEADING = re.compile(r"^##\s+(\S+)\s*$", re.MULTILINE)
_QUOTED = re.compile(r"^>.*\n?", re.MULTILINE)


def read_model_answers(folder: Path, assignment: Assignment) -> dict[str, str]:
    """Return the solution's answer to each question it answers; `folder` is the coursework's.

    Raises UsageError where there is no solution, as in the students' distribution.
    """
    path = folder / "solution" / "answers.md"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            fr="Les réponses modèles ne sont pas dans cette distribution : --reveal est réservé aux enseignant·es.",
            en="The model answers are not in this distribution: --reveal is for teachers.",
        ) from error
    known = {question.id for question in assignment.question}
    pieces = _HEADING.split(text)
    return {
        question: _QUOTED.sub("", body).strip()
        for question, body in zip(pieces[1::2], pieces[2::2], strict=True)
        if question in known and body.strip()
    }
