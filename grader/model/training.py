"""What our own engine measured when it trained a recipe."""

from __future__ import annotations

from typing import Literal

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
    """`batched` when the training transforms were compiled and proven equal, `image_by_image` otherwise."""
    evaluation_path: str = "batched"
    """The same of the evaluation transforms."""


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
    perturbed_accuracy: float | None = None
    """Accuracy at the end on test images lightly perturbed (mirrored, moved by a pixel, with a little noise); a
    network that only knows the exact images loses it all. To be held against the last test accuracy of the curve."""
    unfinished: bool = False
    """Whether the time given ended before the training did: the curve is what there was until then."""
    trained_by: Literal["engine", "program"] = "engine"
    """`program`: the student's own program trained it, in the sandbox, since no recipe says all that it does. Its
    outputs on unlabelled test images are no proof, so it earns at best what the reference earns on average."""
    confusion: tuple[tuple[int, ...], ...] = ()
    """Rows are true classes, columns predicted ones, counts of test images."""
    tensors: str | None = None
    """Name of the safetensors file beside the record: `logits` (images x classes), `filters` (first convolution)."""
    settings: dict[str, str] = {}
    """How it was computed: `threads`, `layout`, `kernels` (of the CPU), `gpu`, `stepping` (`graph`, or `eager` and
    why). The same recipe, conditions and settings give the same bits."""
    note: Text | None = None
    """What a person must know: why there is no training, where it broke, how it is not what was asked for."""


class ReferenceModel(msgspec.Struct, frozen=True, kw_only=True):
    """The reference's own network of one stage, trained with one seed: what a reader sees beside the student's."""

    seed: int
    sha256: str
    """Of the safetensors file that holds all its weights, in the cache of whoever calibrated."""
    curve: tuple[float, ...] = ()
    """Test accuracy by epoch, fractions of 1."""
    confusion: tuple[tuple[int, ...], ...] = ()
    """As `Training.confusion`."""
    filters: bytes = b""
    """The first convolution's filters, each stretched to its own range 0 to 255, row-major."""
    filters_shape: tuple[int, ...] = ()
    """Filters, channels, height, width."""
    machine: str = ""
    """Where it was trained, if not where the accuracies were measured: its bits are then not those of any of them."""


Quantity = Literal["accuracy", "gap"]
"""Test accuracy, or the gap from training to test accuracy: the less of it, the better."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """How the recipe of a stage does against another one, trained with the same seeds. It informs and costs nothing."""

    against: str
    """The id of another stage of the same hand-in, or `reference`: the reference's network and images with the
    student's own hyper-parameters."""
    quantity: Quantity
    difference: float
    """This one minus the other, fraction of 1."""
    uncertainty: float | None
    """Half of the interval that holds 95 %, by seeds and test images; None where nothing was ever calibrated."""
    verdict: Literal["better", "not_shown", "worse"]
    pairs: int
    """Seeds for which both were trained."""
    same: bool = False
    """Whether both are one and the same training: equal recipes."""
    calibrated: bool = True
    """Whether the part of the seeds was measured under these conditions; else it is the largest known under others."""


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
