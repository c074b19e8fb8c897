"""A class on a real Ray cluster of two nodes on this machine, one of them killed in the middle."""

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from class_maker import cheap

from grader.classroom.progress import Progress
from grader.classroom.running import grade_class
from grader.classroom.settings import ClassOptions
from grader.text import Text

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 - Ray's own name; else a busy machine starves it
pytest.importorskip("ray")
pytestmark = [pytest.mark.slow, pytest.mark.sandbox]
COUNT = 3


class Killer:
    """Takes the second node away as soon as one job is done and another is under way."""

    def __init__(self, cluster: Any, node: Any) -> None:
        self._cluster, self._node = cluster, node
        self.killed = False

    def note(self, text: Text) -> None:
        """Say nothing."""

    def update(self, state: Progress) -> None:
        """Kill once."""
        done = sum(states.get("done", 0) for states in state.counts.values())
        if done and state.running and not self.killed:
            self.killed = True
            self._cluster.remove_node(self._node, allow_graceful=False)


def test_a_class_outlives_a_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ran on the node that went away is begun again on the other, and everybody has a mark."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for number in range(COUNT):
        cheap(tmp_path / "source" / f"student{number}", number, str(number))
    with tempfile.TemporaryDirectory(prefix="r", dir="/tmp") as short:  # sockets have short names
        monkeypatch.setenv("RAY_TMPDIR", short)
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        try:
            killer = Killer(cluster, cluster.add_node(num_cpus=1))
            cluster.wait_for_nodes()
            options = ClassOptions(
                source=tmp_path / "source", out=tmp_path / "out", assignment="polytech_tp5_6", budget="static",
                data="synthetic", engine="ray", address=cluster.address, language="en",
            )  # fmt: skip
            graded = grade_class(options, killer)
        finally:
            cluster.shutdown()
    assert killer.killed
    assert [row.steps["judge"] for row in graded.rows] == ["done"] * COUNT
    assert len(list((tmp_path / "out" / "students").glob("*/result.json"))) == COUNT
