"""What loading the grader brings along: the grading process stays small and starts at once."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "torchvision", "weasyprint", "matplotlib", "reference")
TORCH_FREE = (
    "grader.model",
    "grader.sandbox",
    "grader.submissions",
    "grader.recording",
    "grader.answers",
    "grader.checking",
    "grader.marking",
    "grader.training",
    "grader.pipeline",
    "grader.cli",
)


def loaded_with(module: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter holds after importing `module`."""
    program = f"import sys, {module}; print(' '.join({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("module", TORCH_FREE)
def test_torch_stays_out_of_the_grading_process(module: str) -> None:
    """Importing a room that needs no torch loads neither torch nor torchvision."""
    assert not {"torch", "torchvision"} & loaded_with(module)


def test_the_command_starts_light() -> None:
    """The command line loads no torch, no renderer and no coursework until it is told what to do."""
    assert not set(HEAVY) & loaded_with("grader.cli")
