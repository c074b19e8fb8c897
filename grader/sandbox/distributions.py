"""Which files of site-packages belong to a distribution and to everything it requires."""

from __future__ import annotations

import csv
import functools
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement


def canonical(name: str) -> str:
    """Return a distribution's name as indexes compare it: lower case, one dash for each separator."""
    return re.sub(r"[-_.]+", "-", name).lower()


_EXTRA_LAST = re.compile(r"extra\s*==\s*['\"]([\w.-]+)['\"]\s*$")
_IN_BRACKETS = re.compile(r"\([^()]*\)")
_BEGINNING = re.compile(r"^([^/,\n]+)(?:/([^/,\n]+))?", re.MULTILINE)
"""The first two parts of each path in a RECORD without quoted ones."""


@functools.cache
def _installed() -> dict[str, metadata.Distribution]:
    """Return every distribution on this interpreter's path; the first of a name hides the others."""
    found: dict[str, metadata.Distribution] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if name:
            found.setdefault(canonical(name), distribution)
    return found


def closure(names: Sequence[str]) -> tuple[str, ...]:
    """Return the canonical names of the installed ones of `names` and of all they require here, sorted.

    A requirement under a marker counts when the marker holds for this interpreter, extras where
    they are asked for. What is not installed is left out.
    """
    installed = _installed()
    waiting = [(canonical(name), "") for name in names]
    seen: set[tuple[str, str]] = set()
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen or name not in installed:
            continue
        seen.add((name, extra))
        for text in installed[name].requires or []:
            if _for_another(text, extra):
                continue
            try:
                requirement = Requirement(text)
            except InvalidRequirement:
                continue
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                wanted = canonical(requirement.name)
                waiting.extend((wanted, asked) for asked in ("", *requirement.extras))
    return tuple(sorted({name for name, _ in seen}))


def _beginnings(distribution: metadata.Distribution) -> Iterator[tuple[str, str]]:
    """Yield the first two parts of each path that a distribution installed; the second may be empty."""
    record = distribution.read_text("RECORD")
    if record and '"' in record:
        for path, *_ in csv.reader(record.splitlines()):
            first, _, rest = path.partition("/")
            yield first, rest.partition("/")[0]
    elif record:
        yield from _BEGINNING.findall(record)
    else:
        for name in (distribution.read_text("top_level.txt") or "").split():
            yield name, "__init__.py"
            yield f"{name}.py", ""


def _for_another(requirement: str, extra: str) -> bool:
    """Whether a requirement plainly counts only for another extra: most are such, and parsing them takes long."""
    found = _EXTRA_LAST.search(requirement)
    return (
        found is not None
        and canonical(found[1]) != canonical(extra)
        and " or " not in _IN_BRACKETS.sub("", requirement)
    )


@functools.cache
def _owners() -> dict[Path, dict[str, set[str]]]:
    """Return site folder -> path of one or two parts -> the distributions that have something there."""
    owners: dict[Path, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for name, distribution in _installed().items():
        site = Path(str(distribution.locate_file("")))
        for first, second in set(_beginnings(distribution)):
            if first not in ("", ".."):  # nothing outside of the site folder
                owners[site][first].add(name)
                owners[site][f"{first}/{second}" if second else first].add(name)
    return owners


def entries(names: Sequence[str]) -> Iterator[tuple[Path, str]]:
    """Yield (site folder, path in it) of what must be shown so that exactly `names` can be imported.

    A whole top-level folder where it is theirs alone; the folders and files beneath it where
    another distribution shares it (a namespace package, or `__pycache__`).
    """
    wanted = set(names)
    for site, owned in sorted(_owners().items()):
        for path, holders in sorted(owned.items()):
            if not holders & wanted or not (site / path).exists():
                continue
            shared = bool(owned[path.split("/")[0]] - wanted)
            if ("/" in path) == shared:
                yield site, path
