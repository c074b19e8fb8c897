"""What a student says of each layer of a network, its output size and its weights, in whatever layout.

Markdown and plain tables with the layers in rows or in columns, LaTeX rows, lists and running text:
each layer named comes out as one `LayerRow`. Sizes are sets of dimensions: their order means nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from grader.answers import grids, wording
from grader.answers.formulas import FormulaError, evaluate, parse
from grader.answers.numbers import Number, find_numbers, parse_number, plain
from grader.answers.wording import TIMES

_NAMES = (
    (r"(?:conv(?:olutions?)?|convolutionnelle|c)", "conv"),
    (r"(?:(?:max|avg)?[ _.-]?pool(?:ings?)?|mp|p)", "pool"),
    (r"(?:fc|fully[ _-]?connected|linear|lin[ée]aire|dense|full)", "fc"),
    (r"(?:relu)", "relu"),
)
_LAYER = re.compile(
    r"(?<![\w/])(?:couche |layer )?(?:"
    + "|".join(rf"(?P<{kind}>{words})" for words, kind in _NAMES)
    + r")[ ._-]?(?:2d)?[ ._-]?(?:n[°o] ?)?(?P<digit>[1-9])(?![\w.,/]\d|\d|[x×*^])",
    re.IGNORECASE,
)
_SIZE_HEADING = re.compile(r"taille|sortie|output|size|shape|dimension|\bdim", re.IGNORECASE)
_WEIGHT_HEADING = re.compile(
    r"poids|param|weight|\bw\b|learn|apprendre|nombre|\bnb|count|#|total", re.IGNORECASE
)
_OTHER_HEADING = re.compile(
    r"entr[ée]e|input|kernel|noyau|filtre|stride|padding|^biais$|^bias(es)?$|%|part", re.IGNORECASE
)
_DIMS = re.compile(
    rf"(?<![\d.,×*])(?:\d{{1,5}}{TIMES}){{1,3}}\d{{1,5}}(?![\d×*])|[(\[]\s*\d{{1,5}}\s*(?:[,;]\s*\d{{1,5}}\s*){{0,3}},?\s*[)\]]"
)
_MAPS = re.compile(
    r"(?<![\d.,])(\d{1,5})\s?(?:@|(?:feature[ -]?)?(?:maps?|cartes?|canaux|channels?|images?)\b"
    r"(?: de taille| de| of size| of)?)"
    rf"\s?(\d{{1,5}}{TIMES}\d{{1,5}})(?!\d|{TIMES})",
    re.IGNORECASE,
)
"""`32@16×16` and `32 cartes de 16×16`: as many maps of that size."""
_NOTHING = re.compile(r"\b(?:none|aucun|aucune|nul|rien|no|zero|zéro|n/?a)\b|^\s*[-–—/∅]+\s*$", re.IGNORECASE)
_WEIGHT_UNIT = re.compile(r"poids|param|weight|biais|bias", re.IGNORECASE)


@dataclass(frozen=True)
class LayerRow:
    """What was written of one layer; None where nothing could be read."""

    name: str
    """`conv1`, `pool1`, `fc4`, `relu2`, ...: kind and the student's own number."""
    size: tuple[int, ...] | None = None
    """The dimensions written, sorted downward, ones left out; `(32768,)` when only the product stands there."""
    weights: tuple[Number, ...] = ()
    """The numbers of weights stated: more than one where the biases stand apart."""
    text: str = ""
    other_sizes: tuple[tuple[int, ...], ...] = ()
    """Further sizes in a sentence on the layer, which may be its output as well as its input or its kernel."""


def read_layers(text: str, *, first_dense: int) -> dict[str, LayerRow]:
    """Return a row for each layer that `text` speaks of, the first saying first, by its name.

    `first_dense` is the number of the first fully connected layer on the sheet: students who
    count theirs from 1 (`fc1`, `fc2`) get those numbers.
    """
    found: dict[str, LayerRow] = {}
    lines = (re.sub(r" *\t *", " | ", line.strip()) for line in text.splitlines())
    tables, rest = grids.split(plain("\n".join(lines)))
    rows = [row for grid in tables for row in _from_grid(grid)] + _from_prose(rest)
    for row in rows:
        known = found.get(row.name)
        if known is None:
            found[row.name] = row
        else:
            found[row.name] = replace(
                known,
                size=known.size or row.size,
                weights=known.weights or row.weights,
                text=known.text or row.text,
                other_sizes=known.other_sizes + row.other_sizes,
            )
    return _numbered(found, first_dense)


def layer_name(text: str) -> str | None:
    """Return the layer that `text` begins with or is about, as `conv1`; None when it names none."""
    match = _LAYER.search(text)
    return _name(match) if match else None


