"""What click refuses, in French: which option or argument, and what it takes. English is click's own."""

from __future__ import annotations

import click

from grader.text import Language


def show(error: click.ClickException, language: Language) -> None:
    """Print how the command is called and what is wrong with how it was."""
    if language == "en" or isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        pieces = " ".join(context.command.collect_usage_pieces(context))
        click.echo(f"Utilisation : {context.command_path} {pieces}", err=True)
        click.echo(f"« {context.command_path} -h » pour l'aide.\n", err=True)
    click.echo(f"Erreur : {_in_french(error)}", err=True)


def _in_french(error: click.ClickException) -> str:
    if isinstance(error, click.NoSuchOption):
        near = f" ; vouliez-vous dire {' ou '.join(error.possibilities)} ?" if error.possibilities else "."
        return f"l'option {error.option_name} n'existe pas{near}"
    if isinstance(error, click.BadOptionUsage):
        return f"l'option {error.option_name} demande une valeur, ou n'en prend pas : voyez l'aide."
    if isinstance(error, click.MissingParameter):
        return f"il manque {_named(error)}."
    if isinstance(error, click.BadParameter):
        return f"{_named(error)} n'accepte pas cette valeur{_admitted(error.param)}."
    _, _, extra = error.message.removesuffix(")").partition("(")
    return f"de trop sur cette ligne : {extra}." if extra else error.message


def _named(error: click.BadParameter) -> str:
    parameter = error.param
    if isinstance(parameter, click.Option):
        return f"l'option {parameter.opts[0]}"
    if parameter is not None:
        return f"l'argument {parameter.human_readable_name}"
    return "un argument"


def _admitted(parameter: click.Parameter | None) -> str:
    """Return what a parameter takes, for the end of a sentence."""
    kind = parameter.type if parameter is not None else None
    if isinstance(kind, click.Choice):
        return f" ; choix : {', '.join(map(str, kind.choices))}"
    if isinstance(kind, click.IntRange | click.FloatRange):
        whole = "un entier" if isinstance(kind, click.IntRange) else "un nombre"
        low = "" if kind.min is None else f" {'supérieur à' if kind.min_open else 'à partir de'} {kind.min}"
        high = "" if kind.max is None else f", au plus {kind.max}"
        return f" : il faut {whole}{low}{high}"
    return " : il faut un nombre" if kind is not None and kind.name in ("float", "integer", "number") else ""
