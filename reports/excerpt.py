"""How long an answer is on paper, and its beginning when there is no room for all of it."""

from __future__ import annotations

from collections.abc import Sequence

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
    for line in text.splitlines():
        needed = 2 * max(1, -(-len(line) // CHARACTERS_PER_LINE)) if line.strip() else 1
        if needed > room:
            kept.append(_beginning(line, (room // 2) * CHARACTERS_PER_LINE))
            break
        kept.append(line)
        room -= needed
    while kept and not kept[-1].strip():
        kept.pop()
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
    if characters <= 0:
        return ""
    head = line[:characters]
    space = head.rfind(" ")
    return head[: space if space > characters // 2 else None].rstrip(" ,;:") + " …"
