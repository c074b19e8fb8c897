"""What a recipe says of the end of the network and of its images, and where the source says the same."""

from __future__ import annotations

import ast

from grader.model import Place, Recipe, Run
from grader.recording.seen import UNCLEAR, Seen
from grader.recording.tree import Tree, dotted

_SOFTMAX = ("softmax", "log_softmax", "Softmax", "LogSoftmax")
_RELU = ("relu", "ReLU", "relu_", "clamp", "LeakyReLU", "leaky_relu")


def softmax_recorded(recipe: Recipe) -> bool:
    """Whether a softmax stands before a cross entropy that makes its own."""
    loss = recipe.optimisation.loss
    inside = loss.name == "cross_entropy" and "softmax" in _last(recipe)
    return inside or (loss.name == "cross_entropy" and any("softmax" in name for name in loss.before))


def relu_recorded(recipe: Recipe) -> bool:
    """Whether the scores are cut off at zero before the loss."""
    return "relu" in _last(recipe) or any("relu" in name for name in recipe.optimisation.loss.before)


def _last(recipe: Recipe) -> str:
    """Return the last operation of the training graph, in small letters."""
    nodes = recipe.network.train.nodes
    if len(nodes) < 2 or not nodes[-1].arguments:
        return ""
    last = next((node for node in nodes if {"node": node.name} == nodes[-1].arguments[0]), None)
    if last is None:
        return ""
    call = recipe.network.modules.get(last.target) if last.op == "module" else None
    return (call.name if call is not None else last.target).lower()


def softmax(tree: Tree, run: Run, recipe: Recipe) -> Seen:
    """The source calls a softmax; the line is that of the network's last operation where it is that."""
    calls = tree.named(*_SOFTMAX)
    if not calls:
        return Seen(False)
    return Seen(True, _end(tree, run, _SOFTMAX) or calls[0].place)


def relu(tree: Tree, run: Run, recipe: Recipe) -> Seen:
    """The network's `forward`, or the `Sequential` that it ends with, ends with a ReLU."""
    place = _end(tree, run, _RELU)
    if place is not None:
        return Seen(True, place)
    if recipe.optimisation.loss.before and relu_recorded(recipe):
        return Seen(True, tree.named(*_RELU)[0]) if tree.named(*_RELU) else UNCLEAR
    return UNCLEAR if relu_recorded(recipe) and tree.named(*_RELU) else Seen(False)


def _end(tree: Tree, run: Run, names: tuple[str, ...]) -> Place | None:
    """Return the line of the network's last operation when it is one of `names`."""
    built = run.places.get("network")
    calls = [call for call in tree.at(built) if call.name in tree.classes or call.name == "Sequential"]
    for call in calls:
        found = (
            _end_of_class(tree.classes[call.name], names)
            if call.name in tree.classes
            else _end_of(call.node, names, None)
        )
        if found is not None:
            inside = next((one for one in tree.calls if one.node is found), call)
            return inside.place
    return None


def _end_of_class(definition: ast.ClassDef, names: tuple[str, ...]) -> ast.Call | None:
    methods = [one for one in definition.body if isinstance(one, ast.FunctionDef) and one.name == "forward"]
    returns = [node for one in methods for node in ast.walk(one) if isinstance(node, ast.Return)]
    if not returns or returns[-1].value is None:
        return None
    value = returns[-1].value
    if isinstance(value, ast.Name):
        value = _latest(methods[-1], value.id) or value
    return _end_of(value, names, definition)


def _latest(function: ast.AST, name: str) -> ast.expr | None:
    found = [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and any(dotted(target) == name for target in node.targets)
    ]
    return max(found, key=lambda one: one.lineno, default=None)


def _end_of(value: ast.expr, names: tuple[str, ...], owner: ast.ClassDef | None) -> ast.Call | None:
    """Return the call that `value` ends with when it is one of `names`, through `self.layer` and `Sequential`."""
    if not isinstance(value, ast.Call):
        return None
    name = dotted(value.func)
    if name.rpartition(".")[2] == "Sequential":
        last = value.args[-1] if value.args else None
        ends = isinstance(last, ast.Call) and dotted(last.func).rpartition(".")[2] in names
        return value if ends else None
    if name.rpartition(".")[2] in names and not name.startswith("self."):
        return value
    if name.startswith("self.") and owner is not None:
        layer = _latest(owner, name)
        return _end_of(layer, names, None) if layer is not None else None
    return None


def dropout_recorded(recipe: Recipe) -> bool:
    """Whether the evaluation graph holds a dropout that is awake."""
    return any(
        node.op == "function" and "dropout" in node.target and node.keywords.get("training", True) is True
        for node in recipe.network.evaluation.nodes
    )


def dropout(tree: Tree, _run: Run, _recipe: Recipe) -> Seen:
    """A functional dropout is called without being told the mode."""
    calls = [call for call in tree.named("dropout", "dropout2d", "alpha_dropout") if call.receiver != "self"]
    functional = [
        call for call in calls if call.receiver in ("F", "nn.functional", "torch.nn.functional", "", "torch")
    ]
    awake = [
        call for call in functional if call.keyword("training") in (None, True) and len(call.node.args) < 3
    ]
    if awake:
        return Seen(True, awake[0])
    return Seen(False)
