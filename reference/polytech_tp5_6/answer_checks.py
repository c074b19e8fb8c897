"""Checks of the written answers that have one right content: questions 1, 8, 9, 10, 11 and 13.

Teacher's only: the right answers stand here, and in the `teacher` text of verdicts. What cannot be read for
sure is left to a person; only what is plainly something else fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction

from grader.answers import Expression, FormulaError, Found, LayerRow, agrees, evaluate, find_formulas, find_numbers, plain, read_layers
from grader.checking import Evidence, check, failed, manual, missing, remark, unreadable
from grader.model import Answer
from grader.text import Text

# ---------------------------------------------------------------- Q1: formulas

LETTERS = "xyzpskXYZPSKnNwhWHDdcCfF"
_SIZES = ((32, 28, 3, 2, 1, 5), (33, 29, 4, 1, 2, 3), (40, 25, 3, 0, 5, 5), (31, 37, 7, 3, 3, 4), (224, 128, 3, 1, 2, 4))
"""x, y, z, p, s, k; in the first three the stride divides exactly."""


def _points() -> list[dict[str, Fraction]]:
    """Return the values of every letter at each size, under the names that students give them."""
    points = []
    for x, y, z, p, s, k in _SIZES:
        out_x, out_y = (x + 2 * p - k) // s + 1, (y + 2 * p - k) // s + 1
        named = {"x": x, "y": y, "z": z, "p": p, "s": s, "k": k, "f": k, "d": z, "c": z, "w": x, "h": y, "n": x}
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
_DENSE = re.compile(r"fully|fc\b|full[- ]connect|dense|lin[ée]aire|connect[ée]e|wired|relie|reli[ée]|instead", re.IGNORECASE)
_NOT_DENSE = re.compile(r"\bfilt(?:re|er)\b|\bkernel\b|noyau|convolution\b", re.IGNORECASE)


def _values(name: str, points: list[dict[str, Fraction]]) -> list[Fraction]:
    return [point[name] for point in points]


def _product(points: list[dict[str, Fraction]], names: str) -> list[Fraction]:
    values = [Fraction(1)] * len(points)
    for name in names.split():
        values = [value * point[name] for value, point in zip(values, points, strict=True)]
    return values


def _is(expression: Expression, names: str, extra: str = "") -> bool:
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
    return not any(agrees(expression, values, POINTS) for values in (exact, other, both)) and not any(
        name.endswith("'") or "_" in name for name in expression.names()
    ) and "z" not in {name.lower() for name in expression.names()}


def _is_size(found: Found) -> bool:
    """Tell whether a formula is the output's side, or all its sides together."""
    if any(_is(one, names) for one in found.readings if one.divides() for names in ("x'", "y'", "x' y'")):
        return True
    sides = ("x'", "y'")
    for factors in found.factors:
        kinds = [next((name for name in sides if _is(one, name)), "1" if one.value == 1 else "") for one in factors]
        if "x'" in kinds and all(kinds) and any(one.divides() for one in factors):
            return True
    return False


def _has_division(found: Found) -> bool:
    return any(one.divides() and {"p", "P"} & one.names() for one in (*found.readings, *(part for row in found.factors for part in row)))


def _formulas(answer: Answer) -> tuple[Found, ...]:
    return find_formulas(answer.text, LETTERS)


@check(item="Q1", cost=1 / 3, fr="Taille de sortie d'une convolution", en="Output size of a convolution")
def test_q1_size(answer: Answer) -> None:
    """The output's side is (x + 2p - k)/s + 1, rounded down or not, in any notation."""
    formulas = _formulas(answer)
    teacher = Text(fr="Attendu : ⌊(x + 2p − k)/s⌋ + 1, de même en y, et 1.", en="Expected: ⌊(x + 2p − k)/s⌋ + 1, the same in y, and 1.")
    if any(_is_size(found) for found in formulas):
        return
    wrong = [found for found in formulas if _has_division(found)]
    if wrong:
        failed(
            fr=f"La taille de sortie ne se calcule pas ainsi ({_quote(wrong[0])}) : essayez-la sur 32×32 avec k = 5, p = 2, s = 1.",
            en=f"The output size is not computed so ({_quote(wrong[0])}): try it on 32×32 with k = 5, p = 2, s = 1.",
            place=answer.place, teacher=teacher,
        )  # fmt: skip
    manual(
        fr="La taille de sortie n'a pas été reconnue dans votre réponse : une personne la lira.",
        en="The output size was not recognised in your answer: a person will read it.",
        place=answer.place, teacher=teacher,
    )  # fmt: skip


