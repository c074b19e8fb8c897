"""Reads what students' programs left behind while they trained: printed lines, event files, CSV, JSON, notebooks.

Logs are data from outside: parsed in Python under caps of bytes, lines, series and depth, never unpickled or
evaluated, and believed in nothing that can be measured again. What comes out are `StudentCurve`s.

    printed ─┐
    events ──┼── series (names to quantities, values to points) ── reading
    tables ──┘
"""

from grader.logs.notebooks import plots_of
from grader.logs.printed import read_printed
from grader.logs.reading import read_logs

__all__ = ["plots_of", "read_logs", "read_printed"]
