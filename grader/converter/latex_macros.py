"""The macros a student defines, put in by text: `\\newcommand{\\rep}[1]{\\paragraph{#1}}` hides no heading."""

from __future__ import annotations

import re

_BODY_MAX = 300
_DEFINITIONS_MAX = 100
_GROWTH_MAX = 60_000
_DEFINED = re.compile(
    r"\\(?:re)?newcommand\*?\s*\{?\s*\\([A-Za-z]{1,40})\s*\}?\s*(?:\[(\d)\])?(\[[^\]\n]{0,80}\])?\s*\{"
)


def expand(source: str) -> str:
    """Return `source` with its own simple macros put in; line ends stay where they are.

    Macros with a default argument, a long body or a use of themselves are left as they stand.
    """
    macros = _definitions(source)
    for _ in range(2):
        for name, (count, body) in macros.items():
            if f"\\{name}" in source:
                source = _put_in(source, name, count, body)
    return source


def _definitions(source: str) -> dict[str, tuple[int, str]]:
    found: dict[str, tuple[int, str]] = {}
    for match in list(_DEFINED.finditer(source))[:_DEFINITIONS_MAX]:
        end = closing(source, match.end() - 1)
        body = source[match.end() : end].replace("\n", " ") if end else ""
        own_use = re.search(rf"\\{match[1]}(?![A-Za-z])", body)
        if end and len(body) <= _BODY_MAX and match[3] is None and not own_use:
            found[match[1]] = (int(match[2] or 0), body)
    return found


def closing(source: str, opening: int) -> int:
    """Return where the brace at `opening` closes, 0 when nowhere near."""
    depth = 0
    for place in range(opening, min(len(source), opening + 20_000)):
        character = source[place]
        if source[place - 1] == "\\" and place > opening:
            continue
        depth += (character == "{") - (character == "}")
        if depth == 0:
            return place
    return 0


def _put_in(source: str, name: str, count: int, body: str) -> str:
    parts: list[str] = []
    grown = last = 0
    for match in re.finditer(rf"\\{name}(?![A-Za-z])", source):
        before = source[max(0, match.start() - 20) : match.start()]
        if match.start() < last or re.search(r"newcommand\*?\s*\{?\s*$", before):
            continue
        given = _arguments(source, match.end(), count)
        grown += len(body)
        if given is None or grown > _GROWTH_MAX:
            continue
        arguments, end = given
        parts += [source[last : match.start()], _filled(body, arguments), "" if count else " "]
        last = end
    return "".join([*parts, source[last:]])


def _arguments(source: str, place: int, count: int) -> tuple[list[str], int] | None:
    """Return `count` arguments in braces from `place` on and where they end, None when they are not there."""
    found = []
    for _ in range(count):
        opening = re.compile(r"\s{0,20}\{").match(source, place)
        close = closing(source, opening.end() - 1) if opening else 0
        if opening is None or not close:
            return None
        found.append(source[opening.end() : close])
        place = close + 1
    return found, place


def _filled(body: str, arguments: list[str]) -> str:
    for number, argument in enumerate(arguments, start=1):
        body = body.replace(f"#{number}", argument)
    return body
