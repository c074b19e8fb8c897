"""Calibration: what it measures, what it refuses to hide, and the bands that are committed."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from pathlib import Path
from statistics import fmean

import msgspec
import numpy as np
import pytest
from safetensors.numpy import load_file

from grader import courseworks
from grader.errors import TrainingError, UsageError
from grader.model import (
    Budget,
    EntryPoint,
    Loss,
    Outcome,
    Recipe,
    Recording,
    Recordings,
    Run,
    SandboxRecord,
    StageMatch,
    Text,
)
from grader.records import read_record, write_record
from grader.training import DataSource, Job, synthetic, train_all
from grader.training.bands import Bands, Measurement, band_of, find_measurement
from grader.training.cache import weights_digest
from grader.training.calibrate import Calibration, calibrate, merged, stage_recipes, with_models
from grader.training.portrait import portrait
from grader.training.resident import Loaded, digest_of

REFERENCE = courseworks.library() / "polytech_tp5_6"


@pytest.mark.slow
def test_a_calibration_gives_bands_that_hold_under_the_same_conditions(
    make_recipe: Callable[..., Recipe],
    make_job: Callable[..., Job],
    small_data: DataSource,
    cache: Path,
    tmp_path: Path,
) -> None:
    """Every stage has one accuracy a seed, and a training like the calibrated ones finds its band."""
    calibration = Calibration(
        recipes={"first": make_recipe(epochs=2), "second": make_recipe(epochs=2, rates=(0.1,))},
        budget=Budget(),
        budget_name="full",
        data=small_data,
        seeds=(0, 1),
        device="cpu",
        precision="fp32",
    )
    measured = calibrate(calibration, cache=cache, workers=2)
    assert {name: len(stage.accuracies) for name, stage in measured.stages.items()} == {
        "first": 2,
        "second": 2,
    }
    write_record(tmp_path / "bands.json", merged(None, measured))
    training = train_all([make_job("any", make_recipe(epochs=2), seed=1)], cache=cache)["any"]
    assert training.accuracy == pytest.approx(measured.stages["first"].accuracies[1], abs=1e-6)
    found = find_measurement(tmp_path / "bands.json", "first", training.conditions)
    assert found == measured
    band = band_of(found, "first")
    assert band.n == 2 and band.lower < band.mean < band.upper


@pytest.mark.slow
def test_a_loss_that_breaks_late_is_measured_and_told(
    make_recipe: Callable[..., Recipe], small_data: DataSource, cache: Path
) -> None:
    """What came before counts, as it does in a hand-in's result, and the measurement names the seeds."""
    calibration = Calibration(
        recipes={"steep": make_recipe(epochs=2, rates=(0.05, 1e30)), "even": make_recipe(epochs=1)},
        budget=Budget(),
        budget_name="full",
        data=small_data,
        seeds=(0, 1),
        device="cpu",
        precision="fp32",
    )
    measured = calibrate(calibration, cache=cache)
    steep, even = measured.stages["steep"], measured.stages["even"]
    assert (steep.broke, even.broke) == ((0, 1), ())
    assert (steep.epochs, even.epochs) == (2, 1)
    assert steep.accuracies == even.accuracies, "both count the first epoch, which is the same"


@pytest.mark.slow
def test_a_calibration_does_not_hide_a_training_that_failed(
    make_recipe: Callable[..., Recipe], small_data: DataSource, cache: Path
) -> None:
    """A stage that cannot be trained ends the calibration with its name."""
    calibration = Calibration(
        recipes={"odd": make_recipe(loss=Loss(name="other"))},
        budget=Budget(),
        budget_name="full",
        data=small_data,
        seeds=(0, 1),
        device="cpu",
    )
    with pytest.raises(TrainingError, match="odd"):
        calibrate(calibration, cache=cache)


