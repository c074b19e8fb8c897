"""The class report as HTML, by a template that escapes everything."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from grader.model.class_summary import ClassSummary, Needing
from grader.text import Language
from reports.class_report.figures import quantile
from reports.class_report.phrases import word
from reports.cleaning import clean_line
from reports.figures.drawing import Figure
from reports.formatting import decimal, integer, percent
from reports.page import ASSETS, template

_NEEDING = 40
_ITEMS = 14
_JUDGEMENTS = ("above", "within", "below", "not_calibrated", "unfinished", "not_run")


def class_page(summary: ClassSummary, figures: Sequence[Figure], *, printed: bool) -> str:
    """Return the report of a class: for WeasyPrint where `printed`, else whole in itself for a browser."""
    language = summary.language
    decided = [span.points for span in summary.marks if not span.open]
    earned = sorted(span.points for span in summary.marks)
    return render_page(
        "class_report.html.j2",
        ("common", "paper" if printed else "screen", "class"),
        language,
        summary=summary,
        title=clean_line(summary.title.in_(language), 160),
        figures={figure.name: figure for figure in figures},
        sources={figure.name: _source(figure, printed=printed) for figure in figures},
        counts=(
            (integer(summary.hand_ins, language), word("hand_ins", language)),
            (integer(len(summary.marks), language), word("graded", language)),
            (integer(len(decided), language), word("decided", language)),
            (decimal(quantile(earned, 0.5), language) if earned else "–", word("median", language)),
        ),
        faults=[
            {
                "item": clean_line(fault.item, 24),
                "label": clean_line(fault.label.in_(language), 220),
                "count": integer(fault.hand_ins, language),
                "share": percent(fault.hand_ins / max(len(summary.marks), 1), language),
                "examples": ", ".join(fault.examples),
            }
            for fault in summary.faults
        ],
        judgements=[name for name in _JUDGEMENTS if any(name in one.judgements for one in summary.stages)],
        needing=[_needing(row, language) for row in summary.needing[:_NEEDING]],
        rest=max(len(summary.needing) - _NEEDING, 0),
    )


def render_page(name: str, styles: Sequence[str], language: Language, **values: object) -> str:
    """Return the template `name` with `values` put in, everything escaped; `styles` are names of style sheets."""
    style = "".join((ASSETS / f"{one}.css").read_text("utf-8") for one in styles)
    return template(name, language).render(
        **values,
        style=style,
        language=language,
        word=lambda phrase, **more: word(phrase, language, **more),
    )


def _source(figure: Figure, *, printed: bool) -> str:
    if printed:
        return f"figure:{figure.name}"
    return f"data:{figure.mime};base64," + base64.b64encode(figure.picture).decode("ascii")


def _needing(row: Needing, language: Language) -> dict[str, str]:
    items = [clean_line(item, 24) for item in row.items[:_ITEMS]]
    listed = ", ".join(items) + (" …" if len(row.items) > _ITEMS else "")
    return {
        "pseudonym": row.pseudonym,
        "why": word(f"why_{row.why}", language, items=listed),
        "open": decimal(row.open, language) if row.open else "–",
    }
