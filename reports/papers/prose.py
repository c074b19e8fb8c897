"""A student's Markdown as the page of a paper: headings, tables, formulas drawn, pictures from the hand-in."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup, escape

from reports.answers import OFF, breakable, formula_rule
from reports.cleaning import clean, clean_line
from reports.formulas import plain_formula
from reports.papers.formulas import Formulas
from reports.papers.pictures import Pictures

_BREAK = "\u200b"
_OFF = [rule for rule in OFF if rule != "image"]


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a page shows by name."""

    content: bytes
    mime: str


class Prose:
    """Turns the texts of one paper into HTML, and gathers the pictures that these show in `assets`."""

    def __init__(self, pictures: Pictures, missing: str) -> None:
        self.assets: dict[str, Asset] = {}
        self._markdown = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer)
        self._markdown.enable("table").disable(_OFF)
        self._markdown.inline.ruler.before("escape", "formula", formula_rule)
        renderer: Any = self._markdown.renderer
        renderer.paper = _Inside(pictures, Formulas(), self.assets, missing)

    def html(self, text: str, headings: int = 0) -> Markup:
        """Return `text` as HTML of text, layout and `figure:` pictures alone.

        Its headings come out from `<h{headings}>` down; with 0 they are bold paragraphs.
        """
        return Markup(self._markdown.render(breakable(clean(text)), {"headings": headings}))


class _Inside(msgspec.Struct):
    pictures: Pictures
    formulas: Formulas
    assets: dict[str, Asset]
    missing: str


class _Renderer(RendererHTML):
    """Renders formulas and pictures as pictures that the page's fetcher knows by name."""

    paper: _Inside

    def formula(self, tokens: list[Token], index: int, options: object, env: object) -> str:
        """Return a formula as a drawing, or as text where it cannot be drawn."""
        source = tokens[index].content.replace(_BREAK, "")
        drawn = self.paper.formulas.draw(source)
        if drawn is None:
            return f'<span class="formula">{escape(plain_formula(source))}</span>'
        name = self._keep("formula", drawn.picture, "image/svg+xml")
        style = f"width:{drawn.width_em}em;height:{drawn.height_em}em;vertical-align:-{drawn.depth_em}em"
        return f'<img class="math" src="figure:{name}" alt="{escape(source)}" style="{style}">'

    def image(self, tokens: Sequence[Token], index: int, options: object, env: object) -> str:
        """Return a picture of the hand-in with its caption, or a word where it is left out."""
        token = tokens[index]
        source = str(token.attrGet("src") or "").replace(_BREAK, "")
        caption = clean_line(token.content.replace(_BREAK, ""), 300)
        picture = self.paper.pictures.picture(source)
        if picture is None:
            return f'<span class="left-out">[{escape(self.paper.missing.format(name=clean_line(source, 80)))}]</span>'
        name = self._keep("picture", picture.content, picture.mime)
        said = f'<span class="caption">{escape(caption)}</span>' if caption else ""
        return (
            f'<span class="picture"><img src="figure:{name}" alt="{escape(caption or source)}">{said}</span>'
        )

    def heading_open(self, tokens: list[Token], index: int, options: object, env: Any) -> str:
        """Open a heading at its place in the paper."""
        return f"<{self._tag(tokens, index, env)}>"

    def heading_close(self, tokens: list[Token], index: int, options: object, env: Any) -> str:
        """Close it."""
        return f"</{self._tag(tokens, index, env).split()[0]}>\n"

    def _tag(self, tokens: list[Token], index: int, env: Any) -> str:
        top = env.get("headings", 0)
        if not top:
            return 'p class="heading"'
        level = max(int(tokens[index].tag[1]) - 2, 0) + top
        return f"h{min(level, 6)}"

    def _keep(self, kind: str, content: bytes, mime: str) -> str:
        name = f"{kind}-{hashlib.sha256(content).hexdigest()[:16]}"
        self.paper.assets.setdefault(name, Asset(content=content, mime=mime))
        return name
