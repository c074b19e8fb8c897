"""The rendering process: `python -m reports.rendering RESULT.json OUT --lang fr`, or `--wait`, or `--serve`.

With `--wait` it loads all that it needs and then reads its arguments, as a JSON list, from standard input. With
`--serve` it reads one such list a line, renders each in a fork of itself, and prints the exit code of each.
Started by `reports.render`; also good by hand. Without `--wait` the HTML is written before the libraries of the PDF
are loaded, so that it is there whatever happens to them. The last thing written is the status record, where one is
asked for.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import os
import sys
import traceback
from pathlib import Path
from typing import NoReturn

import msgspec

from grader.errors import RenderError
from grader.model import Language, Result
from grader.records import read_record, write_bytes, write_record
from reports.limits import limit_memory
from reports.status import ChildStatus


def render_here(result: Result, out: Path, language: Language, result_dir: Path) -> ChildStatus:
    """Write the report of `result` into `out` from within this process."""
    # Imported here: a result that cannot be read should cost no second.
    from reports.document import Cut, build
    from reports.figures import draw_figures
    from reports.page import screen_page
    from reports.pdf import PdfUnavailable, make_pdf

    figures = draw_figures(result, result_dir, language)
    page = screen_page(build(result, language, Cut()), figures, language)
    write_bytes(out / "report.html", page.encode("utf-8"))
    try:
        pdf = make_pdf(result, figures, language)
    except (PdfUnavailable, RenderError) as problem:
        return ChildStatus(note=problem.text)
    write_bytes(out / "report.pdf", pdf.content)
    return ChildStatus(pages=pdf.pages)


def _get_ready() -> None:
    """Load what a report is made with, and lay out a line: much of it is only read when it is first used."""
    # A page is hundreds of thousands of objects that all live to its end: looking for dead ones finds none.
    gc.disable()
    for name in ("reports.figures", "reports.document", "matplotlib.style", "babel.dates"):
        importlib.import_module(name)
    from reports.pdf import PdfUnavailable, weasyprint

    # Where it is missing, the PDF's own step says so.
    with contextlib.suppress(PdfUnavailable):
        weasyprint().HTML(string="<p>1</p>").write_pdf(pdf_variant="pdf/ua-1", pdf_tags=True)
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    gc.enable()


def _serve() -> int:
    """Render what each line of standard input asks for; what one does to its process touches no other."""
    _get_ready()
    for line in sys.stdin.buffer:
        child = os.fork()
        if child == 0:
            _render_one(line)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    return 0


def _render_one(line: bytes) -> NoReturn:
    """Render what `line` asks for and end this process, whatever happens."""
    code = 1
    try:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        code = main(msgspec.json.decode(line, type=list[str]))
    except BaseException:  # noqa: BLE001 - a fork must never go on as if it were its parent
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def main(arguments: list[str] | None = None) -> int:
    """Render what the command line names; return the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    if given == ["--serve"]:
        return _serve()
    if given == ["--wait"]:
        _get_ready()
        given = msgspec.json.decode(sys.stdin.buffer.read() or b"[]", type=list[str])
    options = _parser().parse_args(given)
    limit_memory(options.memory_limit)
    result = read_record(options.result, Result)
    status = render_here(result, options.out, options.lang, options.result_dir or options.result.parent)
    if options.status is not None:
        write_record(options.status, status)
    if status.note is not None and options.status is None:
        print(status.note.in_(options.lang), file=sys.stderr)
    # The end of a process would look through all of it once more.
    gc.freeze()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reports.rendering", description=__doc__)
    parser.add_argument("result", type=Path, help="a result.json")
    parser.add_argument("out", type=Path, help="folder for report.html and report.pdf")
    parser.add_argument("--lang", choices=("fr", "en"), default="fr")
    parser.add_argument("--result-dir", type=Path, help="where trainings/ lies; beside the result by default")
    parser.add_argument("--status", type=Path, help="where to write the number of pages, as JSON")
    parser.add_argument("--memory-limit", type=int, default=0, help="bytes of address space; 0 for no limit")
    return parser


if __name__ == "__main__":
    sys.exit(main())
