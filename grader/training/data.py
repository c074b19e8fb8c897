"""The choice of which images to train on: embedded, a folder of class folders, or CIFAR-10 through torchvision."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from grader.errors import DataError
from grader.training import folders, synthetic, torchvision_copy
from grader.training.resident import DataSource, Loaded, keep, recall
from grader.training.watching import Unwatched, Watcher

NAMES = ("auto", "synthetic", "cifar10")
"""Images that go by a name; every other one is a folder's."""


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
    cache = cache or default_cache(environ)
    progress = progress or Unwatched()
    home = data_home(environ)
    fits = (shape, classes) == ((3, 32, 32), 10)
    if name in ("synthetic", "cifar10") and not fits:
        raise _unfitting(name, shape, classes)
    if name == "synthetic":
        return embedded(cache)
    if name == "cifar10":
        return torchvision_copy.obtain(torchvision_copy.places(home, cache), cache, progress)
    if name != "auto":
        check_name(name)
        folder = Path(name).expanduser()
        found = folders.find(folder)
        if found is None and fits and torchvision_copy.holds(folder):
            return torchvision_copy.obtain((folder,), cache, progress)
        return folders.prepare(found or folder, cache, shape=shape, classes=classes, progress=progress)
    found = folders.find(home)
    if found is not None:
        return folders.prepare(found, cache, shape=shape, classes=classes, progress=progress)
    if not fits:
        raise _unfitting(name, shape, classes)
    copies = tuple(place for place in torchvision_copy.places(home, cache) if torchvision_copy.holds(place))
    return torchvision_copy.obtain(copies, cache, progress) if copies else embedded(cache)


def check_name(name: str) -> None:
    """Raise DataError where `name` is none that is known, and no folder: most likely a slip of the keyboard."""
    if name not in NAMES and not Path(name).expanduser().is_dir():
        known = ", ".join(NAMES)
        raise DataError(
            fr=f"--data « {name} » n'est ni un dossier (avec train/<classe>/ et test/<classe>/), ni l'un de : {known}.",
            en=f'--data "{name}" is neither a folder (with train/<class>/ and test/<class>/) nor one of: {known}.',
        )


def _unfitting(name: str, shape: tuple[int, int, int], classes: int) -> DataError:
    channels, height, width = shape
    return DataError(
        fr=f"Ce TP demande des images de {height}x{width} pixels (canaux : {channels}) en {classes} classes ; "
        f"« {name} » n'en a pas : donnez leur dossier (--data DOSSIER).",
        en=f"This coursework needs images of {height}x{width} pixels (channels: {channels}) in {classes} classes; "
        f'"{name}" has none: give their folder (--data FOLDER).',
    )


def embedded(cache: Path) -> DataSource:
    """Return the embedded images, generated into the cache the first time."""
    recipe = hashlib.sha256(Path(synthetic.__file__).read_bytes()).hexdigest()
    known = recall(cache, recipe)
    if known is not None:
        return known
    return keep(cache, recipe, "synthetic", synthetic.CLASSES, Loaded(*synthetic.generate()))
