"""A recipe: everything needed to train a student's network again without the student's program."""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A whitelisted class or function by its bare name, with its arguments as plain JSON values.

    Modules of torch.nn (`Conv2d`), transforms of torchvision (`RandomCrop`), initialisers of
    torch.nn.init (`kaiming_normal_`), schedulers (`ExponentialLR`): the field that holds the call tells which.
    """

    name: str
    arguments: dict[str, Any] = {}


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One operation of a graph.

    In `arguments` and `keywords` a value is plain JSON, or one of the one-key objects
    `{"node": name}` (the output of an earlier node), `{"tuple": [...]}`, `{"slice": [start, stop, step]}`
    and `{"dtype": "float32"}`.
    """

    name: str
    op: Literal["input", "module", "function", "method", "attribute", "output"]
    target: str = ""
    """`module`: its path in `Network.modules`; `function`: a whitelisted name such as `relu`, `flatten`,
    `add`; `method`: a whitelisted tensor method such as `view`; `attribute`: a path in `Network.parameters`."""
    arguments: tuple[Any, ...] = ()
    keywords: dict[str, Any] = {}


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    """The operations of one forward pass, in order of execution."""

    nodes: tuple[Node, ...]


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One tensor of the network by its path: how it is drawn, never its values."""

    shape: tuple[int, ...]
    initializer: Call
    """`default` where the layer draws it; a function of torch.nn.init where the program called one;
    `unknown` where the recorded values fit neither (pretrained weights among them)."""
    trainable: bool = True
    buffer: bool = False


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """A network as two graphs over the same layers, traced in train and in evaluation mode.

    Two, because a functional dropout freezes into whichever mode was traced.
    """

    modules: dict[str, Call]
    parameters: dict[str, Parameter]
    train: Graph
    evaluation: Graph
    input_shape: tuple[int, ...]
    """Channels, height, width of what the program fed to it in training."""


class Pipeline(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to an image before the network sees it, and how batches are made."""

    dataset: str
    """The torchvision class, e.g. `CIFAR10` or `MNIST`."""
    train: tuple[Call, ...]
    evaluation: tuple[Call, ...] | None = None
    """None when the program never evaluated."""
    batch_size: int
    evaluation_batch_size: int | None = None
    shuffle: bool
    drop_last: bool = False


class ParameterGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters, by path, that one set of optimizer options applies to."""

    parameters: tuple[str, ...]
    options: dict[str, Any]
    """As torch names them, initial values: lr, momentum, weight_decay, nesterov, betas, ..."""


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """The loss function, and what was done to the network's output before it."""

    name: Literal["cross_entropy", "nll_loss", "mse_loss", "other"]
    arguments: dict[str, Any] = {}
    before: tuple[str, ...] = ()
    """Functions applied between the network's output and the loss: `softmax`, `log_softmax`, `relu`, ..."""


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """How the learning rate moves, judged by its value over time whatever made it move."""

    name: str | None = None
    """The scheduler's class, None when there is none (a hand-made decay shows in the rates)."""
    arguments: dict[str, Any] = {}
    stepped: Literal["never", "batch", "epoch", "after_training"] = "never"
    rates: tuple[float, ...] = ()
    """Learning rate of the first parameter group at the first step of each epoch."""
    group_rates: tuple[tuple[float, ...], ...] = ()
    """The same for every further group, where they do not keep their proportion to the first."""
    steps: int | None = None
    """Steps in the whole of the program's training, where the scheduler is stepped at every batch."""
    metric: Literal["train_loss", "test_loss", "train_accuracy", "test_accuracy"] | None = None
    """What `ReduceLROnPlateau` is told after each epoch; None where that was not seen."""


class Optimisation(msgspec.Struct, frozen=True, kw_only=True):
    """The loss, the optimizer with its groups, the schedule and the number of epochs."""

    loss: Loss
    optimizer: str
    """The class in torch.optim, e.g. `SGD`."""
    groups: tuple[ParameterGroup, ...]
    schedule: Schedule
    epochs: int
    clipping: Call | None = None


class Loop(msgspec.Struct, frozen=True, kw_only=True):
    """What the training loop does around the network; None where it was not seen."""

    clears_gradients: bool = True
    """Whether gradients start from zero at every step."""
    trains_in_train_mode: bool = True
    evaluates_in_eval_mode: bool | None = None
    evaluates_without_gradients: bool | None = None
    trains_on_test_images: bool = False
    evaluates_on_test_images: bool | None = None
    steps_per_batch: float = 1.0
    """Optimizer steps per training batch drawn; 0 for a training that never steps."""
    untrained: tuple[str, ...] = ()
    """Trainable parameters by path that no optimizer group holds."""


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """All that our engine needs to train the same thing again with its own seed."""

    network: Network
    data: Pipeline
    optimisation: Optimisation
    loop: Loop
