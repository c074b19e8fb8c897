"""Whether the reference's band says anything about a run: what the budget does not set must be as it was measured.

The quick budget trains with learning rates of its own. What a student chose to go with another rate (a clipped
gradient, a loss that is summed, a drawing of the weights), or added beyond the sheet, may keep a right recipe below the
band; there a low result informs and costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from grader.checking import StageEvidence
from grader.model import Text

_TRANSFORMS = frozenset({
    "RandomCrop", "RandomHorizontalFlip", "CenterCrop", "ToTensor", "Normalize", "ToImage", "ToDtype", "PILToTensor",
    "ConvertImageDtype",
})  # fmt: skip
_FLIP = 0.5
_DROPOUT = "dropout p0.5"


def departures(stage: StageEvidence) -> list[Text]:
    """Return in what the run departs from what the band was measured with, in words that follow "with"."""
    return [*_of_the_loss(stage), *_of_the_steps(stage), *_of_the_images(stage), *_of_the_network(stage)]


def _of_the_loss(stage: StageEvidence) -> Iterator[Text]:
    loss = stage.recipe.optimisation.loss
    usual = {"weight": None, "reduction": "mean", "label_smoothing": 0.0, "ignore_index": -100, "factor": 1}
    own = any(value != usual.get(name, value) for name, value in loss.arguments.items())
    if own or loss.name not in ("cross_entropy", "nll_loss"):
        yield Text(fr="une fonction de perte réglée autrement", en="a loss function of other settings")


def _of_the_steps(stage: StageEvidence) -> Iterator[Text]:
    optimisation = stage.recipe.optimisation
    if optimisation.clipping is not None:
        yield Text(fr="un gradient écrêté", en="a clipped gradient")
    if stage.recipe.loop.steps_per_batch != 1:
        yield Text(
            fr="des gradients accumulés sur plusieurs batchs", en="gradients gathered over several batches"
        )
    options = [group.options for group in optimisation.groups]
    if any(
        one.get(name) for one in options for name in ("dampening", "nesterov", "weight_decay", "maximize")
    ):
        yield Text(
            fr="des réglages de l'optimiseur en plus de ceux du sujet",
            en="settings of the optimizer beyond the sheet's",
        )
    if len({one.get("lr") for one in options}) > 1:
        yield Text(
            fr="un pas d'apprentissage par groupe de poids", en="a learning rate for each group of weights"
        )


def _of_the_images(stage: StageEvidence) -> Iterator[Text]:
    for call in stage.recipe.data.train:
        flips = call.name == "RandomHorizontalFlip" and call.arguments.get("p", _FLIP) != _FLIP
        padded = call.name == "RandomCrop" and call.arguments.get("padding") not in (None, 0)
        if call.name not in _TRANSFORMS or flips or padded:
            yield Text(fr=f"la transformation {call.name}", en=f"the transform {call.name}")


def _of_the_network(stage: StageEvidence) -> Iterator[Text]:
    lines = stage.examination.canonical if stage.examination is not None else ()
    if any(line.startswith("dropout") and line != _DROPOUT for line in lines):
        yield Text(fr="un autre taux de dropout que 0,5", en="another rate of dropout than 0.5")
    drawn = (one for one in stage.recipe.network.parameters.values() if one.trainable and not one.buffer)
    if any(one.initializer.name != "default" for one in drawn):
        yield Text(fr="des poids tirés autrement", en="weights drawn otherwise")
