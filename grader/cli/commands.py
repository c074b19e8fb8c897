"""The subcommands of `grade`. Each parses, calls one function, and prints what that returns."""

from __future__ import annotations

import datetime
import getpass
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from grader import courseworks, pipeline
from grader.cli.doctor_view import print_findings
from grader.cli.inspect_view import print_inspection
from grader.cli.live import LiveProgress
from grader.errors import UsageError
from grader.model import Override
from grader.pipeline.options import Options, machine_language
from grader.records import encode
from grader.sandbox.doctor import diagnose
from grader.text import Language, Text
from reports.terminal import print_summary
from reports.view import summary

F = TypeVar("F", bound=Callable[..., Any])

_PATH = click.Path(path_type=Path)
_LANGUAGE = click.option(
    "--lang", "language", type=click.Choice(["fr", "en"]), help="Language of all that is said."
)
_ASSIGNMENT = click.option("--assignment", metavar="SLUG", help="The coursework; `grade list` names them.")
_SANDBOX = click.option(
    "--sandbox",
    type=click.Choice(["auto", "bubblewrap", "none"]),
    default="auto",
    show_default=True,
    help="auto goes on without isolation where there is none, and says so.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the record as JSON and nothing else.")
_OVERRIDES = click.option(
    "--overrides", type=_PATH, help="A person's decisions (TOML), added to those that OUT keeps."
)
_JUDGE = click.option(
    "--judge",
    "judge_url",
    metavar="URL",
    help="Ask this OpenAI-compatible endpoint for a second opinion: a proposal, no points.",
)
_JUDGE_MODEL = click.option(
    "--judge-model", metavar="NAME", default="default", help="The model to ask there."
)
_REVEAL = click.option(
    "--reveal", is_flag=True, help="For the teacher: show the solution's answers beside, in report.html."
)
_OUT = click.option("--out", type=_PATH, help="Folder for all results.  [default: graded/NAME]")
_DONE = Text(fr="Rapport : {path}", en="Report: {path}")
_RECORD = Text(fr="Résultat : {path}", en="Result: {path}")


def number(value: str) -> float:
    """Return what a person typed as a number, with a decimal point or comma; click refuses what is none."""
    return float(value.replace(",", "."))


@click.command()
@click.argument("submission", type=_PATH)
@_ASSIGNMENT
@_OUT
@click.option(
    "--budget", type=click.Choice(["static", "quick", "full"]), help="[default: full on a GPU, else quick]"
)
@click.option(
    "--data",
    default="auto",
    show_default=True,
    help="auto, synthetic, cifar10, or a folder of class folders.",
)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Seed of our training."
)
@_LANGUAGE
@_SANDBOX
@click.option(
    "--scheme", type=_PATH, help="A TOML file with other points: a table [points], one line an item."
)
@click.option(
    "--time-limit",
    "time_limit_s",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Stop training after this long; what is unfinished then costs no point.  [default: no limit]",
)
@_OVERRIDES
@_JUDGE
@_JUDGE_MODEL
@_REVEAL
@click.option("--workers", type=click.IntRange(1, 256), help="Trainings at a time.  [default: one a core]")
@_JSON
def run(submission: Path, out: Path | None, as_json: bool, **choices: Any) -> int:
    """Grade SUBMISSION, a folder or an archive: watch, retrain, check, mark, report."""
    options = Options(submission=submission, out=out or _default_out(submission), **choices)
    language = options.language or machine_language()
    with LiveProgress(language, quiet=as_json) as progress:
        graded = pipeline.grade(options, progress)
    return _show(graded, as_json=as_json)


@click.command()
@click.argument("submission", type=_PATH)
@_ASSIGNMENT
@_LANGUAGE
@_SANDBOX
@_JSON
def inspect(submission: Path, as_json: bool, **choices: Any) -> int:
    """Show what the grader sees in SUBMISSION, without training anything."""
    language = choices["language"] or machine_language()
    with pipeline.scratch() as out, LiveProgress(language, quiet=as_json) as progress:
        seen = pipeline.inspect(Options(submission=submission, out=out, budget="static", **choices), progress)
    # Printed when the progress has let go of the terminal: it draws over what comes in between.
    if as_json:
        click.echo(encode(seen), nl=False)
    else:
        print_inspection(seen, language, Console(highlight=False))
    return seen.exit_code