def _quote(found: Found) -> str:
    return found.text if len(found.text) <= 60 else found.text[:57] + "..."


def _in_dense_part(answer: Answer, found: Found) -> bool:
    """Tell whether a formula is said of the fully connected layer: what was named last before it."""
    before = plain(answer.text)[: found.start]
    dense = max((match.end() for match in _DENSE.finditer(before)), default=-1)
    filters = max((match.end() for match in _NOT_DENSE.finditer(before)), default=-1)
    return dense > filters


@check(item="Q1", cost=1 / 3, fr="Nombre de poids du filtre", en="Number of weights of the filter")
def test_q1_weights(answer: Answer) -> None:
    """The filter has k·k·z weights, and one bias or not."""
    own = [found for found in _formulas(answer) if not any(one.divides() for one in found.readings)]
    right = [found for found in own if any(_is(one, "k k z") or _is(one, "k k z", "s s") or _plus_one(one, "k k z") for one in found.readings)]
    teacher = Text(fr="Attendu : k·k·z (+ 1 biais).", en="Expected: k·k·z (+ 1 bias).")
    if any(not _in_dense_part(answer, found) for found in right):
        return
    squares = [found for found in own if _is_square(found) and not _in_dense_part(answer, found)]
    if squares and not right:
        failed(
            fr=f"Le nombre de poids du filtre ({_quote(squares[0])}) n'est pas le bon : pensez à toutes les dimensions du filtre.",
            en=f"The number of weights of the filter ({_quote(squares[0])}) is not right: think of all its dimensions.",
            place=answer.place, teacher=teacher,
        )  # fmt: skip
    manual(
        fr="Le nombre de poids du filtre n'a pas été reconnu dans votre réponse : une personne la lira.",
        en="The number of weights of the filter was not recognised in your answer: a person will read it.",
        place=answer.place, teacher=teacher,
    )  # fmt: skip


def _plus_one(expression: Expression, names: str) -> bool:
    return agrees(expression, [value + 1 for value in _product(POINTS, names)], POINTS)


def _is_square(found: Found) -> bool:
    """Tell whether a formula holds k twice or more, as a filter's size does, and no side of the image."""
    for one in found.readings:
        names = {name.lower() for name in one.names()}
        if names & {"k", "f"} and names <= {"k", "f", "z", "s", "p", "d", "c"}:
            doubled = [dict(point) | {"k": 2 * point["k"], "K": 2 * point["K"], "f": 2 * point["f"], "F": 2 * point["F"]} for point in POINTS]
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


@check(item="Q1", cost=1 / 3, fr="Équivalent fully-connected", en="Fully connected equivalent")
def test_q1_dense(answer: Answer) -> None:
    """A fully connected layer would have x·y·z·x'·y' weights, biases or not."""
    teacher = Text(fr="Attendu : x·y·z·x'·y' (+ x'·y' biais).", en="Expected: x·y·z·x'·y' (+ x'·y' biases).")
    products = [found for found in _formulas(answer) if any({"x", "X", "n", "W", "w"} & one.names() for one in found.readings)]
    right = [found for found in products if any(_is_dense(one) for one in found.readings) or _dense_factors(found)]
    if any(_in_dense_part(answer, found) for found in right):
        return
    manual(
        fr="Le nombre de poids de la couche fully-connected n'a pas été reconnu avec certitude : une personne le lira.",
        en="The number of weights of the fully connected layer was not recognised for sure: a person will read it.",
        place=answer.place, teacher=teacher,
    )  # fmt: skip


