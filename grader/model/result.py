"""What was found and what it is worth: the record of which every report is a view."""

from __future__ import annotations

from typing import Literal

import msgspec

from grader.model.curve import StudentCurve
from grader.model.outcome import Outcome
from grader.model.recording import Layer, StageMatch
from grader.model.submission import Place, Problem, Submission
from grader.model.training import Band, Comparison, ReferenceModel, Training
from grader.text import Language, Text


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a student wrote under one question; `found`, or why there is nothing to mark."""

    question: str
    state: Literal["found", "missing", "template", "unreadable"]
    text: str = ""
    place: Place | None = None
    also: tuple[Place, ...] = ()
    """Where else the same answer stands or goes on."""
    note: Text | None = None
    """What of it could not be read, and what to do."""


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """Everything read from the documents of the hand-in."""

    answers: tuple[Answer, ...] = ()
    claims: dict[str, float] = {}
    """Final test accuracy that the student states for a stage, in percent, by stage id."""
    report: str = ""
    """The free part, as Markdown."""
    problems: tuple[Problem, ...] = ()


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What one check found about one item."""

    check: str
    """Name of the check function, unique in the coursework."""
    item: str
    """The id of the question or implementation it bears on."""
    stage: str | None = None
    label: Text
    """What is checked, in the words a student reads."""
    outcome: Outcome
    cost: float
    """Share of the item's points at stake, 0 to 1; lost when `failed`, open while undecided."""
    fault: str | None = None
    """Names the underlying mistake: the same fault is charged once, where it first appears."""
    charged: bool = True
    """False when the same fault was already charged at an earlier item."""
    remark: bool = False
    """Whether the message is worth telling although nothing was lost."""
    routine: bool = False
    """Whether it says no more than that somebody will read the answer; a view may leave it unsaid."""
    message: Text
    teacher: Text | None = None
    place: Place | None = None
    confidence: float | None = None
    """Of a judgement on what was written, 0 to 1; None where nothing had to be understood."""
    proposal: float | None = None
    """Share of `cost` that the reading of an answer would give; on `manual`, for the person who decides."""
    evidence: tuple[str, ...] = ()
    """What decided, quoted from the answer."""
    lacks: tuple[Text, ...] = ()
    """What a full answer would say besides."""


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """What a person decided about one item, whatever the checks say: one entry of `overrides.toml`."""

    question: str
    points: float
    reason: str
    author: str
    date: str
    """ISO 8601, `2026-05-17`."""


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """A second opinion on one answer, from a language model: a proposal to the teacher, worth no points."""

    question: str
    answer: str
    """SHA-256 of the answer's text."""
    share: float
    """Of the points: 0, 0.5 or 1."""
    reason: str
    model: str
    host: str


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What one item earned: `points` are sure, `open` are undecided, the rest is lost."""

    item: str
    outcome: Outcome
    maximum: float
    points: float | None
    """None when nothing of the item is decided."""
    open: float = 0.0
    bonus: bool = False
    note: Text | None = None
    override: Override | None = None
    """The decision of a person that stands for what the checks say."""


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """The sum over items; the mark lies between `points` and `points + open`."""

    points: float
    decided: float
    """Maximum of what was decided."""
    open: float
    maximum: float
    bonus: float = 0.0


Judgement = Literal["above", "within", "below", "not_calibrated", "not_run", "unfinished"]
"""Where a retrained accuracy lies against the reference's band, or why nothing can be said.

`unfinished`: the time given was over before the curve could decide."""


class StageResult(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one stage, in one row."""

    stage: str
    item: str
    title: Text
    match: StageMatch
    parameter_count: int | None = None
    layers: tuple[Layer, ...] = ()
    claimed: float | None = None
    """Percent, as the student states it."""
    training: Training | None = None
    band: Band | None = None
    judgement: Judgement = "not_run"
    looks: tuple[float, ...] = ()
    """Accuracies with this seed and further ones, where the first fell below the band: their median is judged."""
    comparisons: tuple[Comparison, ...] = ()
    reference: ReferenceModel | None = None
    """The reference's network of this stage under the same conditions."""
    hyperparameters: dict[str, str] = {}
    """The student's own, for the eye: optimizer, learning rate, momentum, batch size, epochs, ..."""


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a reader needs to get the same result again."""

    data: str
    classes: tuple[str, ...] = ()
    """The names of the data's classes in the order of the confusion matrices; none where nothing was trained."""
    budget: str
    device: str
    precision: str
    seed: int
    sandbox: str
    mechanisms: tuple[str, ...] = ()
    versions: dict[str, str] = {}
    distribution: Literal["teacher", "student"] = "teacher"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One graded hand-in. The truth; the terminal, the PDF and the gradebook are views of it."""

    format: int = 1
    assignment: str
    assignment_version: str
    title: Text
    language: Language
    submission: Submission
    conditions: Conditions
    stages: tuple[StageResult, ...] = ()
    curves: tuple[StudentCurve, ...] = ()
    """The student's own, from the logs of the hand-in; only ever set beside ours."""
    answers: tuple[Answer, ...] = ()
    model_answers: dict[str, str] = {}
    """The solution's answers, where a teacher asked to see them."""
    questions: dict[str, Text] = {}
    """The wording of each item, so that a view needs no coursework beside it."""
    report: str = ""
    verdicts: tuple[Verdict, ...] = ()
    marks: tuple[Mark, ...] = ()
    overrides: tuple[Override, ...] = ()
    """Every decision of a person, the earliest first; of several about one item the last one counts."""
    opinions: tuple[Opinion, ...] = ()
    """What a language model proposes where a person decides; for the teacher."""
    total: Total
    fix_first: tuple[Text, ...] = ()
    """At most three, the costliest first."""
    problems: tuple[Problem, ...] = ()
    notes: tuple[Text, ...] = ()
