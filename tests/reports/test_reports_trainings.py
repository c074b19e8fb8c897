"""A training that was cut short, or that the program made itself, never looks like any other in a report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import report_example

from grader.model import CurvePoint, Language, Outcome, Result, StudentCurve
from reports.document import Cut, build
from reports.figures import draw_figures
from reports.figures.curves import curves
from reports.figures.network import confusion
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


def test_a_look_that_is_missing_is_not_called_unfinished() -> None:
    """A training that came to its end, low and without its further seeds, is told as lacking measurements."""
    for language, word in (("fr", "mesures manquantes"), ("en", "measurements missing")):
        row = stage_rows(with_training("unfinished"), language)[0]
        assert (row.judgement, row.tone, row.remarks) == (word, "open", "")


CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@pytest.mark.parametrize(
    ("known", "language", "named"),
    [(CIFAR10, "fr", "avion 80"), (CIFAR10, "en", "airplane 80"), ((), "fr", "0 80")],
)
def test_a_confusion_matrix_names_the_classes_of_the_data(
    known: tuple[str, ...], language: Language, named: str
) -> None:
    """Rows and columns carry the names that the data gives its classes, and numbers only where it gives none."""
    stage = report_example.example().stages[4]
    assert stage.training is not None
    drawn = confusion(stage, stage.training, known, "-", language)
    assert drawn is not None and f": {named}" in drawn.alternative


def test_what_every_stage_says_alike_is_told_once() -> None:
    """A sentence found at each stage stands above them all; what one stage alone says stays with it."""
    example = report_example.example()
    label, message = report_example.text("Result"), report_example.text("This budget trains nothing.")
    alike = [
        report_example.verdict(stage.item, label, Outcome.NOT_RUN, 0.1, message, stage=stage.stage)
        for stage in example.stages
    ]
    own = report_example.verdict(
        "3.1", report_example.text("Loop"), Outcome.FAILED, 0.1, message, stage="dropout"
    )
    document = build(msgspec.structs.replace(example, verdicts=(*alike, own)), "en", Cut())
    assert [line.label for line in document.everywhere.lines] == ["Result"]
    assert [line.label for block in document.stages for line in block.checks.lines] == ["Loop"]


def test_axes_without_any_curve_are_not_drawn(tmp_path: Path) -> None:
    """Without trainings of ours, and with logs that hold no accuracy of a stage, there is no figure."""
    example = report_example.example()
    stages = tuple(msgspec.structs.replace(stage, training=None) for stage in example.stages)
    losses = (CurvePoint(epoch=1, train_loss=1.0),)
    silent = StudentCurve(source="train.log", form="printed", stage="baseline", points=losses)
    result = msgspec.structs.replace(example, stages=stages, curves=(silent,))
    assert draw_figures(result, tmp_path, "fr") == ()
