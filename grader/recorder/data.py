"""torchvision's data sets, answered from memory whatever folder or address the program gives."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from PIL import Image
from torchvision import datasets
from torchvision.datasets.vision import VisionDataset

from grader.recorder import pixels
from grader.recorder.journal import Images, Journal
from grader.recorder.pixels import Statistics
from grader.recorder.places import Places

_CIFAR_CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
_CLOTHES = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
]
_DIGITS = [
    f"{i} - {name}"
    for i, name in enumerate(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
]


@dataclass(frozen=True)
class _Kind:
    """How long a data set is, what its images look like and how its constructor is called."""

    train: int
    test: int
    side: int
    statistics: Statistics
    classes: tuple[str, ...]
    layout: Literal["hwc", "tensor", "chw", "folder"]
    names: tuple[str, ...] = ("train", "transform", "target_transform", "download")


def _numbers(count: int) -> tuple[str, ...]:
    return tuple(str(i) for i in range(count))


_SPLIT = ("split", "transform", "target_transform", "download")
_FOLDER = ("transform", "target_transform", "loader", "is_valid_file")
KINDS = {
    "CIFAR10": _Kind(50_000, 10_000, 32, pixels.CIFAR, tuple(_CIFAR_CLASSES), "hwc"),
    "CIFAR100": _Kind(50_000, 10_000, 32, pixels.CIFAR100, _numbers(100), "hwc"),
    "MNIST": _Kind(60_000, 10_000, 28, pixels.DIGITS, tuple(_DIGITS), "tensor"),
    "KMNIST": _Kind(60_000, 10_000, 28, pixels.DIGITS, _numbers(10), "tensor"),
    "QMNIST": _Kind(
        60_000, 60_000, 28, pixels.DIGITS, tuple(_DIGITS), "tensor", ("what", "compat", "train", "transform")
    ),
    "EMNIST": _Kind(
        112_800, 18_800, 28, pixels.DIGITS, _numbers(47), "tensor", ("split", "train", "transform")
    ),
    "FashionMNIST": _Kind(60_000, 10_000, 28, pixels.CLOTHES, tuple(_CLOTHES), "tensor"),
    "USPS": _Kind(7_291, 2_007, 16, pixels.DIGITS, _numbers(10), "hwc"),
    "SVHN": _Kind(73_257, 26_032, 32, pixels.SVHN, _numbers(10), "chw", _SPLIT),
    "STL10": _Kind(5_000, 8_000, 96, pixels.CIFAR, _numbers(10), "chw", ("split", "folds", *_SPLIT[1:])),
    "ImageFolder": _Kind(50_000, 10_000, 32, pixels.CIFAR, tuple(_CIFAR_CLASSES), "folder", _FOLDER),
}


class InMemory(VisionDataset):  # type: ignore[misc]
    """A data set of the right length and look; its labels mean nothing."""

    kind: ClassVar[_Kind]
    journal: ClassVar[Journal]
    places_of: ClassVar[Places]

    def __init__(self, root: Any = ".", *args: Any, **kwargs: Any) -> None:
        given = dict(zip(self.kind.names, args, strict=False)) | kwargs
        super().__init__(
            str(root),
            transforms=given.get("transforms"),
            transform=given.get("transform"),
            target_transform=given.get("target_transform"),
        )
        self.split = _split(given, str(root))
        self.train = self.split == "train"
        self._length = self.kind.train if self.train else self.kind.test
        self._data: Any = None
        real = self.journal.real
        fits = real is not None and real.fits(self.kind.side, len(self.kind.statistics.mean))
        self.real: Any = real if fits else None
        if self.real is not None and not self.train:
            self._length = len(self.real.test)
        self.targets: Any = self._labels()
        if self.kind.layout == "tensor":
            self.targets = torch.tensor(self.targets)
        if self.kind.layout == "chw":
            self.targets = np.array(self.targets)
        self.labels = self.targets
        self.classes = list(self.kind.classes)
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}
        place = self.places_of.here(outside="__init__")
        self.journal.images.append(Images(_name(type(self)), self.split, self, place))

    @property
    def data(self) -> Any:
        """All images at once, in the data set's own layout."""
        if self._data is None:
            if self.real is not None:
                images = np.asarray(self._real_images()[np.arange(self._length) % len(self._real_images())])
            else:
                images = pixels.whole(self.kind.statistics, self.kind.side, self._length, self.split)
            if self.kind.layout == "tensor":
                self._data = torch.from_numpy(images[..., 0])
            else:
                self._data = images.transpose(0, 3, 1, 2) if self.kind.layout == "chw" else images
        return self._data

    @data.setter
    def data(self, value: Any) -> None:
        self._data = value

    @property
    def samples(self) -> list[tuple[str, int]]:
        """A folder's images as (path, label)."""
        return [(f"{self.root}/{i}.png", int(label)) for i, label in enumerate(self.targets)]

    imgs = samples
    train_data = test_data = data

    @property
    def train_labels(self) -> Any:
        """The labels, by the name they once had."""
        return self.targets

    test_labels = train_labels

    def __len__(self) -> int:
        return self._length if self._data is None else len(self._data)

    def __getitem__(self, index: Any) -> tuple[Any, Any]:
        position = int(index)
        if not -len(self) <= position < len(self):
            raise IndexError("index out of range")
        if self.real is not None and not self.train:
            self.real.fetched.append(position % len(self))
        image = Image.fromarray(self._pixels(position % len(self)))
        target = int(self.targets[position])
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target

    def _labels(self) -> list[int]:
        """Return labels that mean nothing; in a real training those of the training images, never of test images."""
        if self.real is None:
            return pixels.labels(self._length, len(self.kind.classes))
        if self.train:
            known = self.real.labels
            return [int(known[position % len(known)]) for position in range(self._length)]
        return pixels.labels(self._length, len(self.kind.classes))

    def _real_images(self) -> Any:
        return self.real.train if self.train else self.real.test

    def _pixels(self, position: int) -> Any:
        if self._data is None and self.real is not None:
            images = self._real_images()
            real: Any = np.asarray(images[position % len(images)])
            return real[..., 0] if real.shape[-1] == 1 else real
        if self._data is None:
            one: Any = pixels.half(self.kind.statistics, self.kind.side, self.split)[position % pixels.POOL]
            return np.ascontiguousarray(one[..., 0] if one.shape[-1] == 1 else one)
        one = np.asarray(self._data[position])
        if self.kind.layout == "chw":
            one = one.transpose(1, 2, 0)
        return np.ascontiguousarray(one)


