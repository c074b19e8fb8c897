"""What a run leaves under OUT for the next one: written whole, read back strictly."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from grader.errors import UsageError
from grader.model import (
    Answers,
    Conditions,
    Recordings,
    Result,
    Seen,
    StageMatch,
    StageResult,
    Submission,
    Text,
)
from grader.records import read_record, write_record


@dataclass(frozen=True, kw_only=True)
class Watched:
    """Everything that can be known of a hand-in before anything is trained."""

    submission: Submission
    recordings: Recordings
    matches: tuple[StageMatch, ...]
    answers: Answers
    seen: Seen
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Found(Watched):
    """Everything the steps before judging found."""

    stages: tuple[StageResult, ...]
    conditions: Conditions


_WATCHED: dict[str, tuple[str, Any]] = {
    "submission": ("submission.json", Submission),
    "recordings": ("recordings/recordings.json", Recordings),
    "matches": ("stages.json", tuple[StageMatch, ...]),
    "answers": ("answers.json", Answers),
    "seen": ("curves.json", Seen),
    "notes": ("notes.json", tuple[Text, ...]),
}
_FOUND: dict[str, tuple[str, Any]] = {
    "stages": ("stage_results.json", tuple[StageResult, ...]),
    "conditions": ("conditions.json", Conditions),
}


def save_watched(out: Path, watched: Watched) -> None:
    """Write each record of `watched` to its file under `out`."""
    for field, (name, _) in _WATCHED.items():
        write_record(out / name, getattr(watched, field))


def load_watched(out: Path) -> Watched:
    """Return what `save_watched` wrote; raises UsageError when a file is absent or of another version."""
    return Watched(**{field: _load(out, name, kind) for field, (name, kind) in _WATCHED.items()})


def save_found(out: Path, found: Found) -> None:
    """Write each record of `found` to its file under `out`."""
    save_watched(out, found)
    for field, (name, _) in _FOUND.items():
        write_record(out / name, getattr(found, field))


def load_found(out: Path) -> Found:
    """Return what `save_found` wrote; raises UsageError when a file is absent or of another version."""
    files = _WATCHED | _FOUND
    return Found(**{field: _load(out, name, kind) for field, (name, kind) in files.items()})


def found_files(out: Path) -> tuple[Path, ...]:
    """Return the files in which `save_found` keeps what was found, in a fixed order."""
    return tuple(out / name for name, _ in (_WATCHED | _FOUND).values())


def load_result(out: Path) -> Result:
    """Return the result under `out`; raises UsageError when there is none of this version."""
    result: Result = _load(out, "result.json", Result)
    return result


def _load(out: Path, name: str, kind: Any) -> Any:
    try:
        return read_record(out / name, kind)
    except FileNotFoundError as error:
        raise UsageError(
            fr=f"« {out} » ne contient pas {name} : donnez le dossier --out d'une correction terminée.",
            en=f'"{out}" holds no {name}: give the --out folder of a finished run.',
        ) from error
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise UsageError(
            fr=f"{out / name} vient d'une autre version du correcteur ou est abîmé : relancez grade.",
            en=f"{out / name} comes from another version of the grader or is damaged: run grade again.",
        ) from error
