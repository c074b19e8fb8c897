"""The small parts of starting bubblewrap: its arguments, its status lines, its refusals."""

from __future__ import annotations

import contextlib
import json
import os
import select
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.errors import SandboxUnavailable


def close_quietly(descriptor: int, inode: int) -> None:
    """Close `descriptor` if it still is the pipe `inode`."""
    with contextlib.suppress(OSError):
        if os.fstat(descriptor).st_ino == inode:
            os.close(descriptor)


@contextlib.contextmanager
def handed_over(content: bytes) -> Iterator[int]:
    """Yield a descriptor from which bubblewrap reads `content`, so that it shows in no process list."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        yield file.fileno()


def as_arguments(arguments: Sequence[str]) -> bytes:
    """Return `arguments` as `bwrap --args` reads them."""
    return b"".join(os.fsencode(argument) + b"\0" for argument in arguments)


def _owners(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        yield folder
        for place, below, files in os.walk(folder):
            yield from (Path(place, name) for name in (*below, *files))


def make_readable(sources: Sequence[Path], gid: int) -> None:
    """Let the group `gid`, which is nobody's but the runs', read those of `sources` that not everybody may.

    The top of each source speaks for what is beneath it: packages and copies are made in one go.
    Several runs may share a source, so this is not undone.
    """
    for source in sources:
        if not _readable(source, gid):
            for path in _owners((source,)):
                if not path.is_symlink() and not _readable(path, gid):
                    mode = path.stat().st_mode
                    os.chown(path, -1, gid)
                    path.chmod(stat.S_IMODE(mode) | (0o050 if stat.S_ISDIR(mode) else (mode & 0o500) >> 3))


def _readable(path: Path, gid: int) -> bool:
    status = path.stat()
    wanted = 0o5 if stat.S_ISDIR(status.st_mode) else 0o4
    allowed = status.st_mode | (status.st_mode >> 3 if status.st_gid == gid else 0)
    return allowed & wanted == wanted


@contextlib.contextmanager
def lent(folders: Sequence[Path], uid: int, gid: int) -> Iterator[None]:
    """Give `folders` and their contents to `uid` meanwhile, and take them back to root afterwards."""
    for path in _owners(folders):
        os.lchown(path, uid, gid)
    try:
        yield
    finally:
        for path in _owners(folders):
            with contextlib.suppress(OSError):
                os.lchown(path, os.geteuid(), os.getegid())


def read_line(descriptor: int, deadline: float) -> bytes:
    """Return one line of the status pipe, cut short at its end or at `deadline`."""
    line = b""
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        byte = os.read(descriptor, 1) if ready else b""
        if not byte:
            break
        line += byte
    return line


def number(line: bytes, key: str) -> int | None:
    """Return the number under `key` in a line of bubblewrap's status, None when it is not there."""
    try:
        status = json.loads(line)
    except ValueError:
        return None
    value = status.get(key) if isinstance(status, dict) else None
    return value if isinstance(value, int) else None


def not_started(process: subprocess.Popen[bytes]) -> SandboxUnavailable:
    """Return the error for a bubblewrap that ended, or hung, before the command could start."""
    process.kill()
    _, said = process.communicate()
    return refused(said)


def refused(said: bytes) -> SandboxUnavailable:
    """Return the error that repeats what bubblewrap itself `said` on its way out."""
    reason = said.decode(errors="replace").strip()[-500:] or "no reason given"
    return SandboxUnavailable(
        fr=f"bubblewrap n'a pas pu lancer le programme ({reason}) ; tapez `grade doctor`.",
        en=f"bubblewrap could not start the program ({reason}); type `grade doctor`.",
    )