def _split(given: dict[str, Any], root: str) -> Literal["train", "test"]:
    """Return which half is asked for, by the argument or by the folder's name."""
    if "train" in given:
        return "train" if given["train"] else "test"
    if "what" in given or "split" in given:
        return "test" if str(given.get("what", given.get("split"))).startswith(("test", "val")) else "train"
    last = root.rstrip("/").lower().rsplit("/", 1)[-1]
    return "test" if last.startswith(("test", "val", "eval")) else "train"


def _name(kind: type) -> str:
    return next((one.__name__ for one in kind.__mro__ if one.__name__ in KINDS), "other")


def warm() -> None:
    """Make the images of the usual data sets, once for all children to come."""
    for name in ("CIFAR10", "MNIST"):
        for split in ("train", "test"):
            pixels.half(KINDS[name].statistics, KINDS[name].side, split)


def install(journal: Journal, places: Places) -> None:
    """Put the in-memory data sets in the place of torchvision's."""
    InMemory.journal, InMemory.places_of = journal, places
    for name, kind in KINDS.items():
        original = getattr(datasets, name, None)
        if original is None:
            continue
        fake = type(
            name,
            (InMemory,),
            {"kind": kind, "__module__": original.__module__, "classes": list(kind.classes)},
        )
        home: ModuleType | None = sys.modules.get(original.__module__)
        for module in (datasets, home):
            if module is not None:
                setattr(module, name, fake)
