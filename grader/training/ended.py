"""What is told of trainings that ended otherwise than well, or not as they were asked for."""

from __future__ import annotations

from grader.model import EpochPoint, Outcome, Training
from grader.text import Text
from grader.training.budgets import MAX_EPOCHS
from grader.training.curves import final_accuracy
from grader.training.jobs import Job, Plan


def unusable(error: Exception) -> Training:
    """Return the record of a recipe whose numbers make no sense; what a hand-in recorded may be any JSON."""
    brief = " ".join(str(error).split())[:160]
    return refused(
        Text(
            fr=f"Cette recette ne peut pas être réentraînée : ses réglages sont inutilisables ({brief}).",
            en=f"This recipe cannot be trained again: its settings cannot be used ({brief}).",
        )
    )


def refused(reason: Text) -> Training:
    """Return the record of a recipe that is not trained at all, for `reason`."""
    return Training(key="", outcome=Outcome.NOT_RUN, note=reason)


def unfinished(one: Plan, curve: tuple[EpochPoint, ...], limit_s: float | None) -> Training:
    """Return what stands for a training that the time limit cut short: its curve, and nothing that claims an end."""
    limit = f"{limit_s:g}"
    epochs = one.conditions.epochs
    note = Text(
        fr=f"Le temps accordé ({limit} s) s'est écoulé avant que cet entraînement ne donne une époque.",
        en=f"The time given ({limit} s) was over before this training gave an epoch.",
    )
    if curve:
        note = Text(
            fr=f"Le temps accordé ({limit} s) s'est écoulé après l'époque {curve[-1].epoch} sur {epochs} : "
            "la courbe est inachevée.",
            en=f"The time given ({limit} s) was over after epoch {curve[-1].epoch} of {epochs}: "
            "the curve is unfinished.",
        )
    return Training(
        key=one.key,
        outcome=Outcome.NOT_RUN,
        conditions=one.conditions,
        curve=curve,
        accuracy=final_accuracy(curve),
        unfinished=True,
        note=note,
    )


def dead(one: Plan, how: str, tail: str) -> Training:
    """Return what stands for a training whose process did not come to its end, see `process.Ended`."""
    reason_fr, reason_en = {
        "time": ("la limite de temps est dépassée", "the time limit was passed"),
        "signal 9": (
            "il a été tué, sans doute faute de mémoire",
            "it was killed, for want of memory most likely",
        ),
    }.get(how, (f"il s'est arrêté ({how}) : {tail[:160]}", f"it stopped ({how}): {tail[:160]}"))
    return Training(
        key=one.key,
        outcome=Outcome.ERROR,
        conditions=one.conditions,
        note=Text(
            fr=f"L'entraînement n'a pas abouti : {reason_fr}. Relancez la commande.",
            en=f"The training did not finish: {reason_en}. Run the command again.",
        ),
    )


def asked_otherwise(job: Job, training: Training, device: Text | None) -> Text | None:
    """Return what is to be told to whoever asked for `job`: another device than asked, fewer epochs than theirs."""
    if training.conditions is None:
        return None
    said = [device] if device is not None else []
    own = job.recipe.optimisation.epochs
    if not job.budget.epochs and own > MAX_EPOCHS:
        said.append(
            Text(
                fr=f"Le programme entraîne pendant {own} époques ; le réentraînement s'arrête après {MAX_EPOCHS}.",
                en=f"The program trains for {own} epochs; the retraining stops after {MAX_EPOCHS}.",
            )
        )
    return joined(*said)


def joined(*texts: Text | None) -> Text | None:
    """Return the texts as one, None where there are none."""
    said = [text for text in texts if text is not None]
    if not said:
        return None
    return Text(fr=" ".join(text.fr for text in said), en=" ".join(text.en for text in said))
