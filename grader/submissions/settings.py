"""`submission.toml`: what students may say about their hand-in, none of it needed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import msgspec

from grader.model import Place, Problem
from grader.submissions.names import inside_path, shown
from grader.text import Text

FILE_NAME = "submission.toml"

_LARGEST_BYTES = 64 * 1024
_MOST_RUNS = 24
_MOST_ARGUMENTS = 32
_LONGEST_ARGUMENT = 300
_MOST_AUTHORS = 12


class Run(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[run]]`: a script with its arguments, or its `main` with keywords."""

    script: str
    args: tuple[str | int | float, ...] = ()
    main: dict[str, int | float | bool | str] | None = None
    stage: str = ""
    """A label for people; stages are recognised by what the program does."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The file's contents; other keys are allowed and ignored."""

    authors: tuple[str, ...] = ()
    run: tuple[Run, ...] = ()


def _problem(fr: str, en: str, line: int = 0) -> Problem:
    return Problem(
        kind="settings_error",
        text=Text(fr=f"submission.toml est ignoré : {fr}", en=f"submission.toml is ignored: {en}"),
        place=Place(file=FILE_NAME, line=line),
    )


def read_settings(folder: Path, paths: Iterable[str]) -> tuple[Settings, tuple[Problem, ...]]:
    """Return what `submission.toml` in `folder` says; nothing, and one problem, when it cannot be used.

    `paths` are the files of the hand-in, which runs may name.
    """
    file = folder / FILE_NAME
    if not file.is_file():
        return Settings(), ()
    with file.open("rb") as stream:
        raw = stream.read(_LARGEST_BYTES + 1)
    if len(raw) > _LARGEST_BYTES:
        return Settings(), (_problem("il est trop grand.", "it is too large."),)
    try:
        settings = msgspec.convert(tomllib.loads(raw.decode("utf-8-sig")), Settings)
    except UnicodeDecodeError:
        return Settings(), (_problem("il n'est pas en UTF-8.", "it is not UTF-8."),)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found.group(1)) if found else raw.rstrip().count(b"\n") + 1
        return Settings(), (_problem("ce n'est pas du TOML valide.", "it is not valid TOML.", line),)
    except (msgspec.ValidationError, RecursionError) as error:
        detail = shown(str(error))
        return Settings(), (
            _problem(f"une valeur ne convient pas ({detail}).", f"a value is wrong ({detail})."),
        )
    wrong = _unusable(settings, set(paths))
    return (
        (Settings(authors=settings.authors[:_MOST_AUTHORS]), (wrong,)) if wrong else (_capped(settings), ())
    )


def _capped(settings: Settings) -> Settings:
    return Settings(authors=settings.authors[:_MOST_AUTHORS], run=settings.run)


def script_path(run: Run) -> str:
    """Return the path of a run's script as the hand-in's files are named."""
    return str(inside_path(run.script) or PurePosixPath())


def _unusable(settings: Settings, paths: set[str]) -> Problem | None:
    """Return what keeps the runs from being used, None when they all can be."""
    if len(settings.run) > _MOST_RUNS:
        return _problem(f"plus de {_MOST_RUNS} [[run]].", f"more than {_MOST_RUNS} [[run]].")
    for run in settings.run:
        if script_path(run) not in paths or not run.script.endswith((".py", ".ipynb")):
            name = shown(run.script)
            return _problem(
                f"{name} n'est pas un fichier .py de la remise.", f"{name} is no .py file of the hand-in."
            )
        arguments = [str(argument) for argument in run.args]
        if len(arguments) > _MOST_ARGUMENTS or any(len(text) > _LONGEST_ARGUMENT for text in arguments):
            return _problem("trop d'arguments, ou trop longs.", "too many arguments, or too long.")
        if any("\0" in text for text in arguments):
            return _problem("un argument contient un octet nul.", "an argument holds a null byte.")
    return None
