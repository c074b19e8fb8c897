"""Verdicts that stand: where neither checks nor evidence changed, marking again needs no check to run again.

Beside `verdicts.json` lies a note of what went in and of the verdicts that came out; only where both are still so are
they used again, whoever wrote either file since.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import msgspec

import grader
from grader.model import Outcome, Verdict
from grader.pipeline.kept import found_files
from grader.pipeline.session import Session
from grader.records import read_record, write_record

NAME = "verdicts.of.json"
_VERDICTS = "verdicts.json"
_APART = ("classroom", "cli")
"""Rooms of ours that no verdict depends on."""


class _Note(msgspec.Struct, frozen=True, kw_only=True):
    given: str
    verdicts: str


def note(session: Session) -> None:
    """Note that the verdicts under OUT are those on what lies there now."""
    out = session.options.out
    write_record(out / NAME, _Note(given=_given(session), verdicts=_digest(out / _VERDICTS)))


def load(session: Session) -> tuple[Verdict, ...] | None:
    """Return the verdicts under OUT where they stand, else None; our own faults are always tried again."""
    out = session.options.out
    try:
        noted = read_record(out / NAME, _Note)
        if noted != _Note(given=_given(session), verdicts=_digest(out / _VERDICTS)):
            return None
        verdicts = read_record(out / _VERDICTS, tuple[Verdict, ...])
    except (OSError, msgspec.DecodeError):
        return None
    return None if any(one.outcome is Outcome.ERROR for one in verdicts) else verdicts


def _given(session: Session) -> str:
    """Return a digest of all that the checks depend on: the coursework, our code, and what was found."""
    digest = hashlib.sha256(checks_digest(session.coursework.folder).encode())
    for path in found_files(session.options.out):
        digest.update(path.name.encode() + b"\0" + _digest(path).encode())
    return digest.hexdigest()


@functools.cache
def checks_digest(coursework: Path) -> str:
    """Return a digest of what judges: the coursework's files, whatever they are called, and our own code.

    Read once a process.
    """
    home = Path(grader.__file__).parent
    files = [path for path in coursework.iterdir() if path.is_file()]
    files += [path for path in home.rglob("*.py") if path.relative_to(home).parts[0] not in _APART]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(str(path).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
