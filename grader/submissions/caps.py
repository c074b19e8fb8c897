"""How large a hand-in may be before it is refused, and what is left out of any hand-in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Caps:
    """Limits on what is opened; beyond the first four the hand-in is refused, beyond the others a file is."""

    files: int = 3_000
    total_bytes: int = 512 * MIB
    members: int = 20_000
    """Entries of an archive or a folder looked at, those left out included."""
    ratio: int = 200
    """Bytes unpacked for each byte of an archive, above the first 16 MiB."""
    file_bytes: int = 64 * MIB
    header_bytes: int = 8 * MIB
    """One piece of an archive read at a time."""
    depth: int = 16
    name_bytes: int = 200
    path_bytes: int = 800


_LEFT_OUT_WORDS = """
    __MACOSX __pycache__ .git .svn .hg .venv venv env .env .idea .vscode .ipynb_checkpoints .mypy_cache
    .pytest_cache .ruff_cache .tox node_modules site-packages dist-packages .Trash .Trashes
"""
_LEFT_OUT_FOLDERS = frozenset(_LEFT_OUT_WORDS.split())
_LEFT_OUT_FILES = frozenset((".DS_Store", "Thumbs.db", "desktop.ini", ".gitignore", ".gitattributes"))
_LEFT_OUT_SUFFIXES = (".pyc", ".pyo", ".swp", "~")


def is_left_out(path: PurePosixPath) -> bool:
    """Tell whether `path` is what systems, editors and environments leave around, never handed-in work."""
    if any(part in _LEFT_OUT_FOLDERS for part in path.parts):
        return True
    name = path.name
    return name in _LEFT_OUT_FILES or name.startswith("._") or name.endswith(_LEFT_OUT_SUFFIXES)
