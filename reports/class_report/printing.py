"""The printing process: `python -m reports.class_report.printing report|pairs RECORD.json OUT --lang fr`."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

from grader.model.class_summary import ClassSummary
from grader.model.likeness import Likeness
from grader.records import encode, read_record, write_bytes, write_record
from grader.text import Language
from reports.limits import limit_memory
from reports.pdf import PdfUnavailable, own_assets_only, weasyprint
from reports.status import ChildStatus


def print_report(summary: ClassSummary, out: Path) -> ChildStatus:
    """Write the class report into `out` from within this process: HTML first, then PDF where that can be."""
    from reports.class_report.figures import class_figures
    from reports.class_report.page import class_page

    figures = class_figures(summary)
    write_bytes(out / "class-report.html", class_page(summary, figures, printed=False).encode("utf-8"))
    try:
        module = weasyprint()
    except PdfUnavailable as problem:
        return ChildStatus(note=problem.text)
    from weasyprint.text.fonts import FontConfiguration

    source = class_page(summary, figures, printed=True)
    fetcher = own_assets_only({figure.name: figure for figure in figures})
    html = module.HTML(string=source, url_fetcher=fetcher, base_url="asset:")
    laid_out = html.render(font_config=FontConfiguration(), pdf_variant="pdf/ua-1", pdf_tags=True)
    identifier = hashlib.sha256(encode(summary)).digest()[:16]
    content: bytes = laid_out.write_pdf(pdf_variant="pdf/ua-1", pdf_tags=True, pdf_identifier=identifier)
    write_bytes(out / "class-report.pdf", content)
    return ChildStatus(pages=len(laid_out.pages))


def print_pairs(likeness: Likeness, out: Path, language: Language) -> ChildStatus:
    """Write the page of pairs into `out` from within this process."""
    from reports.class_report.pairs import pairs_page

    write_bytes(out / "likeness.html", pairs_page(likeness, language).encode("utf-8"))
    return ChildStatus()


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what the command line names; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m reports.class_report.printing", description=__doc__)
    parser.add_argument("kind", choices=("report", "pairs"))
    parser.add_argument("record", type=Path, help="a ClassSummary or a Likeness as JSON")
    parser.add_argument("out", type=Path, help="folder for what is written")
    parser.add_argument("--lang", choices=("fr", "en"), default="fr")
    parser.add_argument("--status", type=Path, help="where to write the number of pages, as JSON")
    parser.add_argument("--memory-limit", type=int, default=0, help="bytes of address space; 0 for no limit")
    options = parser.parse_args(arguments)
    limit_memory(options.memory_limit)
    if options.kind == "report":
        status = print_report(read_record(options.record, ClassSummary), options.out)
    else:
        status = print_pairs(read_record(options.record, Likeness), options.out, options.lang)
    if options.status is not None:
        write_record(options.status, status)
    return 0


if __name__ == "__main__":
    sys.exit(main())
