"""The summary on a terminal: two tables and the three things to fix first, legible at 80 columns and without colour."""

from __future__ import annotations

import re
import textwrap

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grader.text import Language
from reports.formatting import spaced
from reports.phrases import say
from reports.view import ItemRow, Summary, Tone

_STYLES: dict[Tone, str] = {"good": "green", "part": "yellow", "bad": "red", "open": "cyan", "none": "dim"}
_BAR_WIDTH = 40
_WIDE = 110
_MANY = 3
_FIXED = re.compile("[\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]")


class Sentence:
    """A sentence that breaks between words and, in French, not before a high sign, which the terminal's own would."""

    def __init__(self, text: str, language: Language) -> None:
        self._text = spaced(text, language)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in textwrap.wrap(self._text, options.max_width, break_on_hyphens=False) or [""]:
            yield Text(_FIXED.sub(" ", line))

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(max(map(len, self._text.split(" "))), len(self._text))


def print_summary(summary: Summary, console: Console) -> None:
    """Print `summary`: who and how many points, questions, stages, what to fix, conditions."""
    _head(summary, console)
    alike = _alike(summary)
    console.print(
        _questions(summary, console.width, frozenset(one.id for items in alike.values() for one in items))
    )
    console.print(Text(say("legend", summary.language), style="dim"))
    for (symbol, told), items in alike.items():
        console.print()
        ids = ", ".join(one.label for one in items)
        console.print(
            _hanging(symbol, f"{told.rstrip('.')}{say('colon', summary.language)}{ids}", summary.language)
        )
    if summary.stages:
        console.print()
        console.print(_stages(summary, console.width))
        console.print(Text(summary.data, style="dim"))
    _sentences("fix_first", summary.fix_first, summary.language, console, numbered=True)
    _sentences("problems", summary.problems, summary.language, console)
    _sentences("notes", summary.notes, summary.language, console)
    console.print()


def _head(summary: Summary, console: Console) -> None:
    total = summary.total
    console.print()
    console.print(Text(summary.title, style="bold"))
    console.print(Text(summary.authors))
    console.print()
    earned = round(total.earned_share * _BAR_WIDTH)
    lost = min(round(total.lost_share * _BAR_WIDTH), _BAR_WIDTH - earned)
    bar = Text()
    bar.append("█" * earned, style="green")
    bar.append("▒" * lost, style="red")
    bar.append("░" * (_BAR_WIDTH - earned - lost), style="cyan")
    bar.append(f"  {total.points} {total.of_decided}", style="bold")
    console.print(bar)
    console.print(Text(total.interval))
    if total.bonus:
        console.print(Text(f"{total.bonus[:1].upper()}{total.bonus[1:]}."))
    console.print()


def _table(title: str) -> Table:
    return Table(
        title=Text(title, style="bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        expand=False,
        padding=(0, 1),
    )


def _alike(summary: Summary) -> dict[tuple[str, str], list[ItemRow]]:
    """Return the items without a decision or an answer by what is said of them, where that is said of many."""
    said: dict[tuple[str, str], list[ItemRow]] = {}
    for item in summary.items:
        if item.tone in ("open", "none"):
            said.setdefault((item.symbol, item.feedback or item.outcome), []).append(item)
    return {told: items for told, items in said.items() if len(items) >= _MANY}


def _questions(summary: Summary, width: int, told_below: frozenset[str]) -> Table:
    language = summary.language
    table = _table(say("by_question", language))
    table.add_column("", no_wrap=True)
    table.add_column(say("question", language), no_wrap=True)
    table.add_column(say("points_column", language), justify="right", no_wrap=True)
    table.add_column(say("outcome", language), no_wrap=True)
    table.add_column(say("feedback", language), ratio=1, overflow="fold")
    for item in summary.items:
        if item.id in told_below and (item.tone == "none" or item.points.startswith("–")):
            continue
        style = _STYLES[item.tone]
        told = "" if item.id in told_below else item.feedback
        feedback = told or (item.question if width >= _WIDE else "")
        table.add_row(
            Text(item.symbol, style=style),
            Text(item.label),
            Text(item.points),
            Text(item.outcome, style=style),
            Sentence(told, language)
            if told
            else Text(feedback, style="dim", no_wrap=True, overflow="ellipsis"),
        )
    return table


def _stages(summary: Summary, width: int) -> Table:
    language = summary.language
    table = _table(summary.stages_title)
    table.add_column(say("stage", language), ratio=1, overflow="fold")
    if width >= _WIDE:
        table.add_column(say("ingredients", language), overflow="fold")
        table.add_column(say("parameters", language), justify="right", no_wrap=True)
    for name in ("claimed", "retrained"):
        table.add_column(say(name, language), justify="right", overflow="fold")
    table.add_column(say("band", language), justify="right", no_wrap=width >= _WIDE)
    table.add_column(say("verdict", language), overflow="fold")
    styles = {"good": "green", "bad": "red", "open": "cyan"}
    for row in summary.stages:
        wide = [Text(row.ingredients), Text(row.parameters)] if width >= _WIDE else []
        figures = [Text(row.claimed), Text(row.retrained), Text(row.band)]
        title = Text(f"{row.title} ({row.remarks})" if row.remarks else row.title)
        table.add_row(title, *wide, *figures, Text(row.judgement, style=styles[row.tone]))
    return table


def _sentences(
    title: str, lines: tuple[str, ...], language: Language, console: Console, *, numbered: bool = False
) -> None:
    if not lines:
        return
    console.print()
    console.print(Text(say(title, language), style="bold"))
    for number, line in enumerate(lines, start=1):
        mark = f"{number}." if numbered else "·"
        console.print(_hanging(mark, line, language))


def _hanging(mark: str, line: str, language: Language) -> Padding:
    """Return `line` with `mark` before it, its further lines set in."""
    grid = Table.grid(padding=(0, 1))
    grid.add_row(Text(mark), Sentence(line, language))
    return Padding(grid, (0, 0, 0, 1))
