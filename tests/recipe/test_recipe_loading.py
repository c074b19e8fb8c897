"""Processes that loaded large libraries: how they end."""

from __future__ import annotations

import os
import subprocess
import sys


def test_what_was_printed_arrives_and_the_status_counts() -> None:
    """A process that leaves at once has said all that it printed, on both streams."""
    program = (
        "import sys; from grader.recipe.loading import leave; "
        "print('out', end=''); sys.stderr.write('error'); leave(3)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "out", "error")


def test_nobody_reading_changes_no_status() -> None:
    """A reader that went away does not turn a good end into a bad one."""
    program = "from grader.recipe.loading import leave; input(); print('x' * 100); leave(0)"
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": ""},
    )
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    process.stdout.close()
    process.stdin.write(b"\n")
    process.stdin.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 0
