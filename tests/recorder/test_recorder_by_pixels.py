"""What a network is fed, held against the data set's images: which transforms would have given it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from grader.model import Call
from grader.recorder import pixels
from grader.recorder.by_pixels import explain

MEAN, STD = (0.491, 0.482, 0.447), (0.202, 0.199, 0.201)
CHANCE = np.random.default_rng(0)


def plain(split: str = "train", count: int = 128) -> NDArray[np.float32]:
    """Return the first images of a half as `ToTensor` gives them."""
    images = pixels.half(pixels.CIFAR, 32, split)[:count]
    return images.transpose(0, 3, 1, 2).astype(np.float32) / 255


def normalised(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the images less the mean, over the deviation."""
    mean, std = (np.array(one, dtype=np.float32)[:, None, None] for one in (MEAN, STD))
    return ((images - mean) / std).astype(np.float32)


def cut(images: NDArray[np.float32], *, each: bool) -> NDArray[np.float32]:
    """Return the images cut and mirrored by chance, each otherwise or all alike."""
    rows = []
    down, across, mirrored = CHANCE.integers(5), CHANCE.integers(5), CHANCE.integers(2)
    for image in images:
        if each:
            down, across, mirrored = CHANCE.integers(5), CHANCE.integers(5), CHANCE.integers(2)
        one = image[:, down : down + 28, across : across + 28]
        rows.append(one[..., ::-1] if mirrored else one)
    return np.stack(rows)


def names(batches: list[NDArray[np.float32]]) -> list[str] | None:
    """Return the names of the transforms found."""
    found = explain(batches, pixels.CIFAR, 32)
    return [one.name for one in found.transforms] if found is not None else None


def test_images_as_they_are_need_no_transform_but_to_tensor() -> None:
    """Numbers between 0 and 1 are those of `ToTensor`; which half they stand in is told apart."""
    for split in ("train", "test"):
        found = explain([plain(split)], pixels.CIFAR, 32)
        assert found is not None and found.split == split
        assert found.transforms == (Call(name="ToTensor"),)
        assert found.order[0][:3] == (0, 1, 2)


def test_the_constants_of_a_normalisation_are_found() -> None:
    """Means and deviations come out as they were written down."""
    found = explain([normalised(plain())], pixels.CIFAR, 32)
    assert found is not None
    assert found.transforms[1] == Call(name="Normalize", arguments={"mean": list(MEAN), "std": list(STD)})


def test_crops_and_mirrors_of_each_image_are_random_ones() -> None:
    """Cut and mirrored anew for every image, and in the middle for the test."""
    batches = [normalised(cut(plain(), each=True)) for _ in range(2)]
    assert names(batches) == ["RandomCrop", "RandomHorizontalFlip", "ToTensor", "Normalize"]
    assert names([plain()[:, :, 2:30, 2:30]]) == ["CenterCrop", "ToTensor"]


@pytest.mark.parametrize(
    "fed",
    [
        [cut(plain(), each=False) for _ in range(2)],
        [plain() * 255],
        [plain() + 0.02 * CHANCE.standard_normal((128, 3, 32, 32)).astype(np.float32)],
        [plain() ** 2],
        [plain()[:, :, 1:29, 3:31]],
        [plain()[:, :1]],
        [],
    ],
    ids=["one cut a batch", "not divided", "noise", "squared", "off the middle", "grey", "nothing"],
)
def test_what_no_transform_gives_stays_unexplained(fed: list[NDArray[np.float32]]) -> None:
    """Anything that is not exactly a known transform is left to a person."""
    assert names(fed) is None


def test_each_half_has_the_statistics_of_its_own_half_of_the_data_set() -> None:
    """A program that measures the test images to normalise them finds other constants than those of training."""
    train, test = (plain(split, pixels.POOL).astype(np.float64) for split in ("train", "test"))
    assert train.mean((0, 2, 3)) == pytest.approx([0.4914, 0.4822, 0.4465], abs=2e-4)
    assert test.mean((0, 2, 3)) == pytest.approx([0.4942, 0.4851, 0.4504], abs=2e-4)
    assert test.std((0, 2, 3)) == pytest.approx([0.2467, 0.2429, 0.2616], abs=2e-3)
