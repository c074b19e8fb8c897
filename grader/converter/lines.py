"""Runs of a page to its lines: exponents, indices and fractions written out, columns kept apart."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from grader.converter.glyphs import Run

_LINES_MAX = 500
"""A page with more has no lists worth the search."""

_MARKER = re.compile(r"[(\[]?(?:\d{1,2}|[A-Za-z])\s?[.):\]]|[•–▪◦∙*-]|\d{1,2}")
_ORDINAL = re.compile(r"(?:er|ère|e|ème|eme|nd|nde|th|st|rd|o|re|ième)s?")


@dataclass
class Line:
    """One printed line; `cells` are more than one where wide spaces divide it."""

    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool
    lost: int
    cells: list[str] = field(default_factory=list)


def page_lines(runs: list[Run]) -> list[Line]:
    """Return the lines of a page in the order in which it draws them."""
    groups: list[list[Run]] = []
    for run in runs:
        if groups and _belongs(run, groups[-1]):
            groups[-1].append(run)
        else:
            groups.append([run])
    return _with_markers([line for line in map(_line, groups) if line.text])


def _with_markers(lines: list[Line]) -> list[Line]:
    """Return the lines with numbers and bullets that were drawn apart put before the line beside them."""
    lone = [line for line in lines if _MARKER.fullmatch(line.text)]
    if not lone or len(lines) > _LINES_MAX:
        return lines
    for marker in lone:
        beside = [line for line in lines if line is not marker and _stands_right(line, marker)]
        if beside:
            first = min(beside, key=lambda line: line.x0)
            first.text = f"{marker.text} {first.text}"
            first.cells[0] = f"{marker.text} {first.cells[0]}"
            first.x0 = marker.x0
            lines = [line for line in lines if line is not marker]
    return lines


def _stands_right(line: Line, marker: Line) -> bool:
    near = abs(line.y - marker.y) < 0.25 * line.size and abs(line.size - marker.size) < 0.3 * line.size
    return near and -1 < line.x0 - marker.x1 < 3 * line.size


def _main(group: list[Run]) -> Run:
    """Return the run that sets a line's baseline: the first of full size, since few lines begin with a fraction."""
    largest = max(run.size for run in group)
    return next(run for run in group if run.size > 0.85 * largest)


def _belongs(run: Run, group: list[Run]) -> bool:
    """Tell whether `run` goes on the line of `group`."""
    main, last = _main(group), group[-1]
    away = abs(run.y - main.y) / max(main.size, run.size)
    if away < 0.15:
        return all(
            run.x0 >= other.x1 - 0.5 * main.size or run.x1 <= other.x0 + 0.5 * main.size for other in group
        )
    if away > 1.0:
        return False
    if run.x0 >= last.x1 - 0.35 * main.size:
        return run.size < 0.9 * main.size or away > 0.3 or run.x0 - last.x1 < main.size
    # Back over what is above: the lower half of a fraction, or an index under an exponent.
    return last.y - run.y > 0.3 * run.size and run.x1 > last.x0 and last is not main


def _line(group: list[Run]) -> Line:
    main = _main(group)
    if all(abs(run.y - main.y) < 0.15 * main.size for run in group):
        group = sorted(group, key=lambda run: run.x0)
    cells: list[str] = [""]
    place = 0
    while place < len(group):
        run = group[place]
        if run.column and cells[-1]:
            cells.append("")
        written, place = _written(group, place, main)
        cells[-1] += written
    cells = [" ".join(cell.split()) for cell in cells]
    plain = sum(len(run.text) for run in group if not run.bold)
    return Line(
        text="\t".join(cell for cell in cells if cell),
        x0=min(run.x0 for run in group),
        x1=max(run.x1 for run in group),
        y=main.y,
        size=main.size,
        bold=plain == 0,
        lost=sum(run.lost for run in group),
        cells=cells,
    )


def _written(group: list[Run], place: int, main: Run) -> tuple[str, int]:
    """Return the text of the run at `place` (with those of a fraction it begins), and the place after it."""
    run = group[place]
    rise = (run.y - main.y) / main.size
    if abs(rise) < 0.1:
        return run.text, place + 1
    if rise >= 0.3:
        upper, lower = _halves(group, place, main)
        above, below = group[place:upper], group[upper:lower]
        if below and _over(above, below):
            return f" ({_told(above)})/({_told(below)}) ", lower
    text = run.text.strip()
    small = run.size < 0.9 * main.size
    if rise > 0 and (_ORDINAL.fullmatch(text) or not text.strip("'′’*★☆")):
        return text.replace("′", "'"), place + 1
    if not small or not text:
        return run.text, place + 1
    return f"{'^' if rise > 0 else '_'}{{{text}}}", place + 1


def _halves(group: list[Run], place: int, main: Run) -> tuple[int, int]:
    """Return where what is raised from `place` on ends, and where what then stands below ends."""
    far = 0.25 * main.size
    upper = place + 1
    while upper < len(group) and group[upper].y - main.y > far and group[upper].x0 >= group[upper - 1].x1 - 1:
        upper += 1
    lower = upper
    while lower < len(group) and main.y - group[lower].y > far:
        lower += 1
    return upper, lower


def _told(part: list[Run]) -> str:
    return " ".join("".join(run.text for run in part).split())


def _over(above: list[Run], below: list[Run]) -> bool:
    """Tell whether two parts stand centred over each other, as the halves of a fraction do."""
    ends = [(part[0].x0, max(run.x1 for run in part)) for part in (above, below)]
    centres = [(start + end) / 2 for start, end in ends]
    width = max(end - start for start, end in ends)
    return abs(centres[0] - centres[1]) < max(0.15 * width, 1.5)
