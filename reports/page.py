"""A `Document` as HTML, by templates that escape everything and forgive no unknown name."""

from __future__ import annotations

import base64
import functools
from collections.abc import Sequence
from pathlib import Path

import jinja2
from markupsafe import Markup

from grader.model import Language
from reports.document import Document, phrases_for
from reports.figures import Figure
from reports.formatting import spaced

ASSETS = Path(__file__).resolve().parent / "assets"
TEMPLATES = Path(__file__).resolve().parent / "templates"


@functools.cache
def template(name: str, language: Language) -> jinja2.Template:
    """Return the template called `name`: it escapes everything, forgives no unknown name, and sets French as French."""

    def finished(value: object) -> object:
        return spaced(value, language) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=finished,
    )
    return environment.get_template(name)


def screen_page(document: Document, figures: Sequence[Figure], language: Language) -> str:
    """Return the page for a browser: whole, self-contained, figures and style inside."""
    sources = {figure.name: _data_url(figure) for figure in figures}
    style = (ASSETS / "common.css").read_text("utf-8") + (ASSETS / "screen.css").read_text("utf-8")
    return _render(document, figures, sources, style, language, paper=False)


def paper_page(document: Document, figures: Sequence[Figure], language: Language) -> str:
    """Return the page for WeasyPrint: figures are named `figure:NAME` and fonts `asset:NAME`."""
    sources = {figure.name: f"figure:{figure.name}" for figure in figures}
    style = (ASSETS / "common.css").read_text("utf-8") + (ASSETS / "paper.css").read_text("utf-8")
    return _render(document, figures, sources, style, language, paper=True)


def _render(
    document: Document,
    figures: Sequence[Figure],
    sources: dict[str, str],
    style: str,
    language: Language,
    *,
    paper: bool,
) -> str:
    return template("report.html.j2", language).render(
        document=document,
        summary=document.summary,
        figures={figure.name: figure for figure in figures},
        sources=sources,
        style=style,
        say=phrases_for(language),
        language=language,
        paper=paper,
    )


def _data_url(figure: Figure) -> str:
    return f"data:{figure.mime};base64," + base64.b64encode(figure.picture).decode("ascii")
