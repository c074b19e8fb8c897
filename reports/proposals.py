"""What a person who decides may start from: a proposal of ours and how sure it is."""

from __future__ import annotations

from grader.model import Language, Outcome, Verdict
from grader.text import Text
from reports.formatting import percent

_PROPOSAL = Text(
    fr="Proposition pour l'enseignant·e : {share} des points (confiance {sure}).",
    en="Proposal to the teacher: {share} of the points (confidence {sure}).",
)


def proposal_text(verdict: Verdict, language: Language) -> str:
    """Return the proposal of an undecided verdict in a sentence, empty where there is none."""
    if verdict.outcome is not Outcome.MANUAL or verdict.proposal is None:
        return ""
    share = percent(verdict.proposal, language).replace(",0", "").replace(".0", "")
    sure = percent(verdict.confidence, language).replace(",0", "").replace(".0", "")
    return _PROPOSAL.in_(language).format(share=share, sure=sure)
