"""Names that came from outside, made fit for a file system, a terminal and a table."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

_INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
_LONGEST_ID = 60
_LONGEST_SHOWN = 120


def readable(name: str) -> str:
    """Return `name` as text: bytes that are not UTF-8 are read as Latin-1, accents composed.

    Control, format and unassigned characters (line breaks, escapes, right-to-left marks) become `_`,
    spaces of any width a space.
    """
    if any(0xDC80 <= ord(character) <= 0xDCFF for character in name):
        try:
            name = name.encode("utf-8", "surrogateescape").decode("latin-1")
        except UnicodeEncodeError:
            name = name.encode("utf-8", "replace").decode("utf-8")
    name = unicodedata.normalize("NFC", name)
    return "".join(_visible(character) for character in name)


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    return "_" if category in _INVISIBLE else " " if category == "Zs" else character


def shown(name: str) -> str:
    """Return `name` readable, on one line and short enough to stand in a sentence."""
    line = " ".join(readable(name).split())
    return line if len(line) <= _LONGEST_SHOWN else f"{line[: _LONGEST_SHOWN - 1]}…"


def identifier(name: str) -> str:
    """Return `name` with letters, digits, `-`, `_` and `.` only, never empty, hidden or a path."""
    plain = unicodedata.normalize("NFKD", readable(name)).encode("ascii", "ignore").decode("ascii")
    kept = re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-._")[:_LONGEST_ID].rstrip("-._")
    return kept or "submission"


def natural_key(path: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key by which `etape10` follows `etape2`; different paths never compare equal."""
    parts = re.split(r"(\d{1,18})", path)
    key = tuple(
        (1, int(part), "") if index % 2 else (0, 0, part.casefold()) for index, part in enumerate(parts)
    )
    return (*key, (2, 0, path))


def inside_path(name: str) -> PurePosixPath | None:
    """Return the relative path that an archive's member name stands for, None when it would leave.

    Backslashes are separators (some systems write them); a drive, a leading slash and `..` leave.
    """
    name = name.replace("\\", "/")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name) or "\0" in name:
        return None
    parts = [readable(part) for part in name.split("/") if part not in ("", ".")]
    return None if ".." in parts else PurePosixPath(*parts)
