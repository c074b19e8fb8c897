"""The lines about comparisons, and the reference's figures beside the student's."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import report_example

from grader.model import Comparison, Language, ReferenceModel, Result, StageResult
from reports.compared import compared_lines
from reports.figures import draw_figures

TITLES = {"baseline": "Baseline network"}
BETTER = Comparison(
    against="baseline", quantity="accuracy", difference=0.345, uncertainty=0.104, verdict="better", pairs=1
)


def stage(*comparisons: Comparison, looks: tuple[float, ...] = ()) -> StageResult:
    """Return a stage of the example with these comparisons and looks."""
    return msgspec.structs.replace(report_example.stages()[1], comparisons=comparisons, looks=looks)


def test_a_comparison_is_told_with_its_uncertainty() -> None:
    """Verdict, difference with its sign, half of the interval, in points and in the reader's language."""
    assert compared_lines(stage(BETTER), TITLES, "en") == (
        "better than “Baseline network”: +34.5 ± 10.4 points",
    )
    assert compared_lines(stage(BETTER), TITLES, "fr") == (
        "mieux que « Baseline network » : +34,5 ± 10,4 points",
    )


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("against", ["baseline", "reference"])
@pytest.mark.parametrize("quantity", ["accuracy", "gap"])
@pytest.mark.parametrize("verdict", ["better", "not_shown", "worse"])
@pytest.mark.parametrize("uncertainty", [None, 0.02])
def test_every_comparison_has_its_words(
    language: Language, against: str, quantity: str, verdict: str, uncertainty: float | None
) -> None:
    """No combination is without a sentence, and each names what it is compared with."""
    one = msgspec.structs.replace(
        BETTER, against=against, quantity=quantity, verdict=verdict, uncertainty=uncertainty, calibrated=False
    )
    (line,) = compared_lines(stage(one), TITLES, language)
    assert "Baseline network" in line or "ref" in line or "réf" in line
    assert "{" not in line


def test_one_and_the_same_training_is_said_to_be_so() -> None:
    """No figure suggests a measurement where there was only one training."""
    one = msgspec.structs.replace(BETTER, against="reference", same=True, difference=0.0, uncertainty=0.0)
    assert compared_lines(stage(one), TITLES, "en") == (
        "the same recipe as the reference with these hyper-parameters",
    )


def test_further_looks_are_told_first() -> None:
    """All three accuracies, so that nobody wonders why the first is below the band and the verdict is not."""
    lines = compared_lines(stage(BETTER, looks=(0.71, 0.8, 0.81)), TITLES, "en")
    assert lines[0] == "trained with three seeds: 71.0%, 80.0%, 81.0%" and len(lines) == 2


def with_reference(model: ReferenceModel | None) -> Result:
    """Return the example with this model beside every stage."""
    result = report_example.example()
    stages = tuple(msgspec.structs.replace(one, reference=model) for one in result.stages)
    return msgspec.structs.replace(result, stages=stages)


MODEL = ReferenceModel(
    seed=0,
    sha256="0" * 64,
    confusion=report_example.confusion(),
    filters=bytes(range(256)) * 9 + bytes(96),
    filters_shape=(32, 3, 5, 5),
)


def test_the_references_matrix_and_filters_stand_beside_the_students(tmp_path: Path) -> None:
    """Both pairs are drawn, with words for those who do not see them."""
    report_example.write_tensors(tmp_path)
    figures = {figure.name: figure for figure in draw_figures(with_reference(MODEL), tmp_path, "fr")}
    assert {"confusion", "reference_confusion", "filters", "reference_filters"} <= set(figures)
    assert "graine 0" in figures["reference_filters"].caption
    assert "%" in figures["reference_confusion"].alternative


@pytest.mark.parametrize(
    "model",
    [
        None,
        msgspec.structs.replace(MODEL, filters=b"", filters_shape=(), confusion=()),
        msgspec.structs.replace(MODEL, filters_shape=(32, 3, 5, 6), confusion=((1, 0), (0, 1))),
        msgspec.structs.replace(MODEL, filters_shape=(1, 2400), confusion=((1,),)),
    ],
    ids=["none", "empty", "of other sizes", "of other dimensions"],
)
def test_without_a_fitting_reference_the_students_figures_stand_alone(
    model: ReferenceModel | None, tmp_path: Path
) -> None:
    """What was not measured, or does not fit, is left out."""
    report_example.write_tensors(tmp_path)
    names = {figure.name for figure in draw_figures(with_reference(model), tmp_path, "en")}
    assert "confusion" in names and not {"reference_confusion", "reference_filters"} & names
