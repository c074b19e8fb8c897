"""Capturing a network and building it again."""

from __future__ import annotations

import copy

import msgspec
import numpy as np
import pytest
import torch
import torch.fx
from recipe_networks import SHAPE, SMALL, Sheet, SheetOtherwise
from torch import nn

from grader.model import Network
from grader.recipe.capture import capture
from grader.recipe.rebuild import rebuild
from grader.recipe.values import NotExpressible


def through_json(network: Network) -> Network:
    """Return the network as the host reads it."""
    return msgspec.json.decode(msgspec.json.encode(network), type=Network)


def rebuilt_with_values(module: nn.Module, shape: tuple[int, ...]) -> nn.Module:
    """Return the rebuilt network with the values of `module`."""
    network = through_json(capture(module, shape))
    again = rebuild(network)
    values = module.state_dict()
    again.load_state_dict({path: values[path] for path in network.parameters})
    return again


@pytest.mark.parametrize("name", sorted(SMALL))
@pytest.mark.parametrize("batch_size", [2, 5])
def test_rebuilt_network_computes_the_same(name: str, batch_size: int) -> None:
    """In both modes the rebuilt network gives the outputs of the original, dropout masks included."""
    torch.manual_seed(1)
    module = SMALL[name]()
    again = rebuilt_with_values(module, SHAPE)
    images = torch.randn(batch_size, *SHAPE)
    for training in (True, False):
        module.train(training)
        again.train(training)
        torch.manual_seed(2)
        expected = module(images)
        torch.manual_seed(2)
        assert torch.equal(again(images), expected)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_gradients_are_the_same(name: str) -> None:
    """A backward pass through the rebuilt network gives each tensor, by the student's path, the same gradient."""
    module = SMALL[name]().eval()
    again = rebuilt_with_values(module, SHAPE).eval()
    images = torch.randn(3, *SHAPE)
    for one in (module, again):
        torch.manual_seed(3)
        one(images).square().sum().backward()
    expected = {path: tensor.grad for path, tensor in module.named_parameters()}
    given = {path: tensor.grad for path, tensor in again.named_parameters()}
    assert set(given) == set(expected)
    assert all(torch.allclose(given[path], expected[path], atol=1e-6) for path in expected)


def test_capture_leaves_the_module_as_it_was() -> None:
    """Modes, attributes and values are the same after capture, a frozen dropout's own mode included."""
    module = SMALL["dropping"]().train()
    module.drop.eval()
    attributes, values = set(vars(module)), copy.deepcopy(module.state_dict())
    capture(module, SHAPE)
    assert (module.training, module.drop.training, module.fc1.training) == (True, False, True)
    assert set(vars(module)) == attributes
    assert all(torch.equal(value, values[path]) for path, value in module.state_dict().items())


def test_functional_dropout_freezes_into_each_graph() -> None:
    """A dropout that heeds `self.training` is awake in the training graph and asleep in the other."""
    network = capture(SMALL["dropping"](), SHAPE)
    flags = [
        [node.keywords["training"] for node in graph.nodes if node.target == "dropout"]
        for graph in (network.train, network.evaluation)
    ]
    assert flags == [[True], [False]]


def test_parameters_carry_paths_shapes_and_whether_they_learn() -> None:
    """Each tensor is told by path with its shape; buffers and frozen tensors are told apart."""
    module = SMALL["residual"]()
    module.fc.weight.requires_grad_(False)
    parameters = capture(module, SHAPE).parameters
    assert parameters["fc.weight"].shape == (10, 8)
    assert not parameters["fc.weight"].trainable
    assert parameters["fc.bias"].trainable
    assert parameters["bn.running_mean"].buffer
    assert set(parameters) == set(module.state_dict())


