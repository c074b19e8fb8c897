"""Which line of the student's own files is running, and which of them an error came from."""

from __future__ import annotations

import os
import sys
from types import FrameType, TracebackType

from grader.model import Place

CELL = "#cell="
"""Stands in a code object's file name between the notebook and the number of the cell."""
_MAX_FRAMES = 60


class Places:
    """Knows the student's private folder and finds its lines on the stack."""

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root) + os.sep

    def relative(self, filename: str) -> str | None:
        """Return `filename` inside the hand-in, None when it is not one of its files."""
        if not filename.startswith(self.root):
            return None
        return filename[len(self.root) :].partition(CELL)[0].replace(os.sep, "/")

    def place(self, filename: str, line: int) -> Place | None:
        """Return `line` of `filename`, in its cell where it is a notebook; None outside the hand-in."""
        path = self.relative(filename)
        cell = filename.partition(CELL)[2]
        return Place(file=path, line=line, page=int(cell or 0)) if path is not None else None

    def here(self, *, outside: str = "") -> Place | None:
        """Return the innermost line of the student's that is running, not counting functions called `outside`."""
        frame: FrameType | None = sys._getframe(1)
        for _ in range(_MAX_FRAMES):
            if frame is None:
                return None
            name = frame.f_code.co_filename
            if name.startswith(self.root) and frame.f_code.co_name != outside:
                return self.place(name, frame.f_lineno)
            frame = frame.f_back
        return None

    def outermost(self) -> Place | None:
        """Return the outermost line of the student's that is running: of the module, where that runs."""
        found: Place | None = None
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            name = frame.f_code.co_filename
            found = self.place(name, frame.f_lineno) or found
            frame = frame.f_back
        return found

    def at(self, frame: FrameType | None) -> Place | None:
        """Return the innermost line of the student's at or above `frame`."""
        while frame is not None:
            place = self.place(frame.f_code.co_filename, frame.f_lineno)
            if place is not None:
                return place
            frame = frame.f_back
        return None

    def of_traceback(self, traceback: TracebackType | None) -> Place | None:
        """Return the deepest line of the student's in `traceback`."""
        found = None
        while traceback is not None:
            found = self.place(traceback.tb_frame.f_code.co_filename, traceback.tb_lineno) or found
            traceback = traceback.tb_next
        return found

    def of_syntax(self, error: SyntaxError) -> Place | None:
        """Return where `error` says that the file cannot be read."""
        name = os.path.realpath(error.filename) if error.filename else ""
        return self.place(name, error.lineno or 0)
