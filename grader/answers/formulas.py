"""Formulas in a grammar of our own: parsed to a small tree, then evaluated on exact fractions.

    sum     = product { (+|-) product }
    product = power { (*|/|//) power | power }        juxtaposition multiplies
    power   = [-] atom [ ^ power ]
    atom    = number | name | ( sum ) | ⌊ sum ⌋ | E( sum ) | frac{ sum }{ sum }

Student text is never evaluated by Python or by a computer-algebra system. Length, depth, exponents
and the size of numbers are capped, so that any text costs a bounded time. Every refusal is a FormulaError.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Literal

from grader.answers.tokens import Token, tokenize

DEPTH_MAX = 30
LENGTH_MAX = 160
EXPONENT_MAX = 8
BITS_MAX = 2000

_CLOSES = {"(": ")", "[": "]", "{": "}"}


class FormulaError(ValueError):
    """The text is no formula of this grammar, or one beyond its caps."""


@dataclass(frozen=True)
class Expression:
    """A node of a formula: a number, a name, or an operation over others."""

    kind: Literal["number", "name", "+", "-", "*", "/", "^", "floor", "negative"]
    value: Fraction = Fraction(0)
    name: str = ""
    parts: tuple[Expression, ...] = ()

    def names(self) -> frozenset[str]:
        """Return the names that the formula mentions."""
        own = {self.name} if self.kind == "name" else set()
        return frozenset(own.union(*(part.names() for part in self.parts)))

    def divides(self) -> bool:
        """Tell whether a division occurs anywhere in it."""
        return self.kind == "/" or any(part.divides() for part in self.parts)


def parse(text: str, *, letters: Iterable[str] = "", letter_x_multiplies: bool = False) -> Expression:
    """Return the formula that `text` is. Raises FormulaError for anything else."""
    return parse_tokens(tokenize(text, frozenset(letters)), letter_x_multiplies=letter_x_multiplies)


def parse_tokens(tokens: tuple[Token, ...], *, letter_x_multiplies: bool = False) -> Expression:
    """Return the formula that `tokens` are, in which an infix letter x may mean multiplication."""
    tokens = tuple(token for token in tokens if token.text != "\n")
    if len(tokens) > LENGTH_MAX:
        raise FormulaError("too long")
    reader = _Reader(tokens, letter_x_multiplies)
    expression = reader.sum(0)
    if reader.place != len(tokens):
        raise FormulaError("something follows")
    return expression


class _Reader:
    """Recursive descent over the tokens; `place` is the next one."""

    def __init__(self, tokens: tuple[Token, ...], letter_x_multiplies: bool) -> None:
        self.tokens, self.place, self.letter_x = tokens, 0, letter_x_multiplies

    def sum(self, depth: int) -> Expression:
        if depth > DEPTH_MAX:
            raise FormulaError("too deep")
        left = self._product(depth + 1)
        while (sign := self._sign()) in ("+", "-"):
            self.place += 1
            left = Expression("+" if sign == "+" else "-", parts=(left, self._product(depth + 1)))
        return left

    def _product(self, depth: int) -> Expression:
        left = self._power(depth + 1)
        while True:
            sign = self._sign()
            if sign in ("*", "/", "//"):
                self.place += 1
                right = self._power(depth + 1)
                left = Expression("*" if sign == "*" else "/", parts=(left, right))
                if sign == "//":
                    left = Expression("floor", parts=(left,))
            elif self._starts_atom():
                left = Expression("*", parts=(left, self._power(depth + 1)))
            else:
                return left

    def _power(self, depth: int) -> Expression:
        if depth > DEPTH_MAX:
            raise FormulaError("too deep")
        if self._sign() in ("-", "+"):
            sign = self._sign()
            self.place += 1
            inner = self._power(depth + 1)
            return Expression("negative", parts=(inner,)) if sign == "-" else inner
        base = self._atom(depth + 1)
        if self._sign() == "^":
            self.place += 1
            return Expression("^", parts=(base, self._power(depth + 1)))
        return base

    def _atom(self, depth: int) -> Expression:
        token = self._next()
        if token.kind == "number":
            return Expression("number", value=Fraction(token.text))
        if token.kind == "name":
            return Expression("name", name=token.text)
        if token.kind == "open":
            return self._until("close", _CLOSES[token.text], depth)
        if token.kind == "floor":
            return Expression("floor", parts=(self._until("end_floor", None, depth),))
        if token.kind == "call":
            return Expression("floor", parts=(self._group(depth),))
        if token.kind == "fraction":
            above = self._group(depth)
            return Expression("/", parts=(above, self._group(depth)))
        raise FormulaError(f"unexpected {token.text!r}")

    def _group(self, depth: int) -> Expression:
        token = self._next()
        if token.kind != "open":
            raise FormulaError("a bracket is missing")
        return self._until("close", _CLOSES[token.text], depth)

    def _until(self, kind: str, text: str | None, depth: int) -> Expression:
        inner = self.sum(depth + 1)
        token = self._next()
        if token.kind != kind or (text is not None and token.text != text):
            raise FormulaError("brackets do not match")
        return inner

    def _next(self) -> Token:
        if self.place >= len(self.tokens):
            raise FormulaError("it breaks off")
        self.place += 1
        return self.tokens[self.place - 1]

    def _peek(self) -> Token | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def _sign(self) -> str:
        token = self._peek()
        if token is None:
            return ""
        if self.letter_x and token.kind == "name" and token.text in ("x", "X") and self._infix():
            return "*"
        return token.text if token.kind == "sign" else ""

    def _infix(self) -> bool:
        """Tell whether the token here stands between two operands."""
        before = self.tokens[self.place - 1] if self.place else None
        after = self.tokens[self.place + 1] if self.place + 1 < len(self.tokens) else None
        ends = ("number", "name", "close", "end_floor")
        starts = ("number", "name", "open", "floor", "call", "fraction")
        return bool(before and after and before.kind in ends and after.kind in starts)

    def _starts_atom(self) -> bool:
        token = self._peek()
        return token is not None and token.kind in ("number", "name", "open", "floor", "call", "fraction")


def evaluate(expression: Expression, values: Mapping[str, int | Fraction]) -> Fraction:
    """Return the value of `expression`; raises FormulaError for unknown names, 0 below, or huge results."""
    if expression.kind == "number":
        return expression.value
    if expression.kind == "name":
        if expression.name not in values:
            raise FormulaError(f"unknown name {expression.name!r}")
        return Fraction(values[expression.name])
    result = _apply(expression.kind, [evaluate(part, values) for part in expression.parts])
    if max(result.numerator.bit_length(), result.denominator.bit_length()) > BITS_MAX:
        raise FormulaError("too large")
    return result


def _apply(kind: str, parts: list[Fraction]) -> Fraction:
    first, second = parts[0], parts[-1]
    match kind:
        case "+":
            return first + second
        case "-":
            return first - second
        case "*":
            return first * second
        case "negative":
            return -first
        case "floor":
            return Fraction(floor(first))
        case "/":
            if second == 0:
                raise FormulaError("division by zero")
            return first / second
        case _:
            if second.denominator != 1 or not 0 <= second <= EXPONENT_MAX:
                raise FormulaError("exponent out of bounds")
            return first ** int(second)
