"""The whole report as data: what the page shows, cut to the room there is.

`page` turns it into HTML. Everything here is cleaned text, or HTML made by `answers` alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from markupsafe import Markup

from grader.model import Answer, Language, Mark, Outcome, Result, Verdict
from reports.answers import answer_html
from reports.cleaning import clean_line, clip
from reports.excerpt import excerpt, line_count
from reports.layers import LayerTable, layer_table
from reports.phrases import outcome_symbol, outcome_word, say
from reports.proposals import opinion_text, proposal_text
from reports.stages import StageRow
from reports.view import ItemRow, Summary, place_text, speaks, summary

_LONGEST_ANSWER = 200_000
_SHORT_BODY = 900
_MANY = 3


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """How much of everything is shown; the defaults show all of it."""

    answer_lines: int | None = None
    """Printed lines of each answer; 0 for none of it, None for all."""
    question_characters: int = 600
    message_characters: int = 2000
    checks: int = 200
    """Checks told under one item or stage."""
    passed_checks: bool = True
    items: int = 500
    quotes: int = 4
    quote_characters: int = 200
    proposals: bool = True
    """Whether proposals to the person who decides are shown; never on paper, which goes to the student."""
    layers: int = 200


class CheckLine(msgspec.Struct, frozen=True, kw_only=True):
    """One check in a line: its label, and a message where there is something to tell."""

    symbol: str
    tone: str
    outcome: str
    label: str
    message: str
    place: str
    charged: bool
    quotes: tuple[str, ...] = ()
    """The student's own words that decided."""
    proposal: str = ""
    """What the person who decides may start from; for the teacher."""


class Checks(msgspec.Struct, frozen=True, kw_only=True):
    """The checks of one stage or item."""

    lines: tuple[CheckLine, ...]
    passed: str
    """How many passed and are not told one by one; empty when none."""
    more: str
    """How many others had no room; empty when none."""


class StageBlock(msgspec.Struct, frozen=True, kw_only=True):
    """One stage with its checks."""

    row: StageRow
    checks: Checks


class AnswerBlock(msgspec.Struct, frozen=True, kw_only=True):
    """One item with what was answered and what was found."""

    row: ItemRow
    anchor: str
    question: str
    body: Markup | None
    state: str
    """A kind sentence when there is no body; empty otherwise."""
    cut: bool
    short: bool
    """Whether it is best kept on one page."""
    place: str
    checks: Checks
    note: str
    model: Markup | None = None
    """The solution's answer, for the teacher; never on paper."""
    opinion: str = ""
    """What a language model proposes, for the teacher; never on paper."""


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """The report from the first line to the last."""

    summary: Summary
    everywhere: Checks
    """What was found alike at every stage, told once."""
    stages: tuple[StageBlock, ...]
    layers: LayerTable | None
    answers: tuple[AnswerBlock, ...]
    free: Markup | None
    free_cut: bool
    left_out: bool
    """Whether no answer is shown for want of room."""
    digest: str


def build(result: Result, language: Language, cut: Cut) -> Document:
    """Return the report of `result` in `language`, cut to `cut`."""
    page = summary(result, language)
    free, free_cut = _body(result.report, cut)
    rows = {row.id: row for row in page.items}
    answers = {answer.question: answer for answer in result.answers}
    shown = result.marks[: cut.items]
    everywhere, stages = _told_once(
        [_stage_block(row, result.verdicts, language, cut) for row in page.stages]
    )
    return Document(
        summary=page,
        everywhere=everywhere,
        stages=stages,
        layers=layer_table(result.stages, language, cut.layers),
        answers=tuple(
            _answer_block(
                mark, rows[clean_line(mark.item, 20)], answers.get(mark.item), result, language, cut
            )
            for mark in shown
        ),
        free=free,
        free_cut=free_cut,
        left_out=cut.answer_lines == 0,
        digest=clean_line(result.submission.digest[:16], 16),
    )


def answer_lengths(result: Result) -> tuple[int, ...]:
    """Return about how many printed lines each answer takes, the free report last."""
    found = [line_count(a.text[:_LONGEST_ANSWER]) for a in result.answers if a.state == "found"]
    return (*found, line_count(result.report[:_LONGEST_ANSWER]))


def _stage_block(row: StageRow, verdicts: Sequence[Verdict], language: Language, cut: Cut) -> StageBlock:
    return StageBlock(row=row, checks=_checks([v for v in verdicts if v.stage == row.id], language, cut))


