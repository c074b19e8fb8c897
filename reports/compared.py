"""How a stage did beside another one and beside the reference, and with which further seeds, a short line each."""

from __future__ import annotations

from collections.abc import Mapping

from grader.model import Comparison, Language, StageResult
from reports.cleaning import clean_line
from reports.formatting import decimal, deviation, percent

_WORDS: dict[str, tuple[str, str]] = {
    "looks": ("apprise avec trois graines : {figures}", "trained with three seeds: {figures}"),
    "accuracy_better": ("mieux que « {other} »", "better than “{other}”"),
    "accuracy_not_shown": ("pas démontré meilleur que « {other} »", "not shown to be better than “{other}”"),
    "accuracy_worse": ("moins bien que « {other} »", "worse than “{other}”"),
    "gap_better": ("écart train-test plus petit que « {other} »", "smaller train-test gap than “{other}”"),
    "gap_not_shown": (
        "écart train-test pas démontré plus petit que « {other} »",
        "train-test gap not shown to be smaller than “{other}”",
    ),
    "gap_worse": ("écart train-test plus grand que « {other} »", "larger train-test gap than “{other}”"),
    "reference_better": (
        "mieux que la référence avec les mêmes hyperparamètres",
        "better than the reference with the same hyper-parameters",
    ),
    "reference_not_shown": (
        "pas de différence démontrée avec la référence aux mêmes hyperparamètres",
        "no difference shown from the reference with the same hyper-parameters",
    ),
    "reference_worse": (
        "moins bien que la référence avec les mêmes hyperparamètres",
        "worse than the reference with the same hyper-parameters",
    ),
    "same_as_reference": (
        "même recette que la référence avec ces hyperparamètres",
        "the same recipe as the reference with these hyper-parameters",
    ),
    "compared": (
        "{told} : {difference} ± {uncertainty} points",
        "{told}: {difference} ± {uncertainty} points",
    ),
    "compared_unknown": (
        "{told} : {difference} points, dispersion jamais mesurée",
        "{told}: {difference} points, spread never measured",
    ),
    "compared_elsewhere": (
        "{line} (dispersion mesurée dans d'autres conditions)",
        "{line} (spread measured under other conditions)",
    ),
}


def compared_lines(stage: StageResult, titles: Mapping[str, str], language: Language) -> tuple[str, ...]:
    """Return the comparisons of `stage` in words, after the looks that were needed; `titles` by stage id."""
    lines = [_line(one, titles, language) for one in stage.comparisons[:6]]
    if stage.looks:
        figures = ", ".join(percent(look, language) for look in stage.looks[:9])
        lines.insert(0, _say("looks", language, figures=figures))
    return tuple(lines)


def _line(one: Comparison, titles: Mapping[str, str], language: Language) -> str:
    what = "reference" if one.against == "reference" else one.quantity
    if one.same and one.against == "reference":
        return _say("same_as_reference", language)
    other = clean_line(titles.get(one.against, one.against), 60)
    told = _say(f"{what}_{one.verdict}", language, other=other)
    difference = deviation(one.difference, language)
    if one.uncertainty is None:
        return _say("compared_unknown", language, told=told, difference=difference)
    spread = decimal(100 * one.uncertainty, language, 1)
    line = _say("compared", language, told=told, difference=difference, uncertainty=spread)
    return line if one.calibrated else _say("compared_elsewhere", language, line=line)


def _say(name: str, language: Language, **values: str) -> str:
    return _WORDS[name][0 if language == "fr" else 1].format(**values)
