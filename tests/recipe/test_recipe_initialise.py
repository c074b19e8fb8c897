"""Drawing every tensor anew, and judging recorded values."""

from __future__ import annotations

import math

import msgspec
import pytest
import torch
from recipe_networks import SHAPE, SMALL, Sheet
from torch import nn

from grader.errors import RecordingInvalid
from grader.model import Call, Network
from grader.recipe.capture import capture
from grader.recipe.initial_values import fits
from grader.recipe.initialise import initialise
from grader.recipe.rebuild import rebuild


def drawn(network: Network, seed: int) -> dict[str, torch.Tensor]:
    """Return all tensors of `network` drawn with `seed`."""
    module = rebuild(network, batch_sizes=())
    initialise(module, network, seed)
    return dict(module.state_dict())


def with_initializer(network: Network, path: str, call: Call) -> Network:
    """Return `network` with another initialiser at `path`."""
    changed = msgspec.structs.replace(network.parameters[path], initializer=call)
    return msgspec.structs.replace(network, parameters=network.parameters | {path: changed})


def test_one_seed_one_draw() -> None:
    """Equal seeds give equal tensors, other seeds others."""
    network = capture(SMALL["residual"](), SHAPE)
    one, same, other = drawn(network, 5), drawn(network, 5), drawn(network, 6)
    assert all(torch.equal(one[path], same[path]) for path in one)
    assert not torch.equal(one["fc.weight"], other["fc.weight"])


def test_draw_does_not_depend_on_names() -> None:
    """The same layers under other names, registered in another order, get the same values."""

    class Other(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.zz = nn.Linear(40, 10)
            self.aa = nn.Linear(192, 40)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.zz(torch.relu(self.aa(x.flatten(1))))

    ours = capture(nn.Sequential(nn.Flatten(), nn.Linear(192, 40), nn.ReLU(), nn.Linear(40, 10)), SHAPE)
    one, other = drawn(ours, 3), drawn(capture(Other(), SHAPE), 3)
    assert torch.equal(one["1.weight"], other["aa.weight"])
    assert torch.equal(one["3.bias"], other["zz.bias"])


def test_defaults_are_drawn_as_torch_does() -> None:
    """Bounds, means and deviations of every tensor of the sheet's network equal those of torch's own draw."""
    network = capture(Sheet(), (3, 32, 32))
    values = drawn(network, 0)
    for path, theirs in Sheet().state_dict().items():
        ours = values[path]
        fan_in = math.prod(network.parameters[path.replace("bias", "weight")].shape[1:])
        assert ours.abs().max() <= 1 / math.sqrt(fan_in)
        if ours.numel() > 2000:
            assert float(ours.std()) == pytest.approx(float(theirs.std()), rel=0.05)
            assert float(ours.abs().max()) == pytest.approx(float(theirs.abs().max()), rel=0.02)


def test_batch_norm_starts_as_identity() -> None:
    """Batch norm starts with scale 1, shift 0, mean 0, variance 1, nothing tracked."""
    values = drawn(capture(SMALL["residual"](), SHAPE), 0)
    expected = {"weight": 1.0, "bias": 0.0, "running_mean": 0.0, "running_var": 1.0, "num_batches_tracked": 0}
    for name, value in expected.items():
        assert torch.all(values[f"bn.{name}"] == value)


@pytest.mark.parametrize(
    ("call", "mean", "std"),
    [
        (Call(name="normal_", arguments={"mean": 0.5, "std": 0.02}), 0.5, 0.02),
        (Call(name="xavier_uniform_"), 0.0, math.sqrt(2 / (1024 + 1000))),
        (Call(name="xavier_normal_", arguments={"gain": 2.0}), 0.0, 2 * math.sqrt(2 / (1024 + 1000))),
        (
            Call(name="kaiming_normal_", arguments={"mode": "fan_out", "nonlinearity": "relu"}),
            0.0,
            math.sqrt(2 / 1000),
        ),
        (Call(name="kaiming_uniform_"), 0.0, math.sqrt(2 / 1024)),
        (Call(name="uniform_", arguments={"a": -1, "b": 1}), 0.0, 1 / math.sqrt(3)),
        (Call(name="constant_", arguments={"val": 0.25}), 0.25, 0.0),
        (Call(name="zeros_"), 0.0, 0.0),
        (Call(name="trunc_normal_", arguments={"std": 0.1}), 0.0, 0.1),
    ],
    ids=lambda value: value.name if isinstance(value, Call) else "",
)
def test_declared_initialisers_are_used_and_recognised(call: Call, mean: float, std: float) -> None:
    """Each function of torch.nn.init draws its own distribution, and a draw of it fits its declaration."""
    path = "classifier.0.weight"
    network = with_initializer(capture(Sheet(), (3, 32, 32)), path, call)
    values = drawn(network, 1)[path]
    assert float(values.mean()) == pytest.approx(mean, abs=4 * std / 1000 + 1e-6)
    assert float(values.std()) == pytest.approx(std, rel=0.01, abs=1e-6)
    assert fits(network, path, values)


def test_honest_draws_always_fit() -> None:
    """Two hundred networks drawn by torch itself raise no suspicion."""
    network = capture(SMALL["residual"](), SHAPE)
    for seed in range(200):
        torch.manual_seed(seed)
        state = SMALL["residual"]().state_dict()
        assert all(fits(network, path, values) for path, values in state.items())


def test_other_values_do_not_fit() -> None:
    """Values that the declared initialiser cannot have drawn are seen: learnt, scaled, shifted or clipped."""
    network = capture(Sheet(), (3, 32, 32))
    path = "features.0.weight"
    values = Sheet().state_dict()[path]
    bound = 1 / math.sqrt(75)
    for strange in (
        values * 1.5,
        values * 0.7,
        values + 0.4 * bound,
        torch.randn_like(values) * values.std(),
        torch.zeros_like(values),
    ):
        assert not fits(network, path, strange)
    assert fits(network, path, values)
    assert not fits(with_initializer(network, path, Call(name="unknown")), path, values)
    assert not fits(
        with_initializer(network, path, Call(name="constant_", arguments={"val": "x"})), path, values
    )


def test_bare_tensor_of_unknown_origin_is_refused() -> None:
    """A bare tensor whose initialiser nobody knows cannot be drawn, and that is said."""
    network = capture(SMALL["owning"](), SHAPE)
    with pytest.raises(RecordingInvalid, match="scale"):
        drawn(network, 0)
    told = with_initializer(network, "scale", Call(name="ones_"))
    assert torch.equal(drawn(told, 0)["scale"], torch.ones(10))


@pytest.mark.parametrize(
    "call",
    [
        Call(name="eval"),
        Call(name="normal_", arguments={"generator": 1}),
        Call(name="kaiming_normal_", arguments={"nonlinearity": "nothing"}),
        Call(name="constant_", arguments={"val": [1]}),
        Call(name="eye_", arguments={}),
    ],
    ids=lambda call: call.name,
)
def test_initialiser_beyond_the_list_is_refused(call: Call) -> None:
    """Unknown names, unknown arguments and calls that torch refuses end as RecordingInvalid."""
    network = with_initializer(capture(Sheet(), (3, 32, 32)), "features.0.weight", call)
    with pytest.raises(RecordingInvalid):
        drawn(network, 0)
