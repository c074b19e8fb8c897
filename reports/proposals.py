"""What a person who decides may start from: a proposal of ours and how sure it is."""

from __future__ import annotations

from collections.abc import Iterable

from grader.model import Language, Opinion, Outcome, Verdict
from grader.text import Text
from reports.cleaning import clean_line
from reports.formatting import percent

_PROPOSAL = Text(
    fr="Proposition pour l'enseignant·e : {share} des points (confiance {sure}).",
    en="Proposal to the teacher: {share} of the points (confidence {sure}).",
)

_OPINION = Text(
    fr="Second avis pour l'enseignant·e ({who}) : {share} des points. {reason}",
    en="Second opinion for the teacher ({who}): {share} of the points. {reason}",
)


def opinion_text(opinions: Iterable[Opinion], item: str, language: Language) -> str:
    """Return what a language model proposes for `item` in a sentence, empty where there is nothing."""
    for one in opinions:
        if one.question == item:
            share = percent(one.share, language).replace(",0", "").replace(".0", "")
            who = clean_line(f"{one.model}, {one.host}", 80)
            return _OPINION.in_(language).format(who=who, share=share, reason=clean_line(one.reason, 400))
    return ""


def proposal_text(verdict: Verdict, language: Language) -> str:
    """Return the proposal of an undecided verdict in a sentence, empty where there is none."""
    if verdict.outcome is not Outcome.MANUAL or verdict.proposal is None:
        return ""
    share = percent(verdict.proposal, language).replace(",0", "").replace(".0", "")
    sure = percent(verdict.confidence, language).replace(",0", "").replace(".0", "")
    return _PROPOSAL.in_(language).format(share=share, sure=sure)
