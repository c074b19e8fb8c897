"""A folder of class folders, `train/<class>/*` and `test/<class>/*`, decoded once into the cache."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from grader.errors import DataError
from grader.text import Text
from grader.training.resident import Array, DataSource, Loaded, keep, recall
from grader.training.watching import Watcher

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".ppm", ".webp"})
_FORMATS = ("BMP", "JPEG", "PNG", "PPM", "WEBP")
_BROKEN = (
    OSError, UnidentifiedImageError, ValueError, SyntaxError, EOFError, TypeError, LookupError, ArithmeticError,
    struct.error, Image.DecompressionBombError,
)  # fmt: skip
"""What Pillow raises on files that are not images."""
MAX_IMAGES = 200_000
KNOWN_NAMES = ("cifar10-jpeg", "cifar10", "CIFAR10")
"""Folders of a data home that are looked into."""

Listing = list[tuple[int, Path]]
"""Label and file of every image of one part."""


def find(folder: Path) -> Path | None:
    """Return the folder that holds `train` and `test`: `folder` itself or a known one inside, else None."""
    for candidate in (folder, *(folder / name for name in KNOWN_NAMES)):
        if (candidate / "train").is_dir() and (candidate / "test").is_dir():
            return candidate
    return None


def prepare(
    folder: Path, cache: Path, *, shape: tuple[int, int, int], classes: int, progress: Watcher
) -> DataSource:
    """Return the images under `folder` as a data source, from the cache where nothing changed.

    Raises DataError for a folder of another layout or other classes, and for an image that is broken or
    of another size.
    """
    names = _classes(folder, classes)
    listings = {part: _listing(folder, part, names) for part in ("train", "test")}
    fingerprint = _fingerprint(folder, listings, shape)
    known = recall(cache, fingerprint)
    if known is not None:
        return known
    total = sum(len(listing) for listing in listings.values())
    train = _decoded(listings["train"], shape, progress, 0, total)
    test = _decoded(listings["test"], shape, progress, len(listings["train"]), total)
    return keep(cache, fingerprint, folder.resolve().name, names, Loaded(*train, *test))


def _classes(folder: Path, expected: int) -> tuple[str, ...]:
    if find(folder) != folder:
        raise DataError(
            fr=f"« {folder.name} » n'est pas un jeu d'images : il faut train/<classe>/ et test/<classe>/ dedans.",
            en=f'"{folder.name}" is not a set of images: it must hold train/<class>/ and test/<class>/.',
        )
    found = {part: _names(folder / part) for part in ("train", "test")}
    if found["train"] != found["test"]:
        odd = sorted(set(found["train"]) ^ set(found["test"]))[0]
        raise DataError(
            fr=f"Les classes de train et de test diffèrent dans « {folder.name} » : « {odd} » n'est que d'un côté.",
            en=f'The classes of train and test differ in "{folder.name}": "{odd}" is on one side only.',
        )
    if len(found["train"]) != expected:
        raise DataError(
            fr=f"« {folder.name} » a {len(found['train'])} classes, il en faut {expected}.",
            en=f'"{folder.name}" has {len(found["train"])} classes where {expected} are needed.',
        )
    return found["train"]


def _names(part: Path) -> tuple[str, ...]:
    return tuple(
        sorted(entry.name for entry in part.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    )


def _listing(folder: Path, part: str, names: tuple[str, ...]) -> Listing:
    """Return the images of one part, class after class in turn, so that any beginning of it is balanced."""
    found: list[tuple[int, int, Path]] = []
    formats = ", ".join(sorted(SUFFIXES))
    for label, name in enumerate(names):
        files = sorted(path for path in (folder / part / name).iterdir() if path.suffix.lower() in SUFFIXES)
        if not files:
            raise DataError(
                fr=f"Aucune image dans {part}/{name} de « {folder.name} » (formats lus : {formats}).",
                en=f'No image in {part}/{name} of "{folder.name}" (formats read: {formats}).',
            )
        found += [(rank, label, path) for rank, path in enumerate(files)]
    if len(found) > MAX_IMAGES:
        raise DataError(
            fr=f"« {folder.name} » a plus de {MAX_IMAGES} images dans {part}.",
            en=f'"{folder.name}" has more than {MAX_IMAGES} images in {part}.',
        )
    return [(label, path) for _, label, path in sorted(found, key=lambda entry: entry[:2])]


def _fingerprint(folder: Path, listings: dict[str, Listing], shape: tuple[int, int, int]) -> str:
    """Return a digest of what the file system says of every image: name, size, time of change."""
    state = hashlib.sha256(repr((str(folder.resolve()), shape)).encode())
    for listing in listings.values():
        for _, path in listing:
            try:
                status = path.stat()
            except OSError as error:  # a link to nowhere
                raise _unreadable(path) from error
            line = f"{path.relative_to(folder)}\0{status.st_size}\0{status.st_mtime_ns}\n"
            state.update(line.encode(errors="replace"))
    return state.hexdigest()


def _decoded(
    listing: Listing, shape: tuple[int, int, int], progress: Watcher, done: int, total: int
) -> tuple[Array, Array]:
    channels, height, width = shape
    images = np.empty((len(listing), height, width, channels), dtype=np.uint8)
    for index, (_, path) in enumerate(listing):
        images[index] = _picture(path, shape)
        if index % 1000 == 0:
            progress.advance(done + index, total, Text(fr="décodage des images", en="decoding the images"))
    return images, np.array([label for label, _ in listing], dtype=np.int64)


@contextmanager
def _strictly() -> Iterator[None]:
    """Refuse images cut short: libraries that draw pages have Pillow accept them, for the whole process."""
    before, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


def _picture(path: Path, shape: tuple[int, int, int]) -> Array:
    channels, height, width = shape
    try:
        with _strictly(), Image.open(path, formats=_FORMATS) as image:
            size = image.size
            if size != (width, height):  # seen before anything is decoded, however large
                where = _name(path)
                raise DataError(
                    fr=f"L'image {where} fait {size[0]}x{size[1]} pixels ; il en faut {width}x{height}.",
                    en=f"The image {where} has {size[0]}x{size[1]} pixels; {width}x{height} are needed.",
                )
            pixels = np.asarray(image.convert("RGB" if channels == 3 else "L"))
    except _BROKEN as error:
        raise _unreadable(path) from error
    return pixels.reshape(height, width, channels)


def _name(path: Path) -> str:
    """Return part, class and file; what the file system calls in no letters is told with question marks."""
    return "/".join(path.parts[-3:]).encode(errors="replace").decode()


def _unreadable(path: Path) -> DataError:
    where = _name(path)
    return DataError(
        fr=f"L'image {where} est illisible : remplacez-la ou retirez-la.",
        en=f"The image {where} cannot be read: replace it or take it away.",
    )