def _is_dense(one: Expression) -> bool:
    return _is(one, "x y z x' y'") or _is(one, "x y z x' y'", "x' y'")


def _dense_factors(found: Found) -> bool:
    """Tell whether the factors of a product are x, y, z and the two sides, however precedence is written."""
    for factors in found.factors:
        kinds = sorted(next((name for name in ("x'", "y'", "x", "y", "z", "x y z", "x y", "1") if _known(one, name)), "?") for one in factors)
        if "".join(sorted("".join(kinds).replace(" ", "").replace("1", ""))) == "".join(sorted("xyzx'y'")):
            return True
    return False


def _known(one: Expression, name: str) -> bool:
    return one.value == 1 if name == "1" else _is(one, name)


# ---------------------------------------------------------------- Q8 and Q9: padding and stride

_WORDS = {"zero": 0, "zéro": 0, "un": 1, "une": 1, "one": 1, "deux": 2, "two": 2, "trois": 3, "three": 3, "quatre": 4, "four": 4}
_NUM = rf"(\d+|{'|'.join(_WORDS)}|nul|null)\b"
_IS = r"\s*(?:\(?\w?\)?\s*)?(?:=|:|de|of|is|vaut|égal(?: à)?|equals?|à|est)?\s*(?:de |of |à )?"
_PADDING = (
    rf"\b(?:zero-)?padding{_IS}{_NUM}", rf"(?<![\w\d])p\s*(?:=|:|vaut|de)\s*{_NUM}", rf"\bpad{_IS}{_NUM}",
    rf"{_NUM}\s+(?:de|of|for the)\s+padding", rf"{_NUM}\s+(?:rows?|rangées?|lignes?|pixels?|colonnes?)\s+(?:of|de)\s+(?:zéros?|zeros?|0|padding)",
    r"padding[^.\n]{0,40}?\(k\s*-\s*1\)\s*/\s*2\s*=\s*" + _NUM, r"(?<![\w\d])p\s*=\s*\(k\s*-\s*1\)\s*/\s*2\s*=\s*" + _NUM,
)  # fmt: skip
_NO_PADDING = re.compile(r"\b(?:aucun|pas de|sans|no|without(?: any)?|any)\s+(?:padding|zeros?\b)|no zeros needed|padding nul", re.IGNORECASE)
_STRIDE = (
    rf"\bstride{_IS}{_NUM}", rf"(?<![\w\d])s\s*(?:=|:|vaut|de)\s*{_NUM}", rf"{_NUM}\s+(?:de|of|for the)\s+stride",
    rf"(?:avance|décale|déplace|moved?|moves|step)\w*\s+[^.\n]{{0,30}}?(?:de |by |of )?{_NUM}\s+pixels?", rf"\bpas{_IS}{_NUM}",
)  # fmt: skip


def _stated(text: str, patterns: Iterable[str]) -> set[int]:
    """Return the values that `text` gives by any of the patterns; those of a computation are none."""
    text = re.sub(r"[*_$`]", "", plain(text))
    found = set()
    for pattern in patterns:
        for match in re.finditer(pattern, text, re.IGNORECASE):
            word = match[1].lower()
            after = text[match.end() : match.end() + 2].lstrip()
            if word.isdigit() and (after.startswith(("×", "*", "/")) or text[match.end() : match.end() + 1].isalnum()):
                continue
            found.add(int(word) if word.isdigit() else _WORDS.get(word, 0))
    return found


def _judge_value(answer: Answer, name: str, found: set[int], right: int) -> None:
    teacher = Text(fr=f"Attendu : {name} = {right}.", en=f"Expected: {name} = {right}.")
    if found == {right}:
        return
    if not found or right in found:
        manual(
            fr=f"La valeur du {name} n'a pas été lue avec certitude : une personne la lira.",
            en=f"The value of the {name} was not read for sure: a person will read it.",
            place=answer.place, teacher=teacher,
        )  # fmt: skip
    value = ", ".join(map(str, sorted(found)))
    failed(
        fr=f"Avec un {name} de {value} on n'obtient pas la taille demandée : vérifiez avec la formule de la question 1.",
        en=f"With a {name} of {value} the size asked for is not obtained: check with the formula of question 1.",
        place=answer.place, teacher=teacher,
    )  # fmt: skip


