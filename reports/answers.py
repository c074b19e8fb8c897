"""Students' Markdown as safe HTML: no raw HTML, no live link, no image, formulas as they were typed or plainer."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markupsafe import Markup, escape

from reports.cleaning import clean
from reports.formulas import plain_formula

OFF = ["html_block", "html_inline", "link", "image", "autolink", "reference"]
_CLOSERS = (("$$", "$$"), ("\\[", "\\]"), ("\\(", "\\)"), ("$", "$"))
_LONGEST_FORMULA = 400
_LONG_WORD = re.compile(r"\S{60,}")


def answer_html(text: str) -> Markup:
    """Return cleaned `text`, read as Markdown, as HTML that holds nothing but text and its layout.

    Headings become bold paragraphs, so that an answer cannot enter the report's outline.
    """
    return Markup(_MARKDOWN.render(breakable(clean(text))))


def breakable(text: str) -> str:
    """Give words of sixty characters or more places to break, so that layout stays linear."""
    return _LONG_WORD.sub(lambda word: "\u200b".join(re.findall(r".{1,30}", word[0])), text)


def formula_rule(state: StateInline, silent: bool) -> bool:
    """Take a formula between its marks for one token; tells whether there was one."""
    for opener, closer in _CLOSERS:
        if not state.src.startswith(opener, state.pos):
            continue
        start = state.pos + len(opener)
        end = state.src.find(closer, start, start + _LONGEST_FORMULA)
        body = state.src[start:end]
        if end <= start or (opener == "$" and (body[0].isspace() or body[-1].isspace())):
            continue
        if not silent:
            token = state.push("formula", "", 0)
            token.content = body
        state.pos = end + len(closer)
        return True
    return False


class _Renderer(RendererHTML):
    """Renders formulas, and headings as paragraphs."""

    def formula(self, tokens: list[Token], index: int, options: object, env: object) -> str:
        """Return a formula in a typewriter-like span."""
        return f'<span class="formula">{escape(plain_formula(tokens[index].content))}</span>'

    def heading_open(self, tokens: list[Token], index: int, options: object, env: object) -> str:
        """Open a paragraph that looks like a heading."""
        return '<p class="heading">'

    def heading_close(self, tokens: list[Token], index: int, options: object, env: object) -> str:
        """Close it."""
        return "</p>\n"


def _reader() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer)
    markdown.enable("table").disable(OFF)
    markdown.inline.ruler.before("escape", "formula", formula_rule)
    return markdown


_MARKDOWN = _reader()
