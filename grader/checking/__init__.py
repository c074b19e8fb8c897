"""The harness in which a coursework's checks run, and the words in which they are written.

Checks are ordinary pytest functions in `checks.py` and `answer_checks.py` of a coursework: their docstring
says what they check, `@check` what it is worth. They ask for `stage`, `answer` or `evidence` by name.
"""

from grader.checking.deciding import (
    CheckSpec,
    Decided,
    blocked,
    check,
    failed,
    judged,
    manual,
    missing,
    not_run,
    remark,
    unreadable,
)
from grader.checking.evidence import Evidence, StageEvidence
from grader.checking.harness import Checker, run_checks, run_checks_many
from grader.checking.surprises import NAMES as SURPRISES
from grader.checking.surprises import measured

__all__ = [
    "SURPRISES", "CheckSpec", "Checker", "Decided", "Evidence", "StageEvidence", "blocked", "check", "failed",
    "judged", "manual", "measured", "missing", "not_run", "remark", "run_checks", "run_checks_many", "unreadable",
]  # fmt: skip
