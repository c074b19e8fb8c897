"""A network that carries out a recorded graph: compiled to a list of steps, never to code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from grader.model import Graph, Node
from grader.recipe.refusal import refusal
from grader.recipe.values import Slot, from_json
from grader.recipe.whitelist import ARITHMETIC, FUNCTIONS, METHODS, READABLE_ATTRIBUTES

Visit = Callable[[Node, Any], None]


class Step(NamedTuple):
    """One operation, ready to run: what to call, with what, and where its output goes."""

    function: Callable[..., Any]
    output: int
    first: int
    """Slot of the first argument where it is the only one that comes from the graph, else -1."""
    rest: tuple[Any, ...]
    keywords: dict[str, Any]
    node: Node


class Program(NamedTuple):
    """A graph compiled: its steps, the slot of its output and how many slots there are."""

    steps: tuple[Step, ...]
    output: int
    size: int


class Branch(nn.Module):
    """A place in the tree of module names; holds layers and bare tensors, computes nothing."""


class Interpreter(nn.Module):
    """Computes what the recorded graphs compute: the training one while `training`, else the other.

    Its parameters and buffers bear the student's paths, so `named_parameters()` matches `Network.parameters`.
    """

    train_program: Program
    evaluation_program: Program

    def forward(self, images: Tensor) -> Tensor:
        """Return the graph's output for `images`, batch x channels x height x width."""
        program = self.train_program if self.training else self.evaluation_program
        values: list[Any] = [None] * program.size
        values[0] = images
        for function, output, first, rest, keywords, _ in program.steps:
            if first >= 0:
                values[output] = function(values[first], *rest, **keywords)
            else:
                values[output] = _call(function, rest, keywords, values)
        result: Tensor = values[program.output]
        return result

    def visit(self, images: Tensor, visit: Visit) -> Any:
        """Run the graph of the present mode, showing each operation's node and output to `visit`; slower."""
        program = self.train_program if self.training else self.evaluation_program
        values: list[Any] = [None] * program.size
        values[0] = images
        for step in program.steps:
            rest = step.rest if step.first < 0 else (Slot(step.first), *step.rest)
            values[step.output] = _call(step.function, rest, step.keywords, values)
            visit(step.node, values[step.output])
        return values[program.output]


def _call(function: Callable[..., Any], rest: Any, keywords: dict[str, Any], values: list[Any]) -> Any:
    filled = [_fill(part, values) for part in rest]
    return function(*filled, **{key: _fill(part, values) for key, part in keywords.items()})


def _fill(part: Any, values: list[Any]) -> Any:
    if type(part) is Slot:
        return values[part.index]
    if type(part) is list:
        return [_fill(inner, values) for inner in part]
    if type(part) is tuple:
        return tuple([_fill(inner, values) for inner in part])
    if type(part) is slice:
        return slice(_fill(part.start, values), _fill(part.stop, values), _fill(part.step, values))
    return part


def _has_slot(part: Any) -> bool:
    if type(part) is slice:
        part = [part.start, part.stop, part.step]
    return type(part) is Slot or (type(part) in (list, tuple) and any(_has_slot(inner) for inner in part))


class TensorOf:
    """Reads a bare tensor of the network when the graph asks for it, so that it may move between devices."""

    def __init__(self, holder: nn.Module, name: str) -> None:
        self.holder = holder
        self.name = name

    def __call__(self) -> Tensor:
        """Return the tensor as it is now."""
        found = self.holder._parameters.get(self.name)
        return found if found is not None else self.holder._buffers[self.name]  # type: ignore[return-value]


def compile_graph(graph: Graph, layers: dict[str, nn.Module], tensors: dict[str, TensorOf]) -> Program:
    """Return `graph` as steps over `layers` and `tensors`.

    Raises RecordingInvalid for a graph without exactly one input (first) and one output (last), and for names
    that are not on the lists.
    """
    nodes = graph.nodes
    if len(nodes) < 2 or nodes[0].op != "input" or nodes[-1].op != "output":
        raise refusal(
            fr="le graphe n'a pas d'entrée ou pas de sortie", en="the graph lacks its input or its output"
        )
    slots = {nodes[0].name: 0}
    steps = []
    for node in nodes[1:-1]:
        if node.name in slots:
            raise refusal(fr="deux opérations portent le même nom", en="two operations bear one name")
        steps.append(_compile_node(node, layers, tensors, slots))
        slots[node.name] = steps[-1].output
    output = from_json(list(nodes[-1].arguments), slots)
    if len(output) != 1 or not isinstance(output[0], Slot):
        raise refusal(
            fr="le réseau ne rend pas un seul tenseur", en="the network does not return a single tensor"
        )
    return Program(tuple(steps), output[0].index, len(slots))


def _compile_node(
    node: Node, layers: dict[str, nn.Module], tensors: dict[str, TensorOf], slots: dict[str, int]
) -> Step:
    arguments = tuple(from_json(list(node.arguments), slots))
    keywords = {str(key): from_json(value, slots) for key, value in node.keywords.items()}
    function = _function_of(node, arguments, layers, tensors)
    alone = (
        bool(arguments)
        and type(arguments[0]) is Slot
        and not any(_has_slot(part) for part in (*arguments[1:], *keywords.values()))
    )
    first, rest = (arguments[0].index, arguments[1:]) if alone else (-1, arguments)
    return Step(function, len(slots), first, rest, keywords, node)


def _function_of(
    node: Node, arguments: tuple[Any, ...], layers: dict[str, nn.Module], tensors: dict[str, TensorOf]
) -> Callable[..., Any]:
    if node.op == "module" and node.target in layers:
        return layers[node.target]
    if node.op == "attribute" and node.target in tensors and not arguments:
        return tensors[node.target]
    if node.op == "method" and node.target in METHODS:
        return METHODS[node.target]
    if node.op == "function" and node.target in FUNCTIONS:
        if node.target == "getattr" and (len(arguments) != 2 or arguments[1] not in READABLE_ATTRIBUTES):
            raise refusal(fr="un attribut interdit est lu", en="a forbidden attribute is read")
        return FUNCTIONS[node.target]
    raise refusal(
        fr=f"l'opération « {node.target[:60]} » n'est pas autorisée",
        en=f'the operation "{node.target[:60]}" is not allowed',
    )


def check_value(node: Node, value: Any) -> None:
    """Raise RecordingInvalid where an operation gave something that no honest network makes.

    Whole numbers stay small and arithmetic on lists is refused: both can grow without bound.
    """
    if isinstance(value, torch.Tensor):
        return
    parts = value if isinstance(value, tuple | list) else (value,)
    bounded = all(
        isinstance(part, torch.Tensor) or (isinstance(part, int | float) and abs(part) < 2**62)
        for part in parts
    )
    grows = node.op == "function" and node.target in ARITHMETIC and isinstance(value, tuple | list | str)
    if not bounded or grows:
        raise refusal(
            fr=f"l'opération « {node.target[:60]} » ne donne ni tenseur ni nombre raisonnable",
            en=f'the operation "{node.target[:60]}" gives neither a tensor nor a reasonable number',
        )
