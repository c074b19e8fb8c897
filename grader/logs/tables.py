"""CSV tables and JSON result dictionaries as named series: wide or long, one training or several."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from grader.logs.series import Kind, Phase, kind_of, phase_of

ROWS_MAX = 20_000
COLUMNS_MAX = 100
RUNS_MAX = 60
_CELL_MAX = 200
_DEPTH_MAX = 6
_VALUES_MAX = 200_000
_STEP = re.compile(r"epochs?|[ée]poques?|steps?|it(?:er(?:ation)?s?)?|n|index", re.IGNORECASE)

Run = dict[Kind, list[tuple[float, float]]]


def read_csv(text: str, name: str) -> dict[str, Run]:
    """Return the series of each training that the table holds, by the word in its rows that tells them apart.

    A column is a series, or `Step`/`Value` is one that the file's `name` describes (as TensorBoard exports it). A
    column that says train or test splits the rows; another column of few words names the training.
    """
    rows = _rows(text)
    if len(rows) < 3:
        return {}
    head, body = rows[0], rows[1:]
    lowered = [cell.strip().lower() for cell in head]
    step = next((at for at, cell in enumerate(lowered) if _STEP.fullmatch(cell)), None)
    kinds = {at: kind for at, cell in enumerate(head) if at != step and (kind := kind_of(cell)) is not None}
    if "value" in lowered and not kinds and (kind := kind_of(name)) is not None:
        kinds = {lowered.index("value"): kind}
    words = [at for at in range(len(head)) if at not in kinds and at != step and _is_words(body, at)]
    phases = next((at for at in words if any(phase_of(row[at]) for row in body if at < len(row))), None)
    label = next((at for at in words if at != phases), None)
    found: dict[str, Run] = {}
    for place, row in enumerate(body):
        run = found.setdefault(_cell(row, label), {}) if len(found) < RUNS_MAX else {}
        at_step = _number(_cell(row, step))
        for column, kind in kinds.items():
            value = _number(_cell(row, column))
            if value is not None:
                phase = kind.phase or phase_of(_cell(row, phases))
                where = float(len(run.get(Kind(phase, kind.quantity), ())) if label is not None else place)
                run.setdefault(Kind(phase, kind.quantity), []).append(
                    (where if at_step is None else at_step, value)
                )
    return {label: run for label, run in found.items() if run}


def _rows(text: str) -> list[list[str]]:
    lines = [line for line in text.split("\n") if line.strip()][: ROWS_MAX + 1]
    if not lines:
        return []
    delimiter = max("\t;|,", key=lines[0].count)
    try:
        return [
            [cell[:_CELL_MAX].strip() for cell in row[:COLUMNS_MAX]]
            for row in csv.reader(lines, delimiter=delimiter)
        ]
    except csv.Error:
        return []


def _is_words(rows: list[list[str]], column: int) -> bool:
    """Tell whether a column names things: the same few words again and again, none of them a number."""
    cells = {_cell(row, column) for row in rows} - {""}
    return 0 < len(cells) <= max(1, len(rows) // 2) and all(_number(cell) is None for cell in cells)


def _cell(row: list[str], column: int | None) -> str:
    return row[column] if column is not None and column < len(row) else ""


def _number(cell: str) -> float | None:
    bare = cell.strip().rstrip("%").strip()
    try:
        value = float(bare.replace(",", ".") if bare.count(",") == 1 and "." not in bare else bare)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def read_json(content: bytes, name: str) -> dict[str, Run]:
    """Return the series of each training in a JSON document, by the keys above it; nothing for what is no result.

    Read are lists of numbers under a name (`{"train_loss": [...]}`), halves of the data as keys
    (`{"test": {"acc": [...]}}`), one record an epoch, and TensorBoard's own export (`[[time, step, value], ...]`).
    """
    try:
        document = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError):
        return {}
    found: dict[str, Run] = {}
    total = 0
    for label, kind, series in _walk(document, (), name, 0):
        total += len(series)
        if total > _VALUES_MAX or (label not in found and len(found) >= RUNS_MAX):
            break
        found.setdefault(label, {}).setdefault(kind, series)
    return found


def _walk(
    node: Any, above: tuple[str, ...], name: str, depth: int
) -> Iterator[tuple[str, Kind, list[tuple[float, float]]]]:
    """Yield label, kind and values of every series under `node`."""
    if depth > _DEPTH_MAX:
        return
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _walk(value, (*above, str(key)[:_CELL_MAX]), name, depth + 1)
    elif isinstance(node, list) and node:
        if all(_is_number(one) for one in node):
            yield from _named(above, name, [(float(at), float(one)) for at, one in enumerate(node)])
        elif all(isinstance(one, dict) for one in node):
            yield from _epochs(node, above)
        elif all(isinstance(one, list) and len(one) == 3 and all(map(_is_number, one)) for one in node):
            yield from _named(above, name, [(float(one[1]), float(one[2])) for one in node])


def _named(
    above: tuple[str, ...], name: str, series: list[tuple[float, float]]
) -> Iterator[tuple[str, Kind, list[tuple[float, float]]]]:
    """Yield `series` under what its own key says, with the half of the data that a key above it names."""
    kind = kind_of(above[-1]) if above else kind_of(name)
    if kind is None:
        return
    phases: list[Phase | None] = [phase_of(key) for key in above[:-1]]
    phase = kind.phase or next((one for one in reversed(phases) if one is not None), None)
    label = " ".join(key for key, said in zip(above[:-1], phases, strict=True) if said is None)
    yield label, Kind(phase, kind.quantity), series


def _epochs(
    records: list[dict[str, Any]], above: tuple[str, ...]
) -> Iterator[tuple[str, Kind, list[tuple[float, float]]]]:
    """Yield the series of a list with one record an epoch."""
    keys = dict.fromkeys(key for record in records[:ROWS_MAX] for key in record)
    for key in list(keys)[:COLUMNS_MAX]:
        kind = kind_of(key)
        held = [
            (float(at), float(record[key]))
            for at, record in enumerate(records)
            if _is_number(record.get(key))
        ]
        if kind is not None and held:
            yield " ".join(above), kind, held


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
