"""`python -m grader.classroom.likeness`: where results lie, as JSON on standard input; likeness on standard output.

A process of its own, since the library that compares code brings matplotlib along, and with a fixed hash seed, since
it hashes with Python's own.
"""

from __future__ import annotations

import sys

import msgspec

from grader.classroom.likeness.gathering import Member, material_of
from grader.classroom.likeness.pairing import likeness
from grader.records import encode


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be compared."""

    members: tuple[Member, ...]
    handed_out: str = ""
    wording: tuple[str, ...] = ()


def main() -> int:
    """Compare what standard input holds; return 0."""
    given = msgspec.json.decode(sys.stdin.buffer.read(), type=Given)
    class_ = [material_of(member) for member in given.members]
    found = likeness(class_, handed_out=given.handed_out, wording=given.wording)
    sys.stdout.buffer.write(encode(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
