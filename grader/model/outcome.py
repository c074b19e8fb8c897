"""How a check, a step or an item ended."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """The eight ways something can end; only three of them decide points."""

    PASSED = "passed"
    FAILED = "failed"
    MISSING = "missing"
    """Nothing was handed in for it: no points, and not an error."""
    BLOCKED = "blocked"
    """The student's program gave no evidence; the reason is told."""
    UNREADABLE = "unreadable"
    """Something was handed in that we could not read."""
    NOT_RUN = "not_run"
    """The budget left it out."""
    ERROR = "error"
    """Our own fault."""
    MANUAL = "manual"
    """A person decides."""

    @property
    def decided(self) -> bool:
        """Whether points can be given or taken on this outcome."""
        return self in (Outcome.PASSED, Outcome.FAILED, Outcome.MISSING)
