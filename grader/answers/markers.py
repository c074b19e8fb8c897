"""Every place of a document where a question's number may stand, right or wrong; `sequence` chooses among them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace

from grader.answers.likeness import Likeness, stems
from grader.answers.lines import Line
from grader.model import Assignment

_DASH = r"[-–—]"
_STARS = r"(?:\s*(?:\$\s*\\(?:big)?star\s*\$|\\?[★☆*⋆✩✪⭐]))?"
_NUMBER = rf"(?:(?P<prefix>\d{{1,2}}(?:{_DASH}\d{{1,2}})?)\s?\.)?(?P<number>\d{{1,2}})"
_MORE = rf"(?P<more>(?:\s*(?:,|/|&|\+|et|and|à|to|{_DASH})\s*(?:questions?\s*|q\s*)?\d{{1,2}}(?!\d|[.,]\d|\s*%))*)"
_ASIDE = r"(?:[(\[]?(?:bis|suite|bonus|optionnel(?:le)?|facultati(?:f|ve))\b[)\]]?)?"
_LAB = r"(?:(?:TP|TME|Lab)\s*\d[\d-]*\s*[,:.–-]?\s*)?"
_REPLY = r"(?:(?:r[ée]ponses?|answers?)(?:\s+(?:à|a|to)(?:\s+la)?)?\s+)?"
_WORD = rf"{_LAB}{_REPLY}(?:Questions?|Quest\.?|Qu?\.?)\s*(?:n\s?[°ºo]\.?|no\.?|#)?\s*"
_WORDED = re.compile(
    rf"^{_WORD}{_NUMBER}{_MORE}(?!\d|[.,]\d|\s*%)\s*{_ASIDE}{_STARS}"
    rf"(?P<end>\s*(?:[.):：\]]+|{_DASH}|→|>)|\s|$)(?P<tail>.*)$",
    re.IGNORECASE,
)
_REPLIED = re.compile(
    rf"^(?:R[ée]ponses?|Answers?|R)\s*(?:n\s?[°º])?\s*{_NUMBER}{_MORE}{_STARS}"
    rf"(?P<end>\s*(?:[.):]+|{_DASH})|\s*$)(?P<tail>.*)$",
    re.IGNORECASE,
)
_BARE = re.compile(
    rf"^(?P<open>[(\[]?)(?P<number>\d{{1,2}})(?!\d){_STARS}\s?"
    rf"(?P<end>°?\s?[)\]]\.?|\.\)?|°|/(?=\s|$)|:|\s?{_DASH}(?=\s|\D)|$){_STARS}(?P<tail>(?!\d).*)$"
)
_IN_HEADING = re.compile(rf"^(?P<open>)(?P<number>\d{{1,2}})(?P<end>){_STARS}(?P<tail>(?:\s+(?!\d).*)?)$")
_SECTIONED = re.compile(r"^(?P<section>\d\.\d)[.)]?(?:\s+[^\W\d_a-zà-ÿ]|\s*$)")
_PART = re.compile(r"^(?:partie|part|section|chapitre)\s+(?P<part>\d)\b", re.IGNORECASE)
_EMPHASIS = re.compile(r"^(?:[-+•]\s+)?(?:\*{2,3}|__)(?=\S)(.{1,400}?)(?:\*{2,3}|__)(.*)$")
_STAR_FIRST = re.compile(r"^(?:\$\s*\\(?:big)?star\s*\$|[★☆⋆⭐])\s*")
_BULLET = re.compile(r"^(?:[-+•▪◦>]|\*(?!\*))\s+(?=Q|R|\*\*|__)", re.IGNORECASE)

MARKERS_MAX = 1500
_WORDED_SCORE = 4.0
"""Of `Question 7`, beside 1 for `7.`: to leave it out for numbers without a word takes more than a few of them."""
_WORDED_WEAK = 0.8
"""Of `Q8 padding 2`: a question and its answer in one breath, or a sentence that speaks of a question."""
_LISTED = 0.8
_TIGHT_MAX, _APART_MIN = 6, 3


@dataclass(frozen=True)
class Marker:
    """A place where an answer may begin."""

    line: int
    """Index into the document's lines."""
    tail: str
    """What follows the number on its line."""
    numbers: tuple[int, ...] = ()
    prefix: str = ""
    """What stands before the point of `Q5.10`."""
    question: str | None = None
    """The question it names without a number."""
    style: str = ""
    """Equal for numbers written alike."""
    worded: bool = False
    """Whether it says `Question` or `Q`."""
    heading: bool = False
    strong: bool = False
    score: float = 0.0
    """How much its form alone looks like a question's."""


