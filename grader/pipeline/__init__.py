"""The way through, from a hand-in to its report. Start reading at `grading.grade`."""

from grader.pipeline.grading import Graded, assess, grade, render_again, rescore
from grader.pipeline.inspecting import Inspection, inspect, scratch
from grader.pipeline.options import Options
from grader.pipeline.overriding import override
from grader.pipeline.papers import Written, compile_report, followup
from grader.pipeline.progress import Progress, Silent

__all__ = [
    "Graded",
    "Inspection",
    "Options",
    "Progress",
    "Silent",
    "Written",
    "assess",
    "compile_report",
    "followup",
    "grade",
    "inspect",
    "override",
    "render_again",
    "rescore",
    "scratch",
]
