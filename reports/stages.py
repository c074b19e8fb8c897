"""One row for each stage: what was recognised, what was claimed, what our own training measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from grader.model import Language, Outcome, Result, StageResult, Training
from reports.cleaning import clean_line
from reports.compared import compared_lines
from reports.conditions import data_name
from reports.formatting import deviation, integer, percent, percent_range
from reports.phrases import ingredient_name, outcome_word, say, setting_phrase

_MOST_STAGES = 12
_MOST_SETTINGS = 8
_SETTINGS = ("optimizer", "lr", "momentum", "weight_decay", "schedule", "batch_size", "epochs")


class StageRow(msgspec.Struct, frozen=True, kw_only=True):
    """One stage in a line of texts."""

    id: str
    item: str
    title: str
    found: bool
    ingredients: str
    hyperparameters: str
    parameters: str
    claimed: str
    retrained: str
    band: str
    gap: str
    """Train minus test accuracy at the end, in points."""
    judgement: str
    tone: Literal["good", "bad", "open"]
    compared: tuple[str, ...]
    """How it did beside other stages and the reference, a line each."""
    reason: str
    """Why this run was taken, or why none was."""
    remarks: str = ""
    """What to know of the training before its figures are compared: unfinished, or by the program itself."""
    perturbed: str = ""
    """How well lightly changed test images are still known."""


def stage_rows(result: Result, language: Language) -> tuple[StageRow, ...]:
    """Return one row for each stage of `result`, at most twelve."""
    titles = {stage.stage: stage.title.in_(language) for stage in result.stages}
    data = result.conditions.data
    return tuple(_row(stage, data, titles, language) for stage in result.stages[:_MOST_STAGES])


def _row(stage: StageResult, data: str, titles: Mapping[str, str], language: Language) -> StageRow:
    training, band = stage.training, stage.band
    found = stage.match.outcome is Outcome.PASSED
    ingredients = [clean_line(ingredient_name(name, language), 40) for name in stage.match.ingredients[:12]]
    judgement, tone = judged(stage, language)
    return StageRow(
        id=stage.stage,
        item=clean_line(stage.item, 20),
        title=clean_line(stage.title.in_(language), 60),
        found=found,
        ingredients=", ".join(ingredients) or (say("no_ingredient", language) if found else "–"),
        hyperparameters=_settings(stage, language),
        parameters="–" if stage.parameter_count is None else integer(stage.parameter_count, language),
        claimed="–" if stage.claimed is None else percent(stage.claimed / 100, language),
        retrained=_measured(training, data, language),
        band="–" if band is None else percent_range(band.lower, band.upper, language),
        gap=_gap(training, language),
        judgement=judgement,
        tone=tone,
        compared=compared_lines(stage, titles, language),
        reason=clean_line(stage.match.reason.in_(language), 300),
        remarks=_remarks(training, language),
        perturbed=_perturbed(training, language),
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
    if stage.judgement == "unfinished" and stage.training is not None and not stage.training.unfinished:
        return say("looks_missing", language), "open"
    if stage.judgement in ("within", "above"):
        if stage.training is not None and stage.training.unfinished:
            return f"{say(stage.judgement, language)} ({say('unfinished', language)})", "open"
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


def _remarks(training: Training | None, language: Language) -> str:
    if training is None:
        return ""
    told = [say("by_program", language)] if training.trained_by == "program" and training.curve else []
    if training.unfinished and not training.curve:
        told.append(say("never_begun", language))
    elif training.unfinished:
        epochs = str(training.conditions.epochs) if training.conditions else "?"
        told.append(say("unfinished_after", language, done=str(training.curve[-1].epoch), all=epochs))
    return ", ".join(told)


def _perturbed(training: Training | None, language: Language) -> str:
    if training is None or training.perturbed_accuracy is None:
        return ""
    return say("perturbed", language, accuracy=percent(training.perturbed_accuracy, language))


def _settings(stage: StageResult, language: Language) -> str:
    """Return the student's settings in one phrase, in the order in which people name them.

    Transforms that could not be carried out on whole batches are told at the end.
    """
    values = stage.hyperparameters
    known = {name: values[name] for name in _SETTINGS if name in values}
    ordered = {**known, **{name: value for name, value in values.items() if name not in known}}
    said = [
        setting_phrase(clean_line(name, 20), clean_line(value, 24), language)
        for name, value in list(ordered.items())[:_MOST_SETTINGS]
    ]
    conditions = stage.training.conditions if stage.training is not None else None
    if conditions is not None and "image_by_image" in (conditions.path, conditions.evaluation_path):
        said.append(say("one_by_one", language))
    return ", ".join(said)


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