def _paddings(answer: Answer) -> set[int]:
    return _stated(answer.text, _PADDING) | ({0} if _NO_PADDING.search(answer.text) else set())


@check(item="Q8", cost=0.5, fr="Padding des convolutions", en="Padding of the convolutions")
def test_q8_padding(answer: Answer) -> None:
    """A padding of 2 keeps the size under a 5×5 kernel."""
    _judge_value(answer, "padding", _paddings(answer), 2)


@check(item="Q8", cost=0.5, fr="Stride des convolutions", en="Stride of the convolutions")
def test_q8_stride(answer: Answer) -> None:
    """A stride of 1 keeps the size."""
    _judge_value(answer, "stride", _stated(answer.text, _STRIDE), 1)


@check(item="Q9", cost=0.5, fr="Padding des max poolings", en="Padding of the max poolings")
def test_q9_padding(answer: Answer) -> None:
    """A 2×2 pooling needs no padding."""
    _judge_value(answer, "padding", _paddings(answer), 0)


@check(item="Q9", cost=0.5, fr="Stride des max poolings", en="Stride of the max poolings")
def test_q9_stride(answer: Answer) -> None:
    """A stride of 2 halves the size."""
    _judge_value(answer, "stride", _stated(answer.text, _STRIDE), 2)


# ---------------------------------------------------------------- Q10: the layers

LAYERS: dict[str, tuple[tuple[int, ...], int, int]] = {
    "conv1": ((32, 32, 32), 2_400, 32), "pool1": ((32, 16, 16), 0, 0),
    "conv2": ((64, 16, 16), 51_200, 64), "pool2": ((64, 8, 8), 0, 0),
    "conv3": ((64, 8, 8), 102_400, 64), "pool3": ((64, 4, 4), 0, 0),
    "fc4": ((1000,), 1_024_000, 1000), "fc5": ((10,), 10_000, 10),
}  # fmt: skip
"""Output size, weights, biases."""
ROW = 0.25


def _rows(answer: Answer) -> dict[str, LayerRow]:
    return read_layers(answer.text, first_dense=4)


def _size_is_right(row: LayerRow, name: str) -> bool:
    wanted = LAYERS[name][0]
    product = 1
    for dim in wanted:
        product *= dim
    return row.size in (wanted, (product,))


def _weights_are_right(row: LayerRow, name: str) -> bool:
    _, weights, biases = LAYERS[name]
    return any(number.is_about(weights) or number.is_about(weights + biases) for number in row.weights)


def _judge_layer(answer: Answer, name: str) -> None:
    rows = _rows(answer)
    size, weights, biases = LAYERS[name]
    teacher = Text(
        fr=f"Attendu : {'×'.join(map(str, size))}, {weights} poids et {biases} biais.",
        en=f"Expected: {'×'.join(map(str, size))}, {weights} weights and {biases} biases.",
    )
    row = rows.get(name)
    learns = weights > 0
    if row is None and not learns:
        return
    if row is None or row.size is None or (learns and not row.weights):
        wrong_size = row is not None and row.size is not None and not _size_is_right(row, name)
        if not wrong_size:
            _not_found(answer, name, len(rows), teacher)
    if row is not None and row.size is not None and not _size_is_right(row, name):
        failed(
            fr=f"La taille de sortie de {name} ({'×'.join(map(str, row.size))}) n'est pas la bonne : reprenez la formule de la question 1.",
            en=f"The output size of {name} ({'×'.join(map(str, row.size))}) is not right: take the formula of question 1 again.",
            fault=f"answer_layer_{name}", place=answer.place, teacher=teacher,
        )  # fmt: skip
    if row is not None and learns and not _weights_are_right(row, name):
        failed(
            fr=f"Le nombre de poids de {name} ({row.weights[0].text}) n'est pas le bon : comptez ce que reçoit chaque filtre ou neurone.",
            en=f"The number of weights of {name} ({row.weights[0].text}) is not right: count what each filter or neuron receives.",
            fault=f"answer_layer_{name}", place=answer.place, teacher=teacher,
        )  # fmt: skip


