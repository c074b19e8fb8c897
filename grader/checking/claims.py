"""What students state of their experiments, held against their own logs, our own training and the band.

Figures never cost by themselves. A statement that the student's own log contradicts is named, and a person decides
about that answer; an honest report of a surprising result that a log or our training confirms is never lost either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from grader.checking.claimed_curves import against_epochs, against_losses
from grader.checking.evidence import Evidence
from grader.model import Answer, Outcome, Question, Stage, StageResult, StudentCurve, Verdict
from grader.text import Text, figure

TOLERANCE = 0.03
"""Between a figure in a text and a log, a fraction of 1: what people round, and the last epoch or the best one."""
_OURS = 0.05
"""Between a figure in a text and our own training of the same recipe: another seed, another machine."""
_TREND = 0.015
_UNSURE = 0.3
_CONTRADICTED = Text(
    fr="Vos chiffres et vos logs ne disent pas la même chose : une personne décidera.",
    en="Your figures and your logs do not say the same: a person will decide.",
)
_CONFIRMED = Text(
    fr="Le résultat surprend, mais il a bien été mesuré : une personne décidera.",
    en="The result is a surprise, but it was measured: a person will decide.",
)
_OUR_TRAINING = Text(fr="notre entraînement", en="our own training")
_LABEL = Text(fr="Chiffres comparés aux mesures", en="Figures held against measurements")
_PERCENT = re.compile(r"(?<![\d.,])(\d{1,3}(?:[.,]\d{1,3})?)\s*(?:%|pour cent|percent)", re.IGNORECASE)
_CHANGE = re.compile(
    r"(?:\bde|\bfrom)\s+(\d{1,3}(?:[.,]\d{1,3})?)\s*%?\s*(?:à|to|->|→)\s+(\d{1,3}(?:[.,]\d{1,3})?)\s*%(?P<after>.{0,40})",
    re.IGNORECASE,
)
_DIFFERENCE = re.compile(
    r"(?:gain|écart|gap|baisse|hausse|chute|plus|moins|\+|-|−)\s*(?:de|of)?\s*$", re.IGNORECASE
)
_OTHER = re.compile(
    r"train|apprentissage|entra[iî]nement|[ée]cart|gap|diff[ée]rence|loss|perte|erreur|error", re.IGNORECASE
)


class Known(NamedTuple):
    """The accuracies of one stage that somebody measured, as fractions of 1."""

    test: tuple[float, ...]
    train: tuple[float, ...]
    final: float | None
    source: Text

    def near(self, value: float, tolerance: float) -> bool:
        """Tell whether any of the accuracies is about `value`."""
        return any(abs(value - one) <= tolerance for one in (*self.test, *self.train))


def weigh_claims(verdicts: Iterable[Verdict], evidence: Evidence) -> list[Verdict]:
    """Return the verdicts with one more for each experiment whose figures could be compared with a measurement.

    Where the student's own log says otherwise, a judgement on that answer is left to a person; so is one that takes
    points although a log or our training confirms what was reported.
    """
    told = list(verdicts)
    for question, place in experiments(evidence):
        answer = evidence.answer(question.id)
        compared = _compared(question, place, answer, evidence) if answer.state == "found" else None
        if compared is None:
            continue
        contradicted = compared.outcome is Outcome.MANUAL
        surprising = not compared.remark and _falls(answer.text)
        told = [
            _left_to_a_person(one, contradicted)
            if one.item == question.id and _is_judgement(one, contradicted, surprising)
            else one
            for one in told
        ]
        told.append(compared)
    return told


def experiments(evidence: Evidence) -> list[tuple[Question, int]]:
    """Return the questions that ask for the results of a stage, with that stage's place."""
    places = {stage.section: place for place, stage in enumerate(evidence.assignment.stage)}
    return [
        (question, places[question.section])
        for question in evidence.assignment.question
        if question.kind == "experiment" and not question.bonus and question.section in places
    ]


def _is_judgement(verdict: Verdict, contradicted: bool, surprising: bool) -> bool:
    if verdict.confidence is None:
        return False
    return (contradicted and verdict.outcome is Outcome.PASSED) or (
        surprising and verdict.outcome is Outcome.FAILED and not verdict.proposal
    )


