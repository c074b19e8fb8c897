"""The two reports that a sheet asks of its students, made from what they wrote: the follow-up and the final one.

Like the grading report they are laid out in a process of its own, with nothing from outside; unlike it they hold
no verdict, and are the students' own words, pictures and curves.

    Paper ── sheet (texts, tables) ── prose, formulas, pictures ── printing (HTML, PDF, pages)
"""

from reports.papers.paper import Paper, PaperAnswer, Progress
from reports.papers.process import PrintedPaper, print_paper

__all__ = ["Paper", "PaperAnswer", "PrintedPaper", "Progress", "print_paper"]
