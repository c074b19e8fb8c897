"""Lets trainings use a GPU at the same moment, through NVIDIA's own service for it (MPS), where that is installed.

Without it a GPU serves one process after another, a slice of time each, and trainings side by side take longer than in
a row (docs/bench.md). The service belongs to this user and these trainings, has a folder of its own, changes nothing
about the GPU and ends with the trainings. It decides when kernels run, not what they compute.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CONTROL = "nvidia-cuda-mps-control"
PLACE = "CUDA_MPS_PIPE_DIRECTORY"
"""The variable by which a process finds the service; whoever set it has one of their own."""
_PREFIX, _OWNER = "grader-mps-", "owner"
_QUIT = b"quit -t 5\n"
"""After so many seconds what still uses the service is ended with it: its trainings are over by then."""
_PATIENCE_S = 20.0
_OPENS = (
    "import ctypes; cuda = ctypes.CDLL('libcuda.so.1'); context = ctypes.c_void_p();"
    "raise SystemExit(cuda.cuInit(0) or cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), 0))"
)
"""Opens the GPU as a training will, without torch's seconds."""


@contextmanager
def shared(trainings: int) -> Iterator[dict[str, str]]:
    """Run the service for so many trainings side by side; gives what their environment needs to use it.

    That is nothing for a training alone, where the service is absent, and where the GPU does not open through it.
    """
    control = shutil.which(CONTROL)
    if trainings < 2 or control is None or PLACE in os.environ:
        yield {}
        return
    _sweep(control)
    with tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as folder:
        (Path(folder) / _OWNER).write_text(str(os.getpid()), encoding="ascii")
        environment = {**os.environ, **_found(folder)}
        try:
            works = _ran([control, "-d"], environment) and _ran(
                [sys.executable, "-P", "-c", _OPENS], environment
            )
            yield _found(folder) if works else {}
        finally:
            _ran([control], environment, _QUIT)


def _found(folder: str) -> dict[str, str]:
    return {PLACE: folder, "CUDA_MPS_LOG_DIRECTORY": folder}


def _sweep(control: str) -> None:
    """End the services of processes of this user that were killed before they could."""
    for owner in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_OWNER}"):
        with suppress(OSError, ValueError):
            if owner.stat().st_uid == os.getuid() and not _alive(int(owner.read_text(encoding="ascii"))):
                _ran([control], {**os.environ, **_found(str(owner.parent))}, _QUIT)
                shutil.rmtree(owner.parent, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _ran(command: list[str], environment: dict[str, str], given: bytes = b"") -> bool:
    """Whether the command came to a good end in time."""
    try:
        done = subprocess.run(
            command,
            env=environment,
            input=given,
            # No pipes: the service holds what it was started with until it ends.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
