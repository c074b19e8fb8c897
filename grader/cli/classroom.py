"""`grade class`: many hand-ins by one command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from grader.classroom.running import grade_class
from grader.classroom.settings import ClassOptions
from grader.classroom.standing import standings
from grader.classroom.taking_away import take_away
from grader.cli.class_view import LiveClass, print_class
from grader.pipeline.options import machine_language
from grader.text import Text

_PATH = click.Path(path_type=Path)
_WROTE = Text(fr="Écrit : {path}", en="Written: {path}")


@click.command(name="class")
@click.argument("source", type=_PATH)
@click.option("--out", type=_PATH, required=True, help="Folder for the class; the same again goes on.")
@click.option("--assignment", metavar="SLUG", help="The coursework; `grade list` names them.")
@click.option(
    "--budget", type=click.Choice(["static", "quick", "full"]), help="[default: full on a GPU, else quick]"
)
@click.option("--data", default="auto", show_default=True, help="auto, synthetic, cifar10, or a folder.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option("--lang", "language", type=click.Choice(["fr", "en"]), help="Language of reports and tables.")
@click.option(
    "--sandbox", type=click.Choice(["bubblewrap", "none"]), default="bubblewrap", show_default=True,
    help="none runs other people's programs with your rights.",
)  # fmt: skip
@click.option("--scheme", type=_PATH, help="A TOML file with other points.")
@click.option("--jobs", type=click.IntRange(1, 1024), help="Jobs at a time.  [default: one a core]")
@click.option("--engine", type=click.Choice(["processes", "ray"]), default="processes", show_default=True)
@click.option("--address", help="Of the Ray cluster; without it one is started on this machine.")
@click.option("--only", multiple=True, metavar="ID", help="Grade these hand-ins only; may be given again.")
@click.option("--retry-errors", is_flag=True, help="Try again what failed in an earlier run.")
@click.option("--anonymous", is_flag=True, help="Pseudonyms in everything that is written for the class.")
@click.option("--moodle", "worksheet", type=_PATH, help="Moodle's grading worksheet, to be filled in.")
@click.option("--canvas", "canvas_gradebook", type=_PATH, help="Canvas's gradebook CSV, to be filled in.")
@click.option("--canvas-column", metavar="TITLE", help="The assignment there, where there are several.")
def class_(
    source: Path,
    worksheet: Path | None,
    canvas_gradebook: Path | None,
    canvas_column: str | None,
    **choices: Any,
) -> int:
    """Grade every hand-in of SOURCE: a folder, Moodle's or Canvas's archive, an nbgrader course, a CSV of paths."""
    options = ClassOptions(source=source, **choices)
    language = options.language or machine_language()
    with LiveClass(language) as live:
        graded = grade_class(options, live)
    found = standings(graded)
    print_class(found, language, Console(highlight=False), anonymous=options.anonymous)
    taken = take_away(
        graded,
        found,
        language,
        worksheet=worksheet,
        canvas_gradebook=canvas_gradebook,
        canvas_column=canvas_column,
    )
    for note in taken.notes:
        click.echo(note.in_(language), err=True)
    for path in taken.files:
        click.echo(_WROTE.in_(language).format(path=path))
    return (
        1
        if any(row.steps.get(step) == "failed" for row in graded.rows for step in ("judge", "report"))
        else 0
    )
