"""Numbers, formulas and tables of layers in every form; any text costs a bounded time and raises nothing else."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.answers import (
    FormulaError,
    evaluate,
    find_formulas,
    find_numbers,
    parse,
    parse_number,
    read_layers,
)

VALUES = {"x": 32, "y": 28, "z": 3, "p": 2, "s": 1, "k": 5, "x'": 32, "y'": 28}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 190 000", 1190000), ("1,191,170", 1191170), ("1.186.170", 1186170), ("1.19M", 1.19e6),
        ("1,2 million", 1.2e6),
        ("1\u202f191\u00a0170", 1191170), ("$1\\,191\\,170$", 1191170), ("1{,}19 \\times 10^6", 1.19e6), ("10k", 1e4),
        ("1'191'170", 1191170), ("1.19·10⁶", 1.19e6), ("0,35", 0.35), ("98.9", 98.9), ("2,432", 2432),
        ("50 000", 50000),
    ],
)  # fmt: skip
def test_numbers_of_every_style_are_read(text: str, value: float) -> None:
    """Thousands and decimals in French, English, Swiss and LaTeX style, with units of thousand and million."""
    number = parse_number(text)
    assert number is not None
    assert number.value == pytest.approx(value)


def test_an_ambiguous_number_has_both_readings() -> None:
    """`1,024` may be a thousand or a bit more than one."""
    assert set(parse_number("1,024").values) == {1024, 1.024}


def test_two_numbers_in_a_row_stay_two() -> None:
    """`2 432 51 264` are two numbers, not one of nine digits."""
    assert [number.value for number in find_numbers("2 432 51 264")] == [2432, 51264]


@given(st.integers(1000, 10**9), st.sampled_from([" ", "\u00a0", "\u202f", "'"]))
def test_grouped_thousands_come_back(value: int, separator: str) -> None:
    """Any whole number grouped by any space is read as itself."""
    assert parse_number(f"{value:,}".replace(",", separator)).value == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("((x - k + 2p)/s + 1)", 32), ("⌊(x+2p-k)/s⌋+1", 32), (r"\left\lfloor\frac{x+2p-k}{s}\right\rfloor + 1", 32),
        ("E((x+2p-k)/s) + 1", 32), ("floor((x+2p-k)/s)+1", 32), ("(x+2p-k)//s + 1", 32), ("k^2 z + 1", 76),
        ("k·k·z", 75), ("k²z", 75), ("k**2*z", 75), ("$k \\times k \\times z$", 75),
        ("xyz x'y'", 32 * 28 * 3 * 32 * 28),
        ("x^{\\prime} y^{\\prime}", 32 * 28), ("(x*y*z + 1) * x' * y'", (32 * 28 * 3 + 1) * 32 * 28), ("-3 + 5", 2),
    ],
)  # fmt: skip
def test_formulas_of_every_notation_have_their_value(text: str, value: int) -> None:
    """Unicode, LaTeX, Python and implicit products mean the same."""
    assert evaluate(parse(text, letters="xyzpsk"), VALUES) == value


def test_the_letter_x_may_multiply() -> None:
    """`k x k x z` is a product when x stands between operands."""
    assert evaluate(parse("k x k x z", letter_x_multiplies=True), VALUES) == 75


@pytest.mark.parametrize("text", ["9**9**9**9", "9^(9^9)", "1/0", "1/(k-5)", "q + 1", "2^-1", "2^(1/2)"])
def test_what_has_no_sane_value_is_refused(text: str) -> None:
    """Huge powers, divisions by zero and unknown names raise FormulaError and hang nothing."""
    with pytest.raises(FormulaError):
        evaluate(parse(text), VALUES)


@pytest.mark.parametrize(
    "text", ["", "(", "k +", "__import__('os')", "k; z", "(" * 500 + "k" + ")" * 500, "k" + "+k" * 500]
)
def test_what_is_no_formula_is_refused(text: str) -> None:
    """Code, broken brackets and endless text raise FormulaError."""
    with pytest.raises(FormulaError):
        parse(text)


@given(st.text(alphabet="xyzkps0129+-*/^()[]{}⌊⌋ .,=\\'²·×frac_éE|\n", max_size=400))
@settings(max_examples=150, deadline=None)
def test_no_text_breaks_the_grammar(text: str) -> None:
    """Whatever is written, finding formulas, numbers and layers ends soon and raises nothing."""
    start = time.perf_counter()
    for found in find_formulas(text, "xyzpsk"):
        for reading in found.readings:
            try:
                assert isinstance(evaluate(reading, VALUES), Fraction)
            except FormulaError:
                continue
    find_numbers(text)
    read_layers(text, first_dense=4)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    "unit",
    [
        "(",
        "x",
        "^2",
        "1+",
        "(x+",
        "x'",
        "-",
        "2^",
        "\\frac",
        "floor(",
        "a\n",
        "1 000 ",
        "|",
        "conv1 ",
        "3x3",
        "1,",
        "~1",
    ],
)
def test_long_repetitions_cost_a_bounded_time(unit: str) -> None:
    """Thousands of the same sign end within seconds."""
    start = time.perf_counter()
    find_formulas(unit * 5000, "xyzpsk")
    find_numbers(unit * 5000)
    read_layers(unit * 5000, first_dense=4)
    assert time.perf_counter() - start < 20


FORMS = {
    "table": "| Couche | Sortie | Poids |\n|---|---|---|\n| conv1 | 32×32×32 | 2 432 |\n"
    "| pool1 | 16×16×32 | - |\n| fc4 | 1000 | 1 025 000 |",
    "turned": "| | conv1 | pool1 | fc4 |\n|---|---|---|---|\n| size | (32, 32, 32) | (32, 16, 16) | 1000 |\n"
    "| weights | 2,432 | 0 | 1,025,000 |",
    "list": "- conv1 : 32x32x32, 2432 poids\n- pool1 : 32x16x16, aucun poids\n- fc4 : 1000, 1.025M",
    "arrows": "conv1 -> 32x32x32 -> 2432\npool1 -> 16x16x32 -> 0\nfc4 -> 1000 -> 1025000",
    "computed": "conv1: 32x32x32, (5*5*3+1)*32 = 2432 / "
    "pool1: 16x16x32, none / fc1: 1000 outputs, 1024*1000+1000 = 1025000",
    "tabs": "conv1\t32x32x32\t2432\npool1\t16x16x32\t0\nfc4\t1000\t1025000",
    "latex": "conv1 & $32 \\times 32 \\times 32$ & 2432 \\\\\n"
    "pool1 & $16 \\times 16 \\times 32$ & 0 \\\\\nfc4 & 1000 & 1025000 \\\\",
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_layers_are_read_in_any_layout(form: str) -> None:
    """Sizes and weights come out the same from tables, lists and running text."""
    rows = read_layers(FORMS[form], first_dense=4)
    assert rows["conv1"].size == (32, 32, 32)
    assert rows["conv1"].weights[0].is_about(2432)
    assert rows["pool1"].size == (32, 16, 16)
    assert rows["fc4"].size == (1000,)
    assert rows["fc4"].weights[0].is_about(1_025_000)
