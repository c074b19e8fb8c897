"""Images as four resident arrays with a digest, and the choice of which images to train on.

Whatever they come from, images end up in the cache as four `.npy` files that workers map into memory together:
`train_images` and `test_images`, uint8 (n, height, width, 3), and their labels, int64 (n,). The digest is of
those arrays and stands wherever a number measured on them stands.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from grader.errors import DataError
from grader.records import read_record, write_record
from grader.training import synthetic
from grader.training.watching import Unwatched, Watcher

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


def default_cache(environ: Mapping[str, str] = os.environ) -> Path:
    """Return `$GRADER_CACHE`, else `grader` in the user's cache folder."""
    given = environ.get("GRADER_CACHE")
    return Path(given) if given else _user_cache(environ) / "grader"


def _user_cache(environ: Mapping[str, str]) -> Path:
    given = environ.get("XDG_CACHE_HOME")
    return Path(given) if given else Path(environ.get("HOME") or Path.home()) / ".cache"


def data_home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return `$TP_DATA`, else `tp-data` in the user's cache folder: where real images are looked for."""
    given = environ.get("TP_DATA")
    return Path(given) if given else _user_cache(environ) / "tp-data"


def choose_data(
    name: str,
    *,
    cache: Path | None = None,
    shape: tuple[int, int, int] = (3, 32, 32),
    classes: int = 10,
    environ: Mapping[str, str] = os.environ,
    progress: Watcher | None = None,
) -> DataSource:
    """Return the images that `name` stands for: `auto`, `synthetic`, `cifar10` or the path of a folder.

    `auto` takes real images where they already are (see `data_home`), else the embedded ones, and never
    downloads; `cifar10` downloads them where they are absent. Raises DataError, in a sentence, for
    images that are absent, damaged or of another shape, and for a download that fails.
    """
    from grader.training import folders, torchvision_copy

    cache = cache or default_cache(environ)
    progress = progress or Unwatched()
    home = data_home(environ)
    if name == "synthetic":
        return embedded(cache)
    if name == "cifar10":
        return torchvision_copy.obtain(torchvision_copy.places(home, cache), cache, progress)
    if name != "auto":
        folder = Path(name).expanduser()
        found = folders.find(folder)
        if found is None and torchvision_copy.holds(folder):
            return torchvision_copy.obtain((folder,), cache, progress)
        return folders.prepare(found or folder, cache, shape=shape, classes=classes, progress=progress)
    found = folders.find(home)
    if found is not None:
        return folders.prepare(found, cache, shape=shape, classes=classes, progress=progress)
    copies = tuple(place for place in torchvision_copy.places(home, cache) if torchvision_copy.holds(place))
    return torchvision_copy.obtain(copies, cache, progress) if copies else embedded(cache)


def embedded(cache: Path) -> DataSource:
    """Return the embedded images, generated into the cache the first time."""
    recipe = hashlib.sha256(Path(synthetic.__file__).read_bytes()).hexdigest()
    known = recall(cache, recipe)
    if known is not None:
        return known
    return keep(cache, recipe, "synthetic", synthetic.CLASSES, Loaded(*synthetic.generate()))


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
