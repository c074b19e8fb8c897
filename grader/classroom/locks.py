"""Folders held by one process at a time, until it ends, however it ends: the locks are the kernel's.

Unlike those of trainings, their files stay: whoever waits for one must never be left with a file that is gone while
somebody else makes a new one. Where a system has no such locks nothing is held.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from grader.errors import UsageError
from grader.submissions.copying import unwritable


@contextlib.contextmanager
def only_run(out: Path) -> Iterator[None]:
    """Hold a class's folder; raises UsageError where another run holds it, or where it cannot be written."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        opened = (out / "class.lock").open("w")
    except OSError as error:
        raise unwritable(error) from error
    with opened as file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:
            pass
        except OSError as error:
            raise UsageError(
                fr=f"Une autre correction de cette classe est en cours dans {out} : attendez sa fin, ou arrêtez-la.",
                en=f"Another run is grading this class in {out}: wait for its end, or stop it.",
            ) from error
        yield


@contextlib.contextmanager
def only_job(out: Path) -> Iterator[None]:
    """Hold a hand-in's folder, waiting for it: a job that outlived its run ends before another one begins on it."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / ".lock").open("w") as file:
        with contextlib.suppress(ImportError):
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield
