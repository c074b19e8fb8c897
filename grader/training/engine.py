"""Trains one network by a settled recipe, with our seed, on resident images.

The same seed, thread count, precision and machine give the same bits. Nothing here knows the student:
a network, a recipe and images go in; a curve and the logits of the last epoch come out.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from grader.model import EpochPoint, Recipe
from grader.training import graphs, moments
from grader.training.batches import Batches, fed
from grader.training.checkpoints import Checkpoint, Moment
from grader.training.curves import final_accuracy
from grader.training.held import Held
from grader.training.perturbation import perturbed
from grader.training.schedules import build_rates
from grader.training.stepping import Stepping
from grader.training.transforms import Pipeline

EVALUATION_BATCH = 250
GPU_EVALUATION_BATCH = 2000
"""Where the network treats each image by itself; a batch norm in training mode does not."""


@dataclass(frozen=True, kw_only=True)
class Images:
    """Resident images: uint8 (n, height, width, 3) and int64 labels (n,), for training and for the test."""

    train: Tensor
    train_labels: Tensor
    test: Tensor
    test_labels: Tensor
    classes: int

    def to(self, device: torch.device) -> Images:
        """Return the same images on `device`."""
        return Images(
            train=self.train.to(device),
            train_labels=self.train_labels.to(device),
            test=self.test.to(device),
            test_labels=self.test_labels.to(device),
            classes=self.classes,
        )


@dataclass(frozen=True, kw_only=True)
class Pipelines:
    """The transforms of training and of evaluation."""

    train: Pipeline
    evaluation: Pipeline


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a training gave: the curve, the last logits (images x classes) and where the loss broke, if it did."""

    curve: tuple[EpochPoint, ...]
    logits: Tensor | None
    broke_at: int | None
    perturbed_accuracy: float | None = None
    """Accuracy of the final network on the same test images, lightly perturbed, as a fraction."""
    stepping: str = "eager"
    """How batches were computed: `graph`, or `eager` with the reason where a graph was tried, see `graphs`."""

    @property
    def accuracy(self) -> float | None:
        """Test accuracy as a fraction: the mean of the last three evaluations, None without any."""
        return final_accuracy(self.curve)


Report = Callable[[EpochPoint], None]


def train(
    module: nn.Module,
    recipe: Recipe,
    images: Images,
    pipelines: Pipelines,
    *,
    seed: int,
    device: str = "cpu",
    precision: str = "fp32",
    report: Report | None = None,
    checkpoint: Checkpoint | None = None,
    capture: graphs.Capture | None = None,
) -> Outcome:
    """Train `module`, already drawn, by `recipe` (see `budgets.settle`) and return what came of it.

    A loss that is not finite, or a network that gives no numbers any more, ends the training with its epoch; what came
    before stays, the network as it was then included. With a `checkpoint` it goes on from what that holds, and comes
    out the same. `capture` is asked for a graph of a batch's work. Raises TrainingError for what is not on the lists,
    or was not seen.
    """
    prepare_torch(precision)
    torch.manual_seed(_derived(seed, "draws"))
    target = torch.device(device)
    module.to(target)
    module.to(memory_format=torch.channels_last)
    run = _Run(module, recipe, images.to(target), pipelines, seed, target, precision)
    how = run.adopt(capture) if capture is not None else "eager"
    found = checkpoint.read() if checkpoint is not None else None
    curve, logits = run.resume(found) if found is not None else ([], None)
    if report is not None:
        for point in reversed(curve):  # the latest first: it tells at once how far this is
            report(point)
    for epoch in range(len(curve), recipe.optimisation.epochs):
        run.remember()
        point, given = run.epoch(epoch)
        curve.append(point)
        if report is not None:
            report(point)
        if given is None:
            run.go_back()
            perturbed_accuracy = run.perturbed_accuracy() if logits is not None else None
            return Outcome(
                curve=tuple(curve),
                logits=logits,
                broke_at=epoch,
                perturbed_accuracy=perturbed_accuracy,
                stepping=how,
            )
        logits = given
        last = len(curve) == recipe.optimisation.epochs
        if checkpoint is not None and not last and checkpoint.due(moments.size_bytes(run.stepping)):
            checkpoint.write(run.moment(curve, logits))
    return Outcome(
        curve=tuple(curve),
        logits=logits,
        broke_at=None,
        perturbed_accuracy=run.perturbed_accuracy(),
        stepping=how,
    )


