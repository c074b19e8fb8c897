"""A student's Python as text: scripts and notebooks decoded and mended, the same way on both sides of the sandbox.

Nothing is run and nothing but the standard library is needed: the host reads the same lines that the recorder runs.
"""

from grader.source.mending import mend
from grader.source.reading import Chunk, Program, SourceUnreadable, read_program

__all__ = ["Chunk", "Program", "SourceUnreadable", "mend", "read_program"]
