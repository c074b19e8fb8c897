"""What the report says of judged answers: quotes for everybody, proposals and second opinions for the teacher alone."""

from __future__ import annotations

import msgspec
from report_example import example, text

from grader.model import Opinion, Outcome, Override, Place, Problem, Result, Verdict
from reports.document import Cut, build
from reports.view import summary

ON_PAPER = Cut(quotes=1, proposals=False, passed_checks=False)


def judged(outcome: Outcome, **more: object) -> Result:
    """Return the example with one judgement on question Q2, and a second opinion."""
    verdict = Verdict(
        check="test_q2", item="Q2", label=text("Réponse rédigée", "Written answer"), outcome=outcome, cost=1.0,
        message=text("Trouvé : le partage.", "Found: sharing."), confidence=0.4, proposal=0.5,
        evidence=("poids partagés", "\u202epiège"), **more,
    )  # fmt: skip
    opinion = Opinion(
        question="Q2", answer="", share=1.0, reason="Tout <b>y</b> est.", model="tiny", host="localhost"
    )
    kept = [one for one in example().verdicts if one.item != "Q2"]
    return msgspec.structs.replace(example(), verdicts=(*kept, verdict), opinions=(opinion,))


def test_words_that_decided_are_quoted_also_where_all_is_well() -> None:
    """A full answer shows what was found in it, on screen and on paper, with hidden characters made visible."""
    result = judged(Outcome.PASSED)
    for cut, number in ((Cut(), 2), (ON_PAPER, 1)):
        (block,) = [one for one in build(result, "fr", cut).answers if one.row.id == "Q2"]
        (line,) = block.checks.lines
        assert line.message == "Trouvé : le partage." and len(line.quotes) == number
    assert "\u202e" not in "".join(line.quotes) and line.proposal == ""


def test_proposals_and_opinions_are_never_on_paper() -> None:
    """What waits for a person shows share, confidence and the model's reason in the HTML, none of it in the PDF."""
    result = judged(Outcome.MANUAL)
    (screen,) = [one for one in build(result, "fr", Cut()).answers if one.row.id == "Q2"]
    assert "50 % des points" in screen.checks.lines[0].proposal.replace("\N{NO-BREAK SPACE}", " ")
    assert "tiny, localhost" in screen.opinion and "Tout <b>y</b> est." in screen.opinion
    (paper,) = [one for one in build(result, "fr", ON_PAPER).answers if one.row.id == "Q2"]
    assert (paper.checks.lines[0].proposal, paper.opinion) == ("", "")


def test_person_s_decision_is_what_the_row_says() -> None:
    """An overridden mark speaks with the person's reason before anything the checks said."""
    decision = Override(question="Q2", points=0.5, reason="Vu en TP.", author="R. S.", date="2026-05-17")
    said = text("Décidé par R. S. : Vu en TP.")
    result = judged(Outcome.FAILED)
    marks = tuple(
        msgspec.structs.replace(one, points=0.5, open=0.0, override=decision, note=said)
        if one.item == "Q2"
        else one
        for one in result.marks
    )
    page = summary(msgspec.structs.replace(result, marks=marks), "fr")
    assert [row.feedback for row in page.items if row.id == "Q2"] == ["Décidé par R. S. : Vu en TP."]


def test_same_work_is_told_but_stopped_nothing() -> None:
    """One figure under two stages stands among what is worth knowing."""
    problem = Problem(kind="same_work", text=text("La même figure."), place=Place(file="a.png"))
    page = summary(msgspec.structs.replace(example(), problems=(problem,)), "fr")
    assert page.problems == () and page.notes[0] == "La même figure. (a.png)"
