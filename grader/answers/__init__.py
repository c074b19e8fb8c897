"""Reads what students wrote: answers by question, claimed accuracies, the report; numbers, formulas and tables.

Text is data: it is cut, compared and parsed by grammars of our own, and never evaluated.
"""

from grader.answers.finding import Found, agrees, find_formulas
from grader.answers.formulas import Expression, FormulaError, evaluate, parse
from grader.answers.numbers import Number, find_numbers, parse_number, plain
from grader.answers.reading import read_answers
from grader.answers.tables import LayerRow, read_layers

__all__ = [
    "Expression", "FormulaError", "Found", "LayerRow", "Number", "agrees", "evaluate", "find_formulas", "find_numbers",
    "parse", "parse_number", "plain", "read_answers", "read_layers",
]  # fmt: skip
