"""A class as it comes on: one live table on a terminal, a plain log elsewhere, and a summary at the end."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table

from grader.classroom.progress import Progress
from grader.classroom.standing import Standing
from grader.text import Language, Text, agreeing, figure

_KINDS = (
    ("watch", Text(fr="observer", en="watch")),
    ("train", Text(fr="réentraîner", en="train")),
    ("judge", Text(fr="noter", en="mark")),
    ("report", Text(fr="rapports", en="reports")),
)
_HEADS = (
    Text(fr="étape", en="step"),
    Text(fr="faits", en="done"),
    Text(fr="en cours", en="running"),
    Text(fr="en attente", en="waiting"),
    Text(fr="échecs", en="failed"),
)
_SHARED = Text(
    fr="{stages} étapes à réentraîner, {distinct} entraînements",
    en="{stages} stages to train, {distinct} trainings",
)
_LEFT = Text(fr="reste environ {time}", en="about {time} left")
_UNKNOWN = Text(fr="durée restante encore inconnue", en="time left not known yet")
_LOG_EVERY_S = 10.0


class LiveClass:
    """Shows how a class comes on, on standard error."""

    def __init__(self, language: Language, *, quiet: bool = False) -> None:
        self._language, self._quiet = language, quiet
        self._console = Console(stderr=True, highlight=False)
        self._live = Live(console=self._console, auto_refresh=False)
        self._terminal = self._console.is_terminal and not quiet
        self._last_s = 0.0
        self._line = self._said = ""

    def __enter__(self) -> LiveClass:
        if self._terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._terminal:
            self._live.stop()
        elif self._line and self._line != self._said:
            self._say(self._line)

    def note(self, text: Text) -> None:
        """Say something once."""
        if not self._quiet:
            self._say(f"· {text.in_(self._language)}")

    def update(self, progress: Progress) -> None:
        """Show how far things are: at once on a terminal, every ten seconds and at the end in a log."""
        if self._quiet:
            return
        if self._terminal:
            self._live.update(self._table(progress), refresh=True)
            return
        self._line = self._told(progress)
        if self._line != self._said and time.monotonic() - self._last_s > _LOG_EVERY_S:
            self._last_s, self._said = time.monotonic(), self._line
            self._say(self._line)

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, soft_wrap=not self._terminal)

    def _table(self, progress: Progress) -> Table:
        table = Table(*(head.in_(self._language) for head in _HEADS), box=None, pad_edge=False)
        for kind, name in _KINDS:
            counts = progress.counts.get(kind, {})
            if not any(counts.values()):
                continue
            cells = [str(counts.get(state, 0) or "") for state in ("done", "running", "waiting", "failed")]
            table.add_row(name.in_(self._language), *cells)
        table.caption = self._rest(progress)
        table.caption_justify = "left"
        return table

    def _told(self, progress: Progress) -> str:
        parts = []
        for kind, name in _KINDS:
            counts = progress.counts.get(kind, {})
            if total := sum(counts.values()):
                failed = f" (✗ {counts['failed']})" if counts.get("failed") else ""
                parts.append(f"{name.in_(self._language)} {counts.get('done', 0)}/{total}{failed}")
        return f"· {' · '.join(part for part in (*parts, self._rest(progress)) if part)}"

    def _rest(self, progress: Progress) -> str:
        left_s = progress.left_s
        left = _UNKNOWN if left_s is None else _LEFT
        said = left.in_(self._language).format(time=_duration(left_s or 0.0))
        stages, distinct = progress.sharing
        shared = _SHARED.in_(self._language).format(stages=stages, distinct=distinct) if stages else ""
        return " · ".join(part for part in (shared, said if left_s != 0 else "") if part)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d}"
    return f"{minutes} min" if minutes >= 5 else f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


_GRADED = (
    Text(fr="{n} remise notée", en="{n} hand-in graded"),
    Text(fr="{n} remises notées", en="{n} hand-ins graded"),
)
_OPEN = (
    Text(fr="{n} attend une personne :", en="{n} waits for a person:"),
    Text(fr="{n} attendent une personne :", en="{n} wait for a person:"),
)
_NOT = (
    Text(fr="{n} non notée :", en="{n} not graded:"),
    Text(fr="{n} non notées :", en="{n} not graded:"),
)
_POINTS = (
    Text(fr="{who} : {open} point ouvert sur {maximum}", en="{who}: {open} point open of {maximum}"),
    Text(fr="{who} : {open} points ouverts sur {maximum}", en="{who}: {open} points open of {maximum}"),
)
_MORE = (
    Text(fr="… et {n} autre, voir gradebook.csv", en="… and {n} more, see gradebook.csv"),
    Text(fr="… et {n} autres, voir gradebook.csv", en="… and {n} more, see gradebook.csv"),
)
_WHY = Text(fr="{who} : {why}", en="{who}: {why}")
_LISTED = 12


def print_class(
    standings: tuple[Standing, ...], language: Language, console: Console, *, anonymous: bool
) -> None:
    """Print how many were graded, and who needs a person and why."""

    def name(one: Standing) -> str:
        return one.pseudonym if anonymous else f"{one.hand_in.name} ({one.hand_in.id})"

    graded = [one for one in standings if one.result is not None]
    console.print(agreeing(len(graded), *_GRADED).in_(language).format(n=len(graded)), markup=False)
    waiting = sorted(
        ((one.result.total.open, name(one), one.result.total.maximum) for one in graded if one.result),
        key=lambda row: (-row[0], row[1]),
    )
    _list(
        _OPEN,
        [
            agreeing(open_, *_POINTS)
            .in_(language)
            .format(who=who, open=figure(open_, language), maximum=figure(maximum, language))
            for open_, who, maximum in waiting
            if open_
        ],
        language,
        console,
    )
    absent = [one for one in standings if one.result is None]
    _list(
        _NOT,
        [
            name(one)
            if anonymous
            else _WHY.in_(language).format(who=name(one), why=one.note.in_(language) if one.note else "?")
            for one in absent
        ],
        language,
        console,
    )


def _list(title: tuple[Text, Text], lines: list[str], language: Language, console: Console) -> None:
    if not lines:
        return
    console.print(agreeing(len(lines), *title).in_(language).format(n=len(lines)), markup=False)
    for line in lines[:_LISTED]:
        console.print(f"  {line}", markup=False)
    if len(lines) > _LISTED:
        more = len(lines) - _LISTED
        console.print(f"  {agreeing(more, *_MORE).in_(language).format(n=more)}", markup=False)
