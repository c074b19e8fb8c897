"""A paper as HTML: texts read as Markdown, tables in words, one figure, in a template that escapes all else."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import msgspec
from markupsafe import Markup

from grader.model import Language, StageResult
from reports.cleaning import clean_line
from reports.figures import Figure
from reports.figures.curves import curves
from reports.figures.drawing import prepare
from reports.formatting import percent
from reports.page import ASSETS, template
from reports.papers.paper import Paper, Progress
from reports.papers.phrases import word
from reports.papers.pictures import Pictures
from reports.papers.prose import Asset, Prose
from reports.stages import final_accuracies

_SIGNS = {"done": "✓", "absent": "–", "stuck": "○"}
_FIGURE = re.compile(r'src="figure:([a-z0-9-]+)"')


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A paper ready for both of its forms."""

    printed: str
    """HTML for the PDF: what it shows is named `figure:NAME`, fonts are `asset:NAME`."""
    screen: str
    """HTML for a browser, whole in itself."""
    assets: Mapping[str, Asset]


def make_sheet(paper: Paper, pictures: Pictures) -> Sheet:
    """Return the HTML of `paper`; pictures that are left out are noted in `pictures.notes`."""
    prepare()
    prose = Prose(pictures, word("picture_missing", paper.language, name="{name}"))
    figure = _figure(paper)
    values: dict[str, object] = {
        "paper": paper,
        "title": clean_line(paper.title, 160),
        "authors": ", ".join(clean_line(name, 60) for name in paper.authors[:6])
        or word("unknown_authors", paper.language),
        "shown": _answers(paper, prose),
        "free": prose.html(paper.free, 2 if paper.kind == "final" else 3) if paper.free.strip() else None,
        "curves": figure,
        "results": [_result(stage, paper.language) for stage in paper.stages],
        "progress": [_progress(row, paper.language) for row in paper.progress],
        "count": _count(paper),
        "word": lambda phrase, **more: word(phrase, paper.language, **more),
    }
    assets = dict(prose.assets)
    if figure is not None:
        assets["curves"] = Asset(content=figure.picture, mime=figure.mime)
    screen = _render(values, ("common", "screen", "prose"), paper.language, printed=False)
    return Sheet(
        printed=_render(values, ("common", "paper", "prose"), paper.language, printed=True),
        screen=_FIGURE.sub(partial(_inside, assets), screen),
        assets=assets,
    )


def _answers(paper: Paper, prose: Prose) -> list[dict[str, object]]:
    """Return what the template shows of each answer; in a final report only those that were given."""
    nothing = Markup('<p class="state">{}</p>').format(word("no_answer", paper.language))
    return [
        {
            "label": clean_line(answer.label, 30),
            "star": answer.star,
            "question": clean_line(answer.question, 600) if paper.kind == "followup" else "",
            "body": prose.html(answer.text) if answer.text.strip() else nothing,
        }
        for answer in paper.answers
        if answer.text.strip() or paper.kind == "followup"
    ]


def _figure(paper: Paper) -> Figure | None:
    if not any(stage.training and stage.training.curve for stage in paper.stages):
        return None
    return curves(paper.stages, paper.source, paper.language)


def _result(stage: StageResult, language: Language) -> dict[str, str]:
    train, test = final_accuracies(stage.training)
    epochs = stage.training.curve[-1].epoch if stage.training and stage.training.curve else 0
    return {
        "title": clean_line(stage.title.in_(language), 60),
        "epochs": str(epochs or "–"),
        "train": percent(train, language),
        "test": percent(test, language),
    }


def _progress(row: Progress, language: Language) -> dict[str, str]:
    figure = percent(row.accuracy, language)
    return {
        "title": clean_line(row.title, 60),
        "sign": _SIGNS[row.state],
        "state": word(row.state, language),
        "details": clean_line(row.details, 300),
        "accuracy": f"{figure} ({word(row.whose, language)})" if row.whose else figure,
    }


def _count(paper: Paper) -> str:
    done = sum(row.state == "done" for row in paper.progress)
    return word("one" if done == 1 else "count", paper.language, done=done, all=len(paper.progress))


def _render(values: dict[str, object], styles: tuple[str, ...], language: Language, *, printed: bool) -> str:
    style = "".join(Path(ASSETS / f"{name}.css").read_text("utf-8") for name in styles)
    return template("paper.html.j2", language).render(**values, style=style, printed=printed)


def _inside(assets: Mapping[str, Asset], found: re.Match[str]) -> str:
    """Return the picture itself where a page named it."""
    asset = assets.get(found[1])
    if asset is None:
        return 'src=""'
    return f'src="data:{asset.mime};base64,{base64.b64encode(asset.content).decode("ascii")}"'
