"""Images for a student's own program to train on: no test label among them; and the marking of what it answers.

Test images are shown in an order of our own, so that a list of the public labels by position is worth nothing, and
one in five is lightly perturbed, in place of itself: a program cannot tell which without knowing the images by
heart. Accuracy is counted on the others alone.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from grader.model import EpochPoint, Outcome, Text, Training, TrainingConditions
from grader.records import write_bytes, write_record
from grader.training.cache import RECORD
from grader.training.curves import final_accuracy
from grader.training.perturbation import perturbed
from grader.training.resident import DataSource, load

ONE_IN = 5
FILES = ("train_images.npy", "train_labels.npy", "test_images.npy")


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What a program's network made of the images shown, by position; nothing of it is trusted to be true."""

    epochs: tuple[int, ...]
    """After how many epochs each evaluation was made."""
    predictions: tuple[Any, ...]
    """Per evaluation, int (n,): the class of each image, -1 where it was not evaluated."""
    logits: Any
    """float32 (n, columns), of the last evaluation."""


class Shown:
    """How the test images were laid out for one program."""

    def __init__(self, source: DataSource, test_images: int, seed: int) -> None:
        digest = hashlib.sha256(f"{source.digest}/{test_images}/{seed}/shown".encode()).digest()
        random = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:8], "big")))
        self.source = source
        self.order: NDArray[np.int64] = random.permutation(test_images)
        self.changed: NDArray[np.bool_] = np.less(random.permutation(test_images), test_images // ONE_IN)

    def write(self, folder: Path, train_images: int) -> None:
        """Put the arrays that the sandbox may see into `folder`."""
        arrays = load(self.source)
        test = np.asarray(arrays.test_images)[: len(self.order)]
        shown = test[self.order]
        shown[self.changed] = perturbed(test)[self.order][self.changed]
        parts = (arrays.train_images[:train_images], arrays.train_labels[:train_images], shown)
        for name, part in zip(FILES, parts, strict=True):
            np.save(folder / name, np.ascontiguousarray(part), allow_pickle=False)

    def training(
        self, answered: Answered, key: str, conditions: TrainingConditions, folder: Path, *, ended: bool
    ) -> Training:
        """Return the record of what the answers are worth, and write it with its tensors into `folder`."""
        labels = np.asarray(load(self.source).test_labels)[self.order]
        plain = ~self.changed
        curve = tuple(
            EpochPoint(
                epoch=epoch,
                learning_rate=conditions.learning_rate,
                test_accuracy=float(np.mean(np.asarray(classes)[plain] == labels[plain])),
            )
            for epoch, classes in _once_an_epoch(answered)
        )
        last = np.asarray(answered.predictions[-1])
        name = f"{key[:32]}.safetensors"
        write_bytes(
            folder / name, save({"logits": np.asarray(answered.logits, np.float32)[np.argsort(self.order)]})
        )
        training = Training(
            key=key,
            outcome=Outcome.PASSED if ended else Outcome.NOT_RUN,
            conditions=conditions,
            curve=curve,
            accuracy=final_accuracy(curve),
            perturbed_accuracy=float(np.mean(last[self.changed] == labels[self.changed])),
            unfinished=not ended,
            trained_by="program",
            confusion=_confusion(last[plain], labels[plain], len(self.source.classes)),
            tensors=name,
            note=_note(ended, curve[-1].epoch, conditions.epochs),
        )
        write_record(folder / RECORD, training)
        return training


def _once_an_epoch(answered: Answered) -> list[tuple[int, Any]]:
    """Return the last evaluation after each epoch, in order."""
    return sorted(dict(zip(answered.epochs, answered.predictions, strict=True)).items())


def _confusion(predicted: Any, labels: Any, classes: int) -> tuple[tuple[int, ...], ...]:
    """Return counts by true and predicted class; what was not evaluated, or is no class, is left out."""
    told = (predicted >= 0) & (predicted < classes)
    cells = np.bincount(labels[told] * classes + predicted[told], minlength=classes**2)
    return tuple(tuple(int(count) for count in row) for row in cells.reshape(classes, classes))


def _note(ended: bool, epochs: int, wanted: int) -> Text:
    if ended:
        return Text(
            fr="Ce que ce programme fait ne se résume pas à une recette : il a lui-même appris, dans le bac à "
            "sable, sur les vraies images et sans les étiquettes de test ; ses sorties ne sont pas une preuve.",
            en="What this program does cannot be told as a recipe: it has itself trained, in the sandbox, on "
            "the real images and without the test labels; its outputs are no proof.",
        )
    return Text(
        fr=f"Le programme, qui apprend lui-même dans le bac à sable, a été arrêté après {epochs} des {wanted} époques.",
        en=f"The program, which trains by itself in the sandbox, was stopped after {epochs} of {wanted} epochs.",
    )
