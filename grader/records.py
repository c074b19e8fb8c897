"""Records on disk: written whole or not at all, read back strictly typed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def encode(record: Any) -> bytes:
    """Return `record` as indented JSON with a final newline; equal records give equal bytes."""
    return msgspec.json.format(msgspec.json.encode(record, order="deterministic"), indent=1) + b"\n"


def write_bytes(path: Path, content: bytes) -> None:
    """Put `content` at `path` in one step: a reader sees the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_record(path: Path, record: Any) -> None:
    """Write `record` as JSON at `path`, in one step."""
    write_bytes(path, encode(record))


def read_record(path: Path, kind: type[T]) -> T:
    """Return the record of type `kind` at `path`.

    Raises FileNotFoundError where there is none and msgspec.ValidationError where the
    file holds something else.
    """
    return msgspec.json.decode(path.read_bytes(), type=kind)