def _left_to_a_person(verdict: Verdict, contradicted: bool) -> Verdict:
    """Return a judgement as a proposal: the same one, or all points for a surprise that was measured."""
    why = _CONTRADICTED if contradicted else _CONFIRMED
    message = Text(fr=f"{why.fr} {verdict.message.fr}", en=f"{why.en} {verdict.message.en}")
    proposal = verdict.proposal if contradicted else 1.0
    return msgspec.structs.replace(
        verdict, outcome=Outcome.MANUAL, confidence=_UNSURE, proposal=proposal, message=message
    )


def _compared(question: Question, place: int, answer: Answer, evidence: Evidence) -> Verdict | None:
    """Return what the comparison says, None where nothing can be compared."""
    stages = evidence.assignment.stage
    text = _plain(answer.text)
    stated = _stated(text)
    claimed = evidence.answers.claims.get(stages[place].id)
    final = _final(text, stated, claimed / 100 if claimed is not None else None)
    log = logged(stages[place], evidence.curves)
    if log is not None:
        before = logged(stages[place - 1], evidence.curves) if place else None
        curves = [curve for curve in evidence.curves if curve.stage == stages[place].id]
        wrong = (
            _against_trend(text, log, before)
            or _against_log(final, stated, log)
            or against_epochs(text, curves)
            or against_losses(text, curves, evidence.assignment.classes)
        )
        if wrong is not None:
            return _verdict(question, answer, wrong, remark=True)
        agreed = [final] if final is not None else [one for one in stated if log.near(one, TOLERANCE)]
        return _verdict(question, answer, _agrees(agreed[0], log.source)) if agreed else None
    own = ours(stages[place], evidence)
    values = [final] if final is not None else stated
    if own is None or own.final is None or not values:
        return None
    if any(own.near(value, _OURS) for value in values):
        return _verdict(question, answer, _agrees(values[0], own.source))
    return _verdict(question, answer, _differs_from_ours(max(values), own), remark=True, person=False)


def _final(text: str, stated: Sequence[float], claimed: float | None) -> float | None:
    """Return the accuracy that the text gives as the stage's own, None where several may be it.

    It is where a change ends (`de 70 % à 74 %`), else the one of the table of results, else the only one.
    """
    ends = [end for _, end in _changes(text)]
    if ends:
        return ends[0]
    if claimed is not None and (not stated or any(abs(one - claimed) < 0.005 for one in stated)):
        return claimed
    return stated[0] if len(stated) == 1 else None


def _changes(text: str) -> list[tuple[float, float]]:
    """Return the changes of test accuracy in the text: no gaps, no losses, nothing on training images."""
    found = []
    for match in _CHANGE.finditer(text):
        before = re.split(r"[.;:\n]", text[max(0, match.start() - 40) : match.start()])[-1]
        around = before + re.split(r"[.;,\n]", match["after"])[0]
        if not _OTHER.search(around):
            start, end = (float(number.replace(",", ".")) / 100 for number in match.group(1, 2))
            found.append((start, end))
    return found


def _against_log(final: float | None, stated: Sequence[float], logged: Known) -> Text | None:
    """Say where the log never shows the figure of the text, or where it shows none of several."""
    if logged.final is None or (final is None and not stated):
        return None
    if final is None and any(logged.near(value, TOLERANCE) for value in stated):
        return None
    if final is not None and any(abs(final - one) <= TOLERANCE for one in (*logged.test, *logged.train[-1:])):
        return None
    said, seen = _shown(stated[0] if final is None else final), _shown(logged.final)
    return Text(
        fr=f"Votre texte dit {said[0]}, votre log {logged.source.fr} finit à {seen[0]} en test et ne montre ce "
        "chiffre nulle part : vérifiez lequel est le bon.",
        en=f"Your text says {said[1]}, your log {logged.source.en} ends at {seen[1]} in test and shows that figure "
        "nowhere: check which is right.",
    )


