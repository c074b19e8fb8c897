"""How a stage did beside another one and beside the reference, and with which further seeds, a short line each."""

from __future__ import annotations

from collections.abc import Mapping

from grader.model import Comparison, Language, StageResult
from reports.cleaning import clean_line
from reports.formatting import decimal, deviation, percent
from reports.phrases import say


def compared_lines(stage: StageResult, titles: Mapping[str, str], language: Language) -> tuple[str, ...]:
    """Return the comparisons of `stage` in words, after the looks that were needed; `titles` by stage id."""
    lines = [_line(one, titles, language) for one in stage.comparisons[:6]]
    if stage.looks:
        figures = ", ".join(percent(look, language) for look in stage.looks[:9])
        lines.insert(0, say("looks", language, figures=figures))
    return tuple(lines)


def _line(one: Comparison, titles: Mapping[str, str], language: Language) -> str:
    what = "reference" if one.against == "reference" else one.quantity
    if one.same and one.against == "reference":
        return say("same_as_reference", language)
    other = clean_line(titles.get(one.against, one.against), 60)
    told = say(f"{what}_{one.verdict}", language, other=other)
    difference = deviation(one.difference, language)
    if one.uncertainty is None:
        return say("compared_unknown", language, told=told, difference=difference)
    spread = decimal(100 * one.uncertainty, language, 1)
    line = say("compared", language, told=told, difference=difference, uncertainty=spread)
    return line if one.calibrated else say("compared_elsewhere", language, line=line)
