"""`grade evaluate-answers`: how well marks of written answers agree with a person's."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from grader.cli.evaluate_view import print_evaluation
from grader.pipeline.evaluating import evaluate_answers
from grader.pipeline.options import machine_language
from grader.records import encode
from grader.text import Language


@click.command(name="evaluate-answers")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--assignment", metavar="SLUG", help="The coursework; `grade list` names them.")
@click.option("--lang", "language", type=click.Choice(["fr", "en"]), help="Language of all that is said.")
@click.option("--json", "as_json", is_flag=True, help="Print the record as JSON and nothing else.")
def evaluate(file: Path, assignment: str | None, language: Language | None, as_json: bool) -> int:
    """Judge the answers in FILE, one JSON object a line with a person's mark, and say how the marks agree."""
    found = evaluate_answers(file, assignment)
    if as_json:
        click.echo(encode(found), nl=False)
    else:
        print_evaluation(found, language or machine_language(), Console(highlight=False))
    return 0
