"""The PDF: laid out by WeasyPrint with nothing from outside, and never ten pages long.

Imported by the rendering process only. Where WeasyPrint or Pango is missing, `PdfUnavailable` says so.
"""

from __future__ import annotations

import contextlib
import ctypes.util
import hashlib
import importlib
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from grader.errors import GraderError, RenderError
from grader.model import Language, Result
from grader.records import encode
from reports.cleaning import clean_line
from reports.document import Cut, answer_lengths, build
from reports.excerpt import fair_share
from reports.figures import Figure
from reports.page import ASSETS, paper_page

MOST_PAGES = 9
_LINES_PER_PAGE = 56
_FIRST_ROOM = 170
"""Lines that answers get at the first try: the pages that the rest leaves for an ordinary hand-in; without figures, a
page more."""
_MARGIN_LINES = 14
_TRIES = 3
_PAPER = Cut(
    question_characters=190,
    message_characters=320,
    checks=6,
    passed_checks=False,
    items=90,
    layers=26,
    quotes=2,
    quote_characters=90,
    proposals=False,
)
_TIGHTER = msgspec.structs.replace(
    _PAPER, answer_lines=0, question_characters=90, message_characters=140, checks=2
)
_BARE = msgspec.structs.replace(
    _TIGHTER, question_characters=0, message_characters=0, checks=0, items=0, layers=12
)


class PdfUnavailable(GraderError):
    """This machine cannot lay out a PDF; the HTML report holds everything."""


class Pdf(msgspec.Struct, frozen=True, kw_only=True):
    """The finished file and its number of pages."""

    content: bytes
    pages: int


def make_pdf(result: Result, figures: Sequence[Figure], language: Language) -> Pdf:
    """Return the report as PDF/UA-1 of at most nine pages, answers cut as little as that allows.

    Raises PdfUnavailable without WeasyPrint or its native libraries.
    """
    printer = _Printer(result, figures, language)
    laid_out = _with_answers(printer, answer_lengths(result))
    for cut, drawings in ((_TIGHTER, figures), (_BARE, figures), (_BARE, ())):
        if laid_out is not None:
            break
        candidate = printer.lay_out(cut, drawings)
        laid_out = candidate if len(candidate.pages) <= MOST_PAGES else None
    if laid_out is None:
        raise RenderError(
            fr="Le rapport ne tient pas en moins de dix pages ; report.html est entier.",
            en="The report does not fit into fewer than ten pages; report.html is whole.",
        )
    return Pdf(content=printer.write(laid_out), pages=len(laid_out.pages))


def _with_answers(printer: _Printer, lengths: Sequence[int]) -> Any:
    """Return a layout that holds as much of the answers as nine pages can, or None where none fits."""
    best = None
    room = _FIRST_ROOM + (0 if printer.figures else _LINES_PER_PAGE)
    for _ in range(_TRIES):
        lines = fair_share(lengths, room)
        if lines < 1 and any(lengths):
            break
        candidate = printer.lay_out(
            msgspec.structs.replace(_PAPER, answer_lines=max(lines, 1)), printer.figures
        )
        spare = MOST_PAGES - len(candidate.pages)
        if spare >= 0:
            best = candidate
            if spare == 0 or lines >= max(lengths):
                break
        elif best is not None:
            break
        room += spare * _LINES_PER_PAGE - (_MARGIN_LINES if spare < 0 else 0)
    return best


class _Printer:
    """WeasyPrint, shut off from the world."""

    def __init__(self, result: Result, figures: Sequence[Figure], language: Language) -> None:
        self.figures = figures
        self._result = result
        self._language = language
        self._weasyprint = weasyprint()
        self._fetcher = own_assets_only({figure.name: figure for figure in figures})
        self._fonts = importlib.import_module("weasyprint.text.fonts").FontConfiguration()

    def lay_out(self, cut: Cut, figures: Sequence[Figure]) -> Any:
        """Return WeasyPrint's document for the report cut to `cut`."""
        source = paper_page(build(self._result, self._language, cut), figures, self._language)
        html = self._weasyprint.HTML(string=source, url_fetcher=self._fetcher, base_url="asset:")
        return html.render(font_config=self._fonts, pdf_variant="pdf/ua-1", pdf_tags=True)

    def write(self, laid_out: Any) -> bytes:
        """Return the bytes of `laid_out`; its identifier comes from the result alone."""
        identifier = hashlib.sha256(encode(self._result) + self._language.encode()).digest()[:16]
        content: bytes = laid_out.write_pdf(pdf_variant="pdf/ua-1", pdf_tags=True, pdf_identifier=identifier)
        return content


def weasyprint() -> Any:
    """Return WeasyPrint; raises PdfUnavailable where it, or a library it needs, is missing."""
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    try:
        # It says aloud what it misses; standard output is where a serving process answers.
        with contextlib.redirect_stdout(sys.stderr):
            return _imported()
    except (ImportError, OSError) as problem:  # OSError: the package is there, Pango is not
        detail = clean_line(str(problem), 120)
        raise PdfUnavailable(
            fr=f"Pas de PDF : WeasyPrint ou Pango manque sur cette machine ({detail}). report.html dit tout ; "
            "`grade doctor` indique comment installer Pango.",
            en=f"No PDF: WeasyPrint or Pango is missing on this machine ({detail}). report.html says it all; "
            "`grade doctor` tells how to install Pango.",
        ) from problem


def _imported() -> Any:
    try:
        with _loader_only():
            return importlib.import_module("weasyprint")
    except OSError:
        return importlib.import_module("weasyprint")


@contextlib.contextmanager
def _loader_only() -> Iterator[None]:
    """Within this, a library is loaded by its file's name or not at all.

    WeasyPrint tries the names of its libraries on every system in turn. For each that this one does not use Python
    would start a compiler and a linker, fifty processes before the first page, to learn a file's name that comes next.
    """
    search = ctypes.util.find_library
    ctypes.util.find_library = lambda name: None
    try:
        yield
    finally:
        ctypes.util.find_library = search


def own_assets_only(figures: dict[str, Figure]) -> Any:
    """Return a fetcher that knows the figures and the package's own fonts, and refuses all else."""
    return fetcher_of({f"figure:{name}": (figure.picture, figure.mime) for name, figure in figures.items()})


def fetcher_of(known: Mapping[str, tuple[bytes, str]]) -> Any:
    """Return a fetcher that knows what `known` holds by its address, and our own fonts, and refuses all else."""
    urls = importlib.import_module("weasyprint.urls")
    files = {path.name: path for path in (ASSETS / "fonts").iterdir() if path.suffix in (".otf", ".ttf")}

    class OwnAssetsOnly(urls.URLFetcher):  # type: ignore[name-defined, misc]
        def fetch(self, url: str, headers: object = None) -> Any:
            scheme, _, name = url.partition(":")
            if url in known:
                content, mime = known[url]
                return urls.URLFetcherResponse(url, content, {"Content-Type": mime})
            if scheme == "asset" and name in files:
                return urls.URLFetcherResponse(url, files[name].read_bytes(), {"Content-Type": "font/sfnt"})
            raise ValueError(f"refused: {url[:80]}")

    return OwnAssetsOnly()
