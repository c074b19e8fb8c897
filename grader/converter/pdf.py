"""A PDF made by LaTeX, Word, Google Docs or a browser: its lines in order, headers and page numbers left out."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from grader.converter.gathering import SOURCE_BYTES_MAX, Gathered, Unreadable
from grader.converter.glyphs import page_runs
from grader.converter.lines import Line, page_lines
from grader.converter.margins import without_margins
from grader.converter.paragraphs import add_pages
from grader.model.document import Document

PAGES_MAX = 60
"""Six times what the sheet allows: beyond it nothing is read, and the document says so."""

OBJECTS_MAX = 5000
"""Of one page, looked through for pictures."""

_PICTURE_SHARE = 0.02
"""Of the page's area: what a logo does not reach."""


def read(source: Path) -> Document:
    """Return the text of the PDF at `source`, with pages and lines; raises Unreadable."""
    size = source.stat().st_size
    if size == 0:
        raise Unreadable("empty")
    if size > SOURCE_BYTES_MAX:
        raise Unreadable("damaged")
    try:
        opened = pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as error:
        locked = getattr(error, "err_code", None) == pdfium.FPDF_ERR_PASSWORD
        raise Unreadable("encrypted" if locked or "assword" in str(error) else "damaged") from error
    gathered = Gathered()
    count = len(opened)
    pages: list[list[Line]] = []
    for number in range(min(count, PAGES_MAX)):
        lines, whole, picture = _page(opened, number)
        gathered.cut = gathered.cut or not whole
        gathered.pictures += picture and not lines
        pages.append(lines)
    cut = gathered.cut or count > PAGES_MAX
    gathered.cut = False
    add_pages(without_margins(pages), gathered)
    gathered.cut = gathered.cut or cut
    return gathered.document(pages=count)


def _page(opened: pypdfium2.PdfDocument, number: int) -> tuple[list[Line], bool, bool]:
    """Return the lines of a page, whether all of it was read, and whether nothing but a picture stands on it."""
    page = pdfium.FPDF_LoadPage(opened.raw, number)
    if not page:
        return [], True, False
    try:
        runs, whole = page_runs(page)
        lines = page_lines(runs)
        tops = _pictures(page)
    finally:
        pdfium.FPDF_ClosePage(page)
    return _with_pictures(lines, tops), whole, bool(tops) and not lines


def _pictures(page: Any) -> list[float]:
    """Return the upper edges of the images that are no mere decoration, in points from the bottom."""
    area = pdfium.FPDF_GetPageWidthF(page) * pdfium.FPDF_GetPageHeightF(page) or 1.0
    found = []
    for place in range(min(pdfium.FPDFPage_CountObjects(page), OBJECTS_MAX)):
        item = pdfium.FPDFPage_GetObject(page, place)
        if pdfium.FPDFPageObj_GetType(item) != pdfium.FPDF_PAGEOBJ_IMAGE:
            continue
        left, bottom, right, top = (ctypes.c_float() for _ in range(4))
        pdfium.FPDFPageObj_GetBounds(item, left, bottom, right, top)
        if (right.value - left.value) * (top.value - bottom.value) > _PICTURE_SHARE * area:
            found.append(top.value)
    return found


def _with_pictures(lines: list[Line], tops: list[float]) -> list[Line]:
    """Return the lines with an empty one, lost to us, where each picture stands."""
    for top in tops:
        place = next((place for place, line in enumerate(lines) if line.y < top - line.size), len(lines))
        lines.insert(place, Line("", 0.0, 0.0, top, 1.0, False, lost=1))
    return lines
