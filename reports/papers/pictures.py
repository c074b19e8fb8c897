"""Pictures that a document names: found inside the hand-in only, decoded under caps, and made anew."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import msgspec
from PIL import Image, ImageOps, UnidentifiedImageError

from grader.text import Text
from reports.cleaning import clean_line

PICTURES_MAX = 40
BYTES_MAX = 20_000_000
PIXELS_MAX = 40_000_000
_SIDE_MAX = 1_600
_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
_KINDS = ", ".join(_FORMATS)


class _Left(Exception):
    """A picture that is left out, and why."""

    def __init__(self, *, fr: str, en: str) -> None:
        self.text = Text(fr=fr, en=en)


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """One picture made anew."""

    content: bytes
    mime: str


class Pictures:
    """Finds the pictures of one hand-in under `root`, looked for beside its documents first."""

    def __init__(self, root: Path, folders: Sequence[str]) -> None:
        self._root = root.resolve()
        self._folders = tuple(dict.fromkeys((*folders, ".")))
        self._made: dict[str, Picture | None] = {}
        self.notes: list[Text] = []

    def picture(self, source: str) -> Picture | None:
        """Return the picture that a document calls `source`, None (with a note) where it cannot be shown."""
        if source not in self._made:
            self._made[source] = self._make(source)
        return self._made[source]

    def _make(self, source: str) -> Picture | None:
        try:
            path = self._path(source)
            if path is None:
                raise _Left(
                    fr="aucun fichier de ce nom dans la remise", en="no file of that name in the hand-in"
                )
            if len(self._made) >= PICTURES_MAX:
                raise _Left(fr=f"plus de {PICTURES_MAX} images", en=f"more than {PICTURES_MAX} pictures")
            return _made_anew(path)
        except _Left as left:
            self._note(source, left)
        except UnidentifiedImageError:
            self._note(source, _Left(fr=f"exportez-la en {_KINDS}", en=f"export it as {_KINDS}"))
        except (OSError, ValueError, Image.DecompressionBombError, SyntaxError, EOFError):
            self._note(source, _Left(fr="image abîmée ou trop grande", en="damaged or too large a picture"))
        return None

    def _note(self, source: str, left: _Left) -> None:
        name = clean_line(source, 80)
        if len(self.notes) < PICTURES_MAX:
            self.notes.append(
                Text(
                    fr=f"Image non reprise : {name} ({left.text.fr}).",
                    en=f"Picture left out: {name} ({left.text.en}).",
                )
            )

    def _path(self, source: str) -> Path | None:
        """Return the file that `source` names, never one outside the hand-in or behind a link."""
        name = unquote(source).replace("\\", "/")
        if not name or len(name) > 400 or "\0" in name or ":" in name or name.startswith("/"):
            return None
        for folder in self._folders:
            path = self._root / PurePosixPath(folder) / name
            try:
                real = path.resolve(strict=True)
            except (OSError, RuntimeError):
                continue
            if real.is_relative_to(self._root) and real.is_file():
                return real
        return None


def _made_anew(path: Path) -> Picture:
    """Return the picture decoded, turned upright, made small enough, and encoded by us."""
    if path.stat().st_size > BYTES_MAX:
        raise _Left(fr="fichier de plus de 20 Mo", en="a file of more than 20 MB")
    with Image.open(path, formats=_FORMATS) as image:
        if image.width * image.height > PIXELS_MAX:
            raise ValueError("too many pixels")
        photograph = image.format == "JPEG"
        upright = ImageOps.exif_transpose(image)
        flat = Image.new("RGB", upright.size, "white")
        rgba = upright.convert("RGBA")
        flat.paste(rgba, mask=rgba.getchannel("A"))
    flat.thumbnail((_SIDE_MAX, _SIDE_MAX), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    if photograph:
        flat.save(stream, format="JPEG", quality=88)
        return Picture(content=stream.getvalue(), mime="image/jpeg")
    flat.save(stream, format="PNG")
    return Picture(content=stream.getvalue(), mime="image/png")
