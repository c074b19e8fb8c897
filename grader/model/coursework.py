"""What a coursework asks: its stages, its questions and what they are worth."""

from __future__ import annotations

from typing import Literal

import msgspec

from grader.model.training import Quantity
from grader.text import Language, Text

Kind = Literal[
    "formula", "number", "table", "architecture", "implementation", "run", "experiment", "essay", "free"
]


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the improvement of the network, recognised by what it adds."""

    id: str
    item: str
    """The id of the marked item that this stage answers."""
    section: str
    title: Text
    ingredients: tuple[str, ...] = ()
    """What this stage adds to the one before it; the first adds nothing."""


class StageComparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two stages of which one is expected to do better; the comparison informs."""

    stage: str
    against: str
    quantity: Quantity = "accuracy"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One marked item: a question of the sheet, an implementation, or a part of the report."""

    id: str
    section: str
    kind: Kind
    points: float
    star: bool = False
    bonus: bool = False
    visibility: Literal["visible", "after_due_date", "hidden"] = "visible"
    automatic: bool = False
    """Whether checks decide it; otherwise a person does, with the text in front of them."""
    text: Text


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """How much training a run may spend, and with which hyper-parameters.

    A number of 0 or a missing table means "as the student's own recipe has it".
    """

    train_images: int = 0
    test_images: int = 0
    epochs: int = 0
    batch_size: int = 0
    learning_rates: dict[str, float] = {}
    """By optimizer family: `sgd`, `sgd_momentum`, `adaptive`."""
    trains: bool = True


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """A coursework, as its `assignment.toml` tells it."""

    slug: str
    version: str
    title: Text
    language: Language
    source: str
    dataset: str
    input_shape: tuple[int, int, int]
    """Channels, height, width of one image."""
    classes: int
    page_limit: int
    stage: tuple[Stage, ...]
    comparison: tuple[StageComparison, ...] = ()
    """Which stages are compared, pairwise and with the same seed."""
    question: tuple[Question, ...]
    budgets: dict[str, Budget]