def _told_once(blocks: Sequence[StageBlock]) -> tuple[Checks, tuple[StageBlock, ...]]:
    """Return what all of at least three stages with checks say alike, and the stages without it."""
    checked = [block.checks.lines for block in blocks if block.checks.lines or block.checks.passed]
    first = checked[0] if len(checked) >= _MANY else ()
    alike = tuple(line for line in first if not line.place and all(line in lines for lines in checked))
    rest = tuple(
        msgspec.structs.replace(
            block,
            checks=msgspec.structs.replace(
                block.checks, lines=tuple(line for line in block.checks.lines if line not in alike)
            ),
        )
        for block in blocks
    )
    return Checks(lines=alike, passed="", more=""), rest


def _checks(verdicts: Sequence[Verdict], language: Language, cut: Cut) -> Checks:
    told = [v for v in verdicts if speaks(v) or v.evidence or (cut.passed_checks and not v.routine)]
    told.sort(key=lambda v: (not speaks(v), -v.cost if speaks(v) else 0.0))
    silent = sum(v.outcome is Outcome.PASSED for v in verdicts if v not in told)
    passed = say("one_passed", language) if silent == 1 else say("all_passed", language, n=str(silent))
    more = len(told) - cut.checks
    return Checks(
        lines=tuple(_check_line(v, language, cut) for v in told[: cut.checks]),
        passed=passed if silent else "",
        more=say("more_in_html", language, n=str(more)) if more > 0 else "",
    )


def _check_line(verdict: Verdict, language: Language, cut: Cut) -> CheckLine:
    tone = {Outcome.PASSED: "good", Outcome.FAILED: "bad", Outcome.MISSING: "none"}.get(
        verdict.outcome, "open"
    )
    message = verdict.message.in_(language) if speaks(verdict) or verdict.evidence else ""
    return CheckLine(
        symbol=outcome_symbol(verdict.outcome),
        tone=tone,
        outcome=outcome_word(verdict.outcome, language),
        label=clean_line(verdict.label.in_(language), 160),
        message=clean_line(message, cut.message_characters),
        place=place_text(verdict.place, language) if message else "",
        charged=verdict.charged,
        quotes=tuple(clean_line(quote, cut.quote_characters) for quote in verdict.evidence[: cut.quotes]),
        proposal=proposal_text(verdict, language) if cut.proposals else "",
    )


def _answer_block(
    mark: Mark, row: ItemRow, answer: Answer | None, result: Result, language: Language, cut: Cut
) -> AnswerBlock:
    verdicts = [v for v in result.verdicts if v.item == mark.item]
    body, was_cut = _body(answer.text, cut) if answer and answer.state == "found" else (None, False)
    return AnswerBlock(
        row=row,
        anchor="".join(c if c.isascii() and c.isalnum() else "-" for c in row.id),
        question=clip(row.question, cut.question_characters),
        body=body,
        state=_state(mark.item, answer, verdicts, result, language),
        cut=was_cut,
        short=body is None or len(body) < _SHORT_BODY,
        place=place_text(answer.place, language) if answer and answer.state == "found" else "",
        checks=_checks([v for v in verdicts if v.stage is None], language, cut),
        note=clean_line(mark.note.in_(language), cut.message_characters) if mark.note else "",
        model=_model(result, mark.item) if cut.proposals else None,
        opinion=opinion_text(result.opinions, mark.item, language) if cut.proposals else "",
    )


def _model(result: Result, item: str) -> Markup | None:
    text = result.model_answers.get(item, "")
    return answer_html(text) if text else None


def _state(
    item: str, answer: Answer | None, verdicts: Sequence[Verdict], result: Result, language: Language
) -> str:
    """Return the sentence that stands where an answer is not, or stands apart."""
    if answer is not None and answer.state == "found":
        return ""
    stages = {v.stage for v in verdicts if v.stage is not None}
    named = [clean_line(s.title.in_(language), 60) for s in result.stages if s.stage in stages]
    if named:
        return say("on_stage", language, stage=", ".join(named[:3]))
    if answer is None:
        unseen = [
            s.match.reason for s in result.stages if s.item == item and s.match.outcome is not Outcome.PASSED
        ]
        return clean_line(unseen[0].in_(language)) if unseen else ""
    return say(f"answer_{answer.state}", language)


def _body(text: str, cut: Cut) -> tuple[Markup | None, bool]:
    text = text.strip()
    if not text or cut.answer_lines == 0:
        return None, False
    kept, was_cut = text[:_LONGEST_ANSWER], len(text) > _LONGEST_ANSWER
    if cut.answer_lines is not None:
        kept, shortened = excerpt(kept, cut.answer_lines)
        was_cut = was_cut or shortened
    return answer_html(kept), was_cut


def phrases_for(language: Language) -> Any:
    """Return a function that gives the report's phrases in `language`, for the templates."""
    return lambda name, **values: say(name, language, **values)
