"""An evaluation of marks as tables in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from grader.pipeline.evaluating import Agreement, Evaluation
from grader.text import Language, Text, figure

_HEADINGS = (
    Text(fr="rép.", en="ans."),
    Text(fr="déc.", en="dec."),
    Text(fr="pers.", en="person"),
    Text(fr="exact", en="exact"),
    Text(fr="±0,5", en="±0.5"),
    Text(fr="kappa", en="kappa"),
    Text(fr="+1 pt", en="+1 pt"),
)
"""Short enough for all columns to stand in a terminal of 80; the legend says them in full."""
_LEGEND = Text(
    fr="rép. : réponses ; déc. : décidées ; pers. : part laissée à une personne. Parmi les décidées, exact : "
    "même note que la personne ; ±0,5 : à 0,5 près ; kappa : kappa quadratique ; +1 pt : un point de trop.",
    en="ans.: answers; dec.: decided; person: share left to a person. Of those decided, exact: the person's "
    "mark; ±0.5: within 0.5; kappa: quadratic kappa; +1 pt: one point too many.",
)
_NAMES = {
    "all": Text(fr="ensemble", en="all"),
    "building": Text(fr="déjà vues", en="seen before"),
    "aside": Text(fr="mises de côté", en="kept aside"),
    "-": Text(fr="à une personne", en="to a person"),
}
_PARTS = Text(fr="Ensemble", en="Overall")
_QUESTIONS = Text(fr="Par question", en="By question")
_LANGUAGES = Text(fr="Par langue", en="By language")
_BANDS = Text(fr="Par confiance", en="By confidence")


def print_evaluation(found: Evaluation, language: Language, console: Console) -> None:
    """Print how well marks agree: overall, by question, by language and by confidence, then what the heads mean."""
    _print(_PARTS, (found.overall, *found.parts), language, console)
    _print(_QUESTIONS, found.questions, language, console)
    _print(_LANGUAGES, found.languages, language, console)
    _print(_BANDS, found.bands, language, console)
    console.print(_LEGEND.in_(language))


def _print(title: Text, rows: Sequence[Agreement], language: Language, console: Console) -> None:
    table = Table(title=title.in_(language), title_justify="left", pad_edge=False)
    table.add_column("", no_wrap=True)
    for heading in _HEADINGS:
        table.add_column(heading.in_(language), justify="right", no_wrap=True)
    for row in rows:
        name = _NAMES[row.name].in_(language) if row.name in _NAMES else row.name
        table.add_row(
            name, str(row.answers), str(row.decided), _percent(row.to_a_person, language),
            _percent(row.exact, language), _percent(row.within_half, language), _number(row.kappa, language),
            _percent(row.over_by_one, language),
        )  # fmt: skip
    console.print(table)


def _percent(share: float | None, language: Language) -> str:
    return "–" if share is None else figure(share, language, ".1%")


def _number(value: float | None, language: Language) -> str:
    return "–" if value is None else figure(value, language, ".2f")
