"""What a check of a coursework is and how it ends: the few words that authors of checks need.

    @check(item="3.4", stage="dropout", cost=0.5, fr="Dropout entre fc4 et fc5", en="Dropout between fc4 and fc5")
    def test_34_place(stage):
        ...
        failed(fault="dropout_place", fr="...", en="...", place=stage.place("network"))

A check that returns has passed. Everything else is said by one of the functions below, which raise `Decided`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from grader.model import Outcome, Place
from grader.text import Text

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class CheckSpec:
    """What is known of a check before it runs."""

    item: str
    cost: float
    label: Text
    stage: str | None = None
    fault: str | None = None


def check(
    *, item: str, cost: float, fr: str, en: str, stage: str | None = None, fault: str | None = None
) -> Callable[[F], F]:
    """Declare a test function a check of `item` with `cost` of its points (0 to 1) at stake.

    `fr` and `en` say what is checked, as a student reads it. `fault` names the mistake that a failure
    shows, when it is always the same one.
    """
    if not 0 <= cost <= 1:
        raise ValueError(f"a cost is a share of the item's points, not {cost}")
    spec = CheckSpec(item=item, cost=cost, label=Text(fr=fr, en=en), stage=stage, fault=fault)

    def declare(function: F) -> F:
        function.__check__ = spec  # type: ignore[attr-defined] # the plugin reads it there
        return function

    return declare


@dataclass
class Decided(Exception):
    """The end of a check that did not simply return."""

    outcome: Outcome
    message: Text
    fault: str | None = None
    place: Place | None = None
    teacher: Text | None = None
    cost: float | None = None
    """Instead of the check's own, for a lesser mistake."""
    remark: bool = False
    whole_stage: bool = False
    """Whether nothing at all can be said of the stage: one verdict then stands for all its checks."""
    confidence: float | None = None
    proposal: float | None = None
    evidence: tuple[str, ...] = ()
    lacks: tuple[Text, ...] = ()

    def __str__(self) -> str:
        return self.message.en


def failed(
    *, fr: str, en: str, fault: str | None = None, place: Place | None = None,
    teacher: Text | None = None, cost: float | None = None,
) -> NoReturn:  # fmt: skip
    """End the check as failed: its cost is lost, unless the same fault was charged before."""
    raise Decided(Outcome.FAILED, Text(fr=fr, en=en), fault, place, teacher, cost)


def remark(*, fr: str, en: str, place: Place | None = None, teacher: Text | None = None) -> NoReturn:
    """End the check as passed, with something worth telling."""
    raise Decided(Outcome.PASSED, Text(fr=fr, en=en), place=place, teacher=teacher, remark=True)


def manual(
    *, fr: str, en: str, place: Place | None = None, teacher: Text | None = None, cost: float | None = None
) -> NoReturn:
    """End the check undecided: a person looks."""
    raise Decided(Outcome.MANUAL, Text(fr=fr, en=en), place=place, teacher=teacher, cost=cost)


def missing(*, fr: str, en: str, place: Place | None = None) -> NoReturn:
    """End the check with nothing handed in for it: no points, and no reproach."""
    raise Decided(Outcome.MISSING, Text(fr=fr, en=en), place=place)


def blocked(*, fr: str, en: str, place: Place | None = None) -> NoReturn:
    """End the check undecided: the student's program gave no evidence."""
    raise Decided(Outcome.BLOCKED, Text(fr=fr, en=en), place=place)


def unreadable(*, fr: str, en: str, place: Place | None = None) -> NoReturn:
    """End the check undecided: something was handed in that could not be read."""
    raise Decided(Outcome.UNREADABLE, Text(fr=fr, en=en), place=place)


def judged(
    share: float, *, message: Text, confidence: float, decided: bool, cost: float,
    evidence: tuple[str, ...] = (), lacks: tuple[Text, ...] = (), place: Place | None = None,
) -> NoReturn:  # fmt: skip
    """End the check with the share of `cost` that an answer earns; undecided, a person sees it as a proposal.

    Where nothing is at stake (`cost` 0) the check informs and passes.
    """
    short = Outcome.FAILED if decided else Outcome.MANUAL
    outcome = Outcome.PASSED if cost == 0 or (decided and share >= 1) else short
    lost = cost * (1 - share) if outcome is Outcome.FAILED else cost
    raise Decided(
        outcome,
        message,
        place=place,
        cost=lost,
        confidence=confidence,
        proposal=share,
        evidence=evidence,
        lacks=lacks,
    )


def not_run(*, fr: str, en: str) -> NoReturn:
    """End the check undecided: the budget left it out."""
    raise Decided(Outcome.NOT_RUN, Text(fr=fr, en=en))
