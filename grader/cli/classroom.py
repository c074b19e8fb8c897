"""`grade class`: many hand-ins by one command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from grader.classroom.running import Graded, grade_class
from grader.classroom.settings import ClassOptions
from grader.classroom.standing import Standing, standings
from grader.classroom.taking_away import Platforms, Taken, take_reports, take_tables
from grader.cli.class_view import LiveClass, print_class
from grader.pipeline.options import machine_language
from grader.text import Text

_PATH = click.Path(path_type=Path)
_LAST = Text(
    fr="Rapport de classe, et comparaison des remises entre elles.",
    en="Class report, and comparing the hand-ins with each other.",
)
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
@click.option(
    "--no-reports", is_flag=True, help="Marks and tables only; reports are made by a run without it."
)
@click.option("--moodle", "worksheet", type=_PATH, help="Moodle's grading worksheet, to be filled in.")
@click.option("--canvas", "canvas_gradebook", type=_PATH, help="Canvas's gradebook CSV, to be filled in.")
@click.option("--canvas-column", metavar="TITLE", help="The assignment there, where there are several.")
def class_(
    source: Path,
    worksheet: Path | None,
    canvas_gradebook: Path | None,
    canvas_column: str | None,
    no_reports: bool,
    **choices: Any,
) -> int:
    """Grade every hand-in of SOURCE: a folder, Moodle's or Canvas's archive, an nbgrader course, a CSV of paths."""
    options = ClassOptions(source=source, reports=not no_reports, **choices)
    language = options.language or machine_language()
    platforms = Platforms(worksheet=worksheet, canvas_gradebook=canvas_gradebook, canvas_column=canvas_column)
    found: tuple[Standing, ...] = ()
    taken = Taken()
    with LiveClass(language) as live:

        def marked(graded: Graded) -> None:
            nonlocal found, taken
            found = standings(graded)
            taken = take_tables(graded, found, language, platforms)
            live.note(_marks_are_out(graded, options.reports))

        graded = grade_class(options, live, marked=marked)
    live.note(_LAST)
    take_reports(graded, found, language, taken)
    print_class(found, language, Console(highlight=False), anonymous=options.anonymous)
    for note in taken.notes:
        click.echo(note.in_(language), err=True)
    for path in taken.files:
        click.echo(_WROTE.in_(language).format(path=path))
    failed = any(row.steps.get(step) == "failed" for row in graded.rows for step in ("judge", "report"))
    return 1 if failed else 0


def _marks_are_out(graded: Graded, reports: bool) -> Text:
    """Say where the marks are, and how many reports are still to come."""
    path = graded.options.out / "gradebook.csv"
    left = sum(
        row.steps.get("judge") == "done" and row.steps.get("report") not in ("done", "failed")
        for row in graded.rows
    )
    if not left:
        return Text(fr=f"Toutes les notes sont dans {path}.", en=f"All marks are in {path}.")
    if reports:
        return Text(
            fr=f"Toutes les notes sont dans {path} ; {left} rapports suivent.",
            en=f"All marks are in {path}; {left} reports follow.",
        )
    return Text(
        fr=f"Toutes les notes sont dans {path} ; {left} rapports restent à faire, par la même commande sans "
        "--no-reports.",
        en=f"All marks are in {path}; {left} reports are still to be made, by the same command without --no-reports.",
    )
