"""Ids of hand-ins: fit for a folder's name, and never the same for two, whatever their names lose on the way."""

from __future__ import annotations


class Ids:
    """Gives out ids that differ by more than case, since they name folders."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def unique(self, wanted: str) -> str:
        """Return `wanted`, with a number where it, or its twin in other capitals, is taken."""
        number, found = 1, wanted
        while found.casefold() in self._taken:
            number += 1
            found = f"{wanted}-{number}"
        self._taken.add(found.casefold())
        return found
