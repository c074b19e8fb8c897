"""How long an answer is on paper, and its beginning when there is no room for all of it."""

from __future__ import annotations

from collections.abc import Sequence

_LEAST_TABLE = 3
"""Lines of a table that shows something: its head, the rule below, a row."""
CHARACTERS_PER_LINE = 94
"""Of the answers' column, measured on French prose; a little less than the mean, to be safe."""


def line_count(text: str) -> int:
    """Return about how many printed lines `text` takes; blank lines count half."""
    lines = text.splitlines()
    halves = sum(2 * max(1, -(-len(line) // CHARACTERS_PER_LINE)) if line.strip() else 1 for line in lines)
    return -(-halves // 2)


def excerpt(text: str, lines: int) -> tuple[str, bool]:
    """Return the beginning of `text` that takes about `lines` printed lines, and whether it was cut.

    It ends at a word's end with an ellipsis. A code fence left open is closed.
    """
    if line_count(text) <= lines:
        return text, False
    kept: list[str] = []
    room = 2 * lines
    source = text.splitlines()
    for place, line in enumerate(source):
        needed = 2 * max(1, -(-len(line) // CHARACTERS_PER_LINE)) if line.strip() else 1
        if needed > room:
            if room > 1 and not line.lstrip().startswith("|"):
                kept.append(_beginning(line, (room // 2) * CHARACTERS_PER_LINE))
            elif place and _goes_on(source[place - 1], line):
                kept[-1] = _beginning(kept[-1] + " ", len(kept[-1]))
            break
        kept.append(line)
        room -= needed
    _drop_what_leads_nowhere(kept)
    fences = sum(line.lstrip().startswith("```") for line in kept)
    if fences % 2:
        kept.append("```")
    return "\n".join(kept), True


def fair_share(lengths: Sequence[int], room: int) -> int:
    """Return the largest number of lines per answer with which all of `lengths` fit into `room` together.

    Short answers leave what they do not need to long ones.
    """
    low, high = 0, max([*lengths, 0])
    while low < high:
        middle = (low + high + 1) // 2
        if sum(min(length, middle) for length in lengths) <= room:
            low = middle
        else:
            high = middle - 1
    return low


def _beginning(line: str, characters: int) -> str:
    """Return a sign less than that many of the first characters of `line`, to the end of a word, and an ellipsis."""
    head = line[: characters - 1]
    space = head.rfind(" ")
    head = head[: space if space > characters // 2 else None]
    for mark in ("$", "`", "**"):
        if head.count(mark) % 2 and (opened := head.rfind(mark)) > 0:
            head = head[:opened]
    return head.rstrip(" ,;:(«") + "\N{NO-BREAK SPACE}…"


def _goes_on(line: str, following: str) -> bool:
    """Whether a paragraph does not end with `line`."""
    return bool(line.strip()) and bool(following.strip()) and line.lstrip()[:1] not in "|#`"


def _drop_what_leads_nowhere(kept: list[str]) -> None:
    """Take off blank lines, a heading without its text and a table of which nothing but the head was kept."""
    while kept:
        rows = 0
        while rows < len(kept) and kept[-1 - rows].lstrip().startswith("|"):
            rows += 1
        if 0 < rows < _LEAST_TABLE:
            del kept[-rows:]
        elif not kept[-1].strip() or kept[-1].startswith("#"):
            kept.pop()
        else:
            return
