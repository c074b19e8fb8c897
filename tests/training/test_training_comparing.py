"""Comparing two recipes seed by seed: when a difference is shown, and that it seldom is where there is none."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import courseworks
from grader.model import EpochPoint, Outcome, ParameterGroup, Recipe, Schedule, StageComparison, Training
from grader.records import read_record
from grader.training.bands import Bands, Measurement
from grader.training.comparing import Spread, between_stages, between_twins, compare, mcnemar_error, value
from grader.training.twin import twin

SPREAD = Spread(0.01, 19, measured=True)
BANDS = courseworks.library() / "polytech_tp5_6" / "bands.json"


def training(key: str, test: float, learnt: float = 0.9, **changes: object) -> Training:
    """Return a training that ended at `test`, with `learnt` on the training images."""
    curve = tuple(
        EpochPoint(epoch=epoch, learning_rate=0.1, train_accuracy=learnt, test_accuracy=test)
        for epoch in range(1, 5)
    )
    made = Training(key=key, outcome=Outcome.PASSED, curve=curve, accuracy=test)
    return msgspec.structs.replace(made, **changes)


@pytest.mark.parametrize(
    ("difference", "verdict"), [(0.05, "better"), (0.01, "not_shown"), (-0.01, "not_shown"), (-0.05, "worse")]
)
def test_a_difference_is_shown_beyond_its_uncertainty(difference: float, verdict: str) -> None:
    """With 1 point from seed to seed and 20 seeds behind it, 2.1 points are needed; the images' error comes on top."""
    pair = (training("a", 0.7 + difference), training("b", 0.7))
    found = compare("other", "accuracy", [pair], SPREAD, 0.0)
    assert found is not None
    assert (found.verdict, found.calibrated, found.same) == (verdict, True, False)
    assert found.uncertainty == pytest.approx(2.093 * 0.01, rel=0.01)
    wider = compare("other", "accuracy", [pair], SPREAD, 0.02)
    assert wider is not None and wider.uncertainty == pytest.approx(2.093 * math.hypot(0.01, 0.02), rel=0.01)


def test_more_pairs_narrow_the_part_of_the_seeds_alone() -> None:
    """Four seeds halve what seeds move; the test images stay the same ones."""
    pairs = [(training(f"a{seed}", 0.72), training(f"b{seed}", 0.70)) for seed in range(4)]
    found = compare("other", "accuracy", pairs, SPREAD, 0.0)
    assert found is not None and (found.pairs, found.verdict) == (4, "better")
    assert found.uncertainty == pytest.approx(2.093 * 0.005, rel=0.01)


def test_a_smaller_gap_is_the_better_one() -> None:
    """The gap is training minus test accuracy: augmentation makes it smaller, and that is better."""
    found = compare("other", "gap", [(training("a", 0.75, 0.78), training("b", 0.8, 0.99))], SPREAD, 0.0)
    assert found is not None and found.verdict == "better"
    assert found.difference == pytest.approx(0.03 - 0.19)


def test_one_and_the_same_training_is_no_difference() -> None:
    """Equal recipes share one training: nothing is uncertain, and nothing is shown."""
    found = compare("reference", "accuracy", [(training("a", 0.7), training("a", 0.7))], None, 0.01)
    assert found is not None
    assert (found.same, found.difference, found.uncertainty, found.verdict) == (True, 0.0, 0.0, "not_shown")


def test_without_a_spread_nothing_is_ever_shown() -> None:
    """Where nobody measured what seeds do, a single run decides nothing, however far apart."""
    found = compare("other", "accuracy", [(training("a", 0.9), training("b", 0.1))], None, 0.0)
    assert found is not None and (found.verdict, found.uncertainty) == ("not_shown", None)


@pytest.mark.parametrize(
    "broken",
    [{"outcome": Outcome.FAILED}, {"unfinished": True}, {"accuracy": None}, {"trained_by": "program"}],
    ids=str,
)
def test_what_our_engine_did_not_train_to_its_end_is_not_compared(broken: dict[str, object]) -> None:
    """Half a curve, a loss that broke, or a program's own outputs are no measurement of a recipe."""
    one = training("a", 0.9, **broken)
    assert value(one, "accuracy") is None
    assert compare("other", "accuracy", [(one, training("b", 0.5))], SPREAD, 0.0) is None


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=200))
def test_the_error_on_the_images_is_that_of_the_mean_of_paired_differences(
    answers: list[tuple[bool, bool]],
) -> None:
    """McNemar's error is the plain standard error of the difference image by image."""
    one, other = (np.array([pair[place] for pair in answers]) for place in (0, 1))
    difference = one.astype(float) - other.astype(float)
    assert mcnemar_error(one, other) == pytest.approx(difference.std() / math.sqrt(len(answers)), abs=1e-12)


def test_of_equal_recipes_few_are_called_different() -> None:
    """Over many pairs that differ by chance alone, 5 % are called better or worse."""
    draw, trials = random.Random(3), 4000
    told = [
        compare(
            "other", "accuracy", [(training("a", 0.7 + draw.gauss(0, 0.01)), training("b", 0.7))], SPREAD, 0.0
        )
        for _ in range(trials)
    ]
    share = sum(one is not None and one.verdict != "not_shown" for one in told) / trials
    assert share == pytest.approx(0.037, abs=0.012)  # 20 seeds are few: t is wider than the normal quantile