def find_markers(lines: list[Line], assignment: Assignment, likeness: Likeness) -> list[Marker]:
    """Return the markers of a document in order; of too many, those that look best."""
    named = [one.id for one in assignment.question if not re.match(r"Q?\d", one.id)]
    titles = _Titles(assignment, likeness)
    found: list[Marker] = []
    for place, line in enumerate(lines):
        if line.closed or not line.text.strip() or line.text.lstrip().startswith(">"):
            continue
        marker = _numbered(line, place) or _lettered(line, place, named) or titles.find(lines, place)
        if marker is not None:
            found.append(marker)
    found = _listed(_set_in(found, lines), lines)
    if len(found) > MARKERS_MAX:
        best = sorted(found, key=lambda marker: (-marker.score, marker.line))[:MARKERS_MAX]
        found = sorted(best, key=lambda marker: marker.line)
    return found


def _set_in(markers: list[Marker], lines: list[Line]) -> list[Marker]:
    """Return the markers, bare numbers worth less where they stand further right than the commonest form of them."""
    bare = [marker for marker in markers if marker.numbers and not marker.worded]
    if not bare:
        return markers
    commonest = Counter(marker.style for marker in bare).most_common(1)[0][0]
    indents = Counter(lines[marker.line].indent for marker in bare if marker.style == commonest)
    usual = indents.most_common(1)[0][0]
    found = []
    for marker in markers:
        further = min(max(lines[marker.line].indent - usual, 0), 2)
        counts = bool(marker.numbers) and not marker.worded
        found.append(replace(marker, score=marker.score - 0.4 * further) if counts and further else marker)
    return found


def _listed(markers: list[Marker], lines: list[Line]) -> list[Marker]:
    """Return the markers, short rows from 1 on lines that follow each other worth less where others stand apart."""
    listed: set[int] = set()
    row: list[int] = []
    for place, marker in enumerate(markers):
        bare = len(marker.numbers) == 1 and not marker.worded and not marker.heading
        last = markers[row[-1]] if row else None
        if bare and last and (marker.line, marker.numbers[0]) == (last.line + 1, last.numbers[0] + 1):
            row.append(place)
        else:
            row = [place] if bare and marker.numbers == (1,) else []
        if 2 <= len(row) <= _TIGHT_MAX:
            listed.update(row)
        else:
            listed.difference_update(row)
    apart = sum(
        bool(one.numbers) and lines[one.line].gap for at, one in enumerate(markers) if at not in listed
    )
    if apart < _APART_MIN:
        return markers
    return [
        replace(one, score=one.score - _LISTED) if at in listed else one for at, one in enumerate(markers)
    ]


def opened(line: Line) -> tuple[str, str, bool]:
    """Return (words, what follows bold words, whether bold) of a line, its bullet and star taken off."""
    words = _BULLET.sub("", line.words)
    strong = _EMPHASIS.match(words)
    after = ""
    if strong is not None:
        words, after = strong[1].strip(), strong[2].strip()
    return _STAR_FIRST.sub("", words), after, strong is not None or line.strong


def _numbered(line: Line, place: int) -> Marker | None:
    words, after, strong = opened(line)
    heading = line.level > 0
    match = _WORDED.match(words) or _REPLIED.match(words)
    if match is not None:
        starred = re.search(r"[★☆*⋆]", words[: match.start("tail")]) is not None
        ended = bool(match["end"].strip()) or not match["tail"].strip() or heading or starred
        tail = f"{match['tail']} {after}".strip()
        begins = ended or (strong and not after) or _begins_sentence(match["tail"])
        if not begins and (line.continues or not (line.gap or place == 0)):
            return None
        score = _WORDED_SCORE if ended or strong else 1.2 if begins else _WORDED_WEAK
        return _scored(line, place, match, tail, "word", score=score, strong=strong)
    if _SECTIONED.match(words):
        return None
    match = _BARE.match(words) or (_IN_HEADING.match(words) if heading or (strong and line.strong) else None)
    if match is None or (match["open"] and match["end"][:1] not in ")]"):
        return None
    tail = f"{match['tail']} {after}".strip()
    if not match["end"] and not heading and tail:
        return None
    style = "alone" if not tail and not match["end"] else match["open"] + match["end"].strip()[:1]
    return _scored(
        line, place, match, tail, style, score=0.5 if style == "alone" and not heading else 1.0, strong=strong
    )


