"""What our own engine measured when it trained a recipe."""

from __future__ import annotations

import msgspec

from grader.model.outcome import Outcome
from grader.text import Text


class EpochPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One epoch of a curve; accuracies are fractions of 1, a loss that is not finite is None."""

    epoch: int
    learning_rate: float
    train_loss: float | None = None
    train_accuracy: float | None = None
    test_loss: float | None = None
    test_accuracy: float | None = None


class TrainingConditions(msgspec.Struct, frozen=True, kw_only=True):
    """Under what conditions a curve was made: with these and the recipe it can be made again."""

    data: str
    data_digest: str
    budget: str
    device: str
    """`cpu` or `cuda`."""
    precision: str
    """`fp32`, `bf16` or `tf32`."""
    seed: int
    engine: str
    torch: str
    train_images: int
    test_images: int
    epochs: int
    batch_size: int
    learning_rate: float
    path: str = "batched"
    """`batched` when the transforms were compiled and proven equal, `image_by_image` otherwise."""


class Training(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of training one recipe once."""

    key: str
    """Of the cache: recipe, data, seed, budget, device class, precision, engine. No student in it."""
    outcome: Outcome
    """`passed`: trained to the end; `failed`: the loss stopped being finite; `not_run`; `error`."""
    conditions: TrainingConditions | None = None
    curve: tuple[EpochPoint, ...] = ()
    accuracy: float | None = None
    """Test accuracy, mean of the last three evaluations, fraction of 1."""
    confusion: tuple[tuple[int, ...], ...] = ()
    """Rows are true classes, columns predicted ones, counts of test images."""
    tensors: str | None = None
    """Name of the safetensors file beside the record: `logits` (images x classes), `filters` (first convolution)."""
    note: Text | None = None


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """The reference's own accuracy at one stage under the same conditions, over many seeds."""

    stage: str
    data: str
    data_digest: str
    budget: str
    device: str
    precision: str
    engine: str
    mean: float
    std: float
    pooled_std: float
    """Over the stages measured together."""
    n: int
    lower: float
    """Below this a correct submission falls less than once in a hundred hand-ins of all stages."""
    upper: float
