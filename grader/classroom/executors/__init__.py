"""The seam to whatever carries jobs out: processes of this machine, or a Ray cluster."""

from grader.classroom.executors.processes import Processes
from grader.classroom.executors.seam import Ended, Executor, Job, Resources

__all__ = ["Ended", "Executor", "Job", "Processes", "Resources"]
