"""Which precision a CPU gets, and what is said of a GPU that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.training.devices import cpu_flags, cpu_model, precision_of, resolve_device


@pytest.mark.parametrize(
    ("flags", "precision"),
    [
        ("fpu avx2 avx512f avx512_bf16", "bf16"),
        ("fpu avx2 amx_tile amx_bf16", "bf16"),
        ("fpu avx2 avx512f", "fp32"),
        ("", "fp32"),
    ],
)
def test_bf16_is_taken_only_where_it_is_fast(tmp_path: Path, flags: str, precision: str) -> None:
    """Without avx512_bf16 or AMX bfloat16 is ten times slower than float32, so float32 is used."""
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(
        f"processor : 0\nmodel name\t: A CPU\nflags\t\t: {flags}\n\nprocessor : 1\nflags : other\n"
    )
    assert precision_of("cpu", cpuinfo) == precision
    assert cpu_model(cpuinfo) == "A CPU" and cpu_flags(cpuinfo) == frozenset(flags.split())


def test_a_system_that_does_not_tell_gets_float32(tmp_path: Path) -> None:
    """No cpuinfo, as on other systems, is no reason to fail."""
    assert precision_of("cpu", tmp_path / "absent") == "fp32"
    assert precision_of("cuda", tmp_path / "absent") == "tf32"


def test_the_cpu_is_taken_when_it_is_asked_for() -> None:
    """`--device cpu` never looks for a GPU and has nothing to say."""
    assert resolve_device("cpu") == ("cpu", None)


@pytest.mark.skipif(
    Path("/dev/nvidia0").exists() or Path("/dev/dxg").exists(), reason="this machine has a GPU"
)
def test_an_absent_gpu_is_not_passed_over_in_silence() -> None:
    """Asked for a GPU where there is none, the CPU trains and a sentence says so; `auto` needs none."""
    device, note = resolve_device("cuda")
    assert device == "cpu" and note is not None and "GPU" in note.fr
    assert resolve_device("auto") == ("cpu", None)
