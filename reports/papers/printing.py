"""The printing process: `python -m reports.papers.printing PAPER.json HAND_IN OUT`, started by `print_paper`.

The HTML is written first. The PDF is written only when the paper is as short as its sheet wants it; how long each
section is goes into the status record either way.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path
from typing import Any

from grader.records import encode, read_record, write_bytes, write_record
from reports.limits import limit_memory
from reports.papers.paper import Length, Paper, PaperStatus
from reports.papers.pictures import Pictures
from reports.papers.sheet import Sheet, make_sheet
from reports.pdf import PdfUnavailable, fetcher_of, weasyprint

_LONGEST = 3
_NAMES = {"followup": "followup", "final": "final-report"}


def print_here(paper: Paper, root: Path, out: Path) -> PaperStatus:
    """Write the paper into `out` from within this process: HTML always, PDF when it is short enough."""
    pictures = Pictures(root, paper.folders)
    sheet = make_sheet(paper, pictures)
    name = _NAMES[paper.kind]
    write_bytes(out / f"{name}.html", sheet.screen.encode("utf-8"))
    try:
        laid_out = _lay_out(sheet)
    except PdfUnavailable as problem:
        return PaperStatus(note=problem.text, notes=tuple(pictures.notes))
    pages = len(laid_out.pages)
    if not paper.page_limit or pages < paper.page_limit:
        identifier = hashlib.sha256(encode(paper)).digest()[:16]
        content: bytes = laid_out.write_pdf(pdf_variant="pdf/ua-1", pdf_tags=True, pdf_identifier=identifier)
        write_bytes(out / f"{name}.pdf", content)
    return PaperStatus(pages=pages, longest=_longest(laid_out), notes=tuple(pictures.notes))


def _lay_out(sheet: Sheet) -> Any:
    found = {f"figure:{name}": (asset.content, asset.mime) for name, asset in sheet.assets.items()}
    module = weasyprint()
    from weasyprint.text.fonts import FontConfiguration

    html = module.HTML(string=sheet.printed, url_fetcher=fetcher_of(found), base_url="asset:")
    return html.render(font_config=FontConfiguration(), pdf_variant="pdf/ua-1", pdf_tags=True)


def _longest(laid_out: Any) -> tuple[Length, ...]:
    """Return the longest sections, by where their headings stand on the pages."""
    places: list[tuple[str, float]] = []
    for number, page in enumerate(laid_out.pages):
        places += [(label, number + at[1] / page.height) for _, label, at, _ in page.bookmarks]
    ends = [at for _, at in places[1:]] + [float(len(laid_out.pages))]
    lengths = [
        Length(title=" ".join(label.replace("★", "").split())[:80], pages=round(end - at, 2))
        for (label, at), end in zip(places, ends, strict=True)
    ]
    return tuple(sorted(lengths, key=lambda one: -one.pages)[:_LONGEST])


def main(arguments: list[str] | None = None) -> int:
    """Print what the command line names; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m reports.papers.printing", description=__doc__)
    parser.add_argument("paper", type=Path, help="a Paper as JSON")
    parser.add_argument("root", type=Path, help="the hand-in's files, for its pictures")
    parser.add_argument("out", type=Path, help="folder for the HTML and the PDF")
    parser.add_argument("--status", type=Path, required=True, help="where to write what came of it")
    parser.add_argument("--memory-limit", type=int, default=0, help="bytes of address space; 0 for no limit")
    options = parser.parse_args(arguments)
    limit_memory(options.memory_limit)
    status = print_here(read_record(options.paper, Paper), options.root, options.out)
    write_record(options.status, status)
    return 0


if __name__ == "__main__":
    sys.exit(main())
