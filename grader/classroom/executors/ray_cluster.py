"""Jobs on a Ray cluster: CPUs, fractions of GPUs and memory are its resources, files lie on storage that nodes share.

Needs the extra `cluster`. Each task starts the same command as on one machine; a node that goes away takes its jobs
with it, and they are reported as lost, to be begun again elsewhere.
"""

from __future__ import annotations

import json
import os
from typing import Any

from grader.classroom.executors.processes import carried_out, end_session, started
from grader.classroom.executors.seam import Ended, Job, Resources
from grader.errors import UsageError

_AHEAD = 2.0
"""Jobs given to the cluster for each of its CPUs, so that no node waits for the next one."""


def _on_node(key: str, work: str, limit_s: float) -> tuple[str, str, float, float]:
    """Carry one job out on whichever node this is; only plain values go back."""
    process = started()
    try:
        ended = carried_out(process, key, json.loads(work), limit_s)
    finally:
        end_session(process)
    return ended.how, ended.detail, ended.seconds, ended.core_s


class RayCluster:
    """An executor on the cluster at `address`; without one, a cluster of this machine alone is started and ended."""

    name = "ray"

    def __init__(self, address: str | None = None) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing leaves the machine
        try:
            import ray
        except ImportError as error:
            raise UsageError(
                fr="Ray n'est pas installé : pip install 'tp-grader[cluster]'.",
                en="Ray is not installed: pip install 'tp-grader[cluster]'.",
            ) from error
        self._ray: Any = ray
        try:
            ray.init(address=address or "local", log_to_driver=False, configure_logging=False)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise UsageError(
                fr=f"Aucun cluster Ray ne répond à {address} : {error}",
                en=f"No Ray cluster answers at {address}: {error}",
            ) from error
        self._task = ray.remote(max_retries=0)(_on_node)
        self._running: dict[Any, str] = {}

    def fits(self, resources: Resources) -> bool:
        """Return whether the cluster should be given another job: it decides itself when that begins."""
        total = self._ray.cluster_resources()
        if resources.gpus and total.get("GPU", 0.0) < resources.gpus:
            return False
        return len(self._running) < _AHEAD * max(float(total.get("CPU", 1.0)), 1.0)

    def submit(self, job: Job) -> None:
        """Give `job` to the cluster."""
        taken = job.resources
        task = self._task.options(
            num_cpus=taken.cpus, num_gpus=taken.gpus, memory=taken.memory_bytes, name=job.id[:120]
        )
        self._running[task.remote(job.id, json.dumps(job.work), job.limit_s)] = job.id

    def wait(self, timeout_s: float) -> list[Ended]:
        """Return the jobs that ended, waiting up to `timeout_s` for the first."""
        if not self._running:
            return []
        ready, _ = self._ray.wait(list(self._running), num_returns=1, timeout=timeout_s)
        return [self._ended(reference) for reference in ready]

    def _ended(self, reference: Any) -> Ended:
        key = self._running.pop(reference)
        try:
            how, detail, seconds, core_s = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            return Ended(id=key, how="failed", detail=str(error)[-600:])
        except self._ray.exceptions.RayError as error:
            return Ended(id=key, how="lost", detail=str(error)[:600])
        return Ended(id=key, how=how, detail=detail, seconds=seconds, core_s=core_s)

    def close(self) -> None:
        """Take back what still runs, and leave the cluster."""
        for reference in self._running:
            self._ray.cancel(reference, force=True)
        self._ray.shutdown()
