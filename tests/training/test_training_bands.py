"""Judging an accuracy: how wide a band is, when it applies, and what falls below."""

from __future__ import annotations

import math
import random
from pathlib import Path

import msgspec
import pytest

from grader.model import TrainingConditions
from grader.records import write_record
from grader.training import find_band, judge
from grader.training.bands import (
    Bands,
    Measurement,
    StageMeasurement,
    band_of,
    find_measurement,
    margin,
    pooled_deviation,
    t_quantile,
)
from grader.training.calibrate import merged

CONDITIONS = TrainingConditions(
    data="synthetic",
    data_digest="d" * 64,
    budget="quick",
    device="cpu",
    precision="bf16",
    seed=7,
    engine="1",
    torch="2.15.0",
    train_images=1500,
    test_images=1000,
    epochs=12,
    batch_size=32,
    learning_rate=0.04,
)


def measurement(spread: float = 0.01, stages: int = 6, seeds: int = 20) -> Measurement:
    """Return a measurement whose stages lie around 50, 60, ... per cent."""
    draw = random.Random(1)
    found = {
        f"stage{index}": StageMeasurement(
            learning_rate=0.04,
            accuracies=tuple(0.4 + 0.1 * index + draw.gauss(0, spread) for _ in range(seeds)),
            train_accuracies=(0.9,) * seeds,
            seconds=10.0,
        )
        for index in range(stages)
    }
    return Measurement(
        data="synthetic",
        data_digest="d" * 64,
        budget="quick",
        train_images=1500,
        test_images=1000,
        epochs=12,
        batch_size=32,
        device="cpu",
        precision="bf16",
        engine="1",
        seeds=tuple(range(seeds)),
        stages=found,
        machine="a CPU",
        cpu_flags=("avx512_bf16",),
        versions={"torch": "2.15.0"},
    )


@pytest.fixture
def bands(tmp_path: Path) -> Path:
    """A file with one measurement."""
    path = tmp_path / "bands.json"
    write_record(path, Bands(how="for the test", measurements=(measurement(),)))
    return path


def test_an_accuracy_is_judged_by_the_limits_of_its_band() -> None:
    """At the limits it is within; beyond, above or below."""
    band = band_of(measurement(), "stage1")
    assert judge(band.mean, band) == judge(band.lower, band) == judge(band.upper, band) == "within"
    assert judge(band.lower - 1e-6, band) == "below"
    assert judge(band.upper + 1e-6, band) == "above"


def test_an_accuracy_that_is_no_number_is_below() -> None:
    """NaN compares false with everything and must not pass by that."""
    assert judge(math.nan, band_of(measurement(), "stage1")) == "below"


@pytest.mark.parametrize(
    ("probability", "degrees", "expected"),
    [(0.99833, 19, 3.372), (0.975, 10, 2.228), (0.99, 5, 3.365), (0.95, 114, 1.658), (0.99833, 114, 2.995)],
)
def test_quantiles_are_those_of_the_tables(probability: float, degrees: int, expected: float) -> None:
    """Student's t agrees with printed tables to a hundredth."""
    assert t_quantile(probability, degrees) == pytest.approx(expected, abs=0.02)


def test_a_correct_hand_in_falls_below_less_than_once_in_a_hundred() -> None:
    """Over six stages of equal spread, calibrated with 20 seeds, false failures stay under 1 %."""
    draw, failures, trials = random.Random(2), 0, 1000
    for _ in range(trials):
        stages = [[draw.gauss(0.5, 0.02) for _ in range(20)] for _ in range(6)]
        made = measurement(seeds=20)
        one = msgspec.structs.replace(
            made,
            stages={
                name: msgspec.structs.replace(stage, accuracies=tuple(values))
                for (name, stage), values in zip(made.stages.items(), stages, strict=True)
            },
        )
        failures += any(judge(draw.gauss(0.5, 0.02), band_of(one, name)) == "below" for name in one.stages)
    assert failures <= trials * 0.015


