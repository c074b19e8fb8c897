"""What was trained is kept by what it depends on, so that no number is ever computed twice.

    CACHE/trainings/<first two letters of the key>/<key>/training.json, <key>.safetensors, timing.json

and `weights.safetensors`, the trained network itself, where a job asked for it. Beside them, `unfinished/` holds
what interrupted trainings go on from, and `locks/` the files of `locks`.

An entry appears whole or not at all. Only what would come out the same again is kept: a training that ended
or whose loss broke, never a fault of ours.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from pathlib import Path

import msgspec

from grader.model import Outcome, Training
from grader.records import read_record

RECORD = "training.json"
_STALE_S = {".training.*": 2 * 86_400, "unfinished/*": 30 * 86_400, "locks/*": 2 * 86_400}
"""After how long what a killed process left is nobody's any more."""
TIMING = "timing.json"
WEIGHTS = "weights.safetensors"


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """How long a training took, apart from its record because it is different every time."""

    seconds: float
    epochs: int


def entry(cache: Path, key: str) -> Path:
    """Return the folder of `key`, whether or not it exists."""
    return cache / "trainings" / key[:2] / key


def unfinished(cache: Path, key: str) -> Path:
    """Return where an interrupted training of `key` is taken up again, whether or not it exists."""
    return cache / "unfinished" / f"{key}.safetensors"


def lock(cache: Path, key: str) -> Path:
    """Return the file whose lock is held by whoever trains `key`."""
    return cache / "locks" / key


def sweep(cache: Path) -> None:
    """Remove what processes that were killed long ago left half done."""
    for pattern, age_s in _STALE_S.items():
        for path in cache.glob(pattern):
            try:
                if path.stat().st_mtime < time.time() - age_s:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            except OSError:  # another process was first, or it is not ours to remove
                continue


def recall(cache: Path, key: str, *, weights: bool = False) -> Training | None:
    """Return the training kept under `key`; None where it is absent, damaged or not of that key.

    With `weights`, it counts as absent where its network was not kept.
    """
    folder = entry(cache, key)
    try:
        training = read_record(folder / RECORD, Training)
    except (OSError, msgspec.MsgspecError):
        return None
    if training.key != key or (training.tensors and not (folder / training.tensors).is_file()):
        return None
    return None if weights and not (folder / WEIGHTS).is_file() else training


def weights_digest(cache: Path, key: str) -> str | None:
    """Return the SHA-256 (hex) of the network kept under `key`, None where none is."""
    try:
        return hashlib.sha256((entry(cache, key) / WEIGHTS).read_bytes()).hexdigest()
    except OSError:
        return None


def timing(cache: Path, key: str) -> Timing | None:
    """Return how long the training of `key` took, None where that is not known."""
    try:
        return read_record(entry(cache, key) / TIMING, Timing)
    except (OSError, msgspec.MsgspecError):
        return None


def keep(cache: Path, draft: Path, training: Training) -> None:
    """Move the folder `draft`, holding the record and its tensors, to its place in the cache."""
    if training.outcome not in (Outcome.PASSED, Outcome.FAILED):
        return
    folder = entry(cache, training.key)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists() and recall(cache, training.key) is None:
        shutil.rmtree(folder, ignore_errors=True)
    try:
        os.replace(draft, folder)
    except OSError:
        if recall(cache, training.key) is None:  # else another process was first with the same
            raise
        if (draft / WEIGHTS).is_file():
            os.replace(draft / WEIGHTS, folder / WEIGHTS)


def export(cache: Path, training: Training, folder: Path) -> None:
    """Copy the tensors of a kept training into `folder`; without any this does nothing."""
    if training.tensors is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{training.tensors}"
    shutil.copyfile(entry(cache, training.key) / training.tensors, temporary)
    os.replace(temporary, folder / training.tensors)
