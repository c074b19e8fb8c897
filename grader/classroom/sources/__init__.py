"""Where a class's work comes from: a folder, a platform's archive or a table becomes a list of hand-ins."""

from grader.classroom.sources.finding import read_source

__all__ = ["read_source"]
