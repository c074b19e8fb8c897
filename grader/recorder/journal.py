"""What has been seen of a program so far, in plain objects that the patches fill and `writing` reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from torch import nn

from grader.model import Call, Metric, Network, Place, Problem
from grader.text import Text

REAL_EPOCHS = 2
"""Epochs of a training that are really computed; the later ones are fast-forwarded."""
REAL_BATCHES = 4
"""Batches of one pass that are really computed, where the program insists on drawing more."""
LOOSE_STEPS = 6
"""Steps really computed where the program draws its batches without a DataLoader."""
EVENTS_MAX = 4_000
METRICS_MAX = 200


@dataclass
class Images:
    """A data set of the program: which one, and which half of it."""

    name: str
    split: Literal["train", "test"]
    dataset: Any
    place: Place | None


@dataclass
class LoaderRecord:
    """A DataLoader and what it draws from; `reason` says why its images cannot be told as a recipe."""

    images: list[Images]
    batch_size: int | None
    shuffle: bool
    drop_last: bool
    length: int
    reason: Text | None = None
    transforms: tuple[Call, ...] | None = None
    place: Place | None = None
    count: int = 0
    passes: int = 0
    last_batch: Any = None
    fed: list[Any] = field(default_factory=list)
    """What a network was fed of it, where its transforms cannot be read off: the first batches."""
    explained: int = 0  # of these, how many were held against the data set's images
    before: Any = None  # where its transforms are told by them: what was known without
    stock_order: bool = True  # whether its images are drawn as torch's own samplers do

    @property
    def split(self) -> Literal["train", "test"]:
        """`test` as soon as one of its data sets is the test half."""
        return "test" if any(one.split == "test" for one in self.images) else "train"


@dataclass(eq=False)
class Pass:
    """One iteration over a loader."""

    loader: LoaderRecord
    number: int
    place: Place | None
    first_event: int
    drawn: int = 0
    finished: bool = False
    trains: bool = False
    batches: int = 0  # learned from
    steps: int = 0
    stepped_after: int = 0
    """Batches that its latest step came after: all of them where that was after the pass."""
    rate: float | None = None
    """Learning rate at its latest step."""
    moved: bool = False
    """Whether the rate changed from one step to another."""
    run: TrainingRecord | None = None
    labels: Any = None
    """Of the latest batch."""
    losses: list[float] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)
    """Of each batch, in percent."""


@dataclass(eq=False)
class RootCall:
    """One call of a whole network: in which mode, and on which images."""

    root: Root
    training: bool
    gradients: bool
    drawn: Pass | None
    input_shape: tuple[int, ...]
    preprocessing: tuple[str, ...]
    fast: bool = False
    positions: tuple[int, ...] = ()
    """Of the test images in it, where a real training asks for them."""
    output_dims: int = 2
    learned: bool = False


@dataclass(eq=False)
class Root:
    """A network that the program calls as a whole, with a copy from before it learned."""

    module: nn.Module
    pristine: nn.Module | None
    place: Place | None
    parameters: frozenset[int]
    cached: dict[bool, Any] = field(default_factory=dict)
    run: TrainingRecord | None = None
    calls: list[RootCall] = field(default_factory=list)
    pretrained: bool = False
    any_batch: bool = False
    """Whether it was seen to take batches of other sizes than the program's."""
    reached: list[nn.Parameter] = field(default_factory=list)
    """The parameters that the latest real backward pass left gradients in."""


@dataclass(eq=False)
class LossCall:
    """What a loss function was called with; `before` is what lay between the network's output and it."""

    name: str
    arguments: dict[str, Any]
    before: tuple[str, ...]
    place: Place | None


@dataclass(eq=False)
class SchedulerRecord:
    """A learning-rate scheduler: its constructor's arguments and when it was stepped."""

    name: str
    arguments: dict[str, Any]
    place: Place | None
    original_step: Callable[..., Any]
    scheduler: Any
    between: dict[int, int] = field(default_factory=dict)
    """Steps taken outside a pass, by the number of training passes begun before them."""
    inside: dict[Pass, int] = field(default_factory=dict)
    """Steps taken before the last batch drawn was done with, by training pass."""
    steps: int = 0
    told: dict[str, int] = field(default_factory=dict)
    """How often what it was told may have been which figure, and under "" how often it was told any."""


@dataclass(eq=False)
class OptimizerRecord:
    """An optimizer as it was built."""

    name: str
    optimizer: Any
    groups: list[dict[str, Any]]
    place: Place | None
    known: bool
    run: TrainingRecord | None = None
    schedulers: list[SchedulerRecord] = field(default_factory=list)


