"""The report's figures as SVG: the same bytes from the same result, a sentence for those who do not see them.

Imported by the rendering process only, since it loads matplotlib.
"""

from reports.figures.drawing import Figure
from reports.figures.select import draw_figures

__all__ = ["Figure", "draw_figures"]