@click.command()
@click.argument("slug")
@click.argument("folder", type=_PATH)
@_LANGUAGE
def new(slug: str, folder: Path, language: Language | None) -> int:
    """Copy the template of coursework SLUG into FOLDER, which must be new or empty."""
    language = language or machine_language()
    coursework = courseworks.load(slug)
    if coursework.template is None:
        raise UsageError(
            fr=f"Le sujet {slug} n'a pas de gabarit.", en=f"The coursework {slug} has no template."
        )
    if folder.is_dir() and any(folder.iterdir()):
        raise UsageError(
            fr=f"« {folder} » existe déjà et n'est pas vide : choisissez un autre nom.",
            en=f'"{folder}" exists and is not empty: choose another name.',
        )
    if folder.exists() and not folder.is_dir():
        raise UsageError(
            fr=f"« {folder} » est un fichier : donnez le nom d'un dossier nouveau ou vide.",
            en=f'"{folder}" is a file: name a folder that is new or empty.',
        )
    leave_out = shutil.ignore_patterns("__pycache__", "__init__.py")
    try:
        shutil.copytree(coursework.template, folder, dirs_exist_ok=True, ignore=leave_out)
    except OSError as error:
        raise UsageError(
            fr=f"« {folder} » ne peut pas être créé à cet endroit : choisissez-en un autre.",
            en=f'"{folder}" cannot be made at that place: choose another.',
        ) from error
    made = Text(
        fr="Gabarit copié dans {folder}. Ensuite : grade {folder}",
        en="Template copied into {folder}. Next: grade {folder}",
    )
    click.echo(made.in_(language).format(folder=folder))
    return 0


@click.command(name="list")
@_LANGUAGE
def show_courseworks(language: Language | None) -> int:
    """Name the courseworks."""
    for slug in courseworks.slugs():
        assignment = courseworks.load(slug).assignment
        click.echo(f"{slug}\t{assignment.title.in_(language or machine_language())}")
    return 0


@click.command()
@click.argument("out", type=_PATH)
@click.option("--scheme", type=_PATH, help="A TOML file with other points.")
@_OVERRIDES
@_JUDGE
@_JUDGE_MODEL
@_REVEAL
@_LANGUAGE
@_JSON
def rescore(out: Path, as_json: bool, **choices: Any) -> int:
    """Check and mark again what OUT holds: nothing is recorded or trained again."""
    graded = pipeline.rescore(out, **choices)
    return _show(graded, as_json=as_json)


@click.command()
@click.argument("out", type=_PATH)
@click.argument("question")
@click.argument("points", type=number)
@click.option("--reason", required=True, help="Why, in a sentence that the student will read.")
@click.option("--author", default=getpass.getuser, help="Who decides.  [default: your login]")
@_LANGUAGE
@_JSON
def override(
    out: Path,
    question: str,
    points: float,
    reason: str,
    author: str,
    language: Language | None,
    as_json: bool,
) -> int:
    """Give QUESTION of OUT that many POINTS, whatever the checks say, now and after any other run."""
    today = datetime.date.today().isoformat()
    decision = Override(question=question, points=points, reason=reason, author=author, date=today)
    return _show(pipeline.override(out, decision, language=language), as_json=as_json)


@click.command()
@click.argument("out", type=_PATH)
@_LANGUAGE
def render(out: Path, language: Language | None) -> int:
    """Write the report of OUT again from its result.json."""
    return _show(pipeline.render_again(out, language=language), as_json=False, table=False)


@click.command()
@_LANGUAGE
def doctor(language: Language | None) -> int:
    """Start a real sandbox, look at what the grader needs, and print the mend of what is wrong."""
    return print_findings(diagnose(), language or machine_language(), Console(highlight=False))


def _default_out(submission: Path) -> Path:
    name = submission.resolve().name
    return Path("graded") / (name.split(".")[0] or "submission")


def _show(graded: pipeline.Graded, *, as_json: bool, table: bool = True) -> int:
    if as_json:
        click.echo(encode(graded.result), nl=False)
        return graded.exit_code
    language = graded.result.language
    if table:
        print_summary(summary(graded.result, language), Console(highlight=False))
    for note in graded.notes:
        click.echo(note.in_(language), err=True)
    click.echo(_RECORD.in_(language).format(path=graded.out / "result.json"))
    if graded.report is not None:
        click.echo(_DONE.in_(language).format(path=graded.report))
    return graded.exit_code
