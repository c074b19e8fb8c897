"""The formulas of question 1: what a student may write for each, and how it is told from others."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

from grader.answers import Expression, FormulaError, Found, agrees, evaluate, find_formulas, plain
from grader.checking import failed
from grader.model import Answer
from grader.text import Text

LETTERS = "xyzpskXYZPSKnNwhWHDdcCfF"
_SIZES = (
    (32, 28, 3, 2, 1, 5),
    (33, 29, 4, 1, 2, 3),
    (40, 25, 3, 0, 5, 5),
    (31, 37, 7, 3, 3, 4),
    (224, 128, 3, 1, 2, 4),
)
"""x, y, z, p, s, k; in the first three the stride divides exactly."""


def _points() -> list[dict[str, Fraction]]:
    """Return the values of every letter at each size, under the names that students give them."""
    points = []
    for x, y, z, p, s, k in _SIZES:
        out_x, out_y = (x + 2 * p - k) // s + 1, (y + 2 * p - k) // s + 1
        named = {
            "x": x,
            "y": y,
            "z": z,
            "p": p,
            "s": s,
            "k": k,
            "f": k,
            "d": z,
            "c": z,
            "w": x,
            "h": y,
            "n": x,
        }
        named |= {"x'": out_x, "y'": out_y, "w'": out_x, "h'": out_y, "n'": out_x}
        for name, value in (("x", x), ("n", x), ("w", x), ("y", y), ("h", y)):
            out = out_x if value == x else out_y
            named |= {f"{name}_{end}": value for end in ("in", "entree", "i")}
            named |= {f"{name}_{end}": out for end in ("out", "o", "s", "sortie", "new", "2")}
        named |= {"n_x": x, "n_y": y, "n_x'": out_x, "n_y'": out_y, "c_in": z}
        named |= {name.upper(): value for name, value in named.items() if len(name) == 1}
        named |= {name[0].upper() + name[1:]: value for name, value in list(named.items())}
        points.append({name: Fraction(value) for name, value in named.items()})
    return points


POINTS = _points()
EXACT = POINTS[:3]
"""Where a size with and without rounding down are the same number."""
_OPERATES = re.compile(
    r"[+/^*·²³=÷⌊]|(?<![a-zé])-|frac|cdot|\bfois\b|\btimes\b|carr[ée]|squared?\b|\d\s*[×x]|[×x]\s*[\d(k]",
    re.IGNORECASE,
)
_GIVEN = re.compile(r"[xX]\s*[×x*]\s*[yY]\s*[×x*]\s*[zZ]")
_TIMES = re.compile(r"\bfois\b|\btimes\b|multipli|×|\*|\\times|\\cdot|\bpar\b|\bby\b", re.IGNORECASE)
_EACH = re.compile(
    r"\b(?:chaque|chacun\w*|each|every|per|par) (?:neurone?|unit|sortie|output|pixel|valeur|value|position|one|case)\b"
    r"|\bfois\b|\btimes\b|multipli|sorties?\b|outputs?\b", re.IGNORECASE
)  # fmt: skip
"""Says that a number is still to be taken once for each output."""
_DENSE = re.compile(
    r"fully|fc\b|full[- ]connect|dense|lin[ée]aire|connect[ée]e|wired|relie|reli[ée]|instead", re.IGNORECASE
)
_NOT_DENSE = re.compile(r"\bfilt(?:re|er)\b|\bkernel\b|noyau|convolution\b", re.IGNORECASE)


def _values(name: str, points: list[dict[str, Fraction]]) -> list[Fraction]:
    return [point[name] for point in points]


def _product(points: list[dict[str, Fraction]], names: str) -> list[Fraction]:
    values = [Fraction(1)] * len(points)
    for name in names.split():
        values = [value * point[name] for value, point in zip(values, points, strict=True)]
    return values


def is_product(expression: Expression, names: str, extra: str = "") -> bool:
    """Tell whether the formula is the product of `names` (plus that of `extra`), rounded down or exact."""
    for points in (POINTS, EXACT):
        wanted = _product(points, names)
        if extra:
            wanted = [one + other for one, other in zip(wanted, _product(points, extra), strict=True)]
        if agrees(expression, wanted, points):
            return points is POINTS or not _rounds_up(expression)
    return False


def _rounds_up(expression: Expression) -> bool:
    """Tell whether the formula gives more than the exact quotient where the stride does not divide."""
    exact = [(x + 2 * p - k) / Fraction(s) + 1 for x, _, _, p, s, k in _SIZES]
    other = [(y + 2 * p - k) / Fraction(s) + 1 for _, y, _, p, s, k in _SIZES]
    both = [one * two for one, two in zip(exact, other, strict=True)]
    return (
        not any(agrees(expression, values, POINTS) for values in (exact, other, both))
        and not any(name.endswith("'") or "_" in name for name in expression.names())
        and "z" not in {name.lower() for name in expression.names()}
    )


def is_size(found: Found) -> bool:
    """Tell whether a formula is the output's side, or all its sides together."""
    if any(
        is_product(one, names) for one in found.readings if one.divides() for names in ("x'", "y'", "x' y'")
    ):
        return True
    sides = ("x'", "y'")
    for factors in found.factors:
        kinds = [
            next((name for name in sides if is_product(one, name)), "1" if one.value == 1 else "")
            for one in factors
        ]
        if "x'" in kinds and all(kinds) and any(one.divides() for one in factors):
            return True
    return False


def has_division(found: Found) -> bool:
    """Tell whether the formula divides something that holds the padding: a size, then."""
    return any(
        one.divides() and {"p", "P"} & one.names()
        for one in (*found.readings, *(part for row in found.factors for part in row))
    )


