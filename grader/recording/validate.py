"""From bytes that came out of the sandbox to a `Recording` that can be believed to be one.

Caps first, then cleaning, then strict typing, then sense. What it says happened is not judged here.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Collection
from typing import Any

import msgspec

from grader.errors import RecordingInvalid
from grader.model import EntryPoint, Place, Problem, Recipe, Recording, Run
from grader.text import Text

JSON_BYTES = 8 * 1024 * 1024
VALUES = 400_000
DEPTH = 24
ITEMS = 20_000
TEXT_LENGTH = 2_000
TAIL_LENGTH = 20_000
RUNS = 64
INTEGER = 2**53


def parse_recording(content: bytes, entry: EntryPoint, files: Collection[str]) -> Recording:
    """Return the recording in `content` as that of `entry`; places outside `files` are taken away.

    Raises RecordingInvalid, with one sentence for the report, when a cap, the format or sense is broken.
    """
    if len(content) > JSON_BYTES:
        raise _refused(
            f"dépasse {JSON_BYTES // 2**20} Mio", f"is larger than {JSON_BYTES // 2**20} MiB", entry
        )
    try:
        raw = msgspec.json.decode(content)
        clean = _Cleaner().clean(raw)
        recording = msgspec.convert(clean, Recording, strict=True)
    except _TooMuch as error:
        raise _refused(error.fr, error.en, entry) from error
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, ValueError, OverflowError) as error:
        raise _refused("n'a pas le format attendu", "does not have the expected format", entry) from error
    _check_runs(recording, entry)
    return Recording(
        entry=entry,
        runs=tuple(_placed(run, files) for run in recording.runs),
        problem=_placed_problem(recording.problem, files),
        ageing=recording.ageing,
        output_tail=recording.output_tail[-TAIL_LENGTH:],
    )


class _TooMuch(Exception):
    def __init__(self, fr: str, en: str) -> None:
        super().__init__(en)
        self.fr, self.en = fr, en


class _Cleaner:
    """Walks plain JSON once: counts, measures, and takes control characters out of texts."""

    def __init__(self) -> None:
        self.left = VALUES

    def clean(self, value: Any, depth: int = 0) -> Any:
        """Return `value` with harmless texts; raises _TooMuch beyond a cap."""
        self.left -= 1
        if self.left < 0:
            raise _TooMuch(f"contient plus de {VALUES} valeurs", f"holds more than {VALUES} values")
        if depth > DEPTH:
            raise _TooMuch(
                f"est imbriqué sur plus de {DEPTH} niveaux", f"is nested deeper than {DEPTH} levels"
            )
        if isinstance(value, str):
            return _clean_text(value)
        if isinstance(value, dict):
            self._count(value)
            return {_clean_text(key): self.clean(inner, depth + 1) for key, inner in value.items()}
        if isinstance(value, list):
            self._count(value)
            return [self.clean(inner, depth + 1) for inner in value]
        if isinstance(value, float) and not math.isfinite(value):
            raise _TooMuch("contient un nombre qui n'est pas fini", "holds a number that is not finite")
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) > INTEGER:
            raise _TooMuch("contient un entier démesuré", "holds an enormous whole number")
        return value

    def _count(self, value: Any) -> None:
        if len(value) > ITEMS:
            raise _TooMuch(
                f"contient une liste de plus de {ITEMS} valeurs", f"holds a list of over {ITEMS} values"
            )


def _clean_text(text: str) -> str:
    """Return `text` without control and direction characters, cut to the longest any field may have."""
    if text.isascii() and text.isprintable() and len(text) <= TEXT_LENGTH:
        return text
    kept = (
        char for char in text[: TAIL_LENGTH + 1] if char in "\n\t" or unicodedata.category(char)[0] != "C"
    )
    return "".join(kept)


def _check_runs(recording: Recording, entry: EntryPoint) -> None:
    ids = [run.id for run in recording.runs]
    if len(ids) > RUNS or len(set(ids)) != len(ids):
        raise _refused("annonce trop d'apprentissages", "tells of too many trainings", entry)
    if not all(_is_run_id(name, entry) for name in ids):
        raise _refused(
            "nomme un apprentissage d'un autre programme", "names another program's training", entry
        )
    for run in recording.runs:
        if len(run.events) > 4_000 or len(run.printed) > 4_000 or len(run.places) > 64:
            raise _refused("est trop long", "is too long", entry)
        if run.samples not in (None, f"{run.id}.safetensors"):
            raise _refused("nomme un fichier inattendu", "names an unexpected file", entry)
        if run.recipe is not None and not _makes_sense(run.recipe):
            raise _refused("contient des valeurs impossibles", "holds impossible values", entry)
    texts = [recording.problem.text] if recording.problem else []
    texts += [run.unexpressed for run in recording.runs if run.unexpressed]
    if any(len(text.fr) > TEXT_LENGTH or len(text.en) > TEXT_LENGTH for text in texts):
        raise _refused("contient un texte trop long", "holds a text that is too long", entry)


def _is_run_id(name: str, entry: EntryPoint) -> bool:
    number = name.removeprefix(f"{entry.id}.")
    return number != name and number.isascii() and number.isdecimal() and len(number) <= 4


def _makes_sense(recipe: Recipe) -> bool:
    data, optimisation, loop = recipe.data, recipe.optimisation, recipe.loop
    batches = [size for size in (data.batch_size, data.evaluation_batch_size) if size is not None]
    return (
        all(1 <= size <= 1_000_000 for size in batches)
        and len(data.train) <= 64
        and len(data.evaluation or ()) <= 64
        and 0 <= optimisation.epochs <= 1_000_000
        and 1 <= len(optimisation.groups) <= 2_000
        and len(optimisation.loss.before) <= 64
        and 0 <= loop.steps_per_batch <= 1_000_000
        and all(0 <= rate <= 1e12 for rate in optimisation.schedule.rates)
        and len(optimisation.schedule.group_rates) <= 64
        and all(0 <= rate <= 1e12 for row in optimisation.schedule.group_rates for rate in row)
        and 1 <= (optimisation.schedule.steps or 1) <= 1_000_000_000
    )


def _placed(run: Run, files: Collection[str]) -> Run:
    """Return `run` with places in the hand-in only, and groups that hold the network's own tensors only.

    A layer that no graph uses is not part of the network, though the program's optimizer may hold it.
    """
    places = {name: place for name, place in run.places.items() if _is_place(place, files)}
    return msgspec.structs.replace(run, places=places, recipe=_own_tensors(run.recipe))


def _own_tensors(recipe: Recipe | None) -> Recipe | None:
    if recipe is None:
        return None
    known = recipe.network.parameters
    groups = tuple(
        msgspec.structs.replace(group, parameters=tuple(path for path in group.parameters if path in known))
        for group in recipe.optimisation.groups
    )
    untrained = tuple(path for path in recipe.loop.untrained if path in known)
    return msgspec.structs.replace(
        recipe,
        optimisation=msgspec.structs.replace(recipe.optimisation, groups=groups),
        loop=msgspec.structs.replace(recipe.loop, untrained=untrained),
    )


def _placed_problem(problem: Problem | None, files: Collection[str]) -> Problem | None:
    if problem is None or problem.place is None or _is_place(problem.place, files):
        return problem
    return msgspec.structs.replace(problem, place=None)


def _is_place(place: Place, files: Collection[str]) -> bool:
    return place.file in files and 0 <= place.line <= 1_000_000


def _refused(fr: str, en: str, entry: EntryPoint) -> RecordingInvalid:
    return RecordingInvalid(
        fr=f"L'enregistrement de {entry.path} {fr} : il n'est pas retenu.",
        en=f"The recording of {entry.path} {en}: it is set aside.",
    )


def invalid_recording(error: RecordingInvalid, entry: EntryPoint) -> Recording:
    """Return the recording that tells of the refusal alone."""
    return Recording(entry=entry, problem=Problem(kind="recording_invalid", text=error.text))


def samples_problem(name: str) -> Problem:
    """Return the problem of a samples file that is no regular file or too large."""
    return Problem(
        kind="samples_invalid",
        text=Text(
            fr=f"Le fichier d'échantillons {name} n'est pas utilisable : le réseau n'a pas pu être comparé.",
            en=f"The samples file {name} cannot be used: the network could not be compared.",
        ),
    )
