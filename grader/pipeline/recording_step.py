"""The record step: watch the programs, or take the recording of an earlier, equal run."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

import grader
from grader.model import EntryPoint, Outcome, Recordings, SandboxRecord, StageMatch, Submission, Text
from grader.pipeline import assembly
from grader.pipeline.choosing import match_best
from grader.pipeline.session import Session
from grader.recording import match_stages, record
from grader.records import encode, read_record, write_bytes

_ROOMS = ("recorder", "recipe", "recording", "source")


def record_and_match(
    session: Session, submission: Submission, step: Text
) -> tuple[Recordings, tuple[StageMatch, ...]]:
    """Return what the programs did and which run stands for which stage; a fault of ours leaves stages undecided."""
    nothing = Recordings(sandbox=SandboxRecord(backend=session.sandbox.name))
    broken = assembly.all_unmatched(session.assignment)
    if session.options.watch_s <= 0:
        return nothing, broken
    before = len(session.faults.notes)
    recordings = session.faults.guard(step, lambda: _record_or_reuse(session, submission), nothing)
    if len(session.faults.notes) > before:
        return recordings, broken
    matches = session.faults.guard(step, lambda: match_best(session, submission, recordings), broken)
    return recordings, matches


def _record_or_reuse(session: Session, submission: Submission) -> Recordings:
    """Reuse a recording only when files, grader and sandbox are the same ones that made it."""
    out = session.options.out
    key = _key(session, submission)
    kept = _kept(out / "recordings", key)
    if kept is not None:
        return kept
    recordings = _watch(session, submission)
    found = match_stages(session.assignment, recordings, submission.problems)
    if submission.alternatives and any(match.outcome is not Outcome.PASSED for match in found):
        recordings = _watch(session, submission, recordings)
    write_bytes(out / "recordings" / "key", key.encode())
    return recordings


def _watch(session: Session, submission: Submission, earlier: Recordings | None = None) -> Recordings:
    out = session.options.out
    return record(
        submission,
        out / "submission",
        out,
        session.sandbox,
        language=session.language,
        wall_s=session.options.watch_s,
        earlier=earlier,
    )


def _ways(submission: Submission) -> tuple[tuple[EntryPoint, ...], ...]:
    return submission.entry_points, submission.alternatives


def _key(session: Session, submission: Submission) -> str:
    """Return what a recording depends on: the files, how they are run, the sandbox, and our own code."""
    digest = hashlib.sha256(encode((submission.digest, *_ways(submission), session.sandbox.name)))
    rooms = (Path(grader.__file__).parent / room for room in _ROOMS)
    for source in sorted(path for room in rooms for path in room.rglob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _kept(out: Path, key: str) -> Recordings | None:
    try:
        if (out / "key").read_text() != key:
            return None
        return read_record(out / "recordings.json", Recordings)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
