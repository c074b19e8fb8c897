"""Values of padding and stride as they stand in a sentence, in figures or in words."""

from __future__ import annotations

import re
from collections.abc import Iterable

from grader.answers import Number, find_numbers, plain
from grader.checking import failed, manual
from grader.model import Answer
from grader.text import Text

_WORDS = {
    "zero": 0,
    "zéro": 0,
    "un": 1,
    "une": 1,
    "one": 1,
    "deux": 2,
    "two": 2,
    "trois": 3,
    "three": 3,
    "quatre": 4,
    "four": 4,
    "single": 1,
    "seul": 1,
}
_NUM = rf"(?<!\d)(\d{{1,9}}|{'|'.join(_WORDS)}|nul|null)\b"
"""No longer than any size, and begun once: a page of digits is read in one pass and is no value."""
_IS = (
    r"\s*(?:\(?\w?\)?\s*)?(?:=|:|de|of|is|vaut|égal(?: à)?|equals?|à|est"
    r"|(?:(?:must|should|has to|needs? to|will|can|doit|devra|peut|va) )?(?:be|être|valoir|valu?t?)?"
    r" ?(?:equal(?:s| to)?|set to|fixée?(?: à)?|mise? à|égale?(?: à)?|only|juste|simplement)?)?\s*(?:de |of |à |to )?"
)
_HALF = (
    r"(?<![\w\d])p(?:ad\w*)?\s*(?:=|:|de|of)\s*(?:\(|⌊|\\lfloor)?\s*\(?(?:k|5)(?:\s*-\s*1)?\)?\s*/\s*2\s*"
    r"(?:\)|⌋|\\rfloor)?\s*(?:=|,?\s*(?:soit|i\.e\.|donc|so|hence))\s*"
)
"""`p = (k - 1)/2 =`, before its value."""
PADDING = (
    rf"\b(?:zero-)?padding{_IS}{_NUM}", rf"(?<![\w\d])p\s*(?:=|:|vaut|de)\s*{_NUM}", rf"\bpad{_IS}{_NUM}",
    rf"{_NUM}\s+(?:de|of|for the|pour le|for)\s+padding",
    rf"{_NUM}[ -]pixels?\s+(?:de |of )?(?:bord|border|marge|margin)",
    rf"\b(?:bord|bordure|border|marge|margin)\s+(?:de|of)\s+{_NUM}\s+pixels?",
    rf"\bpadding\s*=?\s*[\"'«“]?\s*same\b[^.\n\d]{{0,8}}{_NUM}",
    _HALF + _NUM,
    rf"{_NUM}\s+(?:rows?|rangées?|lignes?|pixels?|bandes?|cases?|borders?)\s+(?:of|de)\s+(?:z[eé]ros?|0|padding)",
    rf"{_NUM}\s+(?:z[eé]ros?|pixels?|rangées?|rows?)\s+(?:on|sur|de|à|per|par|autour|around|at)\s+(?:each|chaque|every|both|all|the|l)",
    r"padding[^.\n]{0,40}?\(k\s*-\s*1\)\s*/\s*2\s*=\s*" + _NUM,
    r"(?<![\w\d])p\s*=\s*\(k\s*-\s*1\)\s*/\s*2\s*=\s*" + _NUM,
)  # fmt: skip
_LOSES = (
    r"(?:(?!\b(?:ne|n'|no|not|rien|nothing|aucun\w*|pas)\b)[^.\n]){0,60}"
    r"\b(?:perd|los[et]|r[ée]dui|shrink|diminu|r[ée]tr[ée]ci|smaller|plus petit|rogn)"
)
_NO_PADDING = re.compile(
    r"\b(?:aucun|pas de|sans|no|without(?: any)?|any)\s+(?:padding|zeros?\b)(?!" + _LOSES + ")"
    r"|\b(?:aucun|pas de|sans|no|without)\s+(?:ajouter de |adding (?:any |a )?)?(?:bord(?:ure)?s?|borders?|margins?)\b"
    r"(?!" + _LOSES + ")"
    r"|no zeros needed|padding nul"
    r"|(?:pas|plus|aucun|no|not?)\b[^.\n]{0,12}\b(?:besoin|need|n[ée]cessaire|necessary|utile)\b[^.\n]{0,30}"
    r"\b(?:padding|z[ée]ros?)\b"
    r"|\b(?:padding|z[ée]ros?)\b[^.\n]{0,20}\b(?:inutiles?|useless|unnecessary|superflus?|pas n[ée]cessaires?"
    r"|not needed)\b",
    re.IGNORECASE,
)
"""Stated of what is chosen; `without padding the sides shrink` tells why there is one."""
STRIDE = (
    rf"\bstride{_IS}{_NUM}", rf"(?<![\w\d])s\s*(?:=|:|vaut|de)\s*{_NUM}",
    rf"{_NUM}\s+(?:de|of|for the|pour le|for)\s+stride",
    rf"\bstride\s*=\s*[^.\n=\d]{{3,30}}=\s*{_NUM}",
    r"\b(?:avanc|décal|déplac|mov|slid|gliss)\w{0,12}\s+(?:by |of |d'|de )?(?:a |un )(single|seul) pixel",
    rf"\b(?:avanc|décal|déplac|mov|slid|gliss|step|saut|shift|jump)\w{{0,12}}\s+[^.\n]{{0,30}}?"
    rf"(?:de |d'|by |of )?{_NUM}(?:\s+(?:seule?|single))?\s+(?:pixels?|cases?|positions?|steps?|at a time)"
    r"(?!\s+(?:sur|out|in|over)\b)",
    rf"\b(?:avanc|décal|déplac|mov|gliss|saut)\w{{0,12}}\s+(?:de|by)\s+{_NUM}\s+(?:en|by)\s+\d",
    rf"\bpas{_IS}{_NUM}",
)  # fmt: skip