def prepare_torch(precision: str) -> None:
    """Set torch to give the same bits each time, with the float32 arithmetic that `precision` names."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    # Nothing here reads what it did not write, and filling every new tensor costs time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"


class _Run:
    """One training under way."""

    def __init__(
        self,
        module: nn.Module,
        recipe: Recipe,
        images: Images,
        pipelines: Pipelines,
        seed: int,
        device: torch.device,
        precision: str,
    ) -> None:
        self.module, self.recipe, self.images, self.pipelines = module, recipe, images, pipelines
        self.device = device
        self.stepping = Stepping(module, recipe, images.classes, device, precision)
        self.order = torch.Generator().manual_seed(_derived(seed, "order"))
        self.batches = Batches(
            images.train, images.train_labels, pipelines.train, recipe.data, self.order, device
        )
        self.rates = build_rates(recipe.optimisation, self.stepping.optimizer, len(self.batches))
        self._sound = Held(())

    def adopt(self, capture: graphs.Capture) -> str:
        """Have batches computed by a graph where that comes out the same, and return how they are computed."""
        batches = self.batches.full(graphs.COMPARED_STEPS)
        self.module.train(self.recipe.loop.trains_in_train_mode)
        self.rates.before_batch(0, 0)
        return graphs.adopt(self.stepping, batches, capture)

    def remember(self) -> None:
        """Keep the network as it is, for `go_back`."""
        self._sound = Held(self.stepping.tensors())

    def go_back(self) -> None:
        """Make the network what it was when it was last remembered."""
        self._sound.put_back()

    def moment(self, curve: list[EpochPoint], logits: Tensor) -> Moment:
        """Return all that the next epoch depends on."""
        return moments.take(self.stepping, self.order, self.rates.state(), curve, logits)

    def resume(self, moment: Moment) -> tuple[list[EpochPoint], Tensor]:
        """Be where `moment` was taken, and return the curve and the logits of then."""
        return moments.put_back(moment, self.stepping, self.order, self.rates.restore)

    def epoch(self, epoch: int) -> tuple[EpochPoint, Tensor | None]:
        """Train and evaluate once; the logits are None where the loss, or what the network gives, is not finite."""
        loss, accuracy, rate = self._train(epoch)
        if not math.isfinite(loss):
            return EpochPoint(epoch=epoch + 1, learning_rate=rate, train_accuracy=accuracy), None
        test_loss, logits = self._evaluate()
        broken = bool(logits.isnan().any())
        correct = int((logits.argmax(1) == self.images.test_labels).sum())
        point = EpochPoint(
            epoch=epoch + 1,
            learning_rate=rate,
            train_loss=loss,
            train_accuracy=accuracy,
            test_loss=test_loss if math.isfinite(test_loss) else None,
            test_accuracy=None if broken else correct / len(logits),
        )
        self.rates.after_epoch(point)
        return point, None if broken else logits.float().cpu()

    def _train(self, epoch: int) -> tuple[float, float, float]:
        """Return the mean loss, the accuracy and the learning rate of the first batch."""
        self.module.train(self.recipe.loop.trains_in_train_mode)
        self.stepping.begin_epoch()
        outputs, losses, answers, rate = [], [], [], 0.0
        for number, (inputs, labels) in enumerate(self.batches):
            self.rates.before_batch(epoch, number)
            if number == 0:
                rate = float(self.stepping.optimizer.param_groups[0]["lr"])
            output, loss = self.stepping.learn(inputs, labels)
            outputs.append(output.clone())  # a graph writes each batch's over the one before
            losses.append(loss.clone())
            answers.append(labels)
        sizes = [1 if self._sums_loss else len(labels) for labels in answers]
        total = _added((torch.stack(losses) * torch.tensor(sizes, device=self.device)).tolist())
        labels = torch.cat(answers)
        correct = int((torch.cat(outputs).argmax(1) == labels).sum())
        return total / len(labels), correct / len(labels), rate

    @torch.no_grad()
    def _evaluate(self) -> tuple[float, Tensor]:
        size = self._begin_evaluation()
        outputs, losses, sizes = [], [], []
        for start in range(0, len(self.images.test), size):
            part = slice(start, start + size)
            output = self._forward(self.pipelines.evaluation, self.images.test[part])
            losses.append(self.stepping.loss(output, self.images.test_labels[part]))
            sizes.append(1 if self._sums_loss else len(output))
            outputs.append(output)
        weighted = zip(torch.stack(losses).tolist(), sizes, strict=True)
        total = _added(loss * count for loss, count in weighted)
        return total / len(self.images.test), torch.cat(outputs)

    @torch.no_grad()
    def perturbed_accuracy(self) -> float:
        """Return the accuracy on perturbed test images; the network is left as it was."""
        size = self._begin_evaluation()
        # Evaluated in training mode, batch norm would take these images into its statistics.
        before = Held(self.module.buffers())
        images = torch.from_numpy(perturbed(self.images.test.cpu().numpy())).to(self.device)
        correct = 0
        for start in range(0, len(images), size):
            part = slice(start, start + size)
            output = self._forward(self.pipelines.evaluation, images[part])
            correct += int((output.argmax(1) == self.images.test_labels[part]).sum())
        before.put_back()
        return correct / len(images)

    def _begin_evaluation(self) -> int:
        """Put the network into the recorded mode of evaluation, and return how many images go at once."""
        in_eval_mode = self.recipe.loop.evaluates_in_eval_mode is not False
        self.module.train(not in_eval_mode)
        return GPU_EVALUATION_BATCH if in_eval_mode and self.device.type == "cuda" else EVALUATION_BATCH

    def _forward(self, pipeline: Pipeline, images: Tensor) -> Tensor:
        return self.stepping.forward(fed(pipeline, images, self.device))

    @property
    def _sums_loss(self) -> bool:
        return self.recipe.optimisation.loss.arguments.get("reduction") == "sum"


def _added(values: Iterable[float]) -> float:
    """Return the sum, rounded after each: `sum` makes up for rounding since Python 3.12, and gave other bits before."""
    total = 0.0
    for value in values:
        total += value
    return total


def _derived(seed: int, purpose: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{purpose}".encode()).digest()[:7], "big")
