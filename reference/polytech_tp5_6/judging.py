"""What is made of the training of a stage: a result like the reference's, or what explains that it is none."""

from __future__ import annotations

from statistics import median
from typing import NoReturn

from mistake import Mistake
from stage_mistakes import mistakes
from yardstick import departures

from grader.checking import StageEvidence, failed, manual, not_run, remark
from grader.model import Outcome, StageResult, Training
from grader.text import Text, figure

KEPT = 0.5
"""Share of its accuracy above chance that an honest network keeps on lightly changed test images, at the very least."""

_TIME_IS_OVER = Text(
    fr="Le temps accordé s'est écoulé avant la fin de cet apprentissage.",
    en="The time given was over before the end of this training.",
)


def judge_result(stage: StageEvidence) -> None:
    """The retrained accuracy reaches the reference's band, unless a mistake already told explains that it does not."""
    result = stage.result
    training = result.training
    explained = next((one for one in mistakes(stage) if one.confirmed), None)
    if training is not None and (training.unfinished or result.judgement == "unfinished"):
        judge_unfinished(stage)
        return
    if explained is not None and training is not None and training.outcome is Outcome.ERROR:
        _explained(explained)
    if training is None or training.outcome is Outcome.NOT_RUN:
        _not_trained(training)
    if training.outcome is Outcome.ERROR:
        raise RuntimeError(training.note.en if training.note is not None else "the training failed")
    if knows_only_exact_images(training):
        judge_by_heart(stage)
    if training.trained_by == "program":
        judge_program(stage)
    accuracy = training.accuracy
    broke, reached = training.outcome is Outcome.FAILED, result.judgement in ("within", "above")
    if broke and reached:
        _broke(stage, _all_looks(result, accuracy)[0])
    if reached or (accuracy is not None and result.judgement != "below" and not broke):
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
    accuracy, looks, looks_en = _all_looks(result, accuracy)
    _beyond_the_yardstick(stage, accuracy)
    seen = "n'est pas un nombre" if accuracy is None else f"donne {in_french(accuracy)} en test{looks}"
    seen_en = "is not a number" if accuracy is None else f"gives {accuracy:.1%} in test{looks_en}"
    failed(
        fr=f"L'apprentissage refait avec votre recette {seen} ; la référence obtient au moins "
        f"{in_french(result.band.lower)} dans les mêmes conditions.",
        en=f"Training your recipe again {seen_en}; the reference reaches at least "
        f"{result.band.lower:.1%} under the same "
        "conditions.",
        # What nothing explains at several stages most likely has one cause.
        fault="result",
        place=stage.place("optimizer"),
    )  # fmt: skip


def _beyond_the_yardstick(stage: StageEvidence, accuracy: float | None) -> None:
    """Where the run has settings that the band was not measured with, let a low result inform and cost nothing."""
    own = departures(stage)
    if not own:
        return
    fr, en = (", ".join(one.in_(language) for one in own) for language in ("fr", "en"))
    if accuracy is None or _is_near_chance(stage, accuracy):
        manual(
            fr=f"L'apprentissage refait n'apprend presque rien, avec {fr} et un pas d'apprentissage fixé par ce "
            "budget : une personne regardera.",
            en=f"The training made again learns next to nothing, with {en} and a learning rate set by this "
            "budget: a person will look.",
            place=stage.place("training_loop"),
        )
    remark(
        fr=f"L'apprentissage refait donne {in_french(accuracy)} en test, sous la référence ; mais elle a été mesurée "
        f"sans ce que vous ajoutez ({fr}) : ce chiffre informe seulement.",
        en=f"The training made again gives {accuracy:.1%} in test, below the reference; but that was measured "
        f"without what you add ({en}): the figure only informs.",
        place=stage.place("optimizer"),
    )


def _all_looks(result: StageResult, accuracy: float | None) -> tuple[float | None, str, str]:
    """Return the accuracy that was judged, and the words for it where it is the median of several seeds."""
    if not result.looks:
        return accuracy, "", ""
    count = len(result.looks)
    return median(result.looks), f", médiane de {count} graines", f", median of {count} seeds"


def _not_trained(training: Training | None) -> NoReturn:
    """Say why there is no result: the budget, or what neither our engine nor the program could do."""
    if training is not None and training.note is not None:
        not_run(fr=training.note.fr, en=training.note.en)
    not_run(
        fr="Ce budget n'entraîne pas le réseau : son résultat n'est pas jugé.",
        en="This budget does not train the network: its result is not judged.",
    )


