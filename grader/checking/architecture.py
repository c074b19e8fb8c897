"""A network's canonical notation held against the one that was asked for: the first layer that departs.

The notation is `grader.recipe.canonical`'s, in which equal functions read alike. Dropout and batch
normalisation are looked through: whether they stand where they should is another question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from grader.text import Text

_CONV = re.compile(r"conv (\d+)->(\d+) k(\S+) s(\S+) p(\S+)")
_LINEAR = re.compile(r"linear (\d+)->(\d+)")
_POOL = re.compile(r"(avg)?pool k(\S+) s(\S+)( p\S+)?")
_OUTPUTS = ("softmax", "log_softmax")


@dataclass(frozen=True)
class Departure:
    """Where a network first leaves what was asked for."""

    layer: str
    """The sheet's name of the layer."""
    kind: str
    """`padding`, `channels`, `kernel`, `stride`, `features`, `inputs`, `missing`, `unexpected`, `options`, `other`."""
    expected: str
    found: str | None
    """In the canonical notation; None at the end of the network."""


def body(canonical: Sequence[str]) -> tuple[str, ...]:
    """Return the layers up to the last linear one, without dropout, batch normalisation and repeats."""
    lines = _looked_through(canonical)
    last = max(
        (place for place, line in enumerate(lines) if line.startswith("linear")), default=len(lines) - 1
    )
    return tuple(lines[: last + 1])


def tail(canonical: Sequence[str]) -> tuple[str, ...]:
    """Return what follows the last linear layer: nothing, `softmax`, `log_softmax`, `relu`, ..."""
    return tuple(_looked_through(canonical)[len(body(canonical)) :])


def _looked_through(canonical: Sequence[str]) -> list[str]:
    lines = [
        line
        for line in canonical
        if "dropout" not in line.split(" ")[0] and not line.startswith("batch_norm")
    ]
    lines = [re.sub(r" nobias\b", "", line) for line in lines]
    for place in range(len(lines) - 1):
        if lines[place].startswith("pool") and lines[place + 1] == "relu":
            lines[place], lines[place + 1] = lines[place + 1], lines[place]
    return [
        line
        for place, line in enumerate(lines)
        if not (line == "relu" and place and lines[place - 1] == "relu")
    ]


def first_departure(canonical: Sequence[str], expected: Sequence[tuple[str, str]]) -> Departure | None:
    """Return where `canonical` first leaves `expected` (name and notation per layer), None when it never does.

    Rounding up in a pooling (`ceil`) is no departure.
    """
    found = [re.sub(r" ceil$", "", line) for line in body(canonical)]
    for place, (name, line) in enumerate(expected):
        here = found[place] if place < len(found) else None
        if here != line:
            return Departure(name, _kind(line, here), line, here)
    if len(found) > len(expected):
        return Departure(expected[-1][0], "unexpected", "", found[len(expected)])
    return None


def _kind(expected: str, found: str | None) -> str:
    if found is None or found.split(" ")[0] != expected.split(" ")[0]:
        return "missing"
    wanted, given = _CONV.match(expected), _CONV.match(found)
    if wanted and given and found == given[0]:
        names = ("inputs", "channels", "kernel", "stride", "padding")
        return next(
            (
                name
                for name, one, other in zip(names, wanted.groups(), given.groups(), strict=True)
                if one != other
            ),
            "other",
        )
    wanted, given = _LINEAR.match(expected), _LINEAR.match(found)
    if wanted and given:
        return "features" if wanted[2] != given[2] else "inputs"
    return "options"


def describe(line: str | None) -> Text:
    """Return a line of the notation in words; inputs are left out, they follow from the layer before."""
    if not line:
        return Text(fr="rien", en="nothing")
    if match := _CONV.match(line):
        _, channels, kernel, stride, padding = match.groups()
        size = kernel if "x" in kernel else f"{kernel}×{kernel}"
        rest = line[match.end() :]
        return Text(
            fr=f"{channels} convolutions {size} (stride {stride}, padding {padding}{',' + rest if rest else ''})",
            en=f"{channels} {size} convolutions (stride {stride}, padding {padding}{',' + rest if rest else ''})",
        )
    if match := _LINEAR.match(line):
        return Text(
            fr=f"une couche linéaire de {match[1]} entrées et {match[2]} sorties",
            en=f"a linear layer with {match[1]} inputs and {match[2]} outputs",
        )
    if match := _POOL.match(line):
        word = "average" if match[1] else "max"
        size = match[2] if "x" in match[2] else f"{match[2]}×{match[2]}"
        return Text(
            fr=f"un {word}-pooling {size} de stride {match[3]}",
            en=f"{word} pooling {size} with stride {match[3]}",
        )
    if match := re.match(r"adaptive_(avg)?pool (\S+)", line):
        word = "average" if match[1] else "max"
        size = match[2] if "x" in match[2] else f"{match[2]}×{match[2]}"
        return Text(fr=f"un {word}-pooling adaptatif vers {size}", en=f"adaptive {word} pooling to {size}")
    name = {"relu": "ReLU"}.get(line, line)
    return Text(
        fr=f"« {name} »" if name != "ReLU" else "une ReLU", en=f'"{name}"' if name != "ReLU" else "a ReLU"
    )
