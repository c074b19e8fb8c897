"""What `grade SUBMISSION --budget static` costs on the reference's own hand-in, beside importing torch once."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reference.overlay import materialize

ROOT = Path(__file__).resolve().parents[2]
SOLUTION = ROOT / "reference" / "polytech_tp5_6" / "solution"
RUNS = 5


@dataclass(frozen=True)
class Static:
    """Seconds of a run from an empty cache until its PDF is there, and of importing torch; medians of runs in turn."""

    seconds: float
    import_s: float

    @property
    def ratio(self) -> float:
        """How often torch could have been imported meanwhile."""
        return self.seconds / self.import_s


def measure(runs: int = RUNS) -> Static:
    """Grade the solution `runs` times; raises CalledProcessError where a run does not end well."""
    graded, imported = [], []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as scratch:
            hand_in = materialize(SOLUTION, Path(scratch) / "solution")
            out, env = Path(scratch) / "out", os.environ | {"GRADER_CACHE": f"{scratch}/cache"}
            imported.append(_seconds([sys.executable, "-c", "import torch"], env))
            command = [str(Path(sys.executable).with_name("grade")), str(hand_in), "--budget", "static"]
            graded.append(_seconds([*command, "--out", str(out)], env))
            assert (out / "report.pdf").is_file(), "the run made no PDF"
    return Static(statistics.median(graded), statistics.median(imported))


def _seconds(command: Sequence[str], env: dict[str, str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, env=env, check=True, capture_output=True)
    return time.perf_counter() - begun