def _name(match: re.Match[str]) -> str:
    kind = next(kind for _, kind in _NAMES if match[kind])
    return f"{kind}{match['digit']}"


def _numbered(rows: dict[str, LayerRow], first: int) -> dict[str, LayerRow]:
    """Give fully connected layers the sheet's numbers when they were counted otherwise."""
    dense = sorted(name for name in rows if name.startswith("fc"))
    if not dense or int(dense[0][2:]) >= first:
        return rows
    moved = {name: f"fc{first + place}" for place, name in enumerate(dense)}
    return {moved.get(name, name): replace(row, name=moved.get(name, name)) for name, row in rows.items()}


# ---------------------------------------------------------------- tables


def _from_grid(grid: grids.Grid) -> list[LayerRow]:
    turned = grid.turned()
    if _layers_in_first_column(turned) > _layers_in_first_column(grid):
        grid = turned
    if _layers_in_first_column(grid) < 1:
        return []
    heading = grid.rows[0] if layer_name(grid.rows[0][0]) is None else ()
    return [row for cells in grid.rows if cells and (row := _row(cells, heading)) is not None]


def _layers_in_first_column(grid: grids.Grid) -> int:
    return sum(bool(row) and layer_name(row[0]) is not None for row in grid.rows)


def _row(cells: tuple[str, ...], heading: tuple[str, ...]) -> LayerRow | None:
    name = layer_name(cells[0])
    if name is None:
        return None
    size: tuple[int, ...] | None = None
    weights: list[Number] = []
    for place, cell in enumerate(cells[1:], start=1):
        title = heading[place] if place < len(heading) else ""
        if _OTHER_HEADING.search(title) and not (
            _SIZE_HEADING.search(title) or _WEIGHT_HEADING.search(title)
        ):
            continue
        is_size, is_weight = bool(_SIZE_HEADING.search(title)), bool(_WEIGHT_HEADING.search(title))
        if is_size == is_weight:
            is_weight = size is not None or not _looks_like_size(cell, name)
        if (is_size and not is_weight) or not is_weight:
            size = size or read_size(cell)
        elif (number := read_weights(cell)) is not None:
            weights.append(number)
    return LayerRow(name, size, tuple(weights), " | ".join(cells))


def _looks_like_size(cell: str, name: str) -> bool:
    if "=" in cell or "+" in cell:
        return False
    found = _DIMS.search(cell)
    if found is not None:
        return len(re.findall(r"\d+", found[0])) == 3
    return name.startswith("fc") and parse_number(cell) is not None


def read_size(text: str) -> tuple[int, ...] | None:
    """Return the dimensions written in `text`, sorted downward, without ones; None when there are none.

    A product that is stated (`32×32×32 = 32 768`) must be right, else the size cannot be.
    """
    text = _MAPS.sub(r"\1×\2", plain(text))
    match = max(_DIMS.finditer(text), key=lambda found: len(re.findall(r"\d+", found[0])), default=None)
    if match is None:
        numbers = [number for number in find_numbers(text) if number.value == int(number.value)]
        return (int(numbers[0].value),) if numbers else None
    dims = [int(digits) for digits in re.findall(r"\d+", match[0])]
    product = 1
    for dim in dims:
        product *= dim
    stated = re.match(r"\s*[)\]]?\s*=\s*", text[match.end() :])
    if stated is not None:
        after = find_numbers(text[match.end() + stated.end() :])
        if after and not _DIMS.match(text[match.end() + stated.end() :]) and not after[0].is_about(product):
            return tuple(sorted((*dims, int(after[0].value)), reverse=True))
    return tuple(sorted((dim for dim in dims if dim != 1), reverse=True)) or (1,)


def read_weights(text: str) -> Number | None:
    """Return the number of weights that `text` states: the result of its sum, or the sum's own value."""
    text = plain(text).strip(" .,;:|*_`$")
    if not text:
        return None
    if _NOTHING.search(text) and not re.search(r"[1-9]", text):
        return Number((0.0,), 0, len(text), text)
    parts = [part.strip() for part in re.split(r"=|≈|~|→|->|\bsoit\b|\bor\b", text)]
    plain_numbers = [number for part in parts if (number := _bare(part)) is not None]
    if plain_numbers:
        return plain_numbers[-1]
    for part in reversed(parts):
        if (value := _computed(part)) is not None:
            return Number((value,), 0, len(part), part)
    numbers = find_numbers(text)
    return numbers[0] if len(numbers) == 1 else None


