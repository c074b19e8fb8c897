"""One screen that tells a student what the grader sees in their work."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text as Line

from grader.model import Answer, EntryPoint, Layer, Place, Recording, StageResult
from grader.pipeline import Inspection
from grader.text import Language, Text

_WORDS = {
    "programs": Text(fr="Programmes", en="Programs"),
    "stages": Text(fr="Étapes reconnues", en="Stages recognised"),
    "layers": Text(fr="Couches de la première étape reconnue", en="Layers of the first stage recognised"),
    "departures": Text(fr="À regarder", en="To look at"),
    "answers": Text(fr="Réponses", en="Answers"),
    "notes": Text(fr="Remarques", en="Notes"),
    "trainings": Text(fr="{n} apprentissage(s)", en="{n} training(s)"),
    "nothing": Text(fr="aucun apprentissage observé", en="no training seen"),
    "template": Text(fr="le gabarit tel quel : rien à observer", en="the template as handed out: nothing to watch"),
    "none": Text(fr="aucun programme trouvé", en="no program found"),
    "weights": Text(fr="poids", en="weights"),
    "size": Text(fr="sortie", en="output"),
    "layer": Text(fr="couche", en="layer"),
    "found": Text(fr="trouvées", en="found"),
    "missing": Text(fr="absentes", en="missing"),
    "unreadable": Text(fr="illisibles", en="unreadable"),
    "all_well": Text(fr="rien à signaler", en="nothing to report"),
    "line": Text(fr="ligne", en="line"),
}


def print_inspection(seen: Inspection, language: Language, console: Console) -> None:
    """Print programs, stages, layers, departures and answers, in that order."""

    def say(key: str) -> str:
        return _WORDS[key].in_(language)

    _heading(say("programs"), console)
    for recording in seen.recordings.recordings:
        console.print(Line(f"  {_entry(recording.entry)}: {_told(recording, language)}"))
    if not seen.recordings.recordings:
        console.print(Line(f"  {say('none')}"))
    _heading(say("stages"), console)
    for stage in seen.stages:
        console.print(_stage(stage, language))
    layers = next((stage.layers for stage in seen.stages if stage.layers), ())
    if layers:
        _heading(say("layers"), console)
        console.print(_layers(layers, language))
    _heading(say("departures"), console)
    for verdict in seen.departures:
        where = f" ({_place(verdict.place, language)})" if verdict.place else ""
        console.print(Line(f"  {verdict.item}: {verdict.message.in_(language)}{where}"))
    for problem in seen.submission.problems:
        console.print(Line(f"  {problem.text.in_(language)}"))
    if not seen.departures and not seen.submission.problems:
        console.print(Line(f"  {say('all_well')}"))
    _heading(say("answers"), console)
    for state in ("found", "missing", "unreadable"):
        names = [answer.question for answer in seen.answers if _state(answer) == state]
        if names:
            console.print(Line(f"  {say(state)}: {' '.join(names)}"))
    notes = (*seen.notes, *seen.submission.notes)
    if notes:
        _heading(say("notes"), console)
        for note in notes:
            console.print(Line(f"  {note.in_(language)}"))


def _heading(title: str, console: Console) -> None:
    console.print()
    console.print(Line(title, style="bold"))


def _entry(entry: EntryPoint) -> str:
    return " ".join([entry.path, *entry.arguments]) + (" → main()" if entry.call == "main" else "")


def _told(recording: Recording, language: Language) -> str:
    if recording.entry.template:
        return _WORDS["template"].in_(language)
    count = len(recording.runs)
    told = _WORDS["trainings"].in_(language).format(n=count) if count else _WORDS["nothing"].in_(language)
    if recording.problem is not None:
        told += f"; {recording.problem.text.in_(language)}"
        if recording.problem.place is not None:
            told += f" ({_place(recording.problem.place, language)})"
    return told


def _stage(stage: StageResult, language: Language) -> Line:
    title = stage.title.in_(language)
    if stage.match.run is None:
        return Line(f"  – {title}: {stage.match.reason.in_(language)}", style="dim")
    settings = ", ".join(f"{name} {value}" for name, value in stage.hyperparameters.items())
    ingredients = " + ".join(stage.match.ingredients) or "–"
    style = f" [{stage.match.style}]" if stage.match.style else ""
    return Line(f"  ✓ {title}: {stage.match.run}{style} · {ingredients} · {settings}")


def _layers(layers: tuple[Layer, ...], language: Language) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2))
    table.add_column(_WORDS["layer"].in_(language))
    table.add_column(_WORDS["size"].in_(language), justify="right")
    table.add_column(_WORDS["weights"].in_(language), justify="right")
    for layer in layers:
        size = " × ".join(str(side) for side in layer.output_shape)
        held = layer.weights + layer.biases
        table.add_row(Line(layer.name), Line(size), Line(f"{held:,}".replace(",", " ") if held else ""))
    return table


def _place(place: Place, language: Language) -> str:
    return f"{place.file}, {_WORDS['line'].in_(language)} {place.line}" if place.line else place.file


def _state(answer: Answer) -> str:
    return "missing" if answer.state == "template" else answer.state
