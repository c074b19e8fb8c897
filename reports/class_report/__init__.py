"""Views of a whole class: its report (HTML and PDF), and the page of pairs that look alike.

Both are laid out in a process of its own, with nothing from outside.

    ClassSummary ── figures ── page ── printing (HTML, PDF)
    Likeness ────── pairs (one self-contained HTML page)
"""

from reports.class_report.process import PrintedClass, print_class_report, print_pairs

__all__ = ["PrintedClass", "print_class_report", "print_pairs"]