def stated(text: str, patterns: Iterable[str]) -> set[int]:
    """Return the values that `text` gives by any of the patterns; those of a computation are none."""
    lines = re.sub(r"[*_$`]", "", plain(text)).splitlines()
    # One blank between words: the patterns allow for several, and would try every split of a page of them.
    text = "\n".join(" ".join(line.split()) for line in lines if line.strip())
    found = set()
    for pattern in patterns:
        for match in re.finditer(pattern, text, re.IGNORECASE):
            word = match[1].lower()
            after = text[match.end() : match.end() + 2].lstrip()
            if word.isdigit() and (
                after.startswith(("×", "*", "/"))
                or text[match.end() : match.end() + 1].isalnum()
                or re.match(r"[.,]\d", text[match.end() :])
            ):
                continue
            found.add(int(word) if word.isdigit() else _WORDS.get(word, 0))
    return found


_SET = {name: rf"\b{name}\s*=\s*(\d)\b" for name in ("padding", "stride")}
"""As in a program: where one value is set so, what else is said of others explains it."""


def _set_or_stated(text: str, name: str, stated_values: set[int]) -> set[int]:
    values = {int(one) for one in re.findall(_SET[name], text, re.IGNORECASE)}
    return values if len(values) == 1 and len(stated_values) > 1 else stated_values


def paddings(answer: Answer) -> set[int]:
    """Return the values of the padding that the answer states, none being 0."""
    values = stated(answer.text, PADDING) | ({0} if _NO_PADDING.search(answer.text) else set())
    return _set_or_stated(answer.text, "padding", values)


def strides(answer: Answer) -> set[int]:
    """Return the values of the stride that the answer states."""
    return _set_or_stated(answer.text, "stride", stated(answer.text, STRIDE))


_NAMED = {
    "padding": re.compile(r"pad|z[ée]ro|(?<!\w)p\s*=|bord|rembourr", re.IGNORECASE),
    "stride": re.compile(r"strid|\bpas\b|step|(?<!\w)s\s*=|d[ée]cal|d[ée]plac|mov|saut|avanc|slid|gliss|shift",
                         re.IGNORECASE),
}  # fmt: skip
_GENERAL = {
    "padding": re.compile(
        r"(?:\bpad\w*[^.\n]{0,80}?|(?:pad\w*|p)\s*(?:=|:|de|of|is|vaut)?)\s*[(⌊]?\s*"
        r"(?:\(?\s*k\s*-\s*1\s*\)?\s*/\s*2|k\s*//?\s*2)(?!\s*=\s*\d)"
        r"|padding\s*=?\s*[\"'«“]?\s*(?:same|valid)\b",
        re.IGNORECASE,
    ),
    "stride": re.compile(
        r"strid\w*\b[^.\n]{0,40}\b(?:[ée]gal\w*|equal\w*|same|m[êe]me)\b[^.\n]{0,30}\b(?:k|kernel|noyau|fen[êe]tre|window)",
        re.IGNORECASE,
    ),
}


_VALUE = re.compile(
    rf"\d|\b(?:{'|'.join(word for word in _WORDS if word not in ('un', 'une'))})\b", re.IGNORECASE
)
_PART = 0.5
"""Of the question, for each of its two values."""


