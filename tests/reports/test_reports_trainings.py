"""A training that was cut short, or that the program made itself, never looks like any other in a report."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import report_example

from grader.model import Outcome, Result
from reports.figures.curves import curves
from reports.stages import stage_rows


def with_training(judgement: str, **changes: Any) -> Result:
    """Return the example with the first stage's training changed."""
    example = report_example.example()
    first = example.stages[0]
    assert first.training is not None
    changed = msgspec.structs.replace(
        first, training=msgspec.structs.replace(first.training, **changes), judgement=judgement
    )
    return msgspec.structs.replace(example, stages=(changed, *example.stages[1:]))


@pytest.mark.parametrize("judgement", ["unfinished", "within"])
def test_an_unfinished_training_says_so_with_its_epochs(judgement: str) -> None:
    """The word stands beside the verdict, the epochs under the title, and the figure is never a good one."""
    before = report_example.example().stages[0].training
    assert before is not None
    result = with_training(
        judgement, curve=before.curve[:4], unfinished=True, outcome=Outcome.NOT_RUN, accuracy=0.31
    )
    for language, word, epochs in (
        ("fr", "inachevé", "4 époques sur 10"),
        ("en", "unfinished", "4 epochs of 10"),
    ):
        row = stage_rows(result, language)[0]
        assert word in row.judgement and epochs in row.remarks and row.tone == "open"
        drawn = curves(result.stages[:1], "-", language)
        assert word in drawn.alternative


def test_a_training_that_never_began_says_so() -> None:
    """Without any epoch there is no figure, and the reason is the time."""
    result = with_training(
        "unfinished", curve=(), unfinished=True, outcome=Outcome.NOT_RUN, accuracy=None, confusion=()
    )
    row = stage_rows(result, "en")[0]
    assert (row.retrained, row.remarks) == ("–", "the time was over before this training")


def test_who_trained_and_what_changed_images_gave_is_told() -> None:
    """The program's own training is named as such; accuracy on changed images stands beside the settings."""
    row = stage_rows(with_training("within", trained_by="program", perturbed_accuracy=0.552), "en")[0]
    assert "by the program handed in itself" in row.remarks and row.perturbed.endswith("55.2%")
    plain = stage_rows(report_example.example(), "en")[0]
    assert (plain.remarks, plain.perturbed) == ("", "")


@pytest.mark.parametrize("which", ["path", "evaluation_path"])
def test_images_transformed_one_by_one_are_told(which: str) -> None:
    """Transforms without a batched form are named beside the settings; the usual path is not worth a word."""
    training = report_example.example().stages[0].training
    assert training is not None and training.conditions is not None
    slow = msgspec.structs.replace(training.conditions, **{which: "image_by_image"})
    rows = [
        stage_rows(with_training("within", conditions=conditions), "en")[0]
        for conditions in (training.conditions, slow)
    ]
    assert ["one by one" in row.hyperparameters for row in rows] == [False, True]


def test_a_program_that_could_not_train_is_not_said_to_have_trained() -> None:
    """Without a single evaluation there is no training to name."""
    result = with_training(
        "not_run", trained_by="program", outcome=Outcome.NOT_RUN, curve=(), accuracy=None, confusion=()
    )
    assert stage_rows(result, "en")[0].remarks == ""
