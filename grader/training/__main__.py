"""Command line of a worker process: python -m grader.training PLAN.json FOLDER MEMORY_BYTES; see `worker`."""

from __future__ import annotations

import sys

from grader.recipe.loading import loading
from grader.recipe.uncompiled import leave_compiler_out


def main() -> int:
    """Train one plan; return the worker's exit code."""
    with loading():
        # What follows imports torchvision, which would bring torch's compiler: a second of every training.
        leave_compiler_out()
        from grader.training.worker import main as train

    return train(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
