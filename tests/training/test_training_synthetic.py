"""The embedded images: the same bytes everywhere, with CIFAR-10's statistics."""

from __future__ import annotations

import numpy as np
import pytest

from grader.training import synthetic
from grader.training.synthetic import CLASSES, DEVIATION, MEAN

DIGEST = "88e48e7e9f5e1fe130d7bd24c966c7d1f1a82581046ec389112d2796aede6efd"


@pytest.fixture(scope="module")
def made() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The four arrays, generated once for this file."""
    return synthetic.generate()


def test_the_bytes_are_the_recorded_ones() -> None:
    """Every machine and every release of numpy makes the same images; bands are void where they change."""
    assert synthetic.digest() == DIGEST


def test_shapes_and_types_are_those_of_cifar(made: tuple[np.ndarray, ...]) -> None:
    """Images are uint8 colour pictures of 32x32 and labels are whole numbers."""
    train, train_labels, test, test_labels = made
    assert train.shape == (synthetic.TRAIN_IMAGES, 32, 32, 3) and test.shape == (
        synthetic.TEST_IMAGES,
        32,
        32,
        3,
    )
    assert train.dtype == test.dtype == np.uint8
    assert train_labels.dtype == test_labels.dtype == np.int64


def test_each_class_is_equally_frequent(made: tuple[np.ndarray, ...]) -> None:
    """Chance is exactly one in ten, in training and in the test."""
    for labels in (made[1], made[3]):
        assert set(np.bincount(labels, minlength=len(CLASSES))) == {len(labels) // len(CLASSES)}


def test_channels_have_the_statistics_of_cifar(made: tuple[np.ndarray, ...]) -> None:
    """The sheet's constants mean something: means and deviations agree to a thousandth."""
    pixels = made[0] / 255.0
    np.testing.assert_allclose(pixels.mean((0, 1, 2)), MEAN, atol=1e-3)
    np.testing.assert_allclose(pixels.std((0, 1, 2)), DEVIATION, atol=1e-3)


def test_no_image_is_both_in_train_and_in_test(made: tuple[np.ndarray, ...]) -> None:
    """Test images are new ones."""
    train = {image.tobytes() for image in made[0]}
    assert len(train) == len(made[0])
    assert not any(image.tobytes() in train for image in made[2])
