"""Images as four arrays with a digest, kept in the cache and mapped into memory by all workers together.

`train_images` and `test_images` are uint8 (n, height, width, 3), their labels int64 (n,); the digest is of those
arrays and stands wherever a number measured on them stands.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from grader.errors import DataError
from grader.records import read_record, write_record

PARTS = ("train_images", "train_labels", "test_images", "test_labels")
FORMAT = "1"
"""Of the folders in the cache; another one makes them void."""

Array = NDArray[np.generic]


class DataSource(msgspec.Struct, frozen=True, kw_only=True):
    """A data set ready to train on: its name, its digest, and the folder of its arrays on this machine.

    Only `name` and `digest` belong in a result; `folder` is a path of this machine.
    """

    name: str
    digest: str
    folder: str
    classes: tuple[str, ...]
    train_images: int
    test_images: int


class Loaded(msgspec.Struct, frozen=True):
    """The arrays of a data source, mapped from disk and not to be written to."""

    train_images: Array
    train_labels: Array
    test_images: Array
    test_labels: Array


def load(source: DataSource) -> Loaded:
    """Return the arrays of `source`. Raises DataError where the cache no longer holds them."""
    try:
        return Loaded(*(np.load(Path(source.folder) / f"{part}.npy", mmap_mode="r") for part in PARTS))
    except (OSError, ValueError) as error:
        raise DataError(
            fr=f"Les images « {source.name} » ont disparu du cache ou sont abîmées : relancez la commande.",
            en=f'The images "{source.name}" have gone from the cache or are damaged: run the command again.',
        ) from error


def recall(cache: Path, fingerprint: str) -> DataSource | None:
    """Return what the cache holds under `fingerprint`, None where it is absent or incomplete."""
    folder = _place(cache, fingerprint)
    try:
        source = read_record(folder / "source.json", DataSource)
    except (OSError, msgspec.MsgspecError):
        return None
    if not all((folder / f"{part}.npy").is_file() for part in PARTS):
        return None
    return msgspec.structs.replace(source, folder=str(folder))


def keep(cache: Path, fingerprint: str, name: str, classes: tuple[str, ...], arrays: Loaded) -> DataSource:
    """Put the arrays into the cache under `fingerprint`, in one step, and return the source that names them."""
    folder = _place(cache, fingerprint)
    folder.parent.mkdir(parents=True, exist_ok=True)
    source = DataSource(
        name=name,
        digest=digest_of(arrays),
        folder="",
        classes=classes,
        train_images=len(arrays.train_images),
        test_images=len(arrays.test_images),
    )
    draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".draft."))
    try:
        for part in PARTS:
            np.save(draft / f"{part}.npy", getattr(arrays, part), allow_pickle=False)
        write_record(draft / "source.json", source)
        _publish(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return msgspec.structs.replace(source, folder=str(folder))


def _publish(draft: Path, folder: Path) -> None:
    """Move `draft` into place; where another process was first, its equal copy stays."""
    try:
        os.replace(draft, folder)
    except OSError:
        if (folder / "source.json").is_file() and all((folder / f"{part}.npy").is_file() for part in PARTS):
            return
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(draft, folder)


def digest_of(arrays: Loaded) -> str:
    """Return the sha256 of the four arrays: shapes, then bytes, least significant byte first."""
    state = hashlib.sha256()
    for part in PARTS:
        array: Array = getattr(arrays, part)
        state.update(repr(array.shape).encode())
        state.update(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes())
    return state.hexdigest()


def _place(cache: Path, fingerprint: str) -> Path:
    return cache / "data" / f"{FORMAT}-{fingerprint[:32]}"
