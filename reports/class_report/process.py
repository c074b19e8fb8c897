"""Lays the views of a class out in a process of its own, under limits of time and memory."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec

from grader.errors import RenderError
from grader.model.class_summary import ClassSummary
from grader.model.likeness import Likeness
from grader.records import write_record
from grader.text import Language, Text
from reports.process import RenderProcess, run_child
from reports.status import ChildStatus

_LIMITS = RenderProcess(time_limit_s=300.0)


class PrintedClass(msgspec.Struct, frozen=True, kw_only=True):
    """What was written; without `pdf`, `note` says why."""

    html: Path
    pdf: Path | None
    pages: int | None
    note: Text | None = None


def print_class_report(summary: ClassSummary, out: Path) -> PrintedClass:
    """Write `class-report.html` and, where WeasyPrint is installed, `class-report.pdf` into `out`.

    Raises RenderError when not even the HTML could be written.
    """
    html, pdf = out / "class-report.html", out / "class-report.pdf"
    status, reason = _laid_out("report", summary, out, (html, pdf), summary.language)
    return PrintedClass(
        html=html,
        pdf=pdf if pdf.is_file() else None,
        pages=status.pages if status else None,
        note=reason or (status.note if status else None),
    )


def print_pairs(likeness: Likeness, out: Path, language: Language) -> Path:
    """Write `likeness.html`, the pairs of `likeness` with their evidence side by side, into `out`; return its path.

    Raises RenderError when it could not be written.
    """
    html = out / "likeness.html"
    _laid_out("pairs", likeness, out, (html,), language)
    return html


def _laid_out(
    kind: str, record: object, out: Path, files: tuple[Path, ...], language: Language
) -> tuple[ChildStatus | None, Text | None]:
    out.mkdir(parents=True, exist_ok=True)
    for stale in files:
        stale.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="class-") as folder:
        room = Path(folder)
        write_record(room / "record.json", record)
        arguments = [kind, str(room / "record.json"), str(out.resolve()), "--lang", language]
        reason = run_child("reports.class_report.printing", arguments, _LIMITS, room)
        status = _status(room / "status.json")
    if not files[0].is_file():
        raise RenderError(
            fr=reason.fr if reason else f"{files[0].name} n'a pas pu être écrit.",
            en=reason.en if reason else f"{files[0].name} could not be written.",
        )
    return status, reason


def _status(path: Path) -> ChildStatus | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=ChildStatus)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
