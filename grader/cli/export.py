"""`grade export`: one graded hand-in in the forms of other platforms, and Gradescope's autograder archive."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click

from grader import courseworks
from grader.classroom.exports import gradescope
from grader.classroom.exports.junit import junit
from grader.errors import UsageError
from grader.pipeline.kept import load_result
from grader.pipeline.options import machine_language
from grader.records import write_bytes
from grader.text import Language, Text

_PATH = click.Path(path_type=Path)
_WROTE = Text(fr="Écrit : {path}", en="Written: {path}")


@click.command()
@click.argument("out", type=_PATH, required=False)
@click.option("--gradescope", "gradescope_file", type=_PATH, help="Write Gradescope's results.json here.")
@click.option("--junit", "junit_file", type=_PATH, help="Write JUnit XML here.")
@click.option("--autograder", type=_PATH, metavar="ZIP", help="Write Gradescope's autograder archive here.")
@click.option("--wheel", type=_PATH, help="The grader's own wheel, for --autograder (make wheel).")
@click.option("--assignment", metavar="SLUG", help="The coursework, for --autograder.")
@click.option("--budget", type=click.Choice(["static", "quick"]), default="static", show_default=True,
              help="Of the autograder.")  # fmt: skip
@click.option("--lang", "language", type=click.Choice(["fr", "en"]), help="[default: the result's]")
def export(
    out: Path | None,
    gradescope_file: Path | None,
    junit_file: Path | None,
    autograder: Path | None,
    wheel: Path | None,
    assignment: str | None,
    budget: str,
    language: Language | None,
) -> int:
    """Write what OUT, a graded hand-in, holds as other platforms read it."""
    if (autograder is None) != (wheel is None) or (out is None) == (autograder is None):
        raise _what_is_asked()
    if autograder is not None and wheel is not None:
        slug = courseworks.load(assignment or _only_one()).assignment.slug
        content = _archive(wheel, slug, budget, language or machine_language())
        _write(autograder, content, language or machine_language())
        return 0
    result = load_result(cast(Path, out))
    spoken = language or result.language
    if gradescope_file is None and junit_file is None:
        raise _what_is_asked()
    if gradescope_file is not None:
        _write(gradescope_file, gradescope.as_json(gradescope.results(result, spoken)), spoken)
    if junit_file is not None:
        _write(junit_file, junit(result, spoken), spoken)
    return 0


def _write(path: Path, content: bytes, language: Language) -> None:
    try:
        write_bytes(path, content)
    except OSError as error:
        raise UsageError(
            fr=f"{path} ne peut pas être écrit : {error.strerror}.",
            en=f"{path} cannot be written: {error.strerror}.",
        ) from error
    click.echo(_WROTE.in_(language).format(path=path))


def _archive(wheel: Path, slug: str, budget: str, language: Language) -> bytes:
    if wheel.suffix != ".whl" or not wheel.is_file():
        raise UsageError(
            fr=f"{wheel} n'est pas un wheel : construisez-le avec `python -m build --wheel`.",
            en=f"{wheel} is no wheel: build it with `python -m build --wheel`.",
        )
    return gradescope.autograder(wheel.name, wheel.read_bytes(), slug=slug, budget=budget, language=language)


def _only_one() -> str:
    known = courseworks.slugs()
    if len(known) != 1:
        raise UsageError(
            fr=f"Quel travail ? Donnez --assignment : {', '.join(known)}.",
            en=f"Which coursework? Give --assignment: {', '.join(known)}.",
        )
    return known[0]


def _what_is_asked() -> UsageError:
    return UsageError(
        fr="Donnez le dossier d'un travail noté avec --gradescope ou --junit, ou bien --autograder avec --wheel.",
        en="Give the folder of a graded hand-in with --gradescope or --junit, or else --autograder with --wheel.",
    )