def test_the_reference_does_what_the_sheet_teaches() -> None:
    """Over twenty seeds each compared stage is shown to be better; it is never worse, with one seed or a few."""
    for one, asked, pairs, spread in expectations():
        together = compare(asked.against, asked.quantity, pairs, spread, 0.01)
        assert together is not None and together.difference * (-1 if asked.quantity == "gap" else 1) > 0
        shown = {"better"} if len(pairs) >= 20 else {"better", "not_shown"}
        assert together.verdict in shown, (one.data, one.precision, asked)
        told = alone(asked, pairs, spread)
        assert "worse" not in told, (one.data, one.precision, asked, told)


def test_one_seed_is_enough_on_the_embedded_images() -> None:
    """The images that the quick budget was made for show each expectation at nearly every seed by itself."""
    found = [(asked, alone(asked, *rest)) for one, asked, *rest in expectations() if one.data == "synthetic"]
    assert len(found) >= 3
    for asked, told in found:
        assert told.count("better") >= 0.8 * len(told), (asked, told)


Pairs = list[tuple[Training, Training]]


def expectations() -> Iterator[tuple[Measurement, StageComparison, Pairs, Spread]]:
    """Yield each expected comparison of each committed measurement, with its trainings paired by seed."""
    assignment, bands = courseworks.load("polytech_tp5_6").assignment, read_record(BANDS, Bands)
    for one in bands.measurements:
        for asked in assignment.comparison:
            spread = between_stages(asked.stage, asked.against, asked.quantity, one, bands)
            assert spread is not None and spread.measured
            sides = [one.stages[stage] for stage in (asked.stage, asked.against)]
            first, second = (
                [training(name, *ends) for ends in zip(side.accuracies, side.train_accuracies, strict=True)]
                for name, side in zip("ab", sides, strict=True)
            )
            yield one, asked, list(zip(first, second, strict=True)), spread


def alone(asked: StageComparison, pairs: Pairs, spread: Spread) -> list[str]:
    """Return what each seed shows by itself."""
    found = [compare(asked.against, asked.quantity, [pair], spread, 0.01) for pair in pairs]
    return [one.verdict for one in found if one is not None]


def test_a_spread_of_other_conditions_is_borrowed_and_said_to_be() -> None:
    """Without a measurement of these conditions the largest one known stands in; without any, none."""
    bands = read_record(BANDS, Bands)
    borrowed = between_stages("normalization", "baseline", "accuracy", None, bands)
    known = [between_stages("normalization", "baseline", "accuracy", one, None) for one in bands.measurements]
    assert borrowed is not None and not borrowed.measured
    assert borrowed.deviation == max(one.deviation for one in known if one is not None)
    assert between_stages("normalization", "unknown", "accuracy", bands.measurements[0], bands) is None
    assert between_twins("normalization", None, None) is None


def test_twins_that_share_a_seed_differ_by_the_deviations_of_both() -> None:
    """The root of two times a stage's own deviation."""
    one = read_record(BANDS, Bands).measurements[0]
    found = between_twins("dropout", one, None)
    assert found is not None
    squares = [(a - b) ** 2 for a, b in pairwise(one.stages["dropout"].accuracies)]
    assert found.deviation == pytest.approx(math.sqrt(sum(squares) / len(squares)), rel=0.4)


def test_a_twin_has_the_references_network_and_the_students_numbers() -> None:
    """Network, images, loss and loop stay; optimizer, rates, batches and epochs are the student's."""
    recipes = read_record(courseworks.load("polytech_tp5_6").recipes, dict[str, Recipe])
    reference, student = recipes["augmentation"], recipes["optimizer"]
    optimisation = msgspec.structs.replace(
        student.optimisation,
        optimizer="Adam",
        groups=(ParameterGroup(parameters=("theirs",), options={"lr": 0.003}),),
        schedule=Schedule(rates=(0.003, 0.002)),
        epochs=7,
    )
    student = msgspec.structs.replace(
        student,
        optimisation=optimisation,
        data=msgspec.structs.replace(student.data, train=(), batch_size=50),
    )
    made = twin(reference, student)
    assert (made.network, made.loop, made.data.train) == (
        reference.network,
        reference.loop,
        reference.data.train,
    )
    assert (made.data.batch_size, made.optimisation.epochs, made.optimisation.optimizer) == (50, 7, "Adam")
    assert made.optimisation.groups[0].options == {"lr": 0.003}
    assert made.optimisation.groups[0].parameters == reference.optimisation.groups[0].parameters
    assert made.optimisation.loss == reference.optimisation.loss


def test_the_references_own_twin_is_itself() -> None:
    """A student with the reference's recipe gets no second training: both are one in the cache."""
    for recipe in read_record(Path(BANDS).with_name("recipes.json"), dict[str, Recipe]).values():
        assert twin(recipe, recipe) == recipe
