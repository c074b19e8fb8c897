"""Finds the formulas that stand in a sentence, and tells whether one equals a reference everywhere it matters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from grader.answers.formulas import LENGTH_MAX, Expression, FormulaError, evaluate, parse_tokens
from grader.answers.tokens import Token, tokenize

FORMULAS_MAX = 120


@dataclass(frozen=True)
class Found:
    """A formula in a text, with every way its letters can be read; places are counted in `tokens.normal`."""

    readings: tuple[Expression, ...]
    factors: tuple[tuple[Expression, ...], ...]
    """For a formula with `×` outside all brackets: what stands between those signs, per reading.
    `(x-k)/s + 1 × (y-k)/s + 1` is written for a size, whatever the rules of precedence say."""
    start: int
    end: int
    text: str


def find_formulas(text: str, letters: Iterable[str]) -> tuple[Found, ...]:
    """Return the formulas of `text`, in order, over variables named by `letters` (`x` covers `x'` and `x_out`)."""
    known = frozenset(letters)
    found: list[Found] = []
    for run in _runs(tokenize(text, known), known):
        formula = _read(run)
        if formula is not None:
            found.append(formula)
        if len(found) >= FORMULAS_MAX:
            break
    return tuple(found)


def agrees(
    expression: Expression, reference: Sequence[Fraction], points: Sequence[Mapping[str, int | Fraction]]
) -> bool:
    """Tell whether `expression` gives `reference[i]` at `points[i]` for every i."""
    try:
        return all(
            evaluate(expression, point) == value for point, value in zip(points, reference, strict=True)
        )
    except FormulaError:
        return False


def _runs(tokens: tuple[Token, ...], letters: frozenset[str]) -> list[tuple[Token, ...]]:
    """Cut at words, at signs that no formula holds and at names that are no variable."""
    runs: list[tuple[Token, ...]] = []
    run: list[Token] = []
    for token in tokens:
        foreign = token.kind == "name" and token.text[0] not in letters
        if token.kind in ("word", "break") or foreign:
            runs.append(tuple(run))
            run = []
        else:
            run.append(token)
    runs.append(tuple(run))
    return [run for run in runs if run]


def _read(run: tuple[Token, ...]) -> Found | None:
    """Return the formula of a run, with what dangles at its ends cut off."""
    run = _trim(run) if len(run) <= 2 * LENGTH_MAX else ()
    if not run or len(run) > LENGTH_MAX:
        return None
    readings, factors = [], []
    for letter_x in (False, True):
        try:
            readings.append(parse_tokens(run, letter_x_multiplies=letter_x))
        except FormulaError:
            pass
        split = _split(run, letter_x=letter_x)
        if len(split) > 1:
            try:
                factors.append(tuple(parse_tokens(part, letter_x_multiplies=letter_x) for part in split))
            except FormulaError:
                pass
    if not readings and not factors:
        return None
    text = " ".join(token.text for token in run)
    return Found(
        tuple(dict.fromkeys(readings)), tuple(dict.fromkeys(factors)), run[0].start, run[-1].end, text
    )


def _trim(run: tuple[Token, ...]) -> tuple[Token, ...]:
    """Cut signs off both ends (`xyz ×` before a word), and brackets that open or close nothing."""
    start, end = 0, len(run)
    while True:
        before = (start, end)
        while start < end and run[start].kind == "sign" and run[start].text not in "+-":
            start += 1
        while end > start and run[end - 1].kind in ("sign", "open", "floor", "call", "fraction"):
            end -= 1
        opened: list[int] = []
        for place in range(start, end):
            if run[place].kind in ("open", "floor"):
                opened.append(place)
            elif run[place].kind in ("close", "end_floor"):
                if not opened:
                    end = place
                    break
                opened.pop()
        if opened and opened[0] < end:
            if run[start].kind == "open":
                start += 1
            elif run[opened[-1]].kind == "open" and run[opened[-1] + 1].text in ("+", "-"):
                end = opened[-1]  # `k·k·z (+1 if ...)`: an aside that words go on with
        if (start, end) == before:
            return run[start:end]


def _split(run: tuple[Token, ...], *, letter_x: bool) -> list[tuple[Token, ...]]:
    """Return the parts between multiplication signs that stand outside all brackets."""
    parts: list[tuple[Token, ...]] = []
    part: list[Token] = []
    depth = 0
    for place, token in enumerate(run):
        depth += (token.kind in ("open", "floor")) - (token.kind in ("close", "end_floor"))
        infix = letter_x and token.kind == "name" and token.text in ("x", "X") and 0 < place < len(run) - 1
        if depth == 0 and (token.text == "*" or (infix and part and token.spaced)):
            parts.append(tuple(part))
            part = []
        else:
            part.append(token)
    parts.append(tuple(part))
    return parts if all(parts) else []
