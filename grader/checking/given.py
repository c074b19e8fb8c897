"""What checks ask for by name: the stage or the answer that a check bears on, or the polite end of the check."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from grader.checking.deciding import CheckSpec, Decided, blocked, manual, missing, unreadable
from grader.checking.evidence import Evidence, StageEvidence
from grader.model import Answer, Outcome
from grader.text import Text, figure

OUR_FAULT = Text(
    fr="Cette vérification n'a pas abouti, par notre faute : rien ne vous est retiré.",
    en="This check could not be carried out, through our own fault: nothing is taken off.",
)


def stage_of(spec: CheckSpec | None, evidence: Evidence) -> StageEvidence:
    """Return the stage that the check bears on; ends the check where there is nothing to look at."""
    found = evidence.stage(spec.stage) if spec is not None and spec.stage is not None else None
    if found is None:
        raise LookupError("the evidence says nothing of this stage")
    match = found.result.match
    end = {
        Outcome.MISSING: missing,
        Outcome.BLOCKED: blocked,
        Outcome.MANUAL: manual,
        Outcome.UNREADABLE: unreadable,
    }
    try:
        if match.outcome in end:
            end[match.outcome](fr=match.reason.fr, en=match.reason.en)
        if match.outcome is Outcome.ERROR:
            raise Decided(Outcome.ERROR, OUR_FAULT, teacher=match.reason)
        _must_be_known(found)
    except Decided as decided:
        decided.whole_stage = True
        decided.teacher = decided.teacher or _by_itself(found)
        raise
    return found


def _by_itself(stage: StageEvidence) -> Text | None:
    """Tell the person who decides what the program itself reached, where only it could train."""
    training, band = stage.result.training, stage.result.band
    if training is None or training.trained_by != "program" or training.accuracy is None:
        return None
    beside = (
        Text(
            fr=f" ; référence : {figure(band.lower, 'fr', '.1%')} à {figure(band.upper, 'fr', '.1%')}",
            en=f"; reference: {band.lower:.1%} to {band.upper:.1%}",
        )
        if band is not None
        else Text(fr="", en="")
    )
    return Text(
        fr="Appris par le programme lui-même, sans les étiquettes de test : "
        f"{figure(training.accuracy, 'fr', '.1%')}{beside.fr}.",
        en=f"Trained by the program itself, without the test labels: {training.accuracy:.1%}{beside.en}.",
    )


def _must_be_known(stage: StageEvidence) -> None:
    """End the check unless the run can be looked at: a recipe, rebuilt and compared."""
    if stage.result.match.outcome is not Outcome.PASSED or stage.run is None:
        raise RuntimeError(f"no run of the stage: {stage.result.match.reason.en}")
    if stage.run.recipe is None:
        why = stage.run.unexpressed or Text(fr="raison inconnue", en="unknown reason")
        manual(
            fr=f"Ce programme ne peut pas être rejoué tel quel, une personne le lira : {why.fr}",
            en=f"This program cannot be replayed as it is, a person will read it: {why.en}",
            place=stage.place("network"),
        )
    examination = stage.examination
    if examination is None:
        raise RuntimeError(f"run {stage.run.id} was not examined")
    if not examination.agrees and not (examination.layers and "fixed_batch_size" in examination.flags):
        why = examination.reason or Text(fr="raison inconnue", en="unknown reason")
        manual(fr=why.fr, en=why.en, place=stage.place("network"))


def answer_of(spec: CheckSpec | None, evidence: Evidence) -> Answer:
    """Return the answer to the check's question; ends the check where there is none."""
    found = evidence.answer(spec.item if spec is not None else "")
    if found.state == "unreadable":
        why = found.note or Text(
            fr="Cette réponse n'a pas pu être lue automatiquement : une personne la lira.",
            en="This answer could not be read automatically: a person will read it.",
        )
        unreadable(fr=why.fr, en=why.en, place=found.place)
    if found.state != "found":
        missing(
            fr="Pas encore de réponse à cette question : une ou deux lignes suffisent pour commencer.",
            en="No answer to this question yet: a line or two is enough to begin with.",
            place=found.place,
        )
    return found


GIVEN: Mapping[str, Callable[[CheckSpec, Evidence], object]] = {
    "evidence": lambda _, evidence: evidence,
    "stage": stage_of,
    "answer": answer_of,
}
"""All of it by its name."""
