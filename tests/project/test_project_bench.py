"""The benchmark: what it counts, what it writes, and that it runs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from grader import courseworks
from grader.model import Recipe
from grader.records import read_record
from grader.training import DataSource

BENCH = Path(__file__).resolve().parents[2] / "tools" / "bench"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """`bench(name)` returns a module of tools/bench."""
    monkeypatch.syspath_prepend(str(BENCH))
    return import_module


def test_arithmetic_is_counted_from_the_layers(bench: Callable[[str], ModuleType]) -> None:
    """Three forward passes of each layer but one of the first: 134.0 MFLOP at 32x32, 104.0 at 28x28."""
    recipes = read_record(courseworks.load("polytech_tp5_6").recipes, dict[str, Recipe])
    work = bench("floors").work
    sides = {"conv1": 32, "conv2": 16, "conv3": 8}
    forward = (
        2 * 75 * 32 * sides["conv1"] ** 2
        + 2 * 800 * 64 * sides["conv2"] ** 2
        + 2 * 1600 * 64 * sides["conv3"] ** 2
        + 2 * 1024 * 1000
        + 2 * 1000 * 10
    )
    assert work(recipes["baseline"], 32, 128, "fp32").flop == 3 * forward - 2 * 75 * 32 * 32**2
    assert work(recipes["batchnorm"], 28, 128, "fp32").flop == pytest.approx(104.05e6, rel=1e-3)
    assert work(recipes["baseline"], 32, 128, "bf16").bytes < work(recipes["baseline"], 32, 128, "fp32").bytes


def test_what_was_measured_is_told_with_its_goals(bench: Callable[[str], ModuleType], tmp_path: Path) -> None:
    """The last line holds every ratio, the page every row and what was not measured, the plot the same bytes twice."""
    measuring, telling = bench("measuring"), bench("telling")
    data = DataSource(name="synthetic", digest="", folder="", classes=(), train_images=1, test_images=1)
    setting = measuring.Setting(data=data, images=1280, batch=128, device="cpu", cores=2)
    rows = tuple(
        telling.Row(
            stage=stage, naive={0: measuring.Speed(500, 600), 2: measuring.Speed(1000, 900)},
            engine=measuring.Speed(speed, 800), arithmetic_floor=5000, memory_floor=10_000, mflop=104.0,
        )
        for stage, speed in (("baseline", 2000), ("batchnorm", 2750))
    )  # fmt: skip
    told = telling.Told(
        setting=setting, rows=rows, peaks={"flop_per_s": 1e12, "bytes_per_s": 1e10}, six_seconds=77.4,
        static=bench("static").Static(9.5, 1.9), not_measured=("the GPU goals",),
    )  # fmt: skip
    line = telling.closing_line(told)
    assert line.startswith("bench: batchnorm 2.75x base.py at its best (goal 2.5x)")
    assert "baseline 2.00x" in line and "six quick stages 77 s (goal 120 s)" in line and "\n" not in line
    assert "static budget 9.5 s, 5.0x importing torch (goal 5x)" in line
    page = telling.page(told)
    assert "| batchnorm | 500 | 1,000 | 2,750 | 2.75 | 55% | 28% | 900 MB | 800 MB |" in page
    assert "- the GPU goals" in page
    for name in ("one.svg", "two.svg"):
        telling.plot(told, tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


@pytest.mark.slow
def test_a_small_run_ends_with_the_ratios(tmp_path: Path) -> None:
    """One stage on a few images: both ways are measured, the page is there, and a missing GPU is said to be missing."""
    command = [
        sys.executable, str(BENCH), "--images", "64", "--stages", "baseline", "--skip-six", "--skip-static",
        "--device", "cpu", "--out", str(tmp_path),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("bench: baseline ")
    assert "not measured: a GPU" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"bench.md", "bench.svg"}
