"""From verdicts to points: pure, exact to a hundredth, and never a zero for what is undecided.

A failed verdict costs its share of the item, an undecided one leaves its share open, a mistake (`fault`) is
charged at the first item that shows it. What was not handed in earns nothing; bonus items stand apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

import msgspec

from grader.marking.advice import fix_first
from grader.marking.overrides import overridden
from grader.marking.scheme import Scheme
from grader.model import Assignment, Mark, Outcome, Override, Question, Total, Verdict
from grader.text import Text

_UNDECIDED = (Outcome.ERROR, Outcome.BLOCKED, Outcome.UNREADABLE, Outcome.MANUAL, Outcome.NOT_RUN)
"""Of several, an item shows the first."""
_ONE = Fraction(1)


def mark(
    assignment: Assignment,
    verdicts: Iterable[Verdict],
    scheme: Scheme | None = None,
    overrides: Iterable[Override] = (),
) -> tuple[tuple[Mark, ...], Total, tuple[Text, ...]]:
    """Return a mark for every item in the coursework's order, their total, and at most three things to fix first.

    The order of `verdicts` changes nothing. Items without any verdict are left to a person, or are our
    fault where checks should have decided them. What a person decided (`overrides`, the last entry about an item)
    stands whatever the checks say.
    """
    charged = charge(assignment, verdicts)
    decided = {override.question: override for override in overrides}
    marks = tuple(_mark(question, charged, scheme) for question in assignment.question)
    marks = tuple(overridden(one, decided[one.item]) if one.item in decided else one for one in marks)
    return marks, _total(marks), fix_first(assignment, charged, marks)


def charge(assignment: Assignment, verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Return the verdicts in the coursework's order, `charged` once a fault; costs that are no share become errors.

    Within an item the costliest showing of a fault is charged; shown elsewhere again, it costs nothing.
    """
    order = {question.id: place for place, question in enumerate(assignment.question)}
    sound = [_sound(verdict) for verdict in verdicts]
    by_charge = sorted(sound, key=lambda one: (order.get(one.item, len(order)), -one.cost, one.check))
    seen: dict[str, str] = {}
    result: dict[int, Verdict] = {}
    for verdict in by_charge:
        repeated = verdict.outcome is Outcome.FAILED and verdict.fault is not None and verdict.fault in seen
        if verdict.outcome is Outcome.FAILED and verdict.fault is not None:
            seen.setdefault(verdict.fault, verdict.item)
        result[id(verdict)] = msgspec.structs.replace(verdict, charged=not repeated)
    told = sorted(range(len(sound)), key=lambda place: (order.get(sound[place].item, len(order)), place))
    return tuple(result[id(sound[place])] for place in told)


def _sound(verdict: Verdict) -> Verdict:
    """Return a fresh verdict whose cost is a share; one without is no judgement but an error of ours."""
    if math.isfinite(verdict.cost) and 0 <= verdict.cost <= 1:
        return msgspec.structs.replace(verdict)
    return msgspec.structs.replace(verdict, cost=1.0, outcome=Outcome.ERROR)


def _mark(question: Question, verdicts: Sequence[Verdict], scheme: Scheme | None) -> Mark:
    maximum = scheme.maximum(question.id, question.points) if scheme is not None else question.points
    own = [verdict for verdict in verdicts if verdict.item == question.id]
    if not own:
        outcome = Outcome.ERROR if question.automatic else Outcome.MANUAL
        return _shares(question, maximum, outcome, Fraction(0), _ONE, None)
    if all(verdict.outcome is Outcome.MISSING for verdict in own):
        return _shares(question, maximum, Outcome.MISSING, _ONE, Fraction(0), None)
    lost = _sum(one for one in own if one.outcome is Outcome.MISSING or _is_charged(one))
    open_ = _sum(one for one in own if not one.outcome.decided)
    if not any(one.outcome.decided for one in own):
        open_ = _ONE
    open_ = min(open_, _ONE - lost)
    return _shares(question, maximum, _outcome(own, lost, open_), lost, open_, _note(own, verdicts))


def _is_charged(verdict: Verdict) -> bool:
    return verdict.outcome is Outcome.FAILED and verdict.charged


def _sum(verdicts: Iterable[Verdict]) -> Fraction:
    """Return the sum of costs, exact and capped at the whole; sevenths stay sevenths."""
    return min(_ONE, sum((Fraction(one.cost).limit_denominator(10_000) for one in verdicts), Fraction(0)))


def _outcome(own: Sequence[Verdict], lost: Fraction, open_: Fraction) -> Outcome:
    if lost > 0:
        return Outcome.FAILED
    if open_ > 0:
        present = {one.outcome for one in own}
        return next(outcome for outcome in _UNDECIDED if outcome in present)
    return Outcome.PASSED


def _shares(
    question: Question, maximum: float, outcome: Outcome, lost: Fraction, open_: Fraction, note: Text | None
) -> Mark:
    """Return the mark in hundredths: what is lost and what is open are rounded, the rest is earned."""
    whole = _hundredths(Fraction(maximum).limit_denominator(10_000))
    lost_cents = min(whole, _hundredths(lost * Fraction(maximum).limit_denominator(10_000)))
    undecided = open_ == _ONE
    open_cents = min(
        whole - lost_cents,
        whole if undecided else _hundredths(open_ * Fraction(maximum).limit_denominator(10_000)),
    )
    return Mark(
        item=question.id,
        outcome=outcome,
        maximum=whole / 100,
        points=None if undecided else (whole - lost_cents - open_cents) / 100,
        open=open_cents / 100,
        bonus=question.bonus,
        note=note,
    )


def _hundredths(value: Fraction) -> int:
    """Round half up."""
    return math.floor(value * 100 + Fraction(1, 2))


def _note(own: Sequence[Verdict], verdicts: Sequence[Verdict]) -> Text | None:
    """Say where a mistake that shows here again was counted."""
    repeated = {one.fault for one in own if one.outcome is Outcome.FAILED and not one.charged}
    where = dict.fromkeys(one.item for one in verdicts if one.fault in repeated and _is_charged(one))
    elsewhere = [item for item in where if item != own[0].item]
    if not elsewhere:
        return None
    names = ", ".join(elsewhere)
    return Text(
        fr=f"La même erreur est déjà comptée en {names} : elle n'est pas comptée une seconde fois ici.",
        en=f"The same mistake is already counted at {names}: it is not counted a second time here.",
    )


def _total(marks: Sequence[Mark]) -> Total:
    """Return the sums over items without bonus, and what bonus items earned apart."""
    counted = [one for one in marks if not one.bonus]
    return Total(
        points=_added(one.points or 0.0 for one in counted),
        decided=_added(one.maximum - one.open for one in counted),
        open=_added(one.open for one in counted),
        maximum=_added(one.maximum for one in counted),
        bonus=_added(one.points or 0.0 for one in marks if one.bonus),
    )


def _added(values: Iterable[float]) -> float:
    return sum(round(value * 100) for value in values) / 100
