"""A recorded network may ask for anything: it gets it only under caps."""

from __future__ import annotations

import resource
import time
from typing import Any

import msgspec
import pytest
import torch
from recipe_networks import SHAPE, SMALL
from torch import nn

from grader.errors import RecordingInvalid
from grader.model import Call, Graph, Network, Node, Parameter
from grader.recipe.capture import capture
from grader.recipe.rebuild import rebuild

DRAWN = Call(name="default")


def linear(inputs: int, outputs: int) -> dict[str, Any]:
    """Return the modules and parameters of one linear layer."""
    return {
        "modules": {"fc": Call(name="Linear", arguments={"in_features": inputs, "out_features": outputs})},
        "parameters": {
            "fc.weight": Parameter(shape=(outputs, inputs), initializer=DRAWN),
            "fc.bias": Parameter(shape=(outputs,), initializer=DRAWN),
        },
    }


def network(*nodes: Node, shape: tuple[int, ...] = (3, 8, 8), **parts: Any) -> Network:
    """Return a network whose two graphs are an input, `nodes` and an output."""
    last = nodes[-1].name if nodes else "x"
    whole = (Node(name="x", op="input"), *nodes, Node(name="out", op="output", arguments=({"node": last},)))
    graph = Graph(nodes=whole)
    return Network(
        **({"modules": {}, "parameters": {}} | parts), train=graph, evaluation=graph, input_shape=shape
    )


def call(name: str, target: str, *arguments: Any, op: str = "function", **keywords: Any) -> Node:
    """Return an operation on the output of the node called `x` unless told otherwise."""
    given = arguments or ({"node": "x"},)
    return Node(name=name, op=op, target=target, arguments=given, keywords=keywords)  # type: ignore[arg-type]


X = {"node": "x"}
FLAT = call("flat", "flatten", X, 1)


def test_a_billion_channels_are_refused_at_once() -> None:
    """10^9 channels are refused in well under a second and without memory, once torch is warm."""
    rebuild(capture(SMALL["alone"](), SHAPE), device="meta")
    conv = {"in_channels": 3, "out_channels": 10**9, "kernel_size": [5, 5]}
    hostile = network(
        call("c", "conv", op="module"),
        modules={"conv": Call(name="Conv2d", arguments=conv)},
        parameters={
            "conv.weight": Parameter(shape=(10**9, 3, 5, 5), initializer=DRAWN),
            "conv.bias": Parameter(shape=(10**9,), initializer=DRAWN),
        },
    )
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    with pytest.raises(RecordingInvalid, match="more than 200,000,000 parameters"):
        rebuild(hostile)
    assert time.perf_counter() - start < 1.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


HOSTILE = {
    "activations": network(
        call("big", "interpolate", X, {"tuple": [8192, 8192]}), call("flat", "flatten", {"node": "big"}, 1)
    ),
    "list times a number": network(call("m", "mul", {"tuple": [1, 2]}, 10**9)),
    "shape times a number": network(
        call("s", "getattr", X, "shape"), call("m", "mul", {"node": "s"}, 10**6), call("r", "relu")
    ),
    "huge whole number": network(call("m", "mul", X, 10**30)),
    "growing whole number": network(
        call("s0", "size", X, 0, op="method"),
        *[call(f"s{i + 1}", "mul", {"node": f"s{i}"}, {"node": f"s{i}"}) for i in range(8)],
        call("r", "relu"),
    ),
    "nested argument": network(call("m", "cat", [[[[[[[[X]]]]]]]])),
    "long list": network(call("m", "cat", [X] * 1000)),
    "unknown function": network(call("m", "as_strided", X, [1], [1])),
    "unknown method": network(call("m", "set_", X, op="method")),
    "dunder method": network(call("m", "__class__", X, op="method")),
    "unknown attribute": network(call("m", "getattr", X, "__class__")),
    "unknown node": network(call("m", "relu", {"node": "later"})),
    "unknown tag": network(call("m", "relu", {"eval": "1"})),
    "unknown layer": network(
        call("m", "a", op="module"), modules={"a": Call(name="Module")}, parameters={}
    ),
    "unknown argument": network(
        call("m", "a", op="module"), modules={"a": Call(name="ReLU", arguments={"inplace": True})}
    ),
    "absurd argument": network(
        call("m", "a", op="module"), modules={"a": Call(name="Linear", arguments={"in_features": "x"})}
    ),
    "code for a name": network(
        call("m", "a;b", op="module"), modules={"a;b": Call(name="ReLU")}
    ),
    "layers that do not fit": network(FLAT, call("m", "fc", {"node": "flat"}, op="module"), **linear(7, 10)),
    "batch not kept": network(call("m", "sum", X)),
    "no tensor": network(call("m", "size", X, op="method")),
    "too many nodes": network(*[call(f"r{i}", "relu") for i in range(2001)]),
    "image of an absurd size": network(call("m", "relu"), shape=(3, 10**6, 10**6)),
    "negative side": network(call("m", "relu"), shape=(3, -8, 8)),
    "tensors not declared": network(
        FLAT, call("m", "fc", {"node": "flat"}, op="module"), modules=linear(192, 10)["modules"]
    ),
    "bare tensor too large": network(
        call("w", "w", op="attribute"), parameters={"w": Parameter(shape=(10**6, 10**6), initializer=DRAWN)}
    ),
    "two outputs of one name": network(call("m", "relu"), call("m", "relu")),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_graph_is_refused_in_a_sentence(name: str) -> None:
    """Whatever a graph asks for beyond caps and lists ends as RecordingInvalid, in both languages."""
    with pytest.raises(RecordingInvalid) as caught:
        rebuild(HOSTILE[name])
    assert caught.value.text.fr.endswith(".")
    assert caught.value.text.en.endswith(".")


def test_growth_with_the_batch_is_seen() -> None:
    """A graph that is small for two images and enormous for a real batch is refused."""
    size = call("s", "size", X, 0, op="method")
    square = call("q", "mul", {"node": "s"}, {"node": "s"})
    cube = call("c", "mul", {"node": "q"}, {"node": "q"})
    grown = call("g", "interpolate", X, {"tuple": [{"node": "c"}, {"node": "c"}]})
    with pytest.raises(RecordingInvalid):
        rebuild(network(size, square, cube, grown))


def test_network_bound_to_one_batch_size_is_refused_unless_asked_for() -> None:
    """A `view(8, -1)` fails at other batch sizes and is built when 8 alone is asked for."""

    class Bound(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(192, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(x.view(8, -1))

    captured = capture(Bound(), SHAPE)
    with pytest.raises(RecordingInvalid, match="batch of 2"):
        rebuild(captured)
    assert rebuild(captured, batch_sizes=(8,))(torch.zeros(8, *SHAPE)).shape == (8, 10)


def test_graph_without_ends_is_refused() -> None:
    """A graph needs its input first and its output last."""
    good = capture(SMALL["alone"](), SHAPE)
    for nodes in ((), good.train.nodes[1:], good.train.nodes[:-1]):
        with pytest.raises(RecordingInvalid):
            rebuild(msgspec.structs.replace(good, train=Graph(nodes=tuple(nodes))))
