"""Imports of large libraries that live as long as their process, without looking for what is dead among them."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


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
