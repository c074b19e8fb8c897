"""What the host asks the recorder to do, as it stands in JOB.json."""

from __future__ import annotations

import msgspec

from grader.model import EntryPoint
from grader.text import Language


class RealTraining(msgspec.Struct, frozen=True, kw_only=True):
    """Have the programs really train, on the images in `folder`, instead of being watched for a few steps.

    `folder` holds train_images.npy and test_images.npy (uint8, n x height x width x channels) and train_labels.npy.
    There are no test labels anywhere: outputs on the test images are handed out and judged elsewhere.
    """

    folder: str
    epochs: int
    """Passes over the training images that are really computed; what comes after is fast-forwarded. 0: all."""
    batch_size: int = 0
    """Of training; 0 leaves the program's own."""
    learning_rates: dict[str, float] = {}
    """By optimizer family; a family that is not named keeps the program's own."""
    seed: int = 0
    last_run: dict[str, int] = {}
    """By entry point: the number of the last of its trainings that is wanted."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One hand-in's entry points, to be run `parallel` at a time for `entry_wall_s` seconds each."""

    root: str
    out: str
    entries: tuple[EntryPoint, ...]
    parallel: int = 2
    entry_wall_s: float = 60.0
    language: Language = "fr"
    training: RealTraining | None = None
