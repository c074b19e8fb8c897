"""The pure part: texts of a result, without a figure or a page."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import report_example
from rich.console import Console

from grader.model import Language, Mark, Outcome, Result, Total
from reports import summary
from reports.terminal import Sentence, print_summary


def _printed(result: Result, language: Language, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, no_color=True, highlight=False, legacy_windows=False)
    print_summary(summary(result, language), console)
    stream = console.file
    assert isinstance(stream, io.StringIO)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


@pytest.mark.parametrize(("language", "width"), [("fr", 80), ("en", 80), ("fr", 120), ("en", 120)])
def test_terminal_shows_the_result(
    language: Language, width: int, golden: Callable[[str, str], None]
) -> None:
    """The terminal shows both tables and what to fix first, within the width, without colour."""
    shown = _printed(report_example.example(), language, width)
    assert max(map(len, shown.splitlines())) <= width
    golden(f"terminal-{language}-{width}.txt", shown)


def test_no_line_of_a_terminal_begins_with_a_high_sign() -> None:
    """French keeps its colons with the word before them, and what is printed holds ordinary spaces only."""
    console = Console(file=io.StringIO(), width=20, no_color=True, highlight=False)
    console.print(Sentence("Le pas s'annule vite : appelez lr_sched.step() une fois.", "fr"))
    stream = console.file
    assert isinstance(stream, io.StringIO)
    lines = [line.rstrip() for line in stream.getvalue().splitlines()]
    assert lines == ["Le pas s'annule", "vite : appelez", "lr_sched.step() une", "fois."]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_summary_in_words(language: Language, golden: Callable[[str, str], None]) -> None:
    """The summary holds formatted texts only, the same from run to run."""
    encoded = msgspec.json.format(msgspec.json.encode(summary(report_example.example(), language)), indent=1)
    golden(f"summary-{language}.json", encoded.decode() + "\n")


def test_hostile_text_is_shown_on_the_terminal_as_text() -> None:
    """Control, bidirectional and zero-width characters never reach the terminal raw."""
    shown = _printed(report_example.hostile(), "fr", 80)
    assert not set(shown) & set("\x07\x1b\x00\u202e\u202c\u200b")
    assert "⟨U+001B⟩" in shown
    assert "[31m" in shown


def test_total_is_an_interval_while_something_is_open() -> None:
    """Undecided points widen the mark to an interval and are never counted as lost."""
    total = Total(points=7.5, decided=10, open=5, maximum=20)
    row = summary(msgspec.structs.replace(report_example.example(), total=total), "en").total
    assert (row.points, row.of_decided) == ("7.5", "/ 10 decided")
    assert "between 7.5 and 12.5" in row.interval
    assert row.earned_share + row.lost_share + row.open_share == pytest.approx(1)
    assert row.lost_share == pytest.approx(7.5 / 20)


def test_total_without_open_points_is_a_mark() -> None:
    """A decided result reads as points out of the maximum."""
    total = Total(points=20, decided=20, open=0, maximum=20, bonus=1.5)
    row = summary(msgspec.structs.replace(report_example.example(), total=total), "fr").total
    assert (row.points, row.of_decided) == ("20", "/ 20")
    assert row.bonus == "plus 1,5\N{NO-BREAK SPACE}point de bonus"
    assert row.earned_share == 1


@pytest.mark.parametrize(
    ("mark", "symbol", "points"),
    [
        (Mark(item="Q1", outcome=Outcome.PASSED, maximum=2, points=2), "✓", "2 / 2"),
        (Mark(item="Q1", outcome=Outcome.FAILED, maximum=2, points=1.5), "◐", "1,5 / 2"),
        (Mark(item="Q1", outcome=Outcome.FAILED, maximum=2, points=0), "✗", "0 / 2"),
        (Mark(item="Q1", outcome=Outcome.MISSING, maximum=2, points=0), "–", "0 / 2"),
        (Mark(item="Q1", outcome=Outcome.MANUAL, maximum=2, points=None, open=2), "○", "– / 2"),
        (Mark(item="Q1", outcome=Outcome.BLOCKED, maximum=2, points=1, open=1), "○", "1 / 2"),
        (Mark(item="Q1", outcome=Outcome.ERROR, maximum=2, points=None, open=2), "○", "– / 2"),
    ],
)
def test_every_kind_of_mark_has_its_sign(mark: Mark, symbol: str, points: str) -> None:
    """Earned, partly earned, lost, absent and undecided marks look different without colour."""
    row = summary(msgspec.structs.replace(report_example.example(), marks=(mark,)), "fr").items[0]
    assert (row.symbol, row.points) == (symbol, points)


def test_data_stands_beside_the_figures() -> None:
    """The phrase that goes with every number names data, budget, device, precision and seed."""
    assert summary(report_example.example(), "fr").data == (
        "Données synthétiques embarquées, budget quick, cpu fp32, graine 0"
    )


def test_importing_reports_is_cheap() -> None:
    """Neither the package nor the terminal view loads matplotlib, jinja2, weasyprint or torch."""
    program = (
        "import sys, reports, reports.terminal; "
        "print({'matplotlib', 'jinja2', 'weasyprint', 'torch', 'numpy'} & set(sys.modules))"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