def _not_found(answer: Answer, name: str, known: int, teacher: Text) -> None:
    manual(
        fr=f"La ligne de {name} n'a pas été lue en entier : une personne la regardera.",
        en=f"The row of {name} was not read in full: a person will look at it.",
        place=answer.place, teacher=teacher,
    )  # fmt: skip


@check(item="Q10", cost=ROW, fr="conv1 : taille et poids", en="conv1: size and weights")
def test_q10_conv1(answer: Answer) -> None:
    """conv1 gives 32×32×32 and has 2400 weights."""
    _judge_layer(answer, "conv1")


@check(item="Q10", cost=ROW, fr="conv2 : taille et poids", en="conv2: size and weights")
def test_q10_conv2(answer: Answer) -> None:
    """conv2 gives 64×16×16 and has 51200 weights."""
    _judge_layer(answer, "conv2")


@check(item="Q10", cost=ROW, fr="conv3 : taille et poids", en="conv3: size and weights")
def test_q10_conv3(answer: Answer) -> None:
    """conv3 gives 64×8×8 and has 102400 weights."""
    _judge_layer(answer, "conv3")


@check(item="Q10", cost=ROW, fr="Poolings : tailles", en="Poolings: sizes")
def test_q10_pools(answer: Answer) -> None:
    """Poolings that are told have the right size; none needs to be told."""
    for name in ("pool1", "pool2", "pool3"):
        _judge_layer(answer, name)


@check(item="Q10", cost=ROW, fr="fc4 : taille et poids", en="fc4: size and weights")
def test_q10_fc4(answer: Answer) -> None:
    """fc4 gives 1000 values and has 1024000 weights."""
    _judge_layer(answer, "fc4")


@check(item="Q10", cost=ROW, fr="fc5 : taille et poids", en="fc5: size and weights")
def test_q10_fc5(answer: Answer) -> None:
    """fc5 gives 10 values and has 10000 weights."""
    _judge_layer(answer, "fc5")


@check(item="Q10", cost=ROW, fr="Biais comptés partout ou nulle part", en="Biases counted everywhere or nowhere")
def test_q10_biases(answer: Answer) -> None:
    """Weights are counted with biases in every layer, or without in every layer."""
    with_biases, without = [], []
    for name, (_, weights, biases) in LAYERS.items():
        row = _rows(answer).get(name)
        numbers = row.weights if row is not None and biases else ()
        has, has_not = (any(one.is_about(weights + extra) for one in numbers) for extra in (biases, 0))
        if has and not has_not:
            with_biases.append(name)
        if has_not and not has:
            without.append(name)
    if with_biases and without:
        failed(
            fr=f"Les biais sont comptés pour {', '.join(with_biases)} et pas pour {', '.join(without)} : choisissez l'un ou l'autre partout.",
            en=f"Biases are counted for {', '.join(with_biases)} and not for {', '.join(without)}: choose one or the other throughout.",
            fault="answer_biases", place=answer.place,
        )  # fmt: skip


# ---------------------------------------------------------------- Q11: the total

TOTALS = (1_191_170, 1_190_000)
IMAGES = 50_000


def _own_total(evidence: Evidence) -> float | None:
    """Return the sum of the student's own rows of Q10, None when one of the five is not there."""
    rows = _rows(evidence.answer("Q10"))
    learning = [name for name, (_, weights, _) in LAYERS.items() if weights]
    if any(name not in rows or not rows[name].weights for name in learning):
        return None
    return sum(rows[name].weights[0].value for name in learning)