def _bare(part: str) -> Number | None:
    """Return the number of a part such as `2 432 poids` or `2 432 (5·5·3·32 + 32)`, else None."""
    head = (
        re.sub(r"[(\[].*$", "", part, flags=re.DOTALL)
        if re.match(r"\s*[\d.,' ]+[MKk]?[^\d]*[(\[]", part)
        else part
    )
    head = re.sub(r"(?i)\b(?:poids|params?|param[eè]tres?|parameters|weights?|avec|sans|with(?:out)?|biais|bias(?:es)?|"
                  r"les|environ|about|de|à apprendre|to learn|values?|in total|au total)\b", "", head)  # fmt: skip
    return parse_number(head.strip(" .,;:()"))


def _computed(part: str) -> float | None:
    cleaned = re.sub(r"(?<=\d)\s*[xX]\s*(?=[\d(])|(?<=\))\s*[xX]\s*(?=[\d(])", "×", part)
    cleaned = re.sub(r"(?<=\d)[ ,](?=\d{3}(?!\d))", "", cleaned)
    if not re.search(r"[×*+]", cleaned):
        return None
    try:
        return float(evaluate(parse(cleaned), {}))
    except (FormulaError, OverflowError):
        return None


# ---------------------------------------------------------------- running text


def _from_prose(text: str) -> list[LayerRow]:
    """Read `conv1 : 32x32x32, 2432 poids` and its like: each layer's saying ends where the next one begins."""
    rows = []
    matches = [
        match
        for match in _LAYER.finditer(text)
        if (match["conv"] or match["pool"] or "xx").lower() not in ("c", "p", "mp")
    ]
    for place, match in enumerate(matches):
        end = matches[place + 1].start() if place + 1 < len(matches) else _paragraph_end(text, match.end())
        rows.append(_said(_name(match), text[match.end() : end]))
    return rows


def _paragraph_end(text: str, start: int) -> int:
    end = re.compile(r"\n\s*\n|(?<=[^\d\W])\.\s|\n(?=[A-ZÀ-Ý])|(?<=\d)\.\s+(?=[A-ZÀ-Ý])").search(text, start)
    return end.start() if end else len(text)


def _said(name: str, text: str) -> LayerRow:
    text = re.sub(r"^[^\S\n]*\+[^\S\n]*relu\d?", "", text, flags=re.IGNORECASE)
    text = wording.FROM.sub("", text)
    size: tuple[int, ...] | None = None
    others: list[tuple[int, ...]] = []
    weights: list[Number] = []
    for field in _fields(text):
        dims, aside = _size_field(wording.outgoing(field), name), wording.is_aside(field)
        if dims is not None and (size is not None or aside):
            others.append(dims)
        if size is None and dims is not None and not aside:
            size = dims
        elif not weights and (_WEIGHT_UNIT.search(field) or not aside):
            number = _weight_field(field, seen_size=size is not None)
            weights += [number] if number is not None else []
    return LayerRow(name, size, tuple(weights), " ".join(text.split())[:200], tuple(others))


def _fields(text: str) -> Iterable[str]:
    """Yield what commas, colons, arrows, brackets with words and line ends separate; not decimals, not dimensions."""
    text = re.sub(r"\((?=[^()]*[A-Za-zÀ-ÿ]{3})([^()]*)\)", r" ; \1 ; ", text)
    inside = re.sub(
        r"[(\[][^()\[\]]*[)\]]", lambda match: match[0].replace(",", "\0").replace(";", "\0"), text
    )
    for field in re.split(r",(?!\d)|;|:|->|→|=>|⇒|\||\n|\s/\s|\s[-–—]\s|\s(?:et|and|avec|with)\s", inside):
        if field.strip():
            yield field.replace("\0", ",").strip()


def _size_field(field: str, name: str) -> tuple[int, ...] | None:
    if _WEIGHT_UNIT.search(field) or "+" in field:
        return None
    match = _DIMS.search(field)
    if match is not None and len(re.findall(r"\d+", match[0])) == 3:
        return read_size(field)
    single = match is None or len(re.findall(r"\d+", match[0])) == 1
    if name.startswith("fc") and single and "=" not in field:
        numbers = find_numbers(field)
        return (int(numbers[0].value),) if len(numbers) == 1 and numbers[0].value >= 1 else None
    return None


def _weight_field(field: str, *, seen_size: bool) -> Number | None:
    if not (seen_size or _WEIGHT_UNIT.search(field) or "=" in field):
        return None
    if (
        _WEIGHT_UNIT.search(field) is None
        and re.search(r"[A-Za-zÀ-ÿ]{4}", field)
        and not _NOTHING.search(field)
    ):
        return None
    return read_weights(field)
