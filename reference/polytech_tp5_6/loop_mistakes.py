"""What can be wrong with a training loop and its optimisation."""

from __future__ import annotations

import math
from collections.abc import Iterable

from mistake import Mistake

from grader.checking import StageEvidence
from grader.checking.rates import falls_by, first_factor, is_still
from grader.text import Language, figure

MOMENTUM = 0.9
DECAY = 0.95

OURS = ("time_limit", "memory_limit", "process_limit", "output_limit", "disk_limit", "killed", "no_recording",
        "recorder_error", "shortened", "recording_invalid", "samples_invalid", "import_error", "missing_helper",
        "file_not_found", "attribute_error", "machine")  # fmt: skip
"""Ends of a program that our own limits or an older library may have caused: a person decides."""

LOOP = {
    "clears_gradients": (
        True,
        "Les gradients ne sont pas remis à zéro à chaque batch et s'accumulent : appelez "
        "optimizer.zero_grad() avant loss.backward().",
        "Gradients are not cleared at each batch and add up: call optimizer.zero_grad() before "
        "loss.backward().",
    ),
    "trains_on_test_images": (
        False,
        "L'apprentissage se fait aussi sur les images de test : gardez-les pour l'évaluation seulement.",
        "Training uses the test images too: keep them for the evaluation alone.",
    ),
    "evaluates_on_test_images": (
        True,
        "L'évaluation ne se fait pas sur les images de test (train=False) : mesurez la précision sur elles.",
        "The evaluation is not made on the test images (train=False): measure the accuracy on those.",
    ),
}  # fmt: skip
"""Facts of the training loop: the right value, and the words when it is another one."""


def wrong_loop(stage: StageEvidence) -> Mistake | None:
    """The first thing wrong with the training loop: gradients never cleared, no step, test images learnt."""
    loop = stage.recipe.loop
    for name, (right, fr, en) in LOOP.items():
        value = getattr(loop, name)
        if value is not None and value != right:
            return of_loop(stage, name, fr, en)
    propagates = stage.fact("propagates")
    if propagates is not None:
        return of_loop(
            stage,
            "propagates",
            "loss.backward() n'est jamais appelé : l'optimiseur avance sans gradient et le réseau n'apprend rien.",
            "loss.backward() is never called: the optimizer steps without gradients and the network learns nothing.",
        )
    if loop.steps_per_batch == 0:
        return of_loop(
            stage,
            "steps_per_batch",
            "optimizer.step() n'est jamais appelé : les poids ne changent pas.",
            "optimizer.step() is never called: the weights do not change.",
        )
    if loop.untrained:
        count = len(loop.untrained)
        return of_loop(
            stage,
            "untrained",
            f"L'optimiseur ne reçoit pas tous les poids ({count} tenseurs oubliés) : donnez-lui "
            "model.parameters().",
            f"The optimizer does not get all weights ({count} tensors left out): give it model.parameters().",
        )
    return None


def of_loop(stage: StageEvidence, name: str, fr: str, en: str) -> Mistake:
    """Return the mistake that a fact of the loop shows, confirmed when the source says the same."""
    fact = stage.fact(name)
    place = (fact.place if fact is not None else None) or stage.place("training_loop")
    return Mistake(f"loop_{name}", fr, en, place, confirmed=fact is not None and fact.confirmed)


def stops_early(stage: StageEvidence) -> Mistake | None:
    """The program of this stage did not run to its end."""
    problem = stage.recording.problem if stage.recording is not None else None
    if problem is None:
        return None
    elsewhere = problem.place is not None and stage.run is not None and problem.place.page != stage.run.cell
    if stage.recording.entry.call == "notebook" and elsewhere:
        return None  # another cell failed: the one that trains this stage ran to its end
    return Mistake(
        # Scripts copied from one another stop at the same line for the same reason: that costs once.
        f"stops_{problem.text.en.partition('(')[2] or stage.recording.entry.path}",
        f"{problem.text.fr} Le programme doit aller au bout de l'apprentissage.",
        f"{problem.text.en} The program must reach the end of its training.",
        problem.place,
        confirmed=problem.kind not in OURS,
    )


def _is_momentum(value: object) -> bool:
    """Whether a value is the sheet's momentum, as far as a float32 or a computed one can be."""
    return isinstance(value, int | float) and math.isclose(value, MOMENTUM, rel_tol=1e-3)


