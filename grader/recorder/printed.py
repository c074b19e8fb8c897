"""What the program prints: its tail is kept, and the losses and accuracies in it are read."""

from __future__ import annotations

import io
import math
import re
from typing import Any, Literal

from grader.model import Metric
from grader.recorder.journal import METRICS_MAX, Journal, TrainingRecord

TAIL_BYTES = 4_096
_LINE_MAX = 1_000
_FEW = 2
"""Batches of a pass from which its last one differs from the whole."""
_TOTAL_MAX = 5_000_000
_NUMBER = r"[^0-9+\-]{0,16}?([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*(%?)"
_LOSS = re.compile(r"\b(?:\w*loss|perte|erreur|error)\b" + _NUMBER, re.IGNORECASE)
_ACCURACY = re.compile(
    r"(?:\b(?:\w*acc|\w*accuracy|pr[ée]cision|prec@1|top-?1|taux)\b)" + _NUMBER.replace("{0,16}", "{0,24}"),
    re.IGNORECASE,
)
_AVERAGE = re.compile(r"\s*\(\s*([-+]?\d+(?:\.\d+)?)")
_TEST = re.compile(r"test|eval|valid|\bval\b", re.IGNORECASE)
_TRAIN = re.compile(r"train|appren", re.IGNORECASE)


class Printed(io.TextIOBase):
    """Takes the place of the program's standard output and error."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._tail = ""
        self._line = ""
        self._total = 0

    def writable(self) -> bool:
        """Whether it takes text: always."""
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Name of the encoding that programs ask for."""
        return "utf-8"

    @property
    def buffer(self) -> io.BytesIO:
        """A place for bytes that nobody reads."""
        return io.BytesIO()

    def write(self, text: Any) -> int:
        """Keep the end of `text` and read its whole lines."""
        text = str(text)
        self._total += len(text)
        self._tail = (self._tail + text[-TAIL_BYTES:])[-TAIL_BYTES:]
        if self._total < _TOTAL_MAX:
            *lines, rest = (self._line + text[: 4 * _LINE_MAX]).split("\n")
            self._line = rest[-_LINE_MAX:]
            for line in lines[:50]:
                self._read(line[:_LINE_MAX])
        return len(text)

    def tail(self) -> str:
        """Return the last 4 kB printed."""
        return self._tail.encode("utf-8", "replace")[-TAIL_BYTES:].decode("utf-8", "replace")

    def _read(self, line: str) -> None:
        run = self._journal.current
        kept = run.printed if run is not None else self._journal.early_printed
        if len(kept) >= METRICS_MAX:
            return
        epoch = len(run.passes) if run is not None and run.passes else None
        for name, pattern in (("loss", _LOSS), ("accuracy", _ACCURACY)):
            found = pattern.search(line)
            if found is None:
                continue
            average = _AVERAGE.match(line, found.end())
            value = float(average.group(1) if average else found.group(1))
            digits = (average or found).group(1).partition(".")[2]
            slack = 0.6 * 10.0 ** -(len(digits) if digits.isdecimal() else 6)
            if name == "accuracy" and value <= 1.0 and not found.group(2):
                value, slack = 100.0 * value, 100.0 * slack
            if run is not None:
                _compare(self._journal, run, name, value, slack)
            if abs(value) < 1e6:
                kept.append(Metric(name=name, value=value, epoch=epoch, phase=_phase(line[: found.end()])))


def _compare(journal: Journal, run: TrainingRecord, name: str, value: float, slack: float) -> None:
    """Note whether a figure told after a pass is that of its last batch, or that of the whole pass."""
    last = mean = False
    for one in journal.ended[-2:]:
        seen = one.losses if name == "loss" else one.accuracies
        if len(seen) < _FEW or not math.isfinite(sum(seen)) or abs(seen[-1]) <= 4 * slack:
            continue
        last |= abs(value - seen[-1]) <= slack
        mean |= abs(value - sum(seen) / len(seen)) <= slack
    if (last or mean) and len(run.figures) < METRICS_MAX:
        run.figures.append((name, last, mean))


def _phase(before: str) -> Literal["train", "test", "unknown"]:
    """Return which half of the data the figure at the end of `before` is about, by the nearest word."""
    test = max((one.end() for one in _TEST.finditer(before)), default=-1)
    train = max((one.end() for one in _TRAIN.finditer(before)), default=-1)
    if test == train:
        return "unknown"
    return "test" if test > train else "train"
