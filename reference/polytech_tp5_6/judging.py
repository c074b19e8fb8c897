"""What every stage is asked: nothing wrong that was not told before, and a result like the reference's."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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

from grader.checking import StageEvidence, failed, manual, not_run, remark
from grader.model import Outcome

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
    """Network, output and loop are those of question 15; what was counted there is not counted again."""
    for find in MISTAKES[""]:
        judge(find(stage))


def judge_result(stage: StageEvidence) -> None:
    """The retrained accuracy reaches the reference's band, unless a mistake already told explains that it does not."""
    result = stage.result
    training = result.training
    explained = next((one for one in mistakes(stage) if one.confirmed), None)
    trained = training is not None and training.outcome in (Outcome.PASSED, Outcome.FAILED)
    if not trained and explained is not None and training is not None and training.outcome is Outcome.ERROR:
        _explained(explained)
    if training is None or training.outcome is Outcome.NOT_RUN:
        not_run(
            fr="Ce budget n'entraîne pas le réseau : son résultat n'est pas jugé.",
            en="This budget does not train the network: its result is not judged.",
        )
    if training.outcome is Outcome.ERROR:
        raise RuntimeError(training.note.en if training.note is not None else "the training failed")
    accuracy = training.accuracy
    below = training.outcome is Outcome.FAILED or accuracy is None or result.judgement == "below"
    if not below:
        _above_or_within(stage, accuracy)
        return
    if explained is not None:
        _explained(explained)
    if result.band is None:
        manual(
            fr="L'apprentissage refait ne converge pas, et il n'y a pas de repère dans ces "
            "conditions : une personne regardera.",
            en="The training made again does not converge, and there is no yardstick under these "
            "conditions: a person will look.",
            place=stage.place("training_loop"),
        )
    if stage.examination.flags or any(not one.confirmed for one in mistakes(stage)):
        manual(
            fr="Le résultat refait est sous celui de la référence, mais ce réseau n'a pu être rejoué "
            "à l'identique.",
            en="The result made again is below the reference's, but this network could not be "
            "replayed exactly.",
        )
    seen = "n'est pas un nombre" if accuracy is None else f"donne {accuracy:.1%} en test".replace(".", ",")
    seen_en = "is not a number" if accuracy is None else f"gives {accuracy:.1%} in test"
    failed(
        fr=f"L'apprentissage refait avec votre recette {seen} ; la référence obtient au moins "
        f"{result.band.lower:.1%} dans les "
        "mêmes conditions : vérifiez le pas d'apprentissage et l'initialisation.",
        en=f"Training your recipe again {seen_en}; the reference reaches at least "
        f"{result.band.lower:.1%} under the same "
        "conditions: check the learning rate and the initialisation.",
        fault=f"result_{stage.stage.id}",
        place=stage.place("optimizer"),
    )  # fmt: skip


def _above_or_within(stage: StageEvidence, accuracy: float) -> None:
    if stage.result.judgement == "not_calibrated" or stage.result.band is None:
        if accuracy < 2 / stage.evidence.assignment.classes:
            manual(
                fr=f"L'apprentissage refait reste près du hasard ({accuracy:.1%}), sans repère dans "
                "ces conditions : une personne regardera.",
                en=f"The training made again stays near chance ({accuracy:.1%}), with no yardstick "
                "under these conditions: a person will look.",
            )
        remark(
            fr=f"L'apprentissage refait donne {accuracy:.1%} en test ; sans repère dans ces "
            "conditions, ce chiffre informe seulement.",
            en=f"The training made again gives {accuracy:.1%} in test; with no yardstick under these "
            "conditions, it only informs.",
        )


def _explained(mistake: Mistake) -> None:
    failed(
        fr="Le résultat est en dessous de l'attendu, ce qui s'explique par une erreur déjà signalée "
        f": {mistake.fr}",
        en=f"The result is below what is expected, which a mistake already told explains: {mistake.en}",
        fault=mistake.fault,
        place=mistake.place,
        cost=0.0,
    )


def flagged(stage: StageEvidence) -> tuple[str, ...]:
    """Return the flags of a run that a person must look at: weights that were not drawn or not learnt."""
    told = ("frozen_parameters", "unknown_initial_values", "constant_tensors")
    return tuple(flag for flag in stage.examination.flags if flag in told)
