"""Layer tables and the one notation for equal functions."""

from __future__ import annotations

import torch
from recipe_networks import SHAPE, SMALL, Sheet, SheetOtherwise
from torch import nn
from torch.nn import functional as F

from grader.model import Layer
from grader.recipe.canonical import canonical
from grader.recipe.capture import capture
from grader.recipe.layers import count_parameters, count_weights, layers_of
from grader.recipe.operations import operations
from grader.recipe.rebuild import rebuild

CIFAR = (3, 32, 32)


def lines(module: nn.Module, shape: tuple[int, ...] = CIFAR, *, training: bool = True) -> tuple[str, ...]:
    """Return the canonical form of `module`."""
    network = capture(module, shape)
    return canonical(operations(rebuild(network, device="meta"), network, training=training))


def rows(module: nn.Module, shape: tuple[int, ...] = CIFAR, *, training: bool = True) -> tuple[Layer, ...]:
    """Return the table of layers of `module`."""
    network = capture(module, shape)
    return layers_of(network, operations(rebuild(network, device="meta"), network, training=training))


SHEET = (
    "conv 3->32 k5 s1 p2", "relu", "pool k2 s2", "conv 32->64 k5 s1 p2", "relu", "pool k2 s2",
    "conv 64->64 k5 s1 p2", "relu", "pool k2 s2", "linear 1024->1000", "relu", "linear 1000->10",
)  # fmt: skip


def test_sheet_in_its_notation() -> None:
    """The network of section 2.1 reads as the sheet describes it."""
    assert lines(Sheet()) == SHEET


def test_equal_functions_have_one_notation() -> None:
    """Functional style, pooling before ReLU, `same` padding, ZeroPad2d and convolutions for fc change nothing."""
    assert lines(SheetOtherwise()) == SHEET


def test_ceil_mode_is_told_only_where_it_matters() -> None:
    """At 32x32 `ceil_mode` changes nothing; at 28x28 it does."""
    assert lines(Sheet(ceil_mode=True)) == SHEET
    assert "pool k2 s2 ceil" in lines(Sheet(ceil_mode=True), (3, 28, 28))


def small(*layers: nn.Module) -> nn.Module:
    """Return a convolution, `layers` and a classifier over 8x8 images."""
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), *layers, nn.Flatten(), nn.LazyLinear(10))


def ready(module: nn.Module) -> nn.Module:
    """Return `module` with its lazy layers made."""
    module(torch.zeros(2, *SHAPE))
    return module


def test_dropout_and_relu_change_places() -> None:
    """Dropout before the ReLU is the same function as after it, and its rate is told."""
    one = lines(ready(small(nn.Dropout(0.3), nn.ReLU())), SHAPE)
    other = lines(ready(small(nn.ReLU(), nn.Dropout(0.3))), SHAPE)
    assert one == other
    assert one[1:3] == ("relu", "dropout p0.3")


def test_what_does_not_commute_keeps_its_place() -> None:
    """Batch norm and ReLU, dropout and max-pooling, GELU and max-pooling: the order is part of the function."""
    for first, second in (
        (nn.BatchNorm2d(4), nn.ReLU()),
        (nn.Dropout(0.3), nn.MaxPool2d(2)),
        (nn.GELU(), nn.MaxPool2d(2)),
        (nn.AvgPool2d(2), nn.ReLU()),
    ):
        assert lines(ready(small(first, second)), SHAPE) != lines(ready(small(second, first)), SHAPE)


def test_departures_show() -> None:
    """Another padding, kernel, width or a missing ReLU gives another notation, at the place of the departure."""
    assert lines(ready(nn.Sequential(nn.Conv2d(3, 4, 5), nn.Flatten(), nn.LazyLinear(10))), SHAPE)[0] == (
        "conv 3->4 k5 s1 p0"
    )
    assert lines(ready(small(nn.MaxPool2d(3, 2))), SHAPE)[1] == "pool k3 s2"
    assert lines(ready(small(nn.AvgPool2d(2))), SHAPE)[1] == "avgpool k2 s2"
    assert "relu" not in lines(ready(small(nn.MaxPool2d(2))), SHAPE)


def test_softmax_at_the_end_stays() -> None:
    """A trailing softmax or log-softmax is the last line, whichever way it is called."""
    assert (
        lines(ready(nn.Sequential(nn.Flatten(), nn.Linear(192, 10), nn.Softmax(dim=-1))), SHAPE)[-1]
        == "softmax"
    )
    assert lines(SMALL["concatenating"](), SHAPE)[-1] == "log_softmax"


