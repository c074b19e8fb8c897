"""Bytes of a document to text, whatever the editor wrote, within a cap on length."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from grader.model import Place, Problem
from grader.text import Text

DOCUMENT_BYTES_MAX = 2_000_000
_BLANKS = re.compile(r"([^\S\n]{200})[^\S\n]+")
"""A line's blanks beyond what any table is laid out with: patterns over answers may look at each more than once."""
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_HIDDEN = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Soft hyphens, joiners of no width, marks of direction, tags: what nobody sees on the page."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_document(path: Path, name: str) -> tuple[str | None, tuple[Problem, ...]]:
    """Return the text of the document at `path` (None when it is none), and what is worth telling about it.

    UTF-8, UTF-16 and UTF-32 are read as such, anything else as Windows-1252. Control characters go,
    line ends become `\\n`, runs of blanks are cut at 200. `name` is the path inside the hand-in, for messages.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(DOCUMENT_BYTES_MAX + 1)
    except OSError:
        return None, (_unreadable(name),)
    problems: list[Problem] = []
    if len(raw) > DOCUMENT_BYTES_MAX:
        raw = raw[:DOCUMENT_BYTES_MAX]
        problems.append(_too_long(name))
    text, guessed = _decode(raw)
    if text is None:
        return None, (_unreadable(name),)
    if guessed:
        problems.append(_not_utf8(name))
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return _BLANKS.sub(r"\1", _CONTROLS.sub("", text)), tuple(problems)


def without_hidden(text: str) -> tuple[str, int]:
    """Return `text` without characters that cannot be seen, and how many of them there were."""
    return _HIDDEN.subn("", text)


def _decode(raw: bytes) -> tuple[str | None, bool]:
    """Return the text, and whether its encoding had to be guessed."""
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return raw.decode(encoding, errors="replace"), False
    zeros = raw[:2000].count(0)
    if zeros and zeros * 3 < len(raw[:2000]) * 2 and zeros * 3 > len(raw[:2000]):
        encoding = "utf-16-le" if raw[1:2] == b"\0" else "utf-16-be"
        return raw.decode(encoding, errors="replace"), False
    if zeros:
        return None, False
    try:
        return raw.decode("utf-8"), False
    except UnicodeDecodeError as error:
        if error.start >= len(raw) - 4 and len(raw) == DOCUMENT_BYTES_MAX:  # cut inside a character
            return raw[: error.start].decode("utf-8"), False
    try:
        return raw.decode("cp1252"), True
    except UnicodeDecodeError:
        return raw.decode("latin-1"), True


def _unreadable(name: str) -> Problem:
    return Problem(
        kind="document_unreadable",
        text=Text(
            fr=f"{name} n'est pas un fichier texte lisible : rendez-le en Markdown, encodé en UTF-8.",
            en=f"{name} is not a readable text file: hand it in as Markdown, encoded in UTF-8.",
        ),
        place=Place(file=name),
    )


def _too_long(name: str) -> Problem:
    return Problem(
        kind="document_too_long",
        text=Text(
            fr=f"{name} dépasse {DOCUMENT_BYTES_MAX // 10**6} Mo : seul le début est lu, raccourcissez-le.",
            en=f"{name} is longer than {DOCUMENT_BYTES_MAX // 10**6} MB: only its beginning is read, shorten it.",
        ),
        place=Place(file=name),
    )


def _not_utf8(name: str) -> Problem:
    return Problem(
        kind="document_encoding",
        text=Text(
            fr=f"{name} n'est pas en UTF-8 : il est lu comme du Windows-1252 ; enregistrez-le plutôt en UTF-8.",
            en=f"{name} is not in UTF-8: it is read as Windows-1252; better save it as UTF-8.",
        ),
        place=Place(file=name),
    )
