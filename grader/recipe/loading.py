"""Large libraries that live as long as their process: loaded without a search for what is dead, left as they are."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Iterator
from typing import NoReturn


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Within this, import what stays to the end of the process: none of it is ever looked through for dead objects.

    torch makes hundreds of thousands of objects. To look through them again and again while they come is a sixth of the
    time that importing takes, at the end of the process as much again, and a forked child that did it would copy them.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def leave(status: int) -> NoReturn:
    """End this process, whose files are written, without taking apart what it loaded: somebody waits for its end."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # nobody may read it any more
            stream.flush()
    os._exit(status)