def judge_value(
    answer: Answer, name: str, found: set[int], right: int, *, beside: tuple[set[int], int] | None = None
) -> None:
    """Pass on the right value, fail on another one, leave what is unclear to a person.

    `beside` is the other value, stated and right: the two are chosen together, so that a right one beside a wrong one
    is left to a person too.
    """
    teacher = Text(fr=f"Attendu : {name} = {right}.", en=f"Expected: {name} = {right}.")
    if found == {right}:
        if beside is not None and beside[0] and beside[1] not in beside[0]:
            manual(
                fr=f"Le {name} est juste, mais pas avec l'autre valeur donnée : une personne lira le raisonnement.",
                en=f"The {name} is right, but not with the other value given: a person will read the reasoning.",
                place=answer.place, teacher=teacher,
            )  # fmt: skip
        return
    if not found and _GENERAL[name].search(" ".join(plain(answer.text).split())):
        failed(
            fr=f"La forme générale du {name} est là, mais pas sa valeur : calculez-la pour ce réseau.",
            en=f"The general form of the {name} is there, but not its value: compute it for this network.",
            place=answer.place, teacher=teacher, cost=_PART / 2,
        )  # fmt: skip
    if not found and not (_NAMED[name].search(answer.text) and _VALUE.search(answer.text)):
        failed(
            fr=f"La valeur du {name} n'est pas donnée : dites laquelle convient ici.",
            en=f"The value of the {name} is not given: say which one suits here.",
            place=answer.place, teacher=teacher,
        )  # fmt: skip
    if not found or right in found:
        manual(
            fr=f"La valeur du {name} n'a pas été lue avec certitude : une personne la lira.",
            en=f"The value of the {name} was not read for sure: a person will read it.",
            place=answer.place, teacher=teacher,
        )  # fmt: skip
    value = ", ".join(map(str, sorted(found)))
    failed(
        fr=f"Avec un {name} de {value} on n'obtient pas la taille demandée : vérifiez avec la formule "
        "de la question 1.",
        en=f"With a {name} of {value} the size asked for is not obtained: check with the formula of "
        "question 1.",
        place=answer.place, teacher=teacher,
    )  # fmt: skip


def judge_pair(answer: Answer, name: str, *, padding: int, stride: int, alone: bool = False) -> None:
    """Judge one of the two values that a layer is given, in sight of the other unless it can be right `alone`."""
    found = {"padding": (paddings(answer), padding), "stride": (strides(answer), stride)}
    other = found["stride" if name == "padding" else "padding"]
    judge_value(answer, name, *found[name], beside=None if alone else other)


def grouped(text: str) -> str:
    """Return `text` with a total such as `1, 191, 170` as one number; a size in brackets stays three."""
    return re.sub(r"(?<!, )(?<![\w(\[,.])(\d{1,3}), (\d{3}), (\d{3})(?![\d)\]])", r"\1,\2,\3", text)


def rounds(number: Number, wanted: int) -> bool:
    """Tell whether the number is `wanted` rounded to two digits or more, as `1 200 000` is."""
    digits = len(str(wanted))
    return any(number.value == round(wanted, kept - digits) for kept in range(2, digits))


def told_small(text: str) -> bool:
    """Tell whether a number far below any such total is said to be the number of weights (`= 1170 weights`)."""
    return (
        re.search(r"=\s*\d{1,2}[ .,]?\d{3}\s*(?:poids|weights?|param\w+)|=\s*\d{1,4}\s*(?:poids|weights?|param\w+)",
                  plain(text), re.IGNORECASE) is not None
    )  # fmt: skip


def percentages(text: str) -> list[float]:
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


_CLASSES = re.compile(r"\b(\d{1,4})\s*(?:classes|sc[eè]nes|svms?|classif\w+|cat[ée]gor\w+)\b", re.IGNORECASE)
_FORMULA = re.compile(
    r"\b[KMNDVk]\s*[×*x·]\s*(?:\(?\s*)(?:C|c|10|15|nb|n_?classes?|nombre de classes|number of classes|classes)\b"
    r"|\b(?:C|c|K|10|15)\s*[×*x·]\s*\(?\s*[KMNDVk]\b|\(\s*[KMNDVk]\s*\+\s*1\s*\)\s*[×*x·]\s*(?:C|c|10|15)\b"
)
_DESCRIPTOR = 128
"""Values of a SIFT descriptor."""


_CLASSES_MOST = 200


def _multiplies(text: str, one: Number, two: Number, result: Number) -> bool:
    """Tell whether three numbers in a row stand as classes × words = weights, in either order."""
    written = plain(text)
    least, most = sorted((one.value, two.value))
    return (
        written[one.end : two.start].strip(" $()\\") in ("×", "*", "x", "X", "·", "times", "cdot", "fois")
        and 2 <= least <= _CLASSES_MOST <= most
        and result.is_about(one.value * two.value)
    )


def dictionary_is_counted(text: str) -> bool:
    """Tell whether some number is what a stated dictionary and number of classes come to, one SVM a class.

    Biases, the dictionary's own centres of 128 values, and one SVM a pair of classes are counted or not. A formula
    such as K × C stands for the number.
    """
    if _FORMULA.search(plain(text)):
        return True
    numbers = find_numbers(text)
    if any(_multiplies(text, *three) for three in zip(numbers, numbers[1:], numbers[2:], strict=False)):
        return True
    values = sorted({int(value) for number in numbers for value in number.values if value == int(value)})
    classes = {10, *(int(match[1]) for match in _CLASSES.finditer(plain(text)))}
    words = [value for value in values if 20 <= value <= 1_000_000]
    for size in words[:40]:
        for count in classes:
            for machines in (count, count * (count - 1) // 2):
                own = {size * machines, (size + 1) * machines}
                own |= {value + size * _DESCRIPTOR for value in own}
                own |= {value + machines for value in own}
                if machines > 1 and (own & set(values) or any(n.is_about(v) for n in numbers for v in own)):
                    return True
    return False