def test_layers_that_no_graph_uses_are_left_out() -> None:
    """A layer that forward never calls is no part of the network."""
    module = SMALL["alone"]()
    module.add_module("spare", nn.Identity())

    class Wrapped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.unused = nn.Linear(4, 2), nn.Linear(4, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.used(x.flatten(1))

    assert set(capture(Wrapped(), (1, 2, 2)).modules) == {"used"}


def test_names_never_hide_methods() -> None:
    """A layer called `train` or `forward` does not disturb the rebuilt module."""
    module = nn.Sequential()
    inner = nn.Linear(4, 2)
    nn.Module.__setattr__(module, "flat", nn.Flatten())
    module._modules["forward"] = inner
    network = capture(module, (1, 2, 2))
    again = rebuild(network)
    again.load_state_dict(dict(module.state_dict()))
    images = torch.randn(3, 1, 2, 2)
    assert torch.equal(again.eval()(images), inner(images.flatten(1)))


def test_rebuilt_network_survives_a_deep_copy() -> None:
    """A copy of the rebuilt network computes with its own tensors."""
    again = rebuilt_with_values(SMALL["residual"](), SHAPE).eval()
    twin = copy.deepcopy(again)
    images = torch.randn(2, *SHAPE)
    before = again(images)
    with torch.no_grad():
        for tensor in again.parameters():
            tensor.zero_()
    assert torch.equal(twin(images), before)


def test_rebuilt_network_runs_in_channels_last() -> None:
    """A `view` of the student's works on channels-last tensors too, which the engine uses."""
    module = Sheet().eval()
    again = rebuilt_with_values(module, (3, 32, 32)).eval().to(memory_format=torch.channels_last)
    images = torch.randn(2, 3, 32, 32)
    given = again(images.contiguous(memory_format=torch.channels_last))
    assert torch.allclose(given, module(images), atol=1e-5)


def test_both_ways_of_writing_the_sheet_are_captured() -> None:
    """Module and functional style, views and in-place calls: both networks of the sheet are expressible."""
    for module in (Sheet(), SheetOtherwise()):
        again = rebuilt_with_values(module, (3, 32, 32))
        images = torch.randn(2, 3, 32, 32)
        assert torch.equal(again(images), module(images))


class _Branching(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * 2 if x.sum() > 0 else x


class _Strided(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.as_strided(x, (2, 2), (1, 1))


class _Setting(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.set_(x)


class _Two(nn.Module):
    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return x, x


class _Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)
        self.b.weight = self.a.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.b(self.a(x))


class _Hiding(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = [nn.Linear(4, 4)]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers[0](x.flatten(1))


class _Failing(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * (1 // (0 if isinstance(x, torch.fx.Proxy) else 1))


@pytest.mark.parametrize(
    "module",
    [_Hiding(), _Failing(), _Branching(), _Strided(), _Setting(), _Two(), _Tied(), nn.Sequential(nn.LSTM(4, 4)),
     nn.Sequential(nn.MaxPool2d(2, return_indices=True))],
    ids=lambda module: type(module).__name__,
)  # fmt: skip
def test_what_the_recipe_has_no_word_for_is_said(module: nn.Module) -> None:
    """Control flow on images, forbidden methods, tied tensors and unknown layers are named, never guessed."""
    with pytest.raises(NotExpressible) as caught:
        capture(module, (1, 2, 2))
    assert str(caught.value)


class _Reading(nn.Module):
    """Reads shapes in the ways that old tutorials teach."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way = way
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.fc = nn.Linear(144, 10)

    def forward(
        self, x: torch.Tensor, flag: bool = False, *rest: int, width: int | None = None
    ) -> torch.Tensor:
        x = self.norm(self.conv(x))
        if self.way == "flat features":
            features = 1
            for side in x.size()[1:]:
                features *= side
            x = x.view(-1, features)
        elif self.way == "len":
            x = x.view(len(x), -1)
        elif self.way == "assert":
            assert x.shape[1] == 4
            x = x.flatten(1)
        elif self.way == "dim":
            x = x.flatten(1) if x.dim() > 2 else x
        elif self.way == "numpy":
            x = x.reshape(x.shape[0], np.prod(x.shape[1:]))
        elif self.way == "unpacked":
            first, channels, height, width = x.shape
            x = x.view(first, channels * height * width)
        return self.fc(x + 1 if flag else x)


@pytest.mark.parametrize("way", ["flat features", "len", "assert", "dim", "numpy", "unpacked"])
def test_shapes_may_be_read(way: str) -> None:
    """Counting features, `len`, assertions and numpy on shapes are understood, for any batch, without side effects."""
    module = _Reading(way)
    before = copy.deepcopy(module.state_dict())
    again = rebuilt_with_values(module, SHAPE)
    assert all(torch.equal(value, before[path]) for path, value in module.state_dict().items())
    for batch_size in (1, 2, 6):
        images = torch.randn(batch_size, *SHAPE)
        assert torch.equal(again.eval()(images), module.eval()(images))
