"""One screen that tells a student what the grader sees in their work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text as Line

from grader.model import Answer, Layer, Place, Recording
from grader.pipeline import Inspection
from grader.text import Language, Text, agreeing
from reports.cleaning import clean_line
from reports.formatting import integer
from reports.phrases import item_label, say
from reports.stages import StageRow, stage_rows
from reports.terminal import Sentence
from reports.view import place_text

_BEGINNING = 60
"""Characters of an answer that the split shows."""

_QUOTED = Text(fr="« {} »", en="“{}”")
_SEMICOLON = Text(fr=" ; ", en="; ")
_WORDS = {
    "programs": Text(fr="Programmes", en="Programs"),
    "stages": Text(fr="Étapes reconnues", en="Stages recognised"),
    "layers": Text(fr="Couches de la première étape reconnue", en="Layers of the first stage recognised"),
    "departures": Text(fr="À regarder", en="To look at"),
    "answers": Text(fr="Réponses", en="Answers"),
    "notes": Text(fr="Remarques", en="Notes"),
    "training": Text(fr="{n} apprentissage", en="{n} training"),
    "trainings": Text(fr="{n} apprentissages", en="{n} trainings"),
    "nothing": Text(fr="aucun apprentissage observé", en="no training seen"),
    "template": Text(
        fr="le gabarit tel quel : rien à observer", en="the template as handed out: nothing to watch"
    ),
    "idle": Text(
        fr="{n} autre réglage ou version à l'essai, sans rien montrer de plus",
        en="{n} other setting or version tried, which showed nothing more",
    ),
    "idle_many": Text(
        fr="{n} autres réglages ou versions à l'essai, sans rien montrer de plus",
        en="{n} other settings or versions tried, which showed nothing more",
    ),
    "none": Text(fr="aucun programme trouvé", en="no program found"),
    "weights": Text(fr="poids", en="weights"),
    "size": Text(fr="sortie", en="output"),
    "layer": Text(fr="couche", en="layer"),
    "found": Text(fr="trouvées", en="found"),
    "missing": Text(fr="absentes", en="missing"),
    "unreadable": Text(fr="illisibles", en="unreadable"),
    "all_well": Text(fr="rien à signaler", en="nothing to report"),
}


def print_inspection(seen: Inspection, language: Language, console: Console) -> None:
    """Print programs, stages, layers, departures, answers and notes, in that order."""
    words = {key: text.in_(language) for key, text in _WORDS.items()}
    result = seen.result
    _section(words["programs"], _programs(seen, language) or [words["none"]], language, console)
    _section(words["stages"], _stages(stage_rows(result, language), language), language, console)
    layers = next((stage.layers for stage in result.stages if stage.layers), ())
    if layers:
        _section(words["layers"], [], language, console)
        console.print(_layers(layers, language))
    _section(words["departures"], _departures(seen, language) or [words["all_well"]], language, console)
    programmed = {stage.item for stage in result.stages}
    written = [one for one in result.answers if one.state == "found" or one.question not in programmed]
    _section(words["answers"], _answers(written, language), language, console)
    notes = [note.in_(language) for note in (*_by_themselves(seen), *result.notes, *result.submission.notes)]
    if notes:
        _section(words["notes"], notes, language, console)


def _by_themselves(seen: Inspection) -> list[Text]:
    """Name the stages whose program would have to train itself, since no recipe says what it does."""
    unknown = {run.id for one in seen.recordings.recordings for run in one.runs if run.recipe is None}
    agree = {one.run for one in seen.recordings.examinations if one.agrees}
    titles = [one.title for one in seen.result.stages
              if one.match.run is not None and (one.match.run in unknown or one.match.run not in agree)]  # fmt: skip
    if not titles:
        return []
    fr, en = ", ".join(title.fr for title in titles), ", ".join(title.en for title in titles)
    return [
        Text(
            fr=f"Ne se résume pas à une recette : {fr}. Au réentraînement, le programme rendu apprend lui-même, "
            "dans le bac à sable et sans les étiquettes de test ; cela vaut au mieux la moyenne de la référence.",
            en=f"Cannot be told as a recipe: {en}. When trained again, the program handed in trains itself, in "
            "the sandbox and without the test labels; that is worth the reference's mean at best.",
        )
    ]


def _section(title: str, lines: list[str], language: Language, console: Console) -> None:
    """Print a title and its lines; what students wrote keeps no power over the terminal."""
    console.print()
    console.print(Line(title, style="bold"))
    for line in lines:
        console.print(Padding(Sentence(clean_line(line, 600), language), (0, 0, 0, 2)))


def _departures(seen: Inspection, language: Language) -> list[str]:
    told = (("", one.item, one.message.in_(language) + _at(one.place, language)) for one in seen.departures)
    return _once(told, language) + [
        problem.text.in_(language) + _at(problem.place, language) for problem in seen.result.problems
    ]


def _answers(answers: Iterable[Answer], language: Language) -> list[str]:
    """Return a line for each answer found (where it stands and how it begins), then the questions without one."""
    lines: list[str] = []
    others: dict[str, list[str]] = {}
    for answer in answers:
        if answer.state != "found" or not answer.text:
            state = "missing" if answer.state == "template" else answer.state
            others.setdefault(state, []).append(answer.question)
            continue
        places = [place_text(place, language) for place in (answer.place, *answer.also)]
        note = f" ({answer.note.in_(language)})" if answer.note else ""
        where = f"{item_label(answer.question, language)} → {' + '.join(places)}"
        lines.append(
            f"{where}{say('colon', language)}{_QUOTED.in_(language).format(_beginning(answer.text))}{note}"
        )
    for kind, names in others.items():
        labels = ", ".join(item_label(name, language) for name in names)
        lines.append(f"{_WORDS[kind].in_(language)}{say('colon', language)}{labels}")
    return lines


def _beginning(text: str) -> str:
    """Return the first words of an answer."""
    line = " ".join(text[:300].split())
    return line if len(line) <= _BEGINNING else f"{line[:_BEGINNING].rpartition(' ')[0]} …"


def _programs(seen: Inspection, language: Language) -> list[str]:
    """Return a line for each program; of settings that were tried without showing a stage, only how many."""
    taken = {stage.match.run for stage in seen.result.stages}
    recordings = seen.recordings.recordings
    idle = [
        one
        for one in recordings
        if one.entry.origin is not None and not any(run.id in taken for run in one.runs)
    ]
    lines = [_program(one, language) for one in recordings if one not in idle]
    return lines + ([_counted("idle", "idle_many", len(idle), language)] if idle else [])


def _program(recording: Recording, language: Language) -> str:
    count = len(recording.runs)
    told = _counted("training", "trainings", count, language) if count else _WORDS["nothing"].in_(language)
    if recording.entry.template:
        told = _WORDS["template"].in_(language)
    if recording.problem is not None:
        problem = recording.problem.text.in_(language)
        told += f"{_SEMICOLON.in_(language)}{problem}{_at(recording.problem.place, language)}"
    return f"{recording.entry.named.in_(language)}{say('colon', language)}{told}"


def _counted(one: str, many: str, count: int, language: Language) -> str:
    return agreeing(count, _WORDS[one], _WORDS[many]).in_(language).format(n=count)


def _stages(rows: Sequence[StageRow], language: Language) -> list[str]:
    """Return a line for each stage that was found, and one for those that lack for one reason."""
    told = []
    for row in rows:
        sign = "✓ " if row.found else "? " if row.hyperparameters else "– "
        seen = f" {row.ingredients} · {row.hyperparameters}" if row.hyperparameters else ""
        told.append((sign, row.title, f"{row.reason}{seen}"))
    return _once(told, language)


def _once(told: Iterable[tuple[str, str, str]], language: Language) -> list[str]:
    """Return a line for each thing said (a sign, a name, what is said of it), the same thing once for all its names."""
    names: dict[tuple[str, str], dict[str, None]] = {}
    for sign, name, said in told:
        names.setdefault((sign, said), {})[name] = None
    return [f"{sign}{', '.join(own)}{say('colon', language)}{said}" for (sign, said), own in names.items()]


def _layers(layers: tuple[Layer, ...], language: Language) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2))
    table.add_column(_WORDS["layer"].in_(language))
    table.add_column(_WORDS["size"].in_(language), justify="right")
    table.add_column(_WORDS["weights"].in_(language), justify="right")
    for layer in layers:
        size = " × ".join(integer(side, language) for side in layer.output_shape)
        held = layer.weights + layer.biases
        table.add_row(Line(layer.name), Line(size), Line(integer(held, language) if held else ""))
    return table


def _at(place: Place | None, language: Language) -> str:
    return f" ({place_text(place, language)})" if place is not None else ""
