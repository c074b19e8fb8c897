"""Every error the grader raises on purpose, and the exit code each one ends the command with.

    GraderError
    ├── UsageError            2   the command line or a path given on it
    │   ├── SchemeError       2   a points scheme that cannot be used
    │   └── OverridesError    2   a file of a person's decisions that cannot be used
    ├── CourseworkError       2   a folder under reference/ that is not a coursework
    ├── SubmissionError       2   a hand-in that could not be opened at all
    ├── DataError             2   a data set that is absent, damaged or of another shape
    ├── SandboxUnavailable    3   isolation is required and this machine offers none
    ├── RecordingInvalid      1   what came out of the sandbox is not a recording
    ├── TrainingError         1   our own engine failed
    └── RenderError           1   the report failed; result.json is safe

An error carries a `Text` in both languages: one sentence that says what is wrong, where,
and what to do about it. A fault inside a student's program is never an error of ours: it is a
`Problem` in the recording (see `grader.model`).
"""

from __future__ import annotations

from grader.text import Text


class GraderError(Exception):
    """Something stopped the grader, said in a sentence for the person who reads it."""

    exit_code = 1

    def __init__(self, *, fr: str, en: str) -> None:
        self.text = Text(fr=fr, en=en)
        super().__init__(en)


class UsageError(GraderError):
    """The command cannot be carried out as it was typed."""

    exit_code = 2


class SchemeError(UsageError):
    """The points scheme names unknown items or holds unusable numbers."""


class OverridesError(UsageError):
    """The file of a person's decisions is malformed, or decides what it cannot."""


class CourseworkError(GraderError):
    """A coursework folder is missing, incomplete or contradicts itself."""

    exit_code = 2


class SubmissionError(GraderError):
    """The hand-in could not be opened, so there is nothing to grade."""

    exit_code = 2


class DataError(GraderError):
    """The images to train on are absent, damaged or not of the expected shape."""

    exit_code = 2


class SandboxUnavailable(GraderError):
    """No sandbox could be started where one is required."""

    exit_code = 3


class RecordingInvalid(GraderError):
    """What the recorder left behind breaks its format or its caps; it is not believed."""


class TrainingError(GraderError):
    """The training engine could not do its work, through no fault of the student's."""


class RenderError(GraderError):
    """The report could not be rendered; the result it shows is kept."""
