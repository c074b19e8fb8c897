"""The parts of a DOCX package, unpacked under caps and parsed without entities, links or anything fetched."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from grader.converter.gathering import SOURCE_BYTES_MAX, Unreadable

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
PART_BYTES_MAX = 30 * 1024**2
_OLD_WORD = b"\xd0\xcf\x11\xe0"
"""How an OLE file begins: what Word writes when a document has a password, and the format before DOCX."""


class Package:
    """An opened DOCX; `part` gives one of its XML parts."""

    def __init__(self, source: Path) -> None:
        """Open the package; raises Unreadable when it is none, is empty or has a password."""
        size = source.stat().st_size
        if size == 0:
            raise Unreadable("empty")
        with source.open("rb") as stream:
            if stream.read(4) == _OLD_WORD:
                raise Unreadable("encrypted")
        if size > SOURCE_BYTES_MAX:
            raise Unreadable("damaged")
        try:
            self._zip = zipfile.ZipFile(source)
        except (zipfile.BadZipFile, NotImplementedError) as error:
            raise Unreadable("damaged") from error

    def part(self, name: str) -> Element | None:
        """Return the root of the part `name`, None where there is none; raises Unreadable for a bad one."""
        try:
            with self._zip.open(name) as stream:
                # One byte more than allowed tells a bomb, whatever size the archive claims.
                raw = stream.read(PART_BYTES_MAX + 1)
        except KeyError:
            return None
        except RuntimeError as error:
            # zipfile's way to say that a member asks for a password.
            raise Unreadable("encrypted") from error
        except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError) as error:
            raise Unreadable("damaged") from error
        if len(raw) > PART_BYTES_MAX:
            raise Unreadable("damaged")
        try:
            root: Element = fromstring(raw, forbid_dtd=True)
        except (DefusedXmlException, ParseError, ValueError, LookupError) as error:
            raise Unreadable("damaged") from error
        return root


def value(element: Element | None, default: str = "") -> str:
    """Return the `w:val` of an element."""
    return default if element is None else element.get(f"{WORD}val", default)


def whole(element: Element | None, default: int) -> int:
    """Return the `w:val` of an element as a number, `default` where it is none."""
    text = value(element)
    return int(text) if text.lstrip("-").isdecimal() and len(text) < 9 else default
