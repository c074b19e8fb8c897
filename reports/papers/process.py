"""Lays a paper out in a process of its own, under limits of time and memory, and says what came of it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec

from grader.errors import RenderError, UsageError
from grader.records import write_record
from grader.text import Text
from reports.papers.paper import Length, Paper, PaperStatus
from reports.process import RenderProcess, run_child

_NAMES = {"followup": "followup", "final": "final-report"}


class PrintedPaper(msgspec.Struct, frozen=True, kw_only=True):
    """What was written; without `pdf`, `note` says why."""

    html: Path
    pdf: Path | None
    pages: int | None
    longest: tuple[Length, ...] = ()
    note: Text | None = None
    notes: tuple[Text, ...] = ()


def print_paper(paper: Paper, root: Path, out: Path, process: RenderProcess | None = None) -> PrintedPaper:
    """Write `paper` into `out` as HTML and, where WeasyPrint is installed, as PDF; pictures come from `root`.

    Raises UsageError, with the number of pages and the longest sections, when the paper is not shorter than its
    limit (the HTML is there to be read), and RenderError when it could not be laid out at all.
    """
    process = process or RenderProcess()
    out.mkdir(parents=True, exist_ok=True)
    name = _NAMES[paper.kind]
    html, pdf = out / f"{name}.html", out / f"{name}.pdf"
    for stale in (html, pdf):
        stale.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="paper-") as folder:
        room = Path(folder)
        write_record(room / "paper.json", paper)
        arguments = [str(room / "paper.json"), str(root.resolve()), str(out.resolve())]
        reason = run_child("reports.papers.printing", arguments, process, room)
        status = _status(room / "status.json")
    if status is None or not html.is_file():
        raise RenderError(
            fr=reason.fr if reason else "Le document n'a pas pu être mis en page.",
            en=reason.en if reason else "The paper could not be laid out.",
        )
    if status.pages is not None and paper.page_limit and status.pages >= paper.page_limit:
        raise _too_long(status, paper, html)
    return PrintedPaper(
        html=html,
        pdf=pdf if pdf.is_file() else None,
        pages=status.pages,
        longest=status.longest,
        note=reason or status.note,
        notes=status.notes,
    )


def _status(path: Path) -> PaperStatus | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=PaperStatus)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _too_long(status: PaperStatus, paper: Paper, html: Path) -> UsageError:
    french = ", ".join(f"{one.title} ({one.pages:.1f} page)".replace(".", ",") for one in status.longest)
    english = ", ".join(f"{one.title} ({one.pages:.1f} pages)" for one in status.longest)
    return UsageError(
        fr=f"Le compte rendu fait {status.pages} pages, il en faut moins de {paper.page_limit}. Les parties les plus "
        f"longues : {french}. Raccourcissez-les, puis relancez ; {html} montre le tout.",
        en=f"The report has {status.pages} pages and must have fewer than {paper.page_limit}. The longest sections: "
        f"{english}. Shorten them and run again; {html} shows it all.",
    )
