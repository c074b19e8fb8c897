"""Verdicts to points, pure: what each item earned, what stays open, what to fix first, under any points scheme."""

from grader.marking.awarding import charge, mark
from grader.marking.scheme import Scheme, load_scheme

__all__ = ["Scheme", "charge", "load_scheme", "mark"]
