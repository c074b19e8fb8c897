"""Views of a `Result`: the terminal's tables, a self-contained HTML page and a PDF of fewer than ten pages.

Importing this package is cheap: matplotlib, jinja2 and weasyprint are loaded only by
`reports.rendering`, which runs in a process of its own.

    Result ── view ── terminal                    (pure texts, then rich)
          └── document ── figures ── page ── pdf  (in the child process)
"""

from reports.process import RenderedFiles, Renderer, RenderProcess, render
from reports.view import Summary, summary

__all__ = ["RenderProcess", "RenderedFiles", "Renderer", "Summary", "render", "summary"]
