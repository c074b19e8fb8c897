"""The accuracies a student states stage by stage, read from tables and from lines such as `- Dropout : 82 %`."""

from __future__ import annotations

import re

from grader.answers import grids
from grader.answers.numbers import find_numbers
from grader.model import Assignment, Stage
from grader.stage_names import stage_named

_ACCURACY = re.compile(r"acc|pr[ée]c|top.?1|%|score|r[ée]sultat|result", re.IGNORECASE)
_TEST = re.compile(r"test|[ée]val|valid", re.IGNORECASE)
_TRAIN = re.compile(r"train|apprentissage|loss|perte|[ée]poque|epoch|temps|time", re.IGNORECASE)
_LINE = re.compile(r"^\s*[-*+]\s*(?P<name>[^:|=→]{2,80}?)\s*(?::|=|→|->)\s*(?P<value>[^|]{1,60}%.*)$")


def read_claims(text: str, assignment: Assignment) -> dict[str, float]:
    """Return the final test accuracy in percent that `text` states for each stage, the first saying first."""
    found: dict[str, float] = {}
    tables, rest = grids.split(text)
    for grid in tables:
        for name, value in _rows(grid, assignment.stage):
            found.setdefault(name, value)
    for line in rest.splitlines():
        match = _LINE.match(line)
        stage = stage_named(match["name"], assignment.stage) if match else None
        stated = _percent(match["value"], "%") if match and stage else None
        if stage and stated is not None:
            found.setdefault(stage, stated)
    return found


def _rows(grid: grids.Grid, stages: tuple[Stage, ...]) -> list[tuple[str, float]]:
    turned = grid.turned()
    if _named(turned, stages) > _named(grid, stages):
        grid = turned
    if _named(grid, stages) < 1:
        return []
    column = _accuracy_column(grid.rows[0])
    if column is None:
        return []
    heading = grid.rows[0][column]
    found = []
    for cells in grid.rows[1:]:
        stage = stage_named(cells[0], stages) if cells else None
        value = _percent(cells[column], heading) if column < len(cells) else None
        if stage is not None and value is not None:
            found.append((stage, value))
    return found


def _named(grid: grids.Grid, stages: tuple[Stage, ...]) -> int:
    return sum(bool(row) and stage_named(row[0], stages) is not None for row in grid.rows[1:])


def _accuracy_column(heading: tuple[str, ...]) -> int | None:
    """Return the column of test accuracies: one that says test, else the only one that says accuracy."""
    says = [place for place, cell in enumerate(heading) if place and _ACCURACY.search(cell)]
    tests = [place for place in says if _TEST.search(heading[place])]
    tests = tests or [place for place, cell in enumerate(heading) if place and _TEST.fullmatch(cell.strip())]
    if tests:
        return tests[0]
    says = [place for place in says if not _TRAIN.search(heading[place])]
    return says[0] if len(says) == 1 else None


def _percent(cell: str, heading: str) -> float | None:
    numbers = find_numbers(cell)
    if not numbers:
        return None
    value = min(numbers[0].values)
    if 0 < value <= 1 and "%" not in cell and "%" not in heading:
        value *= 100
    return round(value, 4) if 0 <= value <= 100 else None
