"""The seam to code that is not trusted: run a command where it can do no harm, and tell how that went."""

from grader.sandbox.choosing import choose
from grader.sandbox.collecting import read_left_behind
from grader.sandbox.fake import FakeSandbox, Script
from grader.sandbox.interpreter import python_mounts
from grader.sandbox.seam import EndedBy, Finished, Limits, Mount, Order, Sandbox

__all__ = [
    "EndedBy",
    "FakeSandbox",
    "Finished",
    "Limits",
    "Mount",
    "Order",
    "Sandbox",
    "Script",
    "choose",
    "python_mounts",
    "read_left_behind",
]
