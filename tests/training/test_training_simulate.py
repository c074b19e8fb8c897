"""How often correct work falls below its bands: less than once in a hundred hand-ins, shown on what was measured."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from grader import courseworks
from grader.records import read_record
from grader.training.bands import LEAST_SEEDS, Bands, Measurement, band_of, judge, worth_another_look
from grader.training.simulate import limits, rates, table

BANDS = read_record(courseworks.library() / "polytech_tp5_6" / "bands.json", Bands)


@pytest.mark.slow
@pytest.mark.parametrize("measurement", BANDS.measurements, ids=lambda one: f"{one.data}-{one.precision}")
def test_fewer_than_one_correct_hand_in_in_a_hundred_falls_below(measurement: Measurement) -> None:
    """Drawn from normals, from the measured seeds themselves, or left out of the calibration: under 1 %, all three."""
    found = {rate.way: rate for rate in rates(measurement, trials=2000)}
    judges = len(measurement.seeds) >= LEAST_SEEDS
    assert set(found) == ({"normal", "resampled", "left out"} if judges else set())
    for rate in found.values():
        assert rate.three_looks < 0.01, rate
        assert rate.three_looks <= rate.one_look


def skewed() -> Measurement:
    """Return a measurement in which one seed in twenty fails by far, at every stage in another seed."""
    one = BANDS.measurements[0]
    stages = {
        name: msgspec.structs.replace(
            stage, accuracies=tuple(0.7 if seed == place else 0.8 + 0.001 * (seed % 5) for seed in range(20))
        )
        for place, (name, stage) in enumerate(one.stages.items())
    }
    return msgspec.structs.replace(one, stages=stages)


def test_the_simulation_sees_what_a_single_look_would_do() -> None:
    """Where one run in twenty is odd, one look fails several hand-ins in a hundred; the median of three saves most."""
    resampled = next(rate for rate in rates(skewed(), trials=300) if rate.way == "resampled")
    assert resampled.one_look > 0.03
    assert resampled.three_looks < resampled.one_look / 2
    assert 0 < resampled.again < 0.1


def test_the_simulation_draws_the_very_limits_of_the_bands() -> None:
    """What it judges by is what `band_of` gives for the same figures."""
    for one in BANDS.measurements:
        mean, width = limits(np.array([stage.accuracies for stage in one.stages.values()]).T)
        bands = [band_of(one, stage) for stage in one.stages]
        assert list(mean) == pytest.approx([band.mean for band in bands])
        assert list(mean - width) == pytest.approx([band.lower for band in bands])


def test_only_what_chance_may_explain_is_looked_at_again() -> None:
    """Just below the band: yes. In it, or further below than another margin: no."""
    band = band_of(BANDS.measurements[0], "dropout")
    width = band.mean - band.lower
    assert worth_another_look(band.lower - 0.001, band) and worth_another_look(
        band.lower - 0.99 * width, band
    )
    assert not worth_another_look(band.lower, band)
    assert not worth_another_look(band.lower - 1.01 * width, band)
    assert judge(band.lower - 1.01 * width, band) == "below"


def test_the_table_has_three_rows_a_measurement() -> None:
    """One for each way of drawing hand-ins, under a heading."""
    bands = msgspec.structs.replace(BANDS, measurements=(skewed(),))
    assert len(table(bands, trials=20).splitlines()) == 2 + 3
