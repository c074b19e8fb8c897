"""One row for each stage: what was recognised, what was claimed, what our own training measured."""

from __future__ import annotations

from typing import Literal

import msgspec

from grader.model import Language, Outcome, Result, StageResult, Training
from reports.cleaning import clean_line
from reports.conditions import data_name
from reports.formatting import deviation, integer, percent
from reports.phrases import outcome_word, say

_MOST_STAGES = 12


class StageRow(msgspec.Struct, frozen=True, kw_only=True):
    """One stage in a line of texts."""

    id: str
    item: str
    title: str
    found: bool
    ingredients: str
    added: str
    """The ingredients that the stage before did not have."""
    hyperparameters: str
    parameters: str
    claimed: str
    retrained: str
    band: str
    gap: str
    """Train minus test accuracy at the end, in points."""
    judgement: str
    tone: Literal["good", "bad", "open"]
    reason: str
    """Why this run was taken, or why none was."""


def stage_rows(result: Result, language: Language) -> tuple[StageRow, ...]:
    """Return one row for each stage of `result`, at most twelve."""
    rows: list[StageRow] = []
    before: tuple[str, ...] = ()
    for stage in result.stages[:_MOST_STAGES]:
        rows.append(_row(stage, before, result.conditions.data, language))
        if stage.match.outcome is Outcome.PASSED:
            before = stage.match.ingredients
    return tuple(rows)


def _row(stage: StageResult, before: tuple[str, ...], data: str, language: Language) -> StageRow:
    training, band = stage.training, stage.band
    found = stage.match.outcome is Outcome.PASSED
    ingredients = stage.match.ingredients[:12]
    judgement, tone = judged(stage, language)
    hyperparameters = list(stage.hyperparameters.items())[:8]
    return StageRow(
        id=stage.stage,
        item=clean_line(stage.item, 20),
        title=clean_line(stage.title.in_(language), 60),
        found=found,
        ingredients=", ".join(clean_line(name, 30) for name in ingredients) or "–",
        added=", ".join(clean_line(name, 30) for name in ingredients if name not in before),
        hyperparameters=", ".join(f"{clean_line(k, 20)} {clean_line(v, 24)}" for k, v in hyperparameters),
        parameters="–" if stage.parameter_count is None else integer(stage.parameter_count, language),
        claimed="–" if stage.claimed is None else percent(stage.claimed / 100, language),
        retrained=_measured(training, data, language),
        band="–" if band is None else f"{percent(band.lower, language)} – {percent(band.upper, language)}",
        gap=_gap(training, language),
        judgement=judgement,
        tone=tone,
        reason=clean_line(stage.match.reason.in_(language), 300),
    )


def judged(stage: StageResult, language: Language) -> tuple[str, Literal["good", "bad", "open"]]:
    """Return the verdict on a stage in words, and whether it is good, bad or undecided."""
    if stage.match.outcome is not Outcome.PASSED:
        missing = stage.match.outcome is Outcome.MISSING
        return outcome_word(stage.match.outcome, language), "bad" if missing else "open"
    if stage.training is not None and stage.training.outcome is Outcome.FAILED:
        return say("diverged", language), "bad"
    if stage.judgement == "below":
        return say("below", language), "bad"
    if stage.judgement in ("within", "above"):
        return say(stage.judgement, language), "good" if stage.judgement == "within" else "open"
    return say(stage.judgement, language), "open"


def final_accuracies(training: Training | None) -> tuple[float | None, float | None]:
    """Return train and test accuracy at the end, means of the last three epochs, as fractions of 1."""
    if training is None:
        return None, None
    last = training.curve[-3:]
    train = [point.train_accuracy for point in last if point.train_accuracy is not None]
    test = [point.test_accuracy for point in last if point.test_accuracy is not None]
    measured = training.accuracy if training.accuracy is not None else _mean(test)
    return _mean(train), measured


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _gap(training: Training | None, language: Language) -> str:
    train, test = final_accuracies(training)
    return "–" if train is None or test is None else deviation(train - test, language)


def _measured(training: Training | None, data: str, language: Language) -> str:
    """Return the accuracy, with the data named where it is not the result's own."""
    if training is None or training.accuracy is None:
        return "–"
    text = percent(training.accuracy, language)
    own = training.conditions.data if training.conditions else data
    return text if own == data else f"{text} ({data_name(own, language)})"
