"""Verdicts to points: what each item earned, what stays open, what to fix first, what a person decided instead.

Pure but for reading a points scheme, and for reading and adding to `overrides.toml`.
"""

from grader.marking.awarding import charge, mark
from grader.marking.overrides import NAME as OVERRIDES
from grader.marking.overrides import append_overrides, check_override, load_overrides
from grader.marking.scheme import Scheme, load_scheme

__all__ = [
    "OVERRIDES",
    "Scheme",
    "append_overrides",
    "charge",
    "check_override",
    "load_overrides",
    "load_scheme",
    "mark",
]