def _against_trend(text: str, logged: Known, before: Known | None) -> Text | None:
    """Say where the text has an accuracy rise and the logs have it fall, or the other way round."""
    if before is None or before.final is None or logged.final is None:
        return None
    change = logged.final - before.final
    for start, end in _changes(text):
        near = any(abs(end - one) <= 0.1 for one in logged.test)
        if near and abs(change) >= _TREND and abs(end - start) >= _TREND and (end - start) * change < 0:
            first, last, low, high = map(_shown, (before.final, logged.final, start, end))
            return Text(
                fr=f"Votre texte va de {low[0]} à {high[0]}, vos logs de {first[0]} à {last[0]} : vérifiez lequel "
                "est le bon.",
                en=f"Your text goes from {low[1]} to {high[1]}, your logs from {first[1]} to {last[1]}: check which "
                "is right.",
            )
    return None


def _agrees(value: float, source: Text) -> Text:
    said = _shown(value)
    return Text(fr=f"{said[0]} : confirmé par {source.fr}.", en=f"{said[1]}: confirmed by {source.en}.")


def _differs_from_ours(value: float, own: Known) -> Text:
    said, seen = _shown(value), _shown(own.final or 0.0)
    return Text(
        fr=f"Votre texte dit {said[0]} ; nous mesurons {seen[0]} avec vos réglages. Une autre graine "
        "ne l'explique pas : revoyez ce qui a donné ce chiffre.",
        en=f"Your text says {said[1]}; we measure {seen[1]} with your settings. Another seed does not "
        "explain it: look again at what gave that figure.",
    )


def _verdict(
    question: Question, answer: Answer, message: Text, *, remark: bool = False, person: bool = True
) -> Verdict:
    return Verdict(
        check=f"claims_{question.id}" if person else f"claims_measured_{question.id}",
        item=question.id,
        label=_LABEL,
        # At no cost, so that no point hangs on it: it asks a person to look.
        outcome=Outcome.MANUAL if remark and person else Outcome.PASSED,
        cost=0.0,
        remark=remark,
        message=message,
        place=answer.place,
    )


def logged(stage: Stage, curves: Iterable[StudentCurve]) -> Known | None:
    """Return what the student's own logs of a stage show, all of them together."""
    own = [curve for curve in curves if curve.stage == stage.id]
    points = [point for curve in own for point in curve.points]
    test = tuple(point.test_accuracy for point in points if point.test_accuracy is not None)
    train = tuple(point.train_accuracy for point in points if point.train_accuracy is not None)
    return Known(test, train, test[-1], Text(fr=own[0].source, en=own[0].source)) if test else None


def ours(stage: Stage, evidence: Evidence) -> Known | None:
    """Return what our own training shows, where it kept the student's settings and data: at full budget only."""
    result: StageResult | None = next((row for row in evidence.stages if row.stage == stage.id), None)
    if result is None or result.training is None or result.training.accuracy is None:
        return None
    conditions = result.training.conditions
    if conditions is None or conditions.budget != "full" or conditions.data == "synthetic":
        return None
    curve = result.training.curve
    band = (result.band.lower, result.band.mean, result.band.upper) if result.band is not None else ()
    test = tuple(point.test_accuracy for point in curve if point.test_accuracy is not None)
    train = tuple(point.train_accuracy for point in curve if point.train_accuracy is not None)
    return Known((*test, result.training.accuracy, *band), train, result.training.accuracy, _OUR_TRAINING)


def _stated(text: str) -> list[float]:
    """Return the accuracies in `text`, as fractions of 1; differences of accuracies are none."""
    found = []
    for match in _PERCENT.finditer(text):
        value = float(match[1].replace(",", ".")) / 100
        if 0.1 <= value <= 1 and not _DIFFERENCE.search(text[max(0, match.start() - 14) : match.start()]):
            found.append(value)
    return found


def _falls(text: str) -> bool:
    """Tell whether the text reports that the accuracy fell."""
    return any(end < start for start, end in _changes(_plain(text)))


def _plain(text: str) -> str:
    """Return `text` with LaTeX's decimal commas, thin spaces and percent signs as one types them, blanks single."""
    typed = re.sub(r"\\[,;!]|[$\u00a0\u202f~]", " ", text.replace("{,}", ",").replace("\\%", "%"))
    return re.sub(r"\n+", "\n", re.sub(r"[^\S\n]+", " ", typed))


def _shown(fraction: float) -> tuple[str, str]:
    return figure(fraction, "fr", ".1%"), figure(fraction, "en", ".1%")
