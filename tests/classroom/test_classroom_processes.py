"""Processes of this machine as slots: cores, shares of GPUs and memory are counted, and a job costs only itself."""

import time
from pathlib import Path
from typing import Any

import pytest

from grader.classroom.executors import Ended, Job, Processes, Resources
from grader.classroom.executors.processes import environment, gpus_here


def job(key: str, *, limit_s: float = 60.0, work: dict[str, Any] | None = None, **resources: Any) -> Job:
    """Return a job that does nothing that can succeed."""
    return Job(id=key, work=work or {"kind": "nothing"}, resources=Resources(**resources), limit_s=limit_s)


def ended(executor: Processes, count: int) -> dict[str, Ended]:
    """Wait for `count` jobs and return how each ended."""
    found: dict[str, Ended] = {}
    deadline = time.monotonic() + 60
    while len(found) < count and time.monotonic() < deadline:
        found |= {one.id: one for one in executor.wait(1.0)}
    return found


def test_cores_and_memory_are_slots() -> None:
    """What does not fit waits; an idle machine takes any job; what ended frees what it took."""
    executor = Processes(cpus=2, memory_bytes=10 << 30)
    try:
        assert executor.fits(Resources(cpus=64, memory_bytes=64 << 30))
        executor.submit(job("a", cpus=1.0, memory_bytes=7 << 30))
        assert executor.fits(Resources(cpus=1.0, memory_bytes=3 << 30))
        assert not executor.fits(Resources(cpus=1.0, memory_bytes=4 << 30))
        assert not executor.fits(Resources(cpus=2.0, memory_bytes=1 << 30))
        assert not executor.fits(Resources(cpus=1.0, gpus=0.25, memory_bytes=1))
        found = ended(executor, 1)["a"]
        assert found.how == "failed" and "nothing" in found.detail and found.core_s >= 0
        assert executor.fits(Resources(cpus=2.0, memory_bytes=10 << 30))
    finally:
        executor.close()


def test_gpus_are_shared_and_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four quarters fill a GPU, the next goes to the other one, and a job sees no GPU but its own."""
    executor = Processes(cpus=64, gpus=("0", "7"), memory_bytes=1 << 40)
    share = Resources(cpus=1.0, gpus=0.25, memory_bytes=1 << 30)
    try:
        for number in range(8):
            assert executor.fits(share)
            executor.submit(job(str(number), cpus=1.0, gpus=0.25, memory_bytes=1 << 30))
        assert not executor.fits(share) and executor.fits(Resources(cpus=1.0, memory_bytes=1 << 30))
    finally:
        executor.close()
    assert environment("7")["CUDA_VISIBLE_DEVICES"] == "7"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3, 5")
    assert gpus_here() == ["3", "5"]


def test_a_job_that_hangs_is_ended_when_its_time_is_over(tmp_path: Path) -> None:
    """The whole session of processes goes, and the slot is free again."""
    executor = Processes(cpus=1)
    options = {"submission": str(tmp_path), "out": str(tmp_path / "out"), "assignment": "polytech_tp5_6"}
    try:
        executor.submit(job("a", limit_s=0.05, work={"kind": "watch", "options": options}))
        assert ended(executor, 1)["a"].how == "time"
        assert executor.fits(Resources(cpus=1.0, memory_bytes=1))
    finally:
        executor.close()
