"""What can be wrong with the run of a stage, by the ingredient that makes it matter, and where it counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NoReturn

from image_mistakes import (
    normalised_otherwise_in_test,
    wrong_constants,
    wrong_crop,
    wrong_flip,
    wrong_test_images,
)
from loop_mistakes import wrong_decay, wrong_loop, wrong_mode, wrong_momentum
from mistake import Mistake, judge
from network_mistakes import (
    fixed_batch,
    wrong_batchnorm,
    wrong_dropout_mode,
    wrong_dropout_place,
    wrong_network,
    wrong_output,
)

from grader.checking import StageEvidence, manual
from grader.model import Outcome, StageResult

MISTAKES: dict[str, tuple[Callable[[StageEvidence], Mistake | None], ...]] = {
    "": (wrong_network, wrong_output, fixed_batch, wrong_loop),
    "normalization": (wrong_constants, normalised_otherwise_in_test),
    "augmentation": (wrong_crop, wrong_flip, wrong_test_images),
    "optimizer": (wrong_momentum, wrong_decay),
    "dropout": (wrong_dropout_place, wrong_dropout_mode),
    "batchnorm": (wrong_batchnorm, wrong_mode),
}
"""What can be wrong, by the ingredient that makes it matter; the first for every run."""


def mistakes(stage: StageEvidence) -> Iterator[Mistake]:
    """Yield all that is wrong with the run of a stage, what earlier stages brought into it included."""
    for name in ("", *stage.expected_ingredients):
        for find in MISTAKES[name]:
            found = find(stage)
            if found is not None:
                yield found


def judge_network(stage: StageEvidence) -> None:
    """Network, output, loop and what earlier stages brought are as asked; what was counted there counts no more.

    Where a person decides over the stage that brought it, it counts there: charged here as well it would cost twice.
    """
    earlier = [name for name in stage.expected_ingredients if name not in stage.stage.ingredients]
    if stage.recording is not None and stage.recording.problem is not None:
        earlier = []  # what a program would still have done does not show: that it stopped is what counts
    for name in ("", *earlier):
        home = _home(stage, name)
        for find in MISTAKES[name]:
            mistake = find(stage)
            if mistake is not None and home is not None and home.match.outcome is Outcome.MANUAL:
                _decided_with(home.item, mistake)
            judge(mistake)


def _home(stage: StageEvidence, name: str) -> StageResult | None:
    """Return the earlier stage that the ingredient comes from, network and loop from the first; None for its own."""
    brought = next((one for one in stage.upto[:-1] if name in (one.ingredients or ("",))), None)
    if brought is None:
        return None
    return next((row for row in stage.evidence.stages if row.stage == brought.id), None)


def _decided_with(item: str, mistake: Mistake) -> NoReturn:
    manual(
        fr=f"{mistake.fr} Cette erreur vient de {item}, dont une personne décide : elle se compte là-bas.",
        en=f"{mistake.en} This mistake comes from {item}, which a person decides: it counts there.",
        place=mistake.place,
    )
