"""Reads what a faulty work must lose, and tells whether its fault shows in what the grader recorded.

The format of `expected.toml` is told in the coursework's README, under "Overlays".
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from grader.model import Outcome
from grader.text import Text


class Loss(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one item loses, in points, and how it ends."""

    lost: float
    outcome: Outcome


class Seen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One place where the fault shows: in a stage's records, or under a question."""

    stage: str | None = None
    record: str | None = None
    value: Any = msgspec.UNSET
    answer: str | None = None
    holds: tuple[Any, ...] | str | None = None
    state: str | None = None


class Expected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that is expected of a faulty work; items that a budget does not list lose nothing."""

    fault: Text
    seen_in: tuple[Seen, ...]
    static: dict[str, Loss]
    quick: dict[str, Loss]


def read_expected(folder: Path) -> Expected:
    """Return what `folder`/expected.toml says; raises msgspec.ValidationError when it says it wrongly."""
    return msgspec.convert(tomllib.loads((folder / "expected.toml").read_text(encoding="utf-8")), Expected)


def shows_in_stage(seen: Seen, records: Mapping[str, Any]) -> bool:
    """Return whether the fault shows in a stage's records.

    `records` holds the stage's `examination`, `recipe`, `match` and `recording`, as records or as plain
    JSON values. A path that leads nowhere shows nothing.
    """
    if seen.record is None:
        return False
    plain = msgspec.json.decode(msgspec.json.encode(records))
    found = _follow(plain, seen.record.split("."))
    if seen.value is not msgspec.UNSET:
        return bool(found == seen.value)
    return isinstance(found, list) and _has_in_a_row(found, list(seen.holds or ()))


def shows_in_answer(seen: Seen, text: str, state: str) -> bool:
    """Return whether the fault shows in the answer found under the question, or in its state."""
    if seen.state is not None:
        return state == seen.state
    return isinstance(seen.holds, str) and " ".join(seen.holds.split()) in " ".join(text.split())


def _follow(record: Any, steps: Sequence[str]) -> Any:
    if not steps:
        return record
    step, rest = steps[0], steps[1:]
    if isinstance(record, Mapping):
        return _follow(record.get(step), rest)
    if isinstance(record, list):
        if step == "*":
            return [_follow(element, rest) for element in record]
        if step.isdecimal():
            return _follow(record[int(step)], rest) if int(step) < len(record) else None
        named = (
            element for element in record if isinstance(element, Mapping) and element.get("name") == step
        )
        return _follow(next(named, None), rest)
    return None


def _has_in_a_row(found: list[Any], wanted: list[Any]) -> bool:
    starts = range(len(found) - len(wanted) + 1)
    return bool(wanted) and any(found[start : start + len(wanted)] == wanted for start in starts)