@pytest.mark.slow
def test_the_reference_models_come_again_and_are_compared(
    make_recipe: Callable[..., Recipe], small_data: DataSource, cache: Path, tmp_path: Path
) -> None:
    """The first seed's network lies in the cache with the digest told; another one is not put in its place."""
    calibration = Calibration(
        recipes={"only": make_recipe(epochs=2)}, budget=Budget(), budget_name="full", data=small_data, seeds=(0, 1),
        device="cpu", precision="fp32",
    )  # fmt: skip
    measured = calibrate(calibration, cache=cache, workers=2)
    model = measured.stages["only"].model
    assert model is not None and len(model.curve) == 2
    (kept,) = cache.glob("trainings/*/*/weights.safetensors")
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == model.sha256
    assert set(load_file(kept)) == {"conv.weight", "conv.bias", "head.weight", "head.bias"}
    filters = np.frombuffer(model.filters, dtype=np.uint8).reshape(model.filters_shape)
    assert filters.shape == (6, 3, 3, 3) and (filters.min(), filters.max()) == (0, 255)

    without = without_models(measured)
    again = with_models(merged(None, without), calibration, cache=tmp_path / "other", workers=2)
    assert again.bands.measurements == (measured,)
    assert model.sha256 in again.told["only"].en

    other = moved(without, (0.99, 0.9901))
    found = with_models(merged(None, other), calibration, cache=cache, workers=2)
    assert found.bands.measurements == (other,) and "not the network" in found.told["only"].en
    near = moved(without, (measured.stages["only"].accuracies[0] + 0.001, 0.5))
    beside = with_models(merged(None, near), calibration, cache=cache, workers=2)
    stood = beside.bands.measurements[0].stages["only"].model
    assert stood == msgspec.structs.replace(model, machine=measured.machine)
    assert "another machine" in beside.told["only"].en
    with pytest.raises(UsageError, match="measured"):
        with_models(None, calibration, cache=cache, workers=2)


def moved(measurement: Measurement, accuracies: tuple[float, ...]) -> Measurement:
    """Return the measurement with other accuracies of its one stage."""
    stage = msgspec.structs.replace(measurement.stages["only"], accuracies=accuracies)
    return msgspec.structs.replace(measurement, stages={"only": stage})


def without_models(measurement: Measurement) -> Measurement:
    """Return the measurement as one that kept no network."""
    stages = {name: msgspec.structs.replace(one, model=None) for name, one in measurement.stages.items()}
    return msgspec.structs.replace(measurement, stages=stages)


@pytest.mark.slow
def test_a_network_is_kept_beside_a_training_that_was_there_without(
    make_job: Callable[..., Job], cache: Path
) -> None:
    """A later job that asks for the network trains again, gets the same training, and leaves the network there."""
    first = train_all([make_job("a")], cache=cache)["a"]
    assert weights_digest(cache, first.key) is None and portrait(cache, first) is None
    assert train_all([make_job("a", weights=True)], cache=cache)["a"] == first
    assert weights_digest(cache, first.key) is not None


def test_the_committed_models_are_whole() -> None:
    """Each stage shows a confusion matrix of all test images, filters of the first layer, and a digest of its own."""
    for one in committed():
        models = [stage.model for stage in one.stages.values() if stage.model is not None]
        assert len({model.sha256 for model in models}) == len(models)
        for stage in one.stages.values():
            if stage.model is None:
                continue
            assert sum(map(sum, stage.model.confusion)) == one.test_images
            assert math.prod(stage.model.filters_shape) == len(stage.model.filters) == 32 * 3 * 5 * 5
            ends = fmean(stage.model.curve[-3:])
            if stage.model.machine:  # another CPU: the same seed ends elsewhere
                assert min(stage.accuracies) - 0.03 <= ends <= max(stage.accuracies) + 0.03
            else:
                assert ends == pytest.approx(stage.accuracies[0], abs=1e-5)
        assert len(models) == len(one.stages), "every measurement shows the networks of one seed"


