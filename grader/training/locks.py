"""One process at a time trains what has one key, whatever started it: the others wait and find it in the cache.

A lock is the kernel's own on an open file, so it ends with the last process that holds it, killed or not. Where a
system has none, both train, and the one that ends last puts the same bytes in place of the same bytes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCKS = os.name == "posix"
_EVERY_S = 0.2


@contextmanager
def held(path: Path, *, give_up: Callable[[], bool]) -> Iterator[tuple[int, ...]]:
    """Hold the lock of the file at `path`, waiting for it until `give_up` says so.

    Gives the descriptors to pass on to a process that shall hold it too: none where the wait was given up, or
    where the system has no such locks.
    """
    if not _LOCKS:
        yield ()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        taken = _taken(descriptor)
        while not taken and not give_up():
            time.sleep(_EVERY_S)
            taken = _taken(descriptor)
        yield (descriptor,) if taken else ()
        if taken:
            path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    import fcntl  # absent on Windows

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True
