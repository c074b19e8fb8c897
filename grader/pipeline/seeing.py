"""What the students saw: their own curves, each with its stage, and work that stands under two stages unchanged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path, PurePosixPath

import msgspec

from grader.logs import plots_of, read_logs
from grader.model import (
    Assignment,
    Place,
    Problem,
    Recordings,
    Seen,
    Stage,
    StageMatch,
    StudentCurve,
    Submission,
    Text,
)
from grader.stage_names import stage_of_path

SAME_WORK = "same_work"
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".svg", ".webp", ".pdf")
_NOTEBOOK_BYTES_MAX = 8_000_000


def see(
    submission: Submission,
    root: Path,
    assignment: Assignment,
    recordings: Recordings,
    matches: Sequence[StageMatch],
) -> Seen:
    """Return what the logs and figures of the hand-in under `root` show."""
    curves = student_curves(submission, root, assignment, recordings, matches)
    return Seen(curves=curves, problems=same_work(submission, root, assignment, curves))


def student_curves(
    submission: Submission,
    root: Path,
    assignment: Assignment,
    recordings: Recordings,
    matches: Sequence[StageMatch],
) -> tuple[StudentCurve, ...]:
    """Return the curves in the hand-in's own logs; the stage is what a name tells, else the program's beside it."""
    names = [entry.path for entry in submission.files if not entry.template]
    curves = read_logs(root, names, assignment.stage)
    trained = _stages_of_programs(recordings, matches)
    found: list[StudentCurve] = []
    for source, group in groupby(curves, key=lambda curve: curve.source):
        found += _placed(source, list(group), trained)
    return tuple(found)


def _stages_of_programs(recordings: Recordings, matches: Sequence[StageMatch]) -> dict[str, list[str | None]]:
    """Return the stage of each training, in order, by the program's path without its ending."""
    by_run = {match.run: match.stage for match in matches if match.run is not None}
    found: dict[str, list[str | None]] = {}
    for recording in recordings.recordings:
        stages = found.setdefault(_stem(recording.entry.path), [])
        stages += [by_run.get(run.id) for run in recording.runs]
    return found


def _placed(
    source: str, curves: list[StudentCurve], trained: dict[str, list[str | None]]
) -> list[StudentCurve]:
    """Return the curves of one file with the stages of the program of that name, where it trained as often."""
    stages = trained.get(_stem(source), [])
    if any(curve.stage is not None for curve in curves) or len(stages) != len(curves):
        return curves
    return [msgspec.structs.replace(curve, stage=stage) for curve, stage in zip(curves, stages, strict=True)]


def _stem(path: str) -> str:
    return str(PurePosixPath(path).with_suffix(""))


def same_work(
    submission: Submission, root: Path, assignment: Assignment, curves: Iterable[StudentCurve]
) -> tuple[Problem, ...]:
    """Return a problem for each figure or curve that stands, byte for byte, under two stages; it costs nothing."""
    seen: dict[tuple[str, object], dict[str, str]] = {}
    for stage, name, digest in _figures(submission, root, assignment.stage):
        seen.setdefault(("figure", digest), {}).setdefault(stage, name)
    for curve in curves:
        if curve.stage is not None:
            seen.setdefault(("curve", curve.points), {}).setdefault(curve.stage, curve.source)
    titles = {stage.id: stage.title for stage in assignment.stage}
    return tuple(
        _told(kind, [titles[stage] for stage in stages], list(stages.values()))
        for (kind, _), stages in seen.items()
        if len(stages) > 1
    )


def _figures(submission: Submission, root: Path, stages: tuple[Stage, ...]) -> Iterator[tuple[str, str, str]]:
    """Yield stage, path and digest of every picture that a file or a notebook's heading gives to a stage."""
    for entry in submission.files:
        suffix = PurePosixPath(entry.path).suffix.lower()
        if entry.template or not entry.size_bytes:
            continue
        if suffix in _PICTURES and (stage := stage_of_path(entry.path, stages)) is not None:
            yield stage, entry.path, entry.sha256
        if suffix == ".ipynb" and entry.size_bytes <= _NOTEBOOK_BYTES_MAX:
            for heading, digest in plots_of((root / entry.path).read_bytes()):
                stage = stage_of_path(heading, stages) or stage_of_path(entry.path, stages)
                if stage is not None:
                    yield stage, entry.path, digest


def _told(kind: str, titles: Sequence[Text], names: Sequence[str]) -> Problem:
    french = {"figure": "La même figure, octet pour octet, est rendue",
              "curve": "La même courbe, point par point, est rendue"}[kind]  # fmt: skip
    english = {"figure": "The same figure, byte for byte, is handed in",
               "curve": "The same curve, point by point, is handed in"}[kind]  # fmt: skip
    files = ", ".join(dict.fromkeys(names))
    return Problem(
        kind=SAME_WORK,
        text=Text(
            fr=f"{french} pour plusieurs étapes ({', '.join(title.fr for title in titles)}) : {files}. "
            "Vérifiez que chaque étape montre ses propres résultats ; cela ne coûte rien.",
            en=f"{english} for several stages ({', '.join(title.en for title in titles)}): {files}. "
            "Check that each stage shows its own results; this costs nothing.",
        ),
        place=Place(file=names[0]),
    )
