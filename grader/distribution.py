"""Which of the two distributions of the one tree this is: the teacher's, or the students' without answers."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

Distribution = Literal["teacher", "student"]

MARKER = Path(__file__).with_name("distribution.txt")
"""Written into the students' wheel when it is built (`make student-dist`); absent everywhere else."""


def current(marker: Path = MARKER) -> Distribution:
    """Return "student" where the marker says so, else "teacher"."""
    try:
        return "student" if marker.read_text(encoding="ascii").strip() == "student" else "teacher"
    except FileNotFoundError:
        return "teacher"
