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
class Found:
    """Everything the steps before judging found."""

    submission: Submission
    recordings: Recordings
    matches: tuple[StageMatch, ...]
    answers: Answers
    stages: tuple[StageResult, ...]
    conditions: Conditions
    seen: Seen
    notes: tuple[Text, ...] = ()


_FILES: dict[str, tuple[str, Any]] = {
    "submission": ("submission.json", Submission),
    "recordings": ("recordings/recordings.json", Recordings),
    "matches": ("stages.json", tuple[StageMatch, ...]),
    "answers": ("answers.json", Answers),
    "stages": ("stage_results.json", tuple[StageResult, ...]),
    "conditions": ("conditions.json", Conditions),
    "seen": ("curves.json", Seen),
    "notes": ("notes.json", tuple[Text, ...]),
}


def save_found(out: Path, found: Found) -> None:
    """Write each record of `found` to its file under `out`."""
    for field, (name, _) in _FILES.items():
        write_record(out / name, getattr(found, field))


def load_found(out: Path) -> Found:
    """Return what `save_found` wrote; raises UsageError when a file is absent or of another version."""
    return Found(**{field: _load(out, name, kind) for field, (name, kind) in _FILES.items()})


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
