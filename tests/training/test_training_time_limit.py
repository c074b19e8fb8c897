"""Trainings that must stop: what they had stays, nothing claims an end, and how long is left is told honestly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.model import Budget, Outcome, Recipe, Text
from grader.training import Job, train_all
from grader.training.cache import recall
from grader.training.estimate import Estimate, told


def test_nothing_is_promised_before_an_epoch_was_measured() -> None:
    """Until the first epoch of any training is over nobody knows how long one takes."""
    estimate = Estimate({"a": 10, "b": 10}, at_once=1)
    estimate.begin("a", 0.0)
    assert estimate.left_s(5.0) is None
    estimate.epoch("a", 1, 6.0)
    assert estimate.left_s(6.0) == pytest.approx(9 * 6 + 10 * 6)


def test_the_time_since_the_last_epoch_counts_as_spent() -> None:
    """Between two epochs the estimate goes down with the clock, and never below nothing."""
    estimate = Estimate({"a": 3}, at_once=1)
    estimate.begin("a", 0.0)
    estimate.epoch("a", 1, 10.0)
    assert estimate.left_s(14.0) == pytest.approx(16.0)
    assert estimate.left_s(1000.0) == 0.0


def test_trainings_side_by_side_take_the_time_of_the_longest_line() -> None:
    """Four trainings of 10 s on two cores take 20 s, not 40."""
    estimate = Estimate(dict.fromkeys("abcd", 10), at_once=2)
    for key in "ab":
        estimate.begin(key, 0.0)
    for key in "ab":
        estimate.epoch(key, 1, 1.0)
    assert estimate.left_s(1.0) == pytest.approx(9 + 10)


def test_epochs_that_an_earlier_run_left_have_no_pace() -> None:
    """A training taken up again at its eighth epoch is not taken for one that makes eight in a second."""
    estimate = Estimate({"a": 10}, at_once=1)
    estimate.begin("a", 0.0)
    estimate.epoch("a", 8, 1.0)
    assert estimate.left_s(1.0) is None
    estimate.epoch("a", 9, 11.0)
    assert estimate.left_s(11.0) == pytest.approx(10.0)


def test_a_training_that_ended_lends_its_pace_to_those_that_wait() -> None:
    """After the first of two equal trainings the second is known before it starts."""
    estimate = Estimate({"a": 2, "b": 4}, at_once=1)
    estimate.begin("a", 0.0)
    estimate.epoch("a", 1, 3.0)
    estimate.epoch("a", 2, 6.0)
    estimate.end("a")
    assert estimate.left_s(6.0) == pytest.approx(12.0)


def test_the_time_left_is_said_no_finer_than_it_is_known() -> None:
    """Seconds by fives, then minutes, then hours, in both languages."""
    assert [told(s).en for s in (1, 42, 600, 9000)] == [
        "about 5 s left", "about 40 s left", "about 10 min left", "about 2.5 h left",
    ]  # fmt: skip
    assert told(9000).fr == "encore 2,5 h environ"


class Heard:
    """Keeps the sentences that a watcher is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def step(self, text: Text) -> None:
        """Keep the sentence."""
        self.said.append(text.en)

    def advance(self, done: float, total: float, text: Text) -> None:
        """Keep the sentence."""
        self.said.append(text.en)


@pytest.mark.slow
def test_what_the_time_limit_cuts_short_keeps_its_curve(
    make_job: Callable[..., Job], make_recipe: Callable[..., Recipe], cache: Path
) -> None:
    """One training is stopped with the epochs it had, one never starts, a cached one stands whole; nothing is kept."""
    known = make_job("known")
    assert train_all([known], cache=cache)["known"].outcome is Outcome.PASSED
    slow = Budget(batch_size=1)
    endless = make_job("endless", make_recipe(epochs=500, optimizer="Adam"), budget=slow)
    waiting = make_job("waiting", make_recipe(epochs=500, optimizer="RMSprop"), budget=slow)
    heard = Heard()
    found = train_all([known, endless, waiting], cache=cache, workers=1, time_limit_s=12.0, progress=heard)
    assert found["known"].outcome is Outcome.PASSED and not found["known"].unfinished
    cut = found["endless"]
    assert cut.unfinished and cut.outcome is Outcome.NOT_RUN
    assert 0 < len(cut.curve) < 500 and [point.epoch for point in cut.curve] == list(
        range(1, len(cut.curve) + 1)
    )
    assert cut.accuracy == pytest.approx(sum(point.test_accuracy or 0 for point in cut.curve[-3:]) / 3)
    assert cut.note is not None and "unfinished" in cut.note.en and "12 s" in cut.note.fr
    assert found["waiting"].unfinished and found["waiting"].curve == ()
    assert found["waiting"].accuracy is None and found["waiting"].note is not None
    assert recall(cache, cut.key) is None
    assert any("left" in said for said in heard.said)


def test_without_any_time_nothing_starts(make_job: Callable[..., Job], cache: Path) -> None:
    """A limit of nothing is kept at once: no process, no error, an unfinished training."""
    training = train_all([make_job()], cache=cache, time_limit_s=0)["stage"]
    assert training.unfinished and training.outcome is Outcome.NOT_RUN and training.curve == ()
