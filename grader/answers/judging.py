"""What a written answer is worth by its rubric, how sure that is, and the words that decided.

An answer is read twice: strictly, where only what is plainly said counts and every suspicion of a mistake, and
generously, where hints count too. Where the two readings give different marks, a person decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from grader.answers.directions import tags
from grader.answers.examples import Alike, Examples
from grader.answers.patterns import Finder, Match
from grader.answers.rubrics import Concept, Ready, concepts_of, holds
from grader.answers.spelling import corrected
from grader.answers.words import CHARACTERS_MAX, Reading, read_words
from grader.answers.worthless import enumerates, without_instructions, without_question, worthless
from grader.text import Text

Reason = Literal[
    "said", "error", "nothing", "empty", "refusal", "reference", "list", "question", "instruction"
]


@dataclass(frozen=True)
class Judgement:
    """One answer judged."""

    share: float
    """Of the points: 0, 0.5 or 1; a proposal where the confidence is too low."""
    confidence: float
    decided: bool
    reason: Reason
    evidence: tuple[str, ...] = ()
    found: tuple[Text, ...] = ()
    lacks: tuple[Text, ...] = ()
    errors: tuple[Text, ...] = ()


_NEAR = 0.6
"""From this share of a pattern's words on, what it looks for may have been said in some other way."""
_MOST, _MANY, _FEW = 0.5, 0.4, 0.3
"""Shares of similar examples."""
_DOUBTED, _SETTLED = 0.5, 0.65
_BEYOND = Match(-1, -1, False, 0.0)
"""Of a concept that is known by other means than words."""


@dataclass(frozen=True)
class _Heard:
    """What was found of the rubric's concepts in one answer."""

    said: Mapping[str, Match]
    hinted: Mapping[str, Match]
    denied: frozenset[str]
    nearness: Callable[[], float]
    """Of what is asked for and was not found, how much of its words stands somewhere in the answer, 0 to 1."""
    measured: frozenset[str]


def judge(
    text: str, ready: Ready, asked: tuple[str, ...] = (), facts: Mapping[str, bool] | None = None,
    measured: frozenset[str] = frozenset(), examples: Examples | None = None,
) -> Judgement:  # fmt: skip
    """Return what `text` is worth as an answer to the question whose wordings are `asked`.

    `facts` are concepts of the rubric that somebody else knows to hold or not, as by arithmetic; `measured` names the
    surprises that a measurement confirms: to report them is no mistake. `examples` are answers marked by hand.
    """
    cut = len(text) > CHARACTERS_MAX
    own, instructed = without_instructions(text[:CHARACTERS_MAX])
    own = without_question(own, asked)
    reading = read_words(own)
    empty = worthless(reading, lists=ready.rubric.lists)
    if empty is not None:
        kind: Reason = "instruction" if instructed else empty.kind
        sure = {"reference": 0.3}.get(kind, 0.95)
        return _judgement(0.0, sure, kind, ready, lacks=_lacking(ready, frozenset()))
    reading = corrected(reading, ready.stems)
    heard = _hear(reading, ready, facts or {}, measured)
    strict, generous = _share(ready, heard, strict=True), _share(ready, heard, strict=False)
    errors = _errors(ready, heard, strict=False)
    proposal = strict if strict == generous or errors else (strict + generous) / 2
    proposal = 0.5 if proposal not in (0.0, 0.5, 1.0) else proposal
    wrong: Literal["whole", "part"] | None = (
        None if not errors else "whole" if _earned(ready, heard) == 1 else "part"
    )
    if wrong == "whole" and all(error.cap for error in errors):
        wrong = (
            "part"  # what is said is all there and a lesser mistake beside it: no full point hangs on either
        )
    sure = _confidence(reading, heard, (strict, generous), wrong=wrong, figures=ready.rubric.lists)
    unsure = not errors and strict == generous != 0.5  # of halves examples say nothing
    alike = examples.alike(own) if examples is not None and unsure else None
    if alike is not None:
        sure = _in_sight_of(alike, proposal, sure)
    if instructed:
        sure = 0.95 if strict == generous == 0 else 0.2
    elif cut or reading.cut or (strict and not ready.rubric.lists and enumerates(reading)):
        sure = min(sure, 0.3)
    relevant = (
        [name for name in heard.said if name in ready.wanted] if not errors else [one.id for one in errors]
    )
    quotes = tuple(dict.fromkeys(
        reading.quote(heard.said[name].first, heard.said[name].last)
        for name in relevant
        if heard.said.get(name, _BEYOND) is not _BEYOND
    ))  # fmt: skip
    return _judgement(
        proposal, sure, "error" if errors else "said" if proposal else "nothing", ready, quotes[:4],
        tuple(ready.label(one) for one in relevant if not errors), _lacking(ready, frozenset(heard.said)),
        tuple(ready.label(one.id) for one in errors),
    )  # fmt: skip


def _judgement(
    share: float, sure: float, reason: Reason, ready: Ready, evidence: tuple[str, ...] = (),
    found: tuple[Text, ...] = (), lacks: tuple[Text, ...] = (), errors: tuple[Text, ...] = (),
) -> Judgement:  # fmt: skip
    return Judgement(
        share,
        round(sure, 2),
        sure >= ready.threshold,
        reason,
        evidence,
        found,
        () if share == 1 else lacks,
        errors,
    )


