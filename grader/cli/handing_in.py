"""The commands for what a sheet asks students to hand in: the evening follow-up and the final report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from grader import pipeline
from grader.cli.live import LiveProgress
from grader.pipeline.options import Options, machine_language
from grader.text import Text, agreeing

_PATH = click.Path(path_type=Path)
_PAGES = Text(fr="{path} ({n} pages)", en="{path} ({n} pages)")
_PAGE = Text(fr="{path} (1 page)", en="{path} (1 page)")


def _options(command: Any) -> Any:
    """Give a command what both have."""
    for option in (
        click.option(
            "--sandbox", type=click.Choice(["auto", "bubblewrap", "none"]), default="auto", show_default=True
        ),
        click.option("--lang", "language", type=click.Choice(["fr", "en"]), help="[default: the sheet's]"),
        click.option("--out", type=_PATH, help="Where grade leaves its results.  [default: graded/NAME]"),
        click.option("--assignment", metavar="SLUG", help="The coursework; `grade list` names them."),
        click.argument("submission", type=_PATH),
    ):
        command = option(command)
    return command


@click.command()
@_options
def followup(submission: Path, out: Path | None, **choices: Any) -> int:
    """Print the follow-up of SUBMISSION, due on the evening of the session.

    It holds the starred answers, what was achieved stage by stage, and your comments: a file suivi.md, or a
    heading "Commentaires" in answers.md or report.md.
    """
    return _make(pipeline.followup, submission, out, choices)


@click.command(name="compile")
@_options
def compile_report(submission: Path, out: Path | None, **choices: Any) -> int:
    """Print the final report of SUBMISSION from its report.md and answers.md.

    Curves are those of the last `grade SUBMISSION`, else those of your own logs. A report that is too long is
    refused with its longest sections.
    """
    return _make(pipeline.compile_report, submission, out, choices)


def _make(make: Any, submission: Path, out: Path | None, choices: dict[str, Any]) -> int:
    language = choices["language"] or machine_language()
    name = submission.resolve().name.split(".")[0] or "submission"
    options = Options(submission=submission, out=out or Path("graded") / name, **choices)
    with LiveProgress(language) as progress:
        written = make(options, progress)
    for note in written.notes:
        click.echo(note.in_(language), err=True)
    printed = written.printed
    path = printed.pdf or printed.html
    if printed.pdf is None:
        click.echo(path)
    else:
        click.echo(
            agreeing(printed.pages or 0, _PAGE, _PAGES).in_(language).format(path=path, n=printed.pages)
        )
    return 0
