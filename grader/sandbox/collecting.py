"""Reading what a sandboxed program left behind, which may be anything at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath

from grader.errors import RecordingInvalid


def read_left_behind(folder: Path, name: str, cap_bytes: int) -> bytes | None:
    """Return the contents of the regular file `name` in `folder`, None when there is no such file.

    `folder` is ours; everything beneath it may be hostile, so no link is followed on the way and
    nothing but a regular file is opened. Raises RecordingInvalid for a link, a folder, a device, a
    pipe, or a file of more than `cap_bytes` bytes.
    """
    parts = PurePosixPath(name).parts
    if not parts or PurePosixPath(name).is_absolute() or ".." in parts:
        raise ValueError(f"not a path beneath the folder: {name}")
    if not hasattr(os, "O_NOFOLLOW"):
        return _read_by_path(folder, parts, name, cap_bytes)
    where = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=where)
            os.close(where)
            where = below
        return _read(where, parts[-1], name, cap_bytes)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _invalid(name, "n'est pas un fichier ordinaire", "is not a regular file") from error
    finally:
        os.close(where)


def _read_by_path(folder: Path, parts: tuple[str, ...], name: str, cap_bytes: int) -> bytes | None:
    """Do the same where files cannot be opened relative to a folder; the program has ended by now."""
    path = folder
    for part in parts:
        path = path / part
        if path.is_symlink():
            raise _invalid(name, "n'est pas un fichier ordinaire", "is not a regular file")
    if not path.exists():
        return None
    if not path.is_file():
        raise _invalid(name, "n'est pas un fichier ordinaire", "is not a regular file")
    with path.open("rb") as file:
        return _capped(file.read(cap_bytes + 1), name, cap_bytes)


def _read(where: int, last: str, name: str, cap_bytes: int) -> bytes:
    # O_NONBLOCK: opening a named pipe must not wait for somebody to write to it.
    descriptor = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=where)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _invalid(name, "n'est pas un fichier ordinaire", "is not a regular file")
        return _capped(file.read(cap_bytes + 1), name, cap_bytes)


def _capped(content: bytes, name: str, cap_bytes: int) -> bytes:
    if len(content) > cap_bytes:
        raise _invalid(name, f"dépasse {cap_bytes} octets", f"is larger than {cap_bytes} bytes")
    return content


def _invalid(name: str, fr: str, en: str) -> RecordingInvalid:
    return RecordingInvalid(
        fr=f"Le fichier {name} laissé par le programme {fr}.", en=f"The file {name} left {en}."
    )