def _begins_sentence(tail: str) -> bool:
    return tail.strip()[:1].isupper()


def _scored(
    line: Line, place: int, match: re.Match[str], tail: str, style: str, *, score: float, strong: bool
) -> Marker:
    worded = style == "word"
    groups = match.groupdict()
    score += 1.2 * (line.level > 0) + 0.5 * strong + 0.3 * line.gap
    score -= 1.5 * line.continues
    return Marker(
        line=place,
        tail=tail.lstrip(" :–—").strip() if tail[:1] in ":–—" else tail,
        numbers=_numbers(match["number"], groups.get("more") or ""),
        prefix=groups.get("prefix") or "",
        style=f"{style}/{line.level}/{'b' if strong else ''}{'' if tail or worded else '$'}",
        worded=worded,
        heading=line.level > 0,
        strong=strong,
        score=score,
    )


def _numbers(first: str, more: str) -> tuple[int, ...]:
    """Return 8 and 9 of `8 et 9`, 8 to 12 of `8 à 12`."""
    numbers = [int(first), *(int(number) for number in re.findall(r"\d+", more))]
    if len(numbers) == 2 and re.search(rf"{_DASH}|à|to", more) and numbers[0] < numbers[1]:
        numbers = list(range(numbers[0], numbers[1] + 1))
    return tuple(dict.fromkeys(numbers))


def _lettered(line: Line, place: int, named: list[str]) -> Marker | None:
    """Return the marker of a question whose id is no number (`P3`; in running text also `Partie 3`)."""
    words, after, strong = opened(line)
    for identity in named:
        part = re.fullmatch(r"P(\d)", identity)
        long = rf"|(?:Partie|Part)\s*{part[1]}" if part and not line.level else ""
        match = re.match(
            rf"^[(\[]?(?:{identity}{long})(?P<star>{_STARS})\s*(?P<end>[°.:)\]–—-][.:)\]–—\s-]*|$|)(?P<tail>.*)$",
            words,
        )
        if match is None or not (line.level or strong or match["end"] or match["star"] or not match["tail"]):
            continue
        whole = identity in words[: len(identity) + 1]
        score = (
            (_WORDED_SCORE + 1.2 * (line.level > 0) if whole else 0.8) + 0.3 * line.gap - 1.5 * line.continues
        )
        return Marker(
            place, f"{match['tail']} {after}".strip(), question=identity, style="id", worded=whole,
            heading=line.level > 0, strong=strong, score=score,
        )  # fmt: skip
    return None


class _Titles:
    """Questions repeated without their number, as a heading or a sentence that asks."""

    def __init__(self, assignment: Assignment, likeness: Likeness) -> None:
        self._likeness = likeness
        self._questions = [
            one.id for one in assignment.question if one.kind not in ("implementation", "free")
        ]

    def find(self, lines: list[Line], place: int) -> Marker | None:
        """Return the marker when the line (with the next two) is a question of the sheet."""
        line = lines[place]
        words, after, strong = opened(line)
        asks = "?" in line.text or any(
            "?" in other.text for other in lines[place + 1 : place + 3] if other.continues
        )
        if line.continues or not (line.level or strong or asks) or len(stems(words)) < 3:
            return None
        text, best = words, (0.0, "")
        for further in range(3):
            best = max(best, max((self._likeness.restates(text, one), one) for one in self._questions))
            if place + further + 1 >= len(lines) or not lines[place + further + 1].continues:
                break
            text += " " + lines[place + further + 1].text
        if best[0] < 0.62:
            return None
        return Marker(
            place, words + (f" {after}" if after else ""), question=best[1], style=f"title/{line.level}",
            heading=line.level > 0, strong=strong, score=1.2,
        )  # fmt: skip


def section_of(line: Line) -> str:
    """Return the number of the sheet's section or part that a line opens (`3.1`, `3`), or nothing."""
    words, _, strong = opened(line)
    short = len(words) < 90 and not words.rstrip().endswith((".", ",", ";"))
    if line.closed or not (line.level or strong or (line.gap and short)):
        return ""
    match = _SECTIONED.match(words)
    if match is not None:
        return match["section"]
    part = _PART.match(words)
    return part["part"] if part is not None else ""