@check(item="Q11", cost=0.5, fr="Nombre total de poids", en="Total number of weights")
def test_q11_total(answer: Answer, evidence: Evidence) -> None:
    """The total is the sheet's network's, or the sum of the student's own rows of Q10."""
    numbers = find_numbers(answer.text)
    teacher = Text(fr="Attendu : 1 191 170 (1 190 000 sans biais).", en="Expected: 1,191,170 (1,190,000 without biases).")
    if any(number.is_about(total) for number in numbers for total in TOTALS):
        return
    own = _own_total(evidence)
    if own is not None and any(number.is_about(own) for number in numbers):
        remark(
            fr="Ce total est bien la somme de vos lignes de la question 10 : rien n'est retiré ici, corrigez-le avec elles.",
            en="This total is indeed the sum of your rows of question 10: nothing is taken off here, correct it with them.",
            place=answer.place, teacher=teacher,
        )  # fmt: skip
    large = [number for number in numbers if number.value >= 10_000 and not number.is_about(IMAGES)]
    if not large:
        manual(
            fr="Aucun total n'a été lu dans votre réponse : une personne la lira.",
            en="No total was read in your answer: a person will read it.",
            place=answer.place, teacher=teacher,
        )  # fmt: skip
    failed(
        fr="Ce total n'est pas la somme des poids de vos couches : additionnez les lignes de la question 10.",
        en="This total is not the sum of the weights of your layers: add up the rows of question 10.",
        place=answer.place, teacher=teacher,
    )  # fmt: skip


@check(item="Q11", cost=0.5, fr="Comparaison au nombre d'exemples", en="Comparison with the number of examples")
def test_q11_comparison(answer: Answer) -> None:
    """The total is compared with the 50,000 training images; left out, it is a remark."""
    said = any(number.is_about(IMAGES) for number in find_numbers(answer.text))
    if not find_numbers(answer.text):
        manual(
            fr="Aucun nombre n'a été lu dans votre réponse : une personne la lira.",
            en="No number was read in your answer: a person will read it.",
            place=answer.place,
        )
    if not said and not re.search(r"exemples?|examples?|images|donn[ée]es|samples?|pictures", answer.text, re.IGNORECASE):
        remark(
            fr="Comparez aussi ce nombre à celui des images d'apprentissage.",
            en="Compare this number with that of training images too.",
            place=answer.place,
        )


# ---------------------------------------------------------------- Q13: a run of the code provided


@check(item="Q13", cost=1.0, fr="Code fourni lu et lancé", en="Code provided read and run")
def test_q13_run(evidence: Evidence) -> None:
    """A result on MNIST is stated, or a run of the student's own on MNIST was recorded."""
    answer = evidence.answer("Q13")
    if any(run.recipe is not None and run.recipe.data.dataset == "MNIST" and not recording.entry.template
           for recording, run in evidence.runs()):  # fmt: skip
        return
    if answer.state == "unreadable":
        unreadable(fr="Cette réponse n'a pas pu être lue automatiquement : une personne la lira.",
                   en="This answer could not be read automatically: a person will read it.")  # fmt: skip
    if answer.state != "found":
        missing(
            fr="Lancez base.py tel quel sur MNIST, puis notez les valeurs choisies et la précision obtenue.",
            en="Run base.py as it is on MNIST, then note the values chosen and the accuracy obtained.",
        )
    other = re.search(r"cifar", answer.text, re.IGNORECASE) and not re.search(r"mnist|lenet", answer.text, re.IGNORECASE)
    if not other and any(80 <= value <= 100 for value in _percentages(answer.text)):
        return
    manual(
        fr="Aucun résultat sur MNIST n'a été reconnu dans votre réponse : une personne la lira.",
        en="No result on MNIST was recognised in your answer: a person will read it.",
        place=answer.place,
        teacher=Text(fr="Attendu : une précision en test, 98 à 99 % en quelques époques.",
                     en="Expected: an accuracy in test, 98 to 99 % in a few epochs."),
    )  # fmt: skip


def _percentages(text: str) -> list[float]:
    """Return the accuracies that `text` states, in percent."""
    found = []
    written = plain(text)
    for number in find_numbers(text):
        after = written[number.end : number.end + 12].lstrip(" \\$")
        value = min(number.values)
        if after.startswith("%") or after.lower().startswith(("pour cent", "percent")):
            found.append(value)
        elif 0.8 <= value < 1 and re.search(r"acc|pr[ée]c|test", text, re.IGNORECASE):
            found.append(100 * value)
    return found
