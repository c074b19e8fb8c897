"""What is said of an answer that no check judges: that it was found and read, or that there is none."""

from __future__ import annotations

from grader.checking.evidence import Evidence
from grader.model import Outcome, Question, Verdict
from grader.text import Text

_PROGRAMS = ("architecture", "implementation")

_LABEL = Text(fr="Réponse rédigée", en="Written answer")
_MESSAGES = {
    Outcome.MANUAL: Text(
        fr="Réponse trouvée et lue : votre enseignant·e la notera.",
        en="Answer found and read: your teacher will mark it.",
    ),
    Outcome.UNREADABLE: Text(
        fr="Votre document n'a pas pu être lu automatiquement : une personne le lira.",
        en="Your document could not be read automatically: a person will read it.",
    ),
    Outcome.MISSING: Text(
        fr="Pas encore de réponse à cette question : une ou deux lignes suffisent pour commencer.",
        en="No answer to this question yet: a line or two is enough to begin with.",
    ),
}
_FREE = Text(
    fr="Partie libre du rapport trouvée : votre enseignant·e la lira.",
    en="Free part of the report found: your teacher will read it.",
)
_OUTCOMES = {
    "found": Outcome.MANUAL,
    "unreadable": Outcome.UNREADABLE,
    "missing": Outcome.MISSING,
    "template": Outcome.MISSING,
}


def read_verdicts(evidence: Evidence, judged_items: set[str], *, judged: bool) -> list[Verdict]:
    """Return a verdict for each written question outside `judged_items`.

    Where answers are judged at all (`judged`), an automatic question without a check is a fault of
    ours and not for here.
    """
    return [
        _read(evidence, question)
        for question in evidence.assignment.question
        if question.id not in judged_items
        and question.kind not in _PROGRAMS
        and not (judged and question.automatic)
    ]


def _read(evidence: Evidence, question: Question) -> Verdict:
    answer = evidence.answer(question.id)
    outcome = _OUTCOMES[answer.state]
    message = _MESSAGES[outcome]
    if question.kind == "free" and outcome is Outcome.MANUAL:
        message = _FREE
    if answer.note is not None:
        message = answer.note
    return Verdict(
        check=f"read_{question.id}",
        item=question.id,
        label=_LABEL,
        outcome=outcome,
        cost=1.0,
        routine=outcome is Outcome.MANUAL and answer.note is None,
        message=message,
        place=answer.place,
    )
