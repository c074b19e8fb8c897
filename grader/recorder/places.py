"""Which line of the student's own files is running, and which of them an error came from."""

from __future__ import annotations

import os
import sys
from types import FrameType, TracebackType

from grader.model import Place

_MAX_FRAMES = 60


class Places:
    """Knows the student's private folder and finds its lines on the stack."""

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root) + os.sep

    def relative(self, filename: str) -> str | None:
        """Return `filename` inside the hand-in, None when it is not one of its files."""
        if not filename.startswith(self.root):
            return None
        return filename[len(self.root) :].replace(os.sep, "/")

    def here(self, *, outside: str = "") -> Place | None:
        """Return the innermost line of the student's that is running, not counting functions called `outside`."""
        frame: FrameType | None = sys._getframe(1)
        for _ in range(_MAX_FRAMES):
            if frame is None:
                return None
            path = self.relative(frame.f_code.co_filename)
            if path is not None and frame.f_code.co_name != outside:
                return Place(file=path, line=frame.f_lineno)
            frame = frame.f_back
        return None

    def at(self, frame: FrameType | None) -> Place | None:
        """Return the innermost line of the student's at or above `frame`."""
        while frame is not None:
            path = self.relative(frame.f_code.co_filename)
            if path is not None:
                return Place(file=path, line=frame.f_lineno)
            frame = frame.f_back
        return None

    def of_traceback(self, traceback: TracebackType | None) -> Place | None:
        """Return the deepest line of the student's in `traceback`."""
        found = None
        while traceback is not None:
            path = self.relative(traceback.tb_frame.f_code.co_filename)
            if path is not None:
                found = Place(file=path, line=traceback.tb_lineno)
            traceback = traceback.tb_next
        return found

    def of_syntax(self, error: SyntaxError) -> Place | None:
        """Return where `error` says that the file cannot be read."""
        path = self.relative(os.path.realpath(error.filename)) if error.filename else None
        return Place(file=path, line=error.lineno or 0) if path else None
