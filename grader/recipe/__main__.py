"""Command line of the examining process: printf RECORDINGS_DIR | python -m grader.recipe.

Reads `recordings.json` and the samples files there and writes `examinations.json`: one `Examination` a run.
The process caps its own memory; its caller caps its time. What is done so far is on disk at any moment.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from grader.recipe.loading import leave, loading
from grader.recipe.uncompiled import leave_compiler_out

MEMORY_BYTES = 6 * 1024**3


def main() -> int:
    """Examine the folder named on standard input, none where nothing is; return the exit code."""
    _cap_memory()
    with loading():
        leave_compiler_out()
        from grader.recipe.examine import examine_all, get_ready

        get_ready()
    if name := sys.stdin.buffer.read():
        examine_all(Path(os.fsdecode(name)))
    return 0


def _cap_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    leave(main())
