"""A folder of documents read as a hand-in, for the tests of reading."""

from __future__ import annotations

from pathlib import Path

from grader import courseworks
from grader.answers import read_answers
from grader.model import Answer, Answers, FileEntry, Submission
from grader.sandbox import Sandbox, choose

COURSEWORK = courseworks.load("polytech_tp5_6")


def read(root: Path, sandbox: Sandbox | None = None) -> Answers:
    """Return the answers of the documents under `root`, without a sandbox unless one is given."""
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    files = tuple(FileEntry(path=str(path.relative_to(root)), size_bytes=1, sha256="") for path in paths)
    submission = Submission(
        id="a", name="a", digest="", files=files, documents=tuple(one.path for one in files)
    )
    return read_answers(
        submission, root, COURSEWORK.assignment, COURSEWORK.template, sandbox or choose("none")
    )


def written(root: Path, content: str | bytes, name: str = "answers.md") -> Answers:
    """Write one document and return the answers of the folder."""
    (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(root)


def answer(answers: Answers, question: str) -> Answer:
    """Return the answer to `question`."""
    return next(one for one in answers.answers if one.question == question)


def kinds(answers: Answers) -> list[str]:
    """Return the kinds of the problems told."""
    return [problem.kind for problem in answers.problems]
