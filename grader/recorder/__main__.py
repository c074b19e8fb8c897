"""Command line: python -m grader.recorder JOB.json."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from grader.recipe.loading import leave, loading
from grader.recipe.uncompiled import leave_compiler_out
from grader.recorder.job import Job


def main() -> int:
    """Record every entry point of the job; return 0 when each has a recording."""
    if len(sys.argv) != 2:
        print("usage: python -m grader.recorder JOB.json", file=sys.stderr)
        return 2
    job = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Job)
    with loading():
        # What follows imports torch and torchvision; the compiler alone would be a third of the time.
        leave_compiler_out()
        from grader.recorder import data
        from grader.recorder.server import serve

        data.warm()
    serve(job)
    return 0


if __name__ == "__main__":
    leave(main())
