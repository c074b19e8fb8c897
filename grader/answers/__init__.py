"""Reads what students wrote: answers by question, claimed accuracies, the report; numbers, formulas and tables.

Text is data: it is cut, compared and parsed by grammars of our own, and never evaluated.
"""

from grader.answers.examples import Examples, load_examples
from grader.answers.finding import Found, agrees, find_formulas
from grader.answers.formulas import Expression, FormulaError, evaluate, parse
from grader.answers.judging import Judgement, judge
from grader.answers.model_answers import read_model_answers
from grader.answers.numbers import Number, find_numbers, parse_number, plain
from grader.answers.reading import read_answers
from grader.answers.rubrics import Ready, load_rubric
from grader.answers.tables import LayerRow, read_layers
from grader.answers.telling import tell
from grader.answers.words import get_ready

__all__ = [
    "Examples", "Expression", "FormulaError", "Found", "Judgement", "LayerRow", "Number", "Ready", "agrees", "evaluate",
    "find_formulas", "find_numbers", "get_ready", "judge", "load_examples", "load_rubric", "parse", "parse_number",
    "plain", "read_answers", "read_layers", "read_model_answers", "tell",
]  # fmt: skip
