"""Which device and which precision a training runs on; knows it without importing torch."""

from __future__ import annotations

import functools
import platform
import subprocess
import sys
from pathlib import Path

from grader.text import Text

BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})
"""CPU flags that make bfloat16 faster than float32; without one of them it is several times slower."""

CPUINFO = Path("/proc/cpuinfo")


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
    if _gpu_is_usable():
        return "cuda", None
    if asked == "auto":
        return "cpu", None
    return "cpu", Text(
        fr="Aucun GPU utilisable par torch sur cette machine : l'entraînement se fait sur le processeur (CPU).",
        en="torch can use no GPU on this machine: training runs on the CPU.",
    )


@functools.cache
def _gpu_is_usable() -> bool:
    """Whether torch itself can use a GPU, asked in a process of its own and only where a device exists."""
    if not (Path("/dev/nvidia0").exists() or Path("/dev/dxg").exists()):
        return False
    question = "import sys, torch; sys.exit(0 if torch.cuda.is_available() else 1)"
    try:
        return subprocess.run([sys.executable, "-c", question], timeout=120, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
