"""The `grade` command: its subcommands, and how every ending becomes one sentence and an exit code."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from itertools import pairwise

import click

from grader.cli.group import DefaultCommandGroup
from grader.cli.usage import show
from grader.errors import GraderError
from grader.pipeline.options import machine_language
from grader.text import Language, Text

_OURS = Text(
    fr="Le correcteur a rencontré une erreur qui lui est propre ; votre travail n'est pas en cause. Détails : {path}",
    en="The grader met a fault of its own; your work is not to blame. Details: {path}",
)
_STOPPED = Text(
    fr="Interrompu. Relancez la même commande : ce qui est fait n'est pas refait.",
    en="Interrupted. Run the same command again: what is done is not done twice.",
)
_COMMANDS = "grader.cli.commands"
_PLACES = {
    "class": "grader.cli.classroom:class_",
    "compile": "grader.cli.handing_in:compile_report",
    "doctor": f"{_COMMANDS}:doctor",
    "evaluate-answers": "grader.cli.evaluate:evaluate",
    "export": "grader.cli.export:export",
    "followup": "grader.cli.handing_in:followup",
    "inspect": f"{_COMMANDS}:inspect",
    "list": f"{_COMMANDS}:show_courseworks",
    "new": f"{_COMMANDS}:new",
    "override": f"{_COMMANDS}:override",
    "render": f"{_COMMANDS}:render",
    "rescore": f"{_COMMANDS}:rescore",
    "run": f"{_COMMANDS}:run",
}


@click.group(
    cls=DefaultCommandGroup,
    default_command="run",
    places=_PLACES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="tp-grader", prog_name="grade")
def cli() -> None:
    """Grade a coursework on convolutional networks.

    `grade PATH` is short for `grade run PATH`.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command and return its exit code; never shows a traceback.

    0: done. 1: done, but a fault of ours left something undecided. 2: the command, the submission
    or the coursework cannot be used. 3: no sandbox where one is required.
    """
    language = _language(sys.argv[1:] if arguments is None else arguments)
    try:
        outcome = cli.main(args=arguments, prog_name="grade", standalone_mode=False)
        return outcome if isinstance(outcome, int) else 0
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except click.ClickException as error:
        show(error, language)
        return 2
    except GraderError as error:
        _say(error.text, language)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _say(_STOPPED, language)
        return 130
    except BrokenPipeError:
        # The reader of our output (head, less) has gone; nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception:  # noqa: BLE001 - the last line of defence: a sentence for people, the traceback in a file
        log = _log()
        _say(Text(fr=_OURS.fr.format(path=log), en=_OURS.en.format(path=log)), language)
        return 1


def _language(arguments: Sequence[str]) -> Language:
    """Return what `--lang` asks for, read before click does: also a command that is refused answers in it."""
    spelt = " ".join(arguments).replace("--lang=", "--lang ").split()
    asked = next((value for option, value in pairwise(spelt) if option == "--lang"), None)
    return "fr" if asked == "fr" else "en" if asked == "en" else machine_language()


def _say(text: Text, language: Language) -> None:
    click.echo(text.in_(language), err=True)


def _log() -> str:
    with tempfile.NamedTemporaryFile(
        "w", prefix="grade-error-", suffix=".log", delete=False, encoding="utf-8"
    ) as log:
        traceback.print_exc(file=log)
        return log.name