def test_the_wider_of_two_margins_holds() -> None:
    """A stage that scatters more than the others is judged by its own deviation, a quiet one by the pooled."""
    restless, quiet = margin(0.05, 20, 0.02, [20] * 6), margin(0.001, 20, 0.02, [20] * 6)
    assert restless == pytest.approx(3.46 * 0.05, rel=0.02)
    assert quiet == pytest.approx(3.07 * 0.02, rel=0.02)
    assert margin(0.0, 20, 0.0, [20] * 6) == 0.02


def test_deviations_are_pooled_over_stages() -> None:
    """The pooled deviation is the root of the mean variance where all stages have as many seeds."""
    made = measurement(spread=0.02)
    assert pooled_deviation(made) == pytest.approx(0.02, rel=0.25)


def test_a_band_is_found_under_its_own_conditions(bands: Path) -> None:
    """The same data, budget, device, precision and engine give the stage's band, whatever the seed."""
    band = find_band(bands, "stage2", CONDITIONS)
    assert band is not None and band.stage == "stage2" and band.n == 20
    assert band.lower < band.mean < band.upper


def test_a_budget_that_leaves_the_epochs_to_the_recipe_has_a_band_for_each_stages_own(tmp_path: Path) -> None:
    """A stage measured with fifty epochs judges fifty, whatever the stage beside it was measured with."""
    made, path = measurement(), tmp_path / "bands.json"
    longer = msgspec.structs.replace(made.stages["stage2"], epochs=50)
    made = msgspec.structs.replace(made, stages={**made.stages, "stage2": longer})
    write_record(path, Bands(how="for the test", measurements=(made,)))
    assert find_band(path, "stage2", msgspec.structs.replace(CONDITIONS, epochs=50)) is not None
    assert find_band(path, "stage2", CONDITIONS) is None
    assert find_band(path, "stage1", CONDITIONS) is not None


@pytest.mark.parametrize(
    "other",
    [
        {"data_digest": "e" * 64},
        {"budget": "full"},
        {"device": "cuda"},
        {"precision": "fp32"},
        {"engine": "2"},
        {"epochs": 11},
        {"batch_size": 64},
        {"train_images": 1000},
        {"test_images": 500},
        {"learning_rate": 0.05},
    ],
    ids=lambda other: next(iter(other)),
)
def test_under_any_other_condition_there_is_no_band(bands: Path, other: dict[str, object]) -> None:
    """Where nothing was calibrated an outcome informs: no band is better than a wrong one."""
    assert find_band(bands, "stage2", msgspec.structs.replace(CONDITIONS, **other)) is None


def test_a_measurement_of_few_seeds_judges_nobody(tmp_path: Path) -> None:
    """It is found, for comparisons and for what the reference shows, and makes no band."""
    path = tmp_path / "bands.json"
    write_record(path, Bands(how="for the test", measurements=(measurement(seeds=7),)))
    assert find_measurement(path, "stage2", CONDITIONS) is not None
    assert find_band(path, "stage2", CONDITIONS) is None


def test_without_a_file_a_stage_or_conditions_there_is_no_band(bands: Path, tmp_path: Path) -> None:
    """A coursework need not be calibrated."""
    assert find_band(tmp_path / "absent.json", "stage2", CONDITIONS) is None
    assert find_band(bands, "unknown", CONDITIONS) is None
    assert find_band(bands, "stage2", None) is None


def test_a_new_measurement_takes_the_place_of_the_one_under_the_same_conditions() -> None:
    """Measuring again replaces; another precision is kept beside."""
    first, again = measurement(), measurement(spread=0.03)
    other = msgspec.structs.replace(first, precision="fp32")
    found = merged(merged(merged(None, first), other), again)
    assert [(one.precision, one == again) for one in found.measurements] == [("fp32", False), ("bf16", True)]
