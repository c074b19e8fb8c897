"""What a program that trains itself is shown, and what its answers are worth."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from grader.model import Outcome, Training, TrainingConditions
from grader.records import read_record
from grader.training.perturbation import perturbed
from grader.training.resident import DataSource, load
from grader.training.unlabelled import FILES, ONE_IN, Answered, Shown

CONDITIONS = TrainingConditions(
    data="small", data_digest="d", budget="quick", device="cpu", precision="fp32", seed=0, engine="1", torch="2",
    train_images=90, test_images=60, epochs=2, batch_size=8, learning_rate=0.05,
)  # fmt: skip


def answered(*classes: np.ndarray) -> Answered:
    """Return answers, one evaluation an epoch."""
    scores = np.eye(10, dtype=np.float32)[np.maximum(classes[-1], 0)]
    return Answered(epochs=tuple(range(1, len(classes) + 1)), predictions=classes, logits=scores)


def test_test_images_are_shown_once_each_in_an_order_of_our_own(
    small_data: DataSource, tmp_path: Path
) -> None:
    """Every test image is there once, one in five lightly perturbed; training images are as they are; no other file."""
    shown = Shown(small_data, 60, seed=0)
    shown.write(tmp_path, 80)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)
    arrays = load(small_data)
    train, labels, test = (np.load(tmp_path / name) for name in FILES)
    assert np.array_equal(train, arrays.train_images[:80]) and np.array_equal(
        labels, arrays.train_labels[:80]
    )
    assert sorted(shown.order) == list(range(60)) and list(shown.order) != list(range(60))
    assert shown.changed.sum() == 60 // ONE_IN
    plain, moved = np.asarray(arrays.test_images), perturbed(np.asarray(arrays.test_images))
    for position, (original, changed) in enumerate(zip(shown.order, shown.changed, strict=True)):
        assert np.array_equal(test[position], (moved if changed else plain)[original])


def test_the_order_depends_on_data_and_seed_alone(small_data: DataSource) -> None:
    """Two runs show the same; another seed, other images show otherwise."""
    orders = [Shown(small_data, 60, seed=seed).order.tolist() for seed in (0, 0, 1)]
    other = Shown(msgspec.structs.replace(small_data, digest="x"), 60, seed=0).order.tolist()
    assert orders[0] == orders[1] and orders[2] != orders[0] != other


def test_answers_are_counted_against_labels_that_were_never_inside(
    small_data: DataSource, tmp_path: Path
) -> None:
    """The curve has a point an evaluation, on unchanged images alone; the record lies beside its tensors."""
    shown = Shown(small_data, 60, seed=0)
    right = np.asarray(load(small_data).test_labels)[shown.order]
    wrong = (right + 1) % 10
    training = shown.training(answered(wrong, right), "k" * 64, CONDITIONS, tmp_path, ended=True)
    assert [point.test_accuracy for point in training.curve] == [0.0, 1.0]
    assert (training.outcome, training.trained_by, training.unfinished) == (Outcome.PASSED, "program", False)
    assert training.accuracy == 0.5 and training.perturbed_accuracy == 1.0
    assert sum(map(sum, training.confusion)) == 48
    assert read_record(tmp_path / "training.json", Training) == training
    assert (tmp_path / str(training.tensors)).is_file()


def test_who_knows_the_images_by_heart_is_lost_on_the_changed_ones(
    small_data: DataSource, tmp_path: Path
) -> None:
    """A look-up by content answers all unchanged images, and stands at chance where they were changed."""
    shown = Shown(small_data, 60, seed=0)
    shown.write(tmp_path, 90)
    arrays = load(small_data)
    book = {
        image.tobytes(): int(label)
        for image, label in zip(arrays.test_images, arrays.test_labels, strict=True)
    }
    seen = np.load(tmp_path / "test_images.npy")
    looked_up = np.array([book.get(image.tobytes(), 0) for image in seen])
    training = shown.training(answered(looked_up), "k" * 64, CONDITIONS, tmp_path, ended=True)
    assert training.accuracy == 1.0
    assert training.perturbed_accuracy is not None and training.perturbed_accuracy <= 0.35


@pytest.mark.parametrize("classes", [-1, 10, 32_000])
def test_an_answer_that_is_no_class_is_wrong(small_data: DataSource, tmp_path: Path, classes: int) -> None:
    """An image left out, and a class that does not exist, count as mistakes and break nothing."""
    shown = Shown(small_data, 60, seed=0)
    training = shown.training(
        answered(np.full(60, min(classes, 9))), "k" * 64, CONDITIONS, tmp_path, ended=False
    )
    assert training.unfinished and training.outcome is Outcome.NOT_RUN
    odd = Answered(epochs=(1,), predictions=(np.full(60, classes),), logits=np.zeros((60, 10), np.float32))
    assert shown.training(odd, "k" * 64, CONDITIONS, tmp_path, ended=True).accuracy == 0.0