def test_inert_dropout_is_left_out() -> None:
    """Dropout is in the training graph only; one that forgets the flag is in both."""
    heeding, awake = SMALL["dropping"](), SMALL["awake"]()
    assert [row.kind for row in rows(heeding, SHAPE)].count("dropout") == 2
    assert "dropout" not in [row.kind for row in rows(heeding, SHAPE, training=False)]
    assert "dropout" in [row.kind for row in rows(awake, SHAPE, training=False)]


def test_zero_rate_is_no_dropout() -> None:
    """A dropout of rate 0 drops nothing and is not told."""
    assert lines(ready(small(nn.Dropout(0.0))), SHAPE) == lines(ready(small()), SHAPE)


def test_branches_name_their_inputs() -> None:
    """An operation that does not take the line before it says which it takes."""
    told = lines(SMALL["residual"](), SHAPE)
    assert "add @3,6" in told
    assert told[-2:] == ("avgpool k8 s8", "linear 8->10")


def test_table_of_the_sheet() -> None:
    """Sizes and weights of question 10: 1,191,170 parameters, 1,190,000 of them weights."""
    table = {row.name: row for row in rows(Sheet())}
    assert list(table) == [
        "conv1", "relu1", "pool1", "conv2", "relu2", "pool2", "conv3", "relu3", "pool3", "flatten3",
        "fc4", "relu4", "fc5",
    ]  # fmt: skip
    assert table["conv1"].output_shape == (32, 32, 32)
    assert (table["conv1"].weights, table["conv1"].biases) == (2400, 32)
    assert table["pool3"].output_shape == (64, 4, 4)
    assert (table["fc4"].weights, table["fc4"].biases) == (1_024_000, 1000)
    assert table["conv1"].options["padding"] == 2
    assert table["pool1"].options["stride"] == 2
    assert count_parameters(capture(Sheet(), CIFAR)) == 1_191_170
    assert count_weights(rows(Sheet())) == 1_190_000


def test_convolutions_over_the_whole_image_are_fully_connected() -> None:
    """Written as convolutions, fc4 and fc5 have the names, sizes and weights of linear layers."""
    table = {row.name: row for row in rows(SheetOtherwise())}
    assert (table["fc4"].kind, table["fc4"].output_shape, table["fc4"].weights) == (
        "linear",
        (1000,),
        1_024_000,
    )
    assert (table["fc5"].kind, table["fc5"].output_shape) == ("linear", (10,))


def test_batch_norm_counts_apart() -> None:
    """Batch norm's parameters are parameters, and no weights."""
    module = ready(small(nn.BatchNorm2d(4)))
    network = capture(module, SHAPE)
    assert count_parameters(network) == 3 * 4 * 9 + 4 + 8 + 256 * 10 + 10
    assert count_weights(rows(module, SHAPE)) == 3 * 4 * 9 + 256 * 10


def test_functional_layers_are_told_like_modules() -> None:
    """A convolution called as a function on bare tensors is a `conv` with its weights."""

    class Functional(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.kernel = nn.Parameter(torch.randn(4, 3, 3, 3))
            self.shift = nn.Parameter(torch.zeros(4))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return F.conv2d(x, self.kernel, self.shift, padding=1).mean((2, 3))

    (conv, _) = rows(Functional(), SHAPE)
    assert (conv.name, conv.weights + conv.biases, conv.output_shape) == ("conv1", 112, (4, 8, 8))
    assert lines(Functional(), SHAPE) == ("conv 3->4 k3 s1 p1", "avgpool k8 s8")


def test_a_pooling_over_one_pixel_is_left_out() -> None:
    """The adaptive pooling of a copied network, where it finds its size already, changes nothing."""
    copied = nn.Sequential(nn.MaxPool2d(2), nn.AdaptiveAvgPool2d((4, 4)), nn.AdaptiveMaxPool2d(4))
    plain = small(nn.ReLU(), nn.MaxPool2d(2))
    assert lines(ready(small(nn.ReLU(), *copied)), SHAPE) == lines(ready(plain), SHAPE)


class Clamped(nn.Module):
    """A convolution whose negative values are cut off by hand, from `lowest` to `highest`."""

    def __init__(self, lowest: float | None, highest: float | None = None) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 4, 3), nn.Linear(4 * 6 * 6, 10)
        self.lowest, self.highest = lowest, highest

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(torch.flatten(self.conv(x).clamp(min=self.lowest, max=self.highest), 1))


def test_cutting_off_what_is_negative_is_a_relu() -> None:
    """`clamp(min=0)` reads as ReLU; another bound, or a second one, does not."""
    assert lines(Clamped(0), SHAPE)[1] == "relu"
    assert lines(Clamped(0.0), SHAPE)[1] == "relu"
    assert "relu" not in (*lines(Clamped(0.1), SHAPE), *lines(Clamped(0, 6), SHAPE))