def formulas(answer: Answer) -> tuple[Found, ...]:
    """Return the formulas of the answer."""
    return _formulas(answer.text)


@lru_cache(maxsize=8)
def _formulas(text: str) -> tuple[Found, ...]:
    """Return the formulas of `text`, which three checks ask for in turn."""
    return find_formulas(text, LETTERS)


def computes_nothing(answer: Answer) -> bool:
    """Tell whether the answer holds no computation at all, the sizes that the question gives aside."""
    return not _OPERATES.search(_GIVEN.sub(" ", plain(answer.text)))


def nothing_computed(answer: Answer, teacher: Text) -> None:
    """Fail where the answer computes nothing at all."""
    if computes_nothing(answer):
        failed(
            fr="Aucun calcul n'est donné : écrivez la formule avec x, y, z, p, s et k.",
            en="No computation is given: write the formula with x, y, z, p, s and k.",
            place=answer.place, teacher=teacher,
        )  # fmt: skip


def dense_left_out(answer: Answer, teacher: Text) -> None:
    """Fail where the answer does not speak of a fully connected layer at all, or counts its inputs alone."""
    own = [found for found in formulas(answer) if in_dense_part(answer, found)]
    counts = [one for found in own for one in found.readings if one.kind != "number"]
    inputs = (
        bool(counts) and all(is_product(one, "x y z") for one in counts) and not _EACH.search(answer.text)
    )
    if not _DENSE.search(answer.text) or inputs:
        failed(
            fr="Le nombre de poids d'une couche fully-connected n'est pas donné : comptez ses entrées et ses sorties.",
            en="The number of weights of a fully connected layer is not given: count its inputs and outputs.",
            place=answer.place, teacher=teacher,
        )  # fmt: skip


def dense_in_words(answer: Answer, products: Iterable[Found]) -> bool:
    """Tell whether all inputs and all outputs stand as two products that words multiply (`xyz inputs times x'y'`)."""
    own = [found for found in products if in_dense_part(answer, found)]
    text = plain(answer.text)
    return any(
        any(is_product(reading, "x y z") for reading in one.readings)
        and any(is_product(reading, "x' y'") for reading in two.readings)
        and two.start - one.end < 80
        and _TIMES.search(text[one.end : two.start])
        for one, two in pairwise(own)
    )


def quote(found: Found) -> str:
    """Return the formula as written, shortened."""
    return found.text if len(found.text) <= 60 else found.text[:57] + "..."


def in_dense_part(answer: Answer, found: Found) -> bool:
    """Tell whether a formula is said of the fully connected layer: what was named last before it."""
    before = plain(answer.text)[: found.start]
    dense = max((match.end() for match in _DENSE.finditer(before)), default=-1)
    filters = max((match.end() for match in _NOT_DENSE.finditer(before)), default=-1)
    return dense > filters


def plus_one(expression: Expression, names: str) -> bool:
    """Tell whether the formula is the product of `names` and one bias."""
    return agrees(expression, [value + 1 for value in _product(POINTS, names)], POINTS)


def is_square(found: Found) -> bool:
    """Tell whether a formula holds k twice or more, as a filter's size does, and no side of the image."""
    for one in found.readings:
        names = {name.lower() for name in one.names()}
        if names & {"k", "f"} and names <= {"k", "f", "z", "s", "p", "d", "c"}:
            doubled = [
                dict(point)
                | {"k": 2 * point["k"], "K": 2 * point["K"], "f": 2 * point["f"], "F": 2 * point["F"]}
                for point in POINTS
            ]
            for power in (4, 8):
                scaled = _scaled(one, power)
                if scaled is not None and agrees(one, scaled, doubled):
                    return True
            if agrees(one, [value + 1 for value in _product(POINTS, "k k")], POINTS):
                return True
    return False


def _scaled(one: Expression, power: int) -> list[Fraction] | None:
    try:
        return [evaluate(one, point) * power for point in POINTS]
    except FormulaError:
        return None


def wrong_weights(answer: Answer, own: Iterable[Found]) -> list[Found]:
    """Return the formulas that are given for the filter's weights and are not."""
    return [
        found
        for found in own
        if (is_square(found) or is_whole_input(answer, found)) and not in_dense_part(answer, found)
    ]


def is_whole_input(answer: Answer, found: Found) -> bool:
    """Tell whether the formula is the size of the input, said to be a number of weights."""
    before = plain(answer.text)[max(0, found.start - 40) : found.start]
    said = re.search(r"(?:poids|weights?|param[eè]t\w+)\W+(?:\w+\W+){0,3}$", before, re.IGNORECASE)
    return said is not None and any(is_product(one, "x y z") for one in found.readings)


def is_dense(one: Expression) -> bool:
    """Tell whether the formula is the number of weights of the fully connected layer."""
    return is_product(one, "x y z x' y'") or is_product(one, "x y z x' y'", "x' y'")


def dense_factors(found: Found) -> bool:
    """Tell whether the factors of a product are x, y, z and the two sides, however precedence is written."""
    for factors in found.factors:
        kinds = sorted(
            next(
                (name for name in ("x'", "y'", "x", "y", "z", "x y z", "x y", "1") if _known(one, name)), "?"
            )
            for one in factors
        )
        if "".join(sorted("".join(kinds).replace(" ", "").replace("1", ""))) == "".join(sorted("xyzx'y'")):
            return True
    return False


def _known(one: Expression, name: str) -> bool:
    return one.value == 1 if name == "1" else is_product(one, name)
