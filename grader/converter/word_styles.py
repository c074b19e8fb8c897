"""What a DOCX says beside its text: the rank of headings, and the numbers that Word itself would print."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from grader.converter.word_package import WORD, Package, value, whole

_HEADING = re.compile(r"(?:heading|titre|überschrift|título)\s*(\d)", re.IGNORECASE)
_ROMANS = ((50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


@dataclass
class _Level:
    text: str = "%1."
    form: str = "decimal"
    start: int = 1


@dataclass
class _List:
    levels: dict[int, _Level] = field(default_factory=dict)


class Styles:
    """Paragraph styles by id: heading level, whether contents, bold, and the list they number in."""

    def __init__(self, package: Package) -> None:
        """Read styles.xml; a document without one has plain paragraphs only."""
        self.levels: dict[str, int] = {}
        self.contents: set[str] = set()
        self.bold: set[str] = set()
        self.lists: dict[str, tuple[str, int]] = {}
        root = package.part("word/styles.xml")
        for style in root.iter(f"{WORD}style") if root is not None else ():
            identity = style.get(f"{WORD}styleId", "")
            self._take(identity, value(style.find(f"{WORD}name")), style)

    def _take(self, identity: str, name: str, style: Element) -> None:
        heading = _HEADING.fullmatch(name.strip())
        outline = style.find(f"{WORD}pPr/{WORD}outlineLvl")
        if heading is not None:
            self.levels[identity] = min(int(heading[1]) or 1, 6)
        elif name.lower() in ("title", "titre"):
            self.levels[identity] = 1
        elif outline is not None and whole(outline, 9) < 6:
            self.levels[identity] = whole(outline, 0) + 1
        if name.lower().startswith(("toc ", "tm ", "table of")):
            self.contents.add(identity)
        if is_on(style.find(f"{WORD}rPr/{WORD}b")):
            self.bold.add(identity)
        numbered = style.find(f"{WORD}pPr/{WORD}numPr")
        if numbered is not None:
            number = value(numbered.find(f"{WORD}numId"))
            self.lists[identity] = (number, whole(numbered.find(f"{WORD}ilvl"), 0))


def is_on(element: Element | None) -> bool:
    """Tell whether a switch such as `w:b` is there and not set to off."""
    return element is not None and value(element, "true") not in ("false", "0", "off", "none")


class Numbering:
    """Counts the paragraphs of each list as Word does, so that `3)` is there although nobody typed it."""

    def __init__(self, package: Package) -> None:
        """Read numbering.xml; without one no paragraph is numbered."""
        root = package.part("word/numbering.xml")
        self._lists: dict[str, tuple[str, _List]] = {}
        self._counters: dict[str, dict[int, int]] = {}
        if root is None:
            return
        abstract = {one.get(f"{WORD}abstractNumId", ""): one for one in root.iter(f"{WORD}abstractNum")}
        for number in root.iter(f"{WORD}num"):
            shape = value(number.find(f"{WORD}abstractNumId"))
            if shape in abstract:
                identity = number.get(f"{WORD}numId", "")
                own = number.findall(f"{WORD}lvlOverride")
                key = f"n{identity}" if own else f"a{shape}"
                self._lists[identity] = (key, _list_of(abstract[shape], own))

    def label(self, number: str, level: int) -> str:
        """Return what stands before the next paragraph of list `number` at `level`: `3)`, `-` or nothing."""
        if number not in self._lists:
            return ""
        key, shape = self._lists[number]
        own = shape.levels.get(level)
        if own is None:
            return ""
        counters = self._counters.setdefault(key, {})
        counters[level] = counters.get(level, own.start - 1) + 1
        for deeper in [one for one in counters if one > level]:
            del counters[deeper]
        if own.form == "bullet":
            return "-"
        if own.form == "none":
            return ""

        def put(match: re.Match[str]) -> str:
            place = int(match[1]) - 1
            other = shape.levels.get(place, _Level())
            return _written(counters.get(place, other.start), other.form)

        return re.sub(r"%(\d)", put, own.text)[:20]


def _list_of(abstract: Element, overrides: list[Element]) -> _List:
    found = _List()
    for level in abstract.findall(f"{WORD}lvl"):
        found.levels[int(level.get(f"{WORD}ilvl", "0") or 0)] = _level(level)
    for override in overrides:
        place = int(override.get(f"{WORD}ilvl", "0") or 0)
        own = override.find(f"{WORD}lvl")
        if own is not None:
            found.levels[place] = _level(own)
        start = override.find(f"{WORD}startOverride")
        if start is not None and place in found.levels:
            found.levels[place].start = whole(start, 1)
    return found


def _level(level: Element) -> _Level:
    return _Level(
        text=value(level.find(f"{WORD}lvlText"), "%1."),
        form=value(level.find(f"{WORD}numFmt"), "decimal"),
        start=whole(level.find(f"{WORD}start"), 1),
    )


def _written(count: int, form: str) -> str:
    if form in ("lowerLetter", "upperLetter"):
        letter = chr(ord("a") + (count - 1) % 26)
        return letter.upper() if form == "upperLetter" else letter
    if form in ("lowerRoman", "upperRoman") and 0 < count < 90:
        written = ""
        for worth, sign in _ROMANS:
            while count >= worth:
                written, count = written + sign, count - worth
        return written.upper() if form == "upperRoman" else written
    return str(count)