def wrong_momentum(stage: StageEvidence) -> Mistake | None:
    """SGD with a momentum of 0.9 for every weight."""
    optimisation = stage.recipe.optimisation
    momenta = [group.options.get("momentum", 0) for group in optimisation.groups]
    if optimisation.optimizer == "SGD" and all(_is_momentum(value) for value in momenta):
        return None
    place = stage.place("optimizer")
    if optimisation.optimizer != "SGD":
        return Mistake(
            "momentum",
            f"L'optimiseur est {optimisation.optimizer} ; le sujet demande SGD avec un momentum de 0,9.",
            f"The optimizer is {optimisation.optimizer}; the sheet asks for SGD with a momentum of 0.9.",
            place,
        )
    seen = list(dict.fromkeys(momenta))
    return Mistake(
        "momentum",
        f"Le momentum vaut {_listed(seen, 'fr')} ; le sujet demande 0,9 : écrivez momentum=0.9 dans SGD.",
        f"Momentum is {_listed(seen, 'en')}; the sheet asks for 0.9: write momentum=0.9 in SGD.",
        place,
    )


def _listed(values: Iterable[object], language: Language) -> str:
    return ", ".join(figure(one, language) if isinstance(one, int | float) else str(one) for one in values)


def wrong_decay(stage: StageEvidence) -> Mistake | None:
    """The learning rate falls by 0.95 after each epoch, by whatever means."""
    schedule = stage.recipe.optimisation.schedule
    if falls_by(schedule.rates, DECAY):
        return None
    place = stage.place("scheduler") or stage.place("optimizer")
    if schedule.stepped == "after_training":
        return Mistake(
            "decay_stepped_once",
            "Le scheduler n'avance qu'une fois, après la boucle : appelez lr_sched.step() à la fin "
            "de chaque époque.",
            "The scheduler is stepped only once, after the loop: call lr_sched.step() at the end of "
            "each epoch.",
            place,
        )
    if schedule.stepped == "batch":
        return Mistake(
            "decay_every_batch",
            "Le scheduler avance à chaque batch, et le pas s'annule vite : appelez lr_sched.step() "
            "une fois par époque.",
            "The scheduler is stepped at every batch and the rate soon vanishes: call "
            "lr_sched.step() once an epoch.",
            place,
        )
    if is_still(schedule.rates):
        return Mistake(
            "decay_absent",
            "Le learning rate ne diminue pas ; le sujet demande de le multiplier par 0,95 après "
            "chaque époque.",
            "The learning rate does not fall; the sheet asks to multiply it by 0.95 after each epoch.",
            place,
        )
    factor = first_factor(schedule.rates) or 0.0
    unmoved = is_still(schedule.rates[:2])
    return Mistake(
        "decay_value",
        "Le learning rate n'est pas multiplié par 0,95 à chaque époque "
        + (
            "(il ne change pas après la première)."
            if unmoved
            else f"(la première fois, par {figure(factor, 'fr', '.3g')})."
        ),
        "The learning rate is not multiplied by 0.95 at each epoch "
        + ("(it does not change after the first)." if unmoved else f"(the first time, by {factor:.3g})."),
        place,
    )


def never_evaluated(stage: StageEvidence) -> Mistake:
    """Return that no evaluation was seen, which leaves what it should be like to a person."""
    return Mistake(
        "evaluation_absent",
        "Ce programme n'a fait aucune évaluation que nous ayons pu voir.",
        "This program made no evaluation that we could see.",
        stage.place("training_loop"),
        confirmed=False,
    )


def wrong_mode(stage: StageEvidence) -> Mistake | None:
    """The network learns in evaluation mode or is evaluated in training mode, which matters from dropout on."""
    if not stage.recipe.loop.trains_in_train_mode:
        return of_loop(
            stage,
            "trains_in_train_mode",
            "Le réseau apprend en mode évaluation : appelez model.train() au début de chaque époque, "
            "car model.eval() reste en vigueur jusque-là, et dropout comme batch normalization n'y "
            "agissent plus.",
            "The network learns in evaluation mode: call model.train() at the start of each epoch, "
            "since model.eval() holds until then, and neither dropout nor batch normalisation acts "
            "there.",
        )
    if stage.recipe.loop.evaluates_in_eval_mode is None:
        return never_evaluated(stage)
    return _evaluates_in_train_mode(stage)


def _evaluates_in_train_mode(stage: StageEvidence) -> Mistake | None:
    if stage.recipe.loop.evaluates_in_eval_mode is not False:
        return None
    return of_loop(
        stage,
        "evaluates_in_eval_mode",
        "Le réseau est évalué en mode apprentissage : appelez model.eval() avant le test (et "
        "model.train() après), sinon "
        "dropout et batch normalization y restent actifs.",
        "The network is evaluated in training mode: call model.eval() before the test (and "
        "model.train() after), else "
        "dropout and batch normalisation stay active there.",
    )  # fmt: skip
