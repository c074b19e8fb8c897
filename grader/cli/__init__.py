"""The command line: parses, calls one function of the pipeline, prints what it gives back."""

from grader.cli.main import main

__all__ = ["main"]
