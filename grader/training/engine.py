"""Trains one network by a settled recipe, with our seed, on resident images.

The same seed, thread count, precision and machine give the same bits. Nothing here knows the student:
a network, a recipe and images go in; a curve and the logits of the last epoch come out.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from grader.model import EpochPoint, Recipe
from grader.training.curves import final_accuracy
from grader.training.optimisation import LossFunction, build_loss, build_optimizer, clip_gradients
from grader.training.perturbation import perturbed
from grader.training.transforms import Pipeline

EVALUATION_BATCH = 250


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
) -> Outcome:
    """Train `module`, already drawn, by `recipe` (see `budgets.settle`) and return what came of it.

    A loss that is not finite ends the training with its epoch; what came before stays. Raises
    TrainingError for a loss or an optimizer that is not on the lists.
    """
    prepare_torch(precision)
    torch.manual_seed(_derived(seed, "draws"))
    target = torch.device(device)
    module.to(target)
    module.to(memory_format=torch.channels_last)
    run = _Run(module, recipe, images.to(target), pipelines, seed, target, precision)
    curve: list[EpochPoint] = []
    logits: Tensor | None = None
    for epoch in range(recipe.optimisation.epochs):
        point, found = run.epoch(epoch)
        curve.append(point)
        if report is not None:
            report(point)
        if found is None:
            return Outcome(curve=tuple(curve), logits=logits, broke_at=epoch)
        logits = found
    return Outcome(
        curve=tuple(curve), logits=logits, broke_at=None, perturbed_accuracy=run.perturbed_accuracy()
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
        self.device, self.precision = device, precision
        self.loss: LossFunction = build_loss(recipe.optimisation.loss, images.classes)
        self.optimizer = build_optimizer(module, recipe.optimisation)
        self.initial_rates = [float(group["lr"]) for group in self.optimizer.param_groups]
        self.order = torch.Generator().manual_seed(_derived(seed, "order"))
        self.due = 0.0
        self.optimizer.zero_grad()

    def epoch(self, epoch: int) -> tuple[EpochPoint, Tensor | None]:
        """Train and evaluate once; the logits are None where the loss was not finite."""
        loss, accuracy = self._train(epoch)
        rate = self.recipe.optimisation.schedule.rates[epoch]
        if not math.isfinite(loss):
            return EpochPoint(epoch=epoch + 1, learning_rate=rate, train_accuracy=accuracy), None
        test_loss, logits = self._evaluate()
        correct = int((logits.argmax(1) == self.images.test_labels).sum())
        point = EpochPoint(
            epoch=epoch + 1,
            learning_rate=rate,
            train_loss=loss,
            train_accuracy=accuracy,
            test_loss=test_loss if math.isfinite(test_loss) else None,
            test_accuracy=correct / len(logits),
        )
        return point, logits.float().cpu()

    def _train(self, epoch: int) -> tuple[float, float]:
        self.module.train(self.recipe.loop.trains_in_train_mode)
        total = torch.zeros((), dtype=torch.float64, device=self.device)
        correct = torch.zeros((), dtype=torch.int64, device=self.device)
        seen = 0
        batches = list(self._batches())
        for number, chosen in enumerate(batches):
            self._set_rate(epoch, number / len(batches))
            labels = self.images.train_labels[chosen]
            output = self._forward(self.pipelines.train, self.images.train[chosen])
            loss = self.loss(output, labels)
            if loss.requires_grad:
                loss.backward()
                self._step()
            total += loss.detach() * (1 if self._sums_loss else len(chosen))
            correct += (output.detach().argmax(1) == labels).sum()
            seen += len(chosen)
        return float(total) / max(seen, 1), int(correct) / max(seen, 1)

    def _step(self) -> None:
        """Step the optimizer as often as recorded, and clear the gradients where the program did."""
        self.due += self.recipe.loop.steps_per_batch
        if self.due < 1 - 1e-9 and self.recipe.loop.steps_per_batch > 0:
            return
        clip_gradients(self.module, self.recipe.optimisation.clipping)
        while self.due >= 1 - 1e-9:
            self.optimizer.step()
            self.due -= 1
        if self.recipe.loop.clears_gradients:
            # The module's, not the optimizer's: parameters that no group holds must not pile up either.
            self.module.zero_grad()

    @torch.no_grad()
    def _evaluate(self) -> tuple[float, Tensor]:
        self.module.train(self.recipe.loop.evaluates_in_eval_mode is False)
        outputs, total = [], 0.0
        for start in range(0, len(self.images.test), EVALUATION_BATCH):
            part = slice(start, start + EVALUATION_BATCH)
            output = self._forward(self.pipelines.evaluation, self.images.test[part])
            loss = self.loss(output, self.images.test_labels[part])
            total += float(loss) * (1 if self._sums_loss else len(output))
            outputs.append(output)
        return total / len(self.images.test), torch.cat(outputs)

    @torch.no_grad()
    def perturbed_accuracy(self) -> float:
        """Return the accuracy on perturbed test images; the network is left as it was."""
        self.module.train(self.recipe.loop.evaluates_in_eval_mode is False)
        # Evaluated in training mode, batch norm would take these images into its statistics.
        before = [(buffer, buffer.clone()) for buffer in self.module.buffers()]
        images = torch.from_numpy(perturbed(self.images.test.cpu().numpy())).to(self.device)
        correct = 0
        for start in range(0, len(images), EVALUATION_BATCH):
            part = slice(start, start + EVALUATION_BATCH)
            output = self._forward(self.pipelines.evaluation, images[part])
            correct += int((output.argmax(1) == self.images.test_labels[part]).sum())
        for buffer, values in before:
            buffer.copy_(values)
        return correct / len(images)

    def _forward(self, pipeline: Pipeline, images: Tensor) -> Tensor:
        """Return float32 outputs of shape (n, classes)."""
        inputs = pipeline.apply(images).to(device=self.device, memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            output: Tensor = self.module(inputs)
        return output.float().flatten(1)

    def _batches(self) -> Iterator[Tensor]:
        count, size = len(self.images.train), self.recipe.data.batch_size
        order = (
            torch.randperm(count, generator=self.order) if self.recipe.data.shuffle else torch.arange(count)
        )
        for start in range(0, count, size):
            chosen = order[start : start + size]
            if len(chosen) == size or not self.recipe.data.drop_last or count < size:
                yield chosen.to(self.device)

    def _set_rate(self, epoch: int, progress: float) -> None:
        schedule = self.recipe.optimisation.schedule
        rate = schedule.rates[epoch]
        if schedule.stepped == "batch" and epoch + 1 < len(schedule.rates):
            rate = _between(rate, schedule.rates[epoch + 1], progress)
        first = self.initial_rates[0]
        for group, initial in zip(self.optimizer.param_groups, self.initial_rates, strict=True):
            group["lr"] = rate * (initial / first) if first else initial

    @property
    def _sums_loss(self) -> bool:
        return self.recipe.optimisation.loss.arguments.get("reduction") == "sum"


def _between(before: float, after: float, progress: float) -> float:
    """Return the rate within an epoch: geometric as schedulers mostly are, linear where one end is 0."""
    if before > 0 and after > 0:
        return before * math.pow(after / before, progress)
    return before + (after - before) * progress


def _derived(seed: int, purpose: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{purpose}".encode()).digest()[:7], "big")