def leave_run(out: Path, recipe: Recipe | None) -> None:
    """Leave under `out` what a grading run leaves: recordings and matched stages."""
    entry = EntryPoint(id="e1", path="base.py")
    runs = (Run(id="e1.1", recipe=recipe),)
    recordings = Recordings(
        recordings=(Recording(entry=entry, runs=runs),), sandbox=SandboxRecord(backend="fake")
    )
    match = StageMatch(stage="baseline", outcome=Outcome.PASSED, run="e1.1", reason=Text(fr="vu", en="seen"))
    write_record(out / "recordings" / "recordings.json", recordings)
    write_record(out / "stages.json", (match,))


def test_recipes_are_taken_from_a_grading_run(make_recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    """Each stage brings the recipe of the run it was matched with."""
    leave_run(tmp_path, make_recipe())
    assert stage_recipes(tmp_path) == {"baseline": make_recipe()}


def test_a_stage_without_a_recipe_is_named(tmp_path: Path) -> None:
    """What cannot be retrained cannot be calibrated."""
    leave_run(tmp_path, None)
    with pytest.raises(UsageError, match="baseline"):
        stage_recipes(tmp_path)


def test_a_folder_that_no_run_left_behind_is_refused(tmp_path: Path) -> None:
    """The sentence says what to run first."""
    with pytest.raises(UsageError, match="reference solution"):
        stage_recipes(tmp_path)


def committed() -> list[Measurement]:
    """Return the measurements of TP 5-6 on the embedded images under the quick budget."""
    bands = read_record(REFERENCE / "bands.json", Bands)
    return [one for one in bands.measurements if (one.data, one.budget) == ("synthetic", "quick")]


def test_committed_bands_are_of_the_present_images_and_budget() -> None:
    """A change of images or budget makes the bands void; then calibrate again."""
    assignment = courseworks.load("polytech_tp5_6").assignment
    budget, digest = assignment.budgets["quick"], digest_of(Loaded(*synthetic.generate()))
    assert committed()
    for one in committed():
        assert one.data_digest == digest and set(one.stages) == {stage.id for stage in assignment.stage}
        assert (one.epochs, one.batch_size) == (budget.epochs, budget.batch_size)
        assert one.train_images == min(budget.train_images, synthetic.TRAIN_IMAGES)
        assert one.test_images == min(budget.test_images, synthetic.TEST_IMAGES)
        rates = {stage.learning_rate for stage in one.stages.values()}
        assert rates == {budget.learning_rates["sgd"], budget.learning_rates["sgd_momentum"]}


def test_committed_bands_hold_twenty_seeds_where_bf16_is_fast() -> None:
    """The quick budget of the machines it was made for is calibrated as it should be."""
    found = {one.precision: len(one.seeds) for one in committed()}
    assert found.get("bf16", 0) >= 20
    assert all(
        len(stage.accuracies) == len(one.seeds) for one in committed() for stage in one.stages.values()
    )


def test_the_embedded_images_teach_what_the_sheet_teaches() -> None:
    """On average over seeds each improvement shows as it does on photographs.

    Normalisation and momentum each gain five points, augmentation closes the gap between training and
    test, and no stage is at chance or saturated.
    """
    for one in committed():
        test = {name: fmean(stage.accuracies) for name, stage in one.stages.items()}
        gap = {name: fmean(stage.train_accuracies) - test[name] for name, stage in one.stages.items()}
        assert test["normalization"] >= test["baseline"] + 0.05
        assert test["optimizer"] >= test["augmentation"] + 0.05
        assert gap["normalization"] >= 0.15
        assert gap["augmentation"] <= gap["normalization"] / 2
        assert all(0.3 <= value <= 0.9 for value in test.values())


def test_a_stage_at_chance_is_below_every_committed_band() -> None:
    """The bands are narrow enough to tell a network that does not learn."""
    for one in committed():
        for stage in one.stages:
            assert band_of(one, stage).lower > 0.15, stage
