"""What the student's programs did in the sandbox, and what the host could confirm of it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from grader.model.outcome import Outcome
from grader.model.recipe import Recipe
from grader.model.submission import EntryPoint, Evidence, Place, Problem
from grader.text import Text


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One figure that the program printed: `name` is `loss` or `accuracy` (percent)."""

    name: str
    value: float
    epoch: int | None = None
    phase: Literal["train", "test", "unknown"] = "unknown"


class Glimpse(msgspec.Struct, frozen=True, kw_only=True):
    """What shows of a training that is no recipe: enough to say which stage it may be, nothing to judge."""

    dataset: str
    """As in `Pipeline`."""
    ingredients: tuple[str, ...] = ()
    """The improvements that show; one written as a plain function does not."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One training that a program carried out: one optimizer over one network."""

    id: str
    """Unique in the hand-in: the entry point's id and a number, `e2.1`."""
    recipe: Recipe | None
    """None when the program cannot be expressed as a recipe; `unexpressed` then says why."""
    unexpressed: Text | None = None
    glimpse: Glimpse | None = None
    """Only where there is no recipe."""
    samples: str | None = None
    """Name of the safetensors file with initial values and outputs, for comparison only."""
    places: dict[str, Place] = {}
    """Where the program made what: `network`, `optimizer`, `scheduler`, `loss`, `train_images`, `train_loader`,
    `train_transforms`, `evaluation_images`, `evaluation_transforms`, `training_loop`, `evaluation_loop`; and where
    it first called what: `backward`, `step`, `zero_grad`, `scheduler_step`; `began` is the outermost line then."""
    events: tuple[str, ...] = ()
    """The order of calls in the second epoch, shortened: `batch zero_grad forward loss backward step ...`."""
    printed: tuple[Metric, ...] = ()
    cell: int = 0
    """The cell of the notebook that was running when it began, 0 outside notebooks."""
    signs: dict[str, bool] = {}
    """What else was seen of its loop and is no part of the recipe: `propagates` (whether `backward` was ever called),
    `last_batch_metrics` (whether figures told for an epoch are those of its last batch alone), `by_pixels` (whether
    transforms are told by what the network was fed, and not by their names)."""


class SandboxRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How a program was kept in, and what ended it."""

    backend: str
    mechanisms: tuple[str, ...] = ()
    ended_by: str = "exit"


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """What one entry point did: its trainings, the first error, and the bridges that old code needed."""

    entry: EntryPoint
    runs: tuple[Run, ...] = ()
    problem: Problem | None = None
    ageing: tuple[str, ...] = ()
    """Short names of the bridges that were crossed: `view_on_non_contiguous`, ..."""
    output_tail: str = ""


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """One layer with what it gives and holds, measured on the rebuilt network."""

    name: str
    """`conv1`, `relu1`, `pool1`, ..., `fc4`, `fc5`: by kind and order, not the student's names."""
    kind: str
    """`conv`, `relu`, `max_pool`, `avg_pool`, `linear`, `dropout`, `batch_norm`, `softmax`, `log_softmax`,
    `flatten`, or torch's name."""
    output_shape: tuple[int, ...]
    """Channels, height, width; or features. Without the batch."""
    weights: int = 0
    biases: int = 0
    options: dict[str, Any] = {}
    """`kernel`, `stride`, `padding`, `ceil_mode`, `p`, ...: plain numbers or pairs."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A fact of the loop, which only the program itself can show, held against its source.

    It decides points only when `confirmed`: recording and syntax tree say the same.
    """

    name: str
    """A field of `Loop`, or `scheduler_stepped`, `gradient_cleared`, ..."""
    value: bool | float | str | None
    confirmed: bool
    place: Place | None = None


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """A run's recipe after the host rebuilt its network and compared it with what was recorded."""

    run: str
    agrees: bool
    """Whether the rebuilt network gives the recorded outputs at two batch sizes, in evaluation mode."""
    reason: Text | None = None
    digest: str = ""
    """Of the recipe with names taken away: equal digests train alike."""
    layers: tuple[Layer, ...] = ()
    """Of the training graph, in order of execution."""
    evaluation_layers: tuple[Layer, ...] = ()
    canonical: tuple[str, ...] = ()
    """The architecture in one notation for equal functions, e.g. `conv 3->32 k5 s1 p2`, `relu`, `pool k2 s2`."""
    parameter_count: int = 0
    weight_count: int = 0
    """Without biases and without batch norm's parameters."""
    facts: tuple[Fact, ...] = ()
    flags: tuple[str, ...] = ()
    """For a person to look at: `unknown_initial_values`, `frozen_parameters`, `constant_tensors`, ..."""


class Recordings(msgspec.Struct, frozen=True, kw_only=True):
    """The record step as a whole."""

    recordings: tuple[Recording, ...] = ()
    examinations: tuple[Examination, ...] = ()
    sandbox: SandboxRecord


class StageMatch(msgspec.Struct, frozen=True, kw_only=True):
    """Which run was taken for a stage, and why."""

    stage: str
    outcome: Outcome
    """`passed` when a run was found, else `missing`, `blocked`, `unreadable`, `manual` or `error`."""
    run: str | None = None
    style: Literal["cumulative", "separate"] | None = None
    """Whether the run holds the earlier stages' ingredients too, or tries this one alone."""
    ingredients: tuple[str, ...] = ()
    """All that were recognised in the run."""
    evidence: Evidence = "handed_in"
    """What the run stands on; weaker evidence leaves the stage to a person."""
    reason: Text