def _hear(
    reading: Reading, ready: Ready, facts: Mapping[str, bool], measured: frozenset[str] = frozenset()
) -> _Heard:
    finder = Finder(reading, tags(reading), ready.roles, ready.index)
    said: dict[str, Match] = {}
    hinted: dict[str, Match] = {}
    denied: set[str] = set()
    for concept in (*ready.rubric.concept, *ready.rubric.error):
        for pattern in ready.says[concept.id]:
            match = finder.find(pattern)
            if match is not None and not match.negated:
                said[concept.id] = match
                break
            if match is not None:
                denied.add(concept.id)
        for pattern in ready.hints[concept.id] if concept.id not in said else ():
            match = finder.find(pattern)
            if match is not None and not match.negated:
                hinted[concept.id] = match
                break
    for name, holds_true in facts.items():
        said.pop(name, None)
        hinted.pop(name, None)
        if holds_true:
            said[name] = _BEYOND

    def nearness() -> float:
        # What has no patterns is established by other means, and words say nothing about it.
        return max(
            (
                max((finder.nearness(pattern) for pattern in ready.says[name]), default=1.0)
                for name in ready.wanted - frozenset(said)
            ),
            default=1.0,
        )

    return _Heard(said, hinted, frozenset(denied) - frozenset(said), nearness, measured)


def _errors(ready: Ready, heard: _Heard, *, strict: bool) -> tuple[Concept, ...]:
    """Return the mistakes in the answer; with `strict`, those that are only hinted at or not measured too."""

    def holds_here(error: Concept) -> bool:
        if error.unless and (error.unless in heard.measured or not strict):
            return False
        return (
            error.id in heard.said
            or (strict and error.id in heard.hinted)
            or (bool(error.when) and holds(error.when, lambda name: name in heard.said))
        )

    return tuple(error for error in ready.rubric.error if holds_here(error))


def _share(ready: Ready, heard: _Heard, *, strict: bool) -> float:
    errors = _errors(ready, heard, strict=strict)
    return min([_earned(ready, heard, strict=strict), *(error.cap for error in errors)])


def _earned(ready: Ready, heard: _Heard, *, strict: bool = False) -> float:
    """Return what is earned before any mistake is held against it."""

    def known(name: str) -> bool:
        return name in heard.said or (not strict and name in heard.hinted)

    if any(holds(one, known) for one in ready.rubric.full):
        return 1.0
    return 0.5 if any(holds(one, known) for one in ready.rubric.half) else 0.0


def _lacking(ready: Ready, said: frozenset[str]) -> tuple[Text, ...]:
    """Return what the nearest full answer would say besides."""
    ways = []
    for combination in ready.rubric.full:
        missing = [
            concepts_of(term)[:1]
            for term in combination.split("+")
            if not holds(term, lambda name: name in said) and concepts_of(term)
        ]
        ways.append([name for names in missing for name in names])
    nearest = min(ways, key=len, default=[])
    return tuple(ready.label(name) for name in dict.fromkeys(nearest))


def _confidence(
    reading: Reading, heard: _Heard, shares: tuple[float, float],
    *, wrong: Literal["whole", "part"] | None, figures: bool,
) -> float:  # fmt: skip
    """Return how often such a judgement is right.

    A half is sure where no clause is left over that may say the other half, or where the words for it are not there
    at all. That nothing was found is sure on the same grounds only: where most words of a pattern stand somewhere, it
    may have been said otherwise than a rubric foresaw. A mistake is sure unless all that is asked stands beside it: one
    of the two was misread then. The steps are rough; `grade evaluate-answers` holds them against marks given by hand.
    """
    strict, generous = shares
    if strict != generous:
        return 0.4
    words, clauses = _left_over(reading, heard)
    if wrong is not None:
        return 0.5 if wrong == "whole" else 0.85
    if strict == 1:
        return 0.9 if clauses < 3 else 0.85
    far = heard.nearness() < _NEAR
    if strict == 0:
        return 0.7 if (figures and not clauses) or far else 0.5
    sure = 0.85 if words < 5 else 0.7 if clauses == 0 or far else 0.5
    return sure - 0.15 if heard.denied else sure


def _in_sight_of(alike: Alike, share: float, sure: float) -> float:
    """Return the confidence once similar answers that were marked by hand are looked at.

    They doubt a full mark that similar answers did not get, and settle that nothing was said where they were given
    nothing either. Beyond that they change nothing: a likeness of words never gives a point.
    """
    if share == 1 and alike.none > _MOST and alike.full < _FEW:
        return min(sure, _DOUBTED)
    if share == 0 and alike.none >= _MANY and alike.full < _FEW:
        return max(sure, _SETTLED)
    return sure


def _left_over(reading: Reading, heard: _Heard) -> tuple[int, int]:
    """Return how many words, and how many whole clauses, no concept accounts for."""
    known: set[int] = set()
    for match in (*heard.said.values(), *heard.hinted.values()):
        if match is not _BEYOND:
            known.update(range(match.first - 2, match.last + 3))
    left: dict[int, list[bool]] = {}
    for place, word in enumerate(reading.words):
        if word.written.isalpha() and len(word.written) > 3:
            left.setdefault(word.clause, []).append(place not in known)
    return sum(map(sum, left.values())), sum(all(own) and len(own) >= 3 for own in left.values())
