"""Who handed in: from submission.toml, a document's head or the platform's folder name, never from code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from grader.submissions.names import natural_key, shown
from grader.submissions.settings import Settings

_HEAD_LINES = 40
_HEAD_BYTES = 16 * 1024
_MOST_AUTHORS = 12
_LABEL = re.compile(
    r"^[\s>#*_|-]*(?:authors?|auteur(?:e|es|s|rices?|ice|·e·s|\(e\)s?)?|noms?(?:\s+et\s+prénoms?)?|names?|"
    r"étudiant(?:e|es|s|·e·s|\(e\)s?)?|etudiants?|students?|binôme|binome|group members)"
    r"[*_\s]*[:\uff1a|][*_\s]*(?P<names>.*)$",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^\s*[-*•]\s+(?P<name>\S.*)$")
_BETWEEN = re.compile(r"\s*(?:[,;&/|]|\bet\b|\band\b|\+)\s*", re.IGNORECASE)
_ASIDE = re.compile(r"<[^>]*>|\([^)]*\)|\[[^\]]*\]|\S+@\S+|[*_`#]|\d+")
_PLATFORM = re.compile(r"^(?P<name>[^_]+)_\d+_assignsubmission_", re.IGNORECASE)
_DOCUMENT_ORDER = ("answers", "reponses", "réponses", "report", "rapport", "compte", "readme")


def authors_of(
    folder: Path,
    documents: Sequence[str],
    settings: Settings,
    handed_in_as: Sequence[str],
    template: Path | None,
) -> tuple[str, ...]:
    """Return the authors' names, from the first source that has any; none when nobody signed.

    `handed_in_as` are the names of the file or folder and of the one around it. Names that the
    handed-out template carries are places to fill in, not people.
    """
    stated = _clean(settings.authors)
    if stated:
        return stated
    nobody = {name.casefold() for name in _names_in_template(template)}
    for document in sorted(documents, key=_by_purpose):
        names = [name for name in _names_at_head(folder / document) if name.casefold() not in nobody]
        if names:
            return tuple(names)
    for name in handed_in_as:
        if found := _PLATFORM.match(name):
            return _clean([found.group("name")])
    return ()


def _by_purpose(document: str) -> tuple[object, ...]:
    """Order documents so that answers speak before reports, and both before anything else."""
    name = document.rpartition("/")[2].casefold()
    place = next(
        (at for at, start in enumerate(_DOCUMENT_ORDER) if name.startswith(start)), len(_DOCUMENT_ORDER)
    )
    return (place, document.count("/"), natural_key(document))


def _names_in_template(template: Path | None) -> list[str]:
    if template is None:
        return []
    files = [file for file in sorted(template.rglob("*")) if file.suffix.lower() in (".md", ".txt")]
    return [name for file in files for name in _names_at_head(file)]


def _names_at_head(file: Path) -> list[str]:
    """Return the names on the first line that says `Auteurs :` or the like, or in the list beneath it."""
    if file.suffix.lower() not in (".md", ".txt", ".tex") or not file.is_file():
        return []
    with file.open("rb") as stream:
        raw = stream.read(_HEAD_BYTES)
    try:
        text = raw.decode("utf-8-sig", "strict" if len(raw) < _HEAD_BYTES else "ignore")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    lines = text.splitlines()[:_HEAD_LINES]
    for at, line in enumerate(lines):
        if found := _LABEL.match(line):
            names = list(_clean(_BETWEEN.split(found.group("names"))))
            return names or _bulleted(lines[at + 1 :])
    return []


def _bulleted(lines: Sequence[str]) -> list[str]:
    names: list[str] = []
    for line in lines:
        found = _BULLET.match(line)
        if found:
            names += _clean(_BETWEEN.split(found.group("name")))
        elif line.strip() or names:
            break
    return names


def _clean(names: Sequence[str]) -> tuple[str, ...]:
    """Return names without addresses, numbers and markup, each once, fit to print."""
    kept: dict[str, str] = {}
    for name in names:
        plain = shown(_ASIDE.sub(" ", name)).strip(" .:-–—…")
        if any(character.isalpha() for character in plain):
            kept.setdefault(plain.casefold(), plain)
    return tuple(kept.values())[:_MOST_AUTHORS]
