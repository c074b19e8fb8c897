"""Which device and which precision a training runs on; knows it without importing torch."""

from __future__ import annotations

import functools
import os
import platform
import subprocess
import sys
from pathlib import Path

from grader.text import Text

BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})
"""CPU flags that make bfloat16 faster than float32; without one of them it is several times slower."""

GPU_BYTES_EACH = 6 * 2**30
MOST_ON_A_GPU = 8
"""Beyond it trainings wait for each other's kernels."""

CPUINFO = Path("/proc/cpuinfo")


def core_count() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cpu_flags(cpuinfo: Path = CPUINFO) -> frozenset[str]:
    """Return the feature flags of the first CPU, or nothing where the system does not tell."""
    return frozenset(_cpu_field("flags", cpuinfo).split())


def cpu_model(cpuinfo: Path = CPUINFO) -> str:
    """Return the name of the CPU, or of its architecture where the system does not tell."""
    return _cpu_field("model name", cpuinfo) or platform.machine()


def _cpu_field(name: str, cpuinfo: Path) -> str:
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next(
        (line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() == name), ""
    )


def precision_of(device: str, cpuinfo: Path = CPUINFO) -> str:
    """Return `tf32` for a GPU; for a CPU `bf16` where it is fast there, else `fp32`."""
    if device == "cuda":
        return "tf32"
    return "bf16" if cpu_flags(cpuinfo) & BF16_FLAGS else "fp32"


def resolve_device(asked: str) -> tuple[str, Text | None]:
    """Return `cpu` or `cuda` for `auto`, `cpu` or `cuda`, and a sentence where that is not what was asked."""
    if asked == "cpu":
        return "cpu", None
    if _gpu_bytes():
        return "cuda", None
    if asked == "auto":
        return "cpu", None
    return "cpu", Text(
        fr="Aucun GPU utilisable par torch sur cette machine : l'entraînement se fait sur le processeur (CPU).",
        en="torch can use no GPU on this machine: training runs on the CPU.",
    )


def gpu_places(cores: int, size_bytes: int | None = None) -> int:
    """Return how many trainings run on the GPU at a time: each wants a core, and memory for its images and network.

    `size_bytes` is the GPU's memory, asked of torch where it is not given.
    """
    held = _gpu_bytes() if size_bytes is None else size_bytes
    return max(1, min(cores, held // GPU_BYTES_EACH, MOST_ON_A_GPU))


@functools.cache
def _gpu_bytes() -> int:
    """Return the memory of the GPU that torch can use, 0 without one: asked in a process of its own, for what it costs.

    Where no device exists nothing is asked.
    """
    if not (Path("/dev/nvidia0").exists() or Path("/dev/dxg").exists()):
        return 0
    question = (
        "import torch; usable = torch.cuda.is_available();"
        "print(torch.cuda.get_device_properties(0).total_memory if usable else 0)"
    )
    try:
        told = subprocess.run(
            [sys.executable, "-P", "-c", question], timeout=120, check=True, capture_output=True, text=True
        )
        return int(told.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return 0