def judge_by_heart(stage: StageEvidence) -> NoReturn:
    """A network that knows the test images only as they are is for a person."""
    training = stage.result.training
    plain, moved = _latest(training), training.perturbed_accuracy
    manual(
        fr=f"Le réseau reconnaît {in_french(plain)} des images de test telles quelles, mais {in_french(moved)} "
        "des mêmes images à peine modifiées : il semble les connaître par cœur. Une personne décidera.",
        en=f"The network knows {plain:.1%} of the test images as they are, but {moved:.1%} of the same images "
        "barely changed: it seems to know them by heart. A person will decide.",
        place=stage.place("network"),
    )


def judge_unfinished(stage: StageEvidence) -> None:
    """A curve that was cut short, or a low result without its further seeds, decides only inside the band."""
    training = stage.result.training
    if stage.result.judgement in ("within", "above"):
        return
    if training.unfinished:
        why = training.note or _TIME_IS_OVER
        not_run(
            fr=f"{why.fr} Cela ne permet pas de conclure : aucun point n'est retiré.",
            en=f"{why.en} That decides nothing: no point is taken off.",
        )
    not_run(
        fr="Un résultat sous celui de la référence se juge sur trois graines, et toutes n'ont pas pu être "
        "mesurées : aucun point n'est retiré.",
        en="A result below the reference's is judged on three seeds, and not all of them could be measured: "
        "no point is taken off.",
    )


def judge_program(stage: StageEvidence) -> NoReturn:
    """What a program made of unlabelled test images in the sandbox earns the reference's mean at best; no proof."""
    result, accuracy = stage.result, stage.result.training.accuracy
    if result.judgement == "within" and accuracy is not None:
        counted = min(accuracy, result.band.mean)
        remark(
            fr=f"Appris par votre programme lui-même dans le bac à sable : {in_french(accuracy)} en test, compté au "
            f"plus comme la moyenne de la référence ({in_french(counted)}).",
            en=f"Trained by your own program in the sandbox: {accuracy:.1%} in test, counted at most as the "
            f"reference's mean ({counted:.1%}).",
        )
    known = "aucun chiffre" if accuracy is None else f"{in_french(accuracy)} en test"
    known_en = "no figure" if accuracy is None else f"{accuracy:.1%} in test"
    manual(
        fr=f"Appris par votre programme lui-même dans le bac à sable ({known}) : hors de la bande de la référence, ou "
        "sans repère, une personne décidera.",
        en=f"Trained by your own program in the sandbox ({known_en}): outside the reference's band, or without a "
        "yardstick, a person will decide.",
        place=stage.place("training_loop"),
    )


def in_french(share: float) -> str:
    """Return a share of 1 as a French reader writes it."""
    return figure(share, "fr", ".1%")


def knows_only_exact_images(training: Training) -> bool:
    """Tell whether less than half of what the network knows above chance survives a light change of the images.

    The reference keeps 94 to 100 % of it at every stage; a look-up by the image's content keeps nothing.
    """
    plain = _latest(training)
    if plain is None or training.perturbed_accuracy is None or not training.confusion:
        return False
    chance = 1 / len(training.confusion)
    return plain > 2 * chance and training.perturbed_accuracy - chance < KEPT * (plain - chance)


def _latest(training: Training) -> float | None:
    """Return the last test accuracy there is: where the loss broke, the one before, as the perturbed one is."""
    return next(
        (one.test_accuracy for one in reversed(training.curve) if one.test_accuracy is not None), None
    )


def _is_near_chance(stage: StageEvidence, accuracy: float) -> bool:
    return accuracy < 2 / stage.evidence.assignment.classes


def _broke(stage: StageEvidence, accuracy: float) -> NoReturn:
    """A loss that broke is told where the network had learnt enough before, or does with two seeds of three."""
    epoch = stage.result.training.curve[-1].epoch
    remark(
        fr=f"La perte de l'apprentissage refait n'est plus un nombre à partir de l'époque {epoch} : le pas "
        f"d'apprentissage est à la limite de la stabilité. Le résultat qui compte : {in_french(accuracy)} en test.",
        en=f"The loss of the training made again is no number from epoch {epoch} on: the learning rate is at the "
        f"limit of what is stable. The result that counts: {accuracy:.1%} in test.",
        place=stage.place("optimizer"),
    )


def _above_or_within(stage: StageEvidence, accuracy: float) -> None:
    if stage.result.judgement == "not_calibrated" or stage.result.band is None:
        if _is_near_chance(stage, accuracy):
            manual(
                fr=f"L'apprentissage refait reste près du hasard ({in_french(accuracy)}), sans repère dans "
                "ces conditions : une personne regardera.",
                en=f"The training made again stays near chance ({accuracy:.1%}), with no yardstick "
                "under these conditions: a person will look.",
            )
        remark(
            fr=f"L'apprentissage refait donne {in_french(accuracy)} en test ; sans repère dans ces "
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