@dataclass(eq=False)
class TrainingRecord:
    """One training: an optimizer over a network, pass after pass."""

    number: int
    root: Root
    optimizer: OptimizerRecord
    """The one at work now: a program may build a new one at every epoch."""
    first: OptimizerRecord
    """The one it began with."""
    network: Network | None = None
    reason: Text | None = None
    continues: int | None = None
    """The number of the training whose weights this one starts from, None when it starts afresh."""
    samples: str | None = None
    passes: list[Pass] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    other_rates: list[list[float]] = field(default_factory=list)
    """Of every group but the first, at the same steps as `rates`."""
    steps: int = 0
    batches: int = 0
    """Training batches: root calls that a backward pass followed."""
    batches_stepped: int = 0
    """Training batches until the latest step: what comes after it may have been cut off."""
    cleared: list[bool] = field(default_factory=list)
    modes: list[bool] = field(default_factory=list)
    train_calls: list[RootCall] = field(default_factory=list)
    loss: LossCall | None = None
    clipping: Call | None = None
    stepped_since_backward: bool = True
    printed: list[Metric] = field(default_factory=list)
    untrained: tuple[str, ...] = ()
    frozen: frozenset[str] = frozenset()
    group_paths: list[tuple[str, ...]] = field(default_factory=list)
    cell: int = 0
    lines: dict[str, Place] = field(default_factory=dict)
    """Where the program first called `backward`, `step`, `zero_grad`, ... for this training."""
    propagates: bool = True
    """Whether an error was ever propagated back."""
    figures: list[tuple[str, bool, bool]] = field(default_factory=list)
    """For each figure told after a pass: its name, whether it is the last batch's, whether the whole pass's."""

    real: Any = None
    unmade: int = 0  # epochs that loops left before their end had planned
    told_at: int = 0
    """How many passes there were when the latest loop over epochs came to its end, or was left."""

    def line(self, name: str, place: Place | None) -> None:
        """Remember `place` as where the program first called `name` for this training."""
        if place is not None:
            self.lines.setdefault(name, place)

    def watched(self, drawn: Pass | None) -> bool:
        """Whether what happens now is still really computed, in the pass `drawn` or outside any."""
        if self.real is not None:
            return bool(self.real.watches(self, drawn))
        if drawn is None:
            return self.steps < LOOSE_STEPS and len(self.passes) < REAL_EPOCHS
        early = drawn in self.passes[:REAL_EPOCHS] or len(self.passes) < REAL_EPOCHS
        return early and drawn.drawn <= REAL_BATCHES


@dataclass(eq=False)
class Journal:
    """All that was seen of one program."""

    images: list[Images] = field(default_factory=list)
    loaders: list[LoaderRecord] = field(default_factory=list)
    roots: list[Root] = field(default_factory=list)
    optimizers: list[OptimizerRecord] = field(default_factory=list)
    schedulers: list[SchedulerRecord] = field(default_factory=list)
    runs: list[TrainingRecord] = field(default_factory=list)
    by_hand: list[RootCall] = field(default_factory=list)
    """Backward passes through networks that no optimizer holds."""
    events: list[str] = field(default_factory=list)
    ageing: dict[str, None] = field(default_factory=dict)
    problem: Problem | None = None
    failed: BaseException | None = None
    """What first ended a script that the program started."""
    current: TrainingRecord | None = None
    real: Any = None
    """The real training under way (`real.Real`), None where programs are only watched."""
    whole_passes: bool = False  # whether passes run to their full length, after short ones failed
    slow: bool = False  # whether one batch takes so long that a pass is ended after it
    shortened: bool = False  # whether a pass was ended early
    ended: list[Pass] = field(default_factory=list)  # passes that came to their end, the latest two
    active: Pass | None = None  # the pass of the latest batch drawn
    early_printed: list[Metric] = field(default_factory=list)
    cell: int = 0
    """The cell of the notebook that is running, 0 in a script."""
    orphan: RootCall | None = None
    """The call of the latest backward pass through a network that no optimizer holds."""
    here: Callable[[], Place | None] = lambda: None
    outermost: Callable[[], Place | None] = lambda: None
    depth: int = 0
    """How many networks deep the program is: 0 outside every forward pass."""
    turns: list[Any] = field(default_factory=list)
    """What is counted of the ranges that loops go through now (`epochs.Turns`), the outermost first."""
    paused: int = 0
    """Above 0 the recorder itself is at work and nothing is noted."""
    on_change: Callable[[], None] = lambda: None
    capture: Callable[[TrainingRecord, RootCall], None] = lambda run, call: None

    def event(self, name: str) -> None:
        """Note that `name` happened now."""
        if not self.paused and len(self.events) < EVENTS_MAX:
            self.events.append(name)

    def bridge(self, name: str) -> None:
        """Note that a bridge for old code was crossed."""
        if not self.paused and len(self.ageing) < 40:
            self.ageing.setdefault(name)

    def root_of(self, module: nn.Module) -> Root | None:
        """Return the root that stands for `module`, if it was called before."""
        return next((root for root in self.roots if root.module is module), None)

    def optimizer_of(self, optimizer: Any) -> OptimizerRecord | None:
        """Return the record of `optimizer`."""
        return next((one for one in reversed(self.optimizers) if one.optimizer is optimizer), None)

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Have the patches stand aside, and nothing noted, for as long as the context lasts."""
        self.paused += 1
        try:
            yield
        finally:
            self.paused -= 1


def parameters_of(module: nn.Module) -> frozenset[int]:
    """Return the identities of all parameters of `module`."""
    return frozenset(id(parameter) for parameter in module.parameters())
