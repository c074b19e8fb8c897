"""A `Result` in a reader's words: the texts that the terminal and the documents share.

Pure: a result and a language give a `Summary` of formatted, cleaned strings. No text in it needs
another look at the result, and none holds a character that hides or reorders others.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from grader.model import Language, Mark, Outcome, Place, Result, Verdict
from grader.text import Text
from reports.cleaning import clean_line, clip
from reports.conditions import condition_rows, data_phrase
from reports.formatting import decimal, points
from reports.phrases import item_label, outcome_word, say
from reports.stages import StageRow, stage_rows

Tone = Literal["good", "part", "bad", "open", "none"]

_SYMBOLS: dict[Tone, str] = {"good": "✓", "part": "◐", "bad": "✗", "open": "○", "none": "–"}
_MOST_AUTHORS = 6
_MOST_LINES = 6
_ONLY_NOTED = frozenset(("same_work", "untried"))
"""Kinds of problems that stopped nothing."""


class ItemRow(msgspec.Struct, frozen=True, kw_only=True):
    """One marked item in a line."""

    id: str
    label: str
    """What a reader is shown for the id."""
    question: str
    tone: Tone
    symbol: str
    outcome: str
    points: str
    """`1,5 / 2`, `– / 2` while nothing of it is decided, `–` where it is worth nothing."""
    feedback: str
    """The first thing to say about it; empty when all is well."""


class TotalRow(msgspec.Struct, frozen=True, kw_only=True):
    """The mark, in words and as shares of the maximum."""

    points: str
    of_decided: str
    interval: str
    bonus: str
    earned_share: float
    lost_share: float
    open_share: float
    bar: str
    """The bar in a sentence, for those who do not see it."""
    short: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the first page and in the terminal."""

    language: Language
    title: str
    authors: str
    total: TotalRow
    fix_first: tuple[str, ...]
    conditions: tuple[tuple[str, str], ...]
    data: str
    """Data, budget, device, precision and seed in one phrase, to stand beside every number."""
    items: tuple[ItemRow, ...]
    stages_title: str
    stages: tuple[StageRow, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def summary(result: Result, language: Language) -> Summary:
    """Return what `result` says on one page, in `language`."""
    verdicts: dict[str, list[Verdict]] = {}
    for verdict in result.verdicts:
        verdicts.setdefault(verdict.item, []).append(verdict)
    stopped = [one for one in result.problems if one.kind not in _ONLY_NOTED]
    noted = [_told(one.text, one.place, language) for one in result.problems if one.kind in _ONLY_NOTED]
    notes = (*result.notes, *result.submission.notes)
    return Summary(
        language=language,
        title=clean_line(result.title.in_(language), 160),
        authors=authors(result, language),
        total=total_row(result, language),
        fix_first=tuple(clean_line(text.in_(language)) for text in result.fix_first[:3]),
        conditions=condition_rows(result, language),
        data=data_phrase(result.conditions, language),
        items=tuple(item_row(result, mark, verdicts.get(mark.item, []), language) for mark in result.marks),
        stages_title=say("stages_seen" if result.conditions.data == "none" else "stages", language),
        stages=stage_rows(result, language),
        problems=_limited([_told(p.text, p.place, language) for p in stopped], language),
        notes=_limited([*noted, *(clean_line(note.in_(language)) for note in notes)], language),
    )


def authors(result: Result, language: Language) -> str:
    """Return the names as one line, or a phrase that says they are unknown."""
    names = [clean_line(name, 60) for name in result.submission.authors[:_MOST_AUTHORS]]
    more = "…" if len(result.submission.authors) > _MOST_AUTHORS else ""
    return ", ".join(name for name in names if name) + more or say("unknown_authors", language)


def total_row(result: Result, language: Language) -> TotalRow:
    """Return the mark as a number of points over what was decided, and the interval it lies in."""
    total = result.total
    lost = max(total.maximum - min(total.points, total.maximum) - total.open, 0.0)
    whole = max(total.maximum, min(total.points, total.maximum) + lost + total.open, 1e-9)
    words = {
        "open": points(total.open, language),
        "maximum": decimal(total.maximum, language),
        "low": decimal(total.points, language),
        "high": decimal(total.points + total.open, language),
    }
    undecided = total.open > 0
    shown = decimal(total.points, language)
    of_decided = say("of_decided", language, decided=decimal(total.decided, language))
    return TotalRow(
        points=shown,
        of_decided=of_decided if undecided else f"/ {decimal(total.maximum, language)}",
        interval=say("interval", language, **words) if undecided else say("all_decided", language),
        bonus=say("bonus", language, bonus=points(total.bonus, language)) if total.bonus else "",
        earned_share=max(min(total.points, total.maximum), 0.0) / whole,
        lost_share=lost / whole,
        open_share=total.open / whole,
        bar=say(
            "bar",
            language,
            points=points(total.points, language),
            lost=decimal(lost, language),
            open=decimal(total.open, language),
            maximum=decimal(total.maximum, language),
        ),
        short=f"{shown} {of_decided}"
        + (f", {say('interval_short', language, **words)}" if undecided else ""),
    )


def item_row(result: Result, mark: Mark, verdicts: list[Verdict], language: Language) -> ItemRow:
    """Return one line for one mark."""
    question = result.questions.get(mark.item)
    tone = tone_of(mark)
    got = "–" if mark.points is None else decimal(mark.points, language)
    said = sorted((v for v in verdicts if speaks(v)), key=lambda v: -v.cost)
    told = [v.message for v in said] or ([mark.note] if mark.note else [])
    if mark.override is not None and mark.note is not None:
        told = [mark.note]
    return ItemRow(
        id=clean_line(mark.item, 20),
        label=item_label(clean_line(mark.item, 20), language),
        question=clean_line(question.in_(language), 600) if question else "",
        tone=tone,
        symbol=_SYMBOLS[tone],
        outcome=outcome_word(mark.outcome, language),
        points=f"{got} / {decimal(mark.maximum, language)}" if mark.maximum > 0 or mark.points else "–",
        feedback=clean_line(told[0].in_(language)) if told else "",
    )


def tone_of(mark: Mark) -> Tone:
    """Return how a mark looks: undecided before everything else, then by the points earned."""
    if mark.points is None or mark.open > 0 or not mark.outcome.decided:
        return "open"
    if mark.outcome is Outcome.MISSING and mark.points <= 0:
        return "none"
    if mark.points >= mark.maximum - 1e-9:
        return "good" if mark.outcome is Outcome.PASSED or mark.maximum > 0 else "bad"
    return "part" if mark.points > 0 else "bad"


def speaks(verdict: Verdict) -> bool:
    """Return whether a verdict has something to tell beyond "passed" or "somebody will read it"."""
    quiet = verdict.routine or verdict.outcome in (Outcome.PASSED, Outcome.MISSING)
    return verdict.remark or not quiet


def place_text(place: Place | None, language: Language) -> str:
    """Return `base.py, ligne 12` or `rapport.pdf, page 3`, or nothing."""
    if place is None:
        return ""
    parts = [clean_line(place.file, 80)]
    if place.page > 0:
        parts.append(
            say("cell" if place.file.endswith(".ipynb") else "page_number", language, n=str(place.page))
        )
    if place.line > 0:
        parts.append(say("line", language, n=str(place.line)))
    return ", ".join(parts)


def _told(text: Text, place: Place | None, language: Language) -> str:
    where = place_text(place, language)
    sentence = clean_line(text.in_(language))
    return f"{sentence} ({where})" if where else sentence


def _limited(lines: list[str], language: Language) -> tuple[str, ...]:
    kept = [clip(line, 400) for line in dict.fromkeys(lines) if line]
    if len(kept) <= _MOST_LINES:
        return tuple(kept)
    left_out = say("more_in_html", language, n=str(len(kept) - _MOST_LINES))
    return (*kept[:_MOST_LINES], left_out)
