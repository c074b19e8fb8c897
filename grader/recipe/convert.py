"""One traced graph of torch.fx, in the words of the recipe."""

from __future__ import annotations

from typing import Any

from torch import fx, nn

from grader.model import Graph, Node
from grader.recipe import caps
from grader.recipe.tracing import ANY_BATCH
from grader.recipe.values import NotExpressible, to_json
from grader.recipe.whitelist import FUNCTION_ALIASES, FUNCTIONS, METHODS, PASSED_THROUGH, READABLE_ATTRIBUTES

_DROPPED_KEYWORDS = {
    "inplace": (True, False),
    "return_indices": (False,),
    "_stacklevel": None,
    "dtype": (None,),
    "memory_format": None,
    "out": (None,),
}
"""Keywords left out, with the values for which that changes nothing; None for any value."""


def convert_graph(graph: fx.Graph, layers: dict[str, nn.Module]) -> Graph:
    """Return `graph` as records, its nodes named `n0`, `n1`, ... in order of execution.

    In-place operations are written as plain ones, and later uses of what they changed as uses of their
    output. Operations that nothing depends on are left out.
    Raises NotExpressible for what is not on the lists.
    """
    writer = _Writer(layers)
    needed = _needed(graph, layers)
    for node in graph.nodes:
        if node in needed:
            writer.write(node)
    if len(writer.nodes) > caps.NODES:
        raise NotExpressible(f"{len(writer.nodes)} operations")
    return Graph(nodes=tuple(writer.nodes))


class _Writer:
    def __init__(self, layers: dict[str, nn.Module]) -> None:
        self.layers = layers
        self.nodes: list[Node] = []
        self.names: dict[fx.Node, str] = {}
        self.batch: str | None = None

    def write(self, node: fx.Node) -> None:
        if node.op == "placeholder":
            if any(written.op == "input" for written in self.nodes):
                raise NotExpressible("forward with several inputs")
            self._emit(node, "input", "", (), {})
        elif node.op == "output":
            if not isinstance(node.args[0], fx.Node):
                raise NotExpressible("forward that does not return a single tensor")
            self._emit(node, "output", "", node.args, {})
        elif node.op == "get_attr":
            self._emit(node, "attribute", str(node.target), (), {})
        elif node.op == "call_module":
            self._emit(node, "module", str(node.target), node.args, dict(node.kwargs))
        elif node.op == "call_method":
            self._method(node)
        else:
            self._emit(node, "function", _function_name(node), node.args, _kept(node.kwargs))
        if _in_place(node, self.layers) and isinstance(node.args[0], fx.Node):
            self.names[node.args[0]] = self.names[node]

    def _method(self, node: fx.Node) -> None:
        name = str(node.target)
        if name in PASSED_THROUGH and _only_moves(node) and isinstance(node.args[0], fx.Node):
            self.names[node] = self.names[node.args[0]]
            return
        name = name if name in METHODS else name.rstrip("_")
        name = {"divide": "div", "multiply": "mul", "subtract": "sub", "swapaxes": "transpose"}.get(
            name, name
        )
        if name not in METHODS:
            raise NotExpressible(f"Tensor.{node.target}")
        self._emit(node, "method", name, node.args, _kept(node.kwargs))

    def _emit(self, node: fx.Node, op: Any, target: str, arguments: Any, keywords: dict[str, Any]) -> None:
        told = tuple(to_json(part, self._name_of) for part in arguments)
        named = {key: to_json(part, self._name_of) for key, part in keywords.items()}
        name = f"n{len(self.nodes)}"
        self.nodes.append(Node(name=name, op=op, target=target, arguments=told, keywords=named))
        self.names[node] = name

    def _name_of(self, value: Any) -> str | None:
        if type(value) is int and value == ANY_BATCH:
            return self._batch_size()
        return self.names[value] if isinstance(value, fx.Node) else None

    def _batch_size(self) -> str:
        """Return the node that holds the number of images, for a program that asked for `len(images)`."""
        if self.batch is None:
            self.batch = f"n{len(self.nodes)}"
            source = ({"node": self.nodes[0].name}, 0)
            self.nodes.append(Node(name=self.batch, op="method", target="size", arguments=source))
        return self.batch


def _function_name(node: fx.Node) -> str:
    target = node.target
    raw = str(getattr(target, "__name__", target))
    home = getattr(target, "__module__", None) or "torch"
    name = raw.lstrip("_")
    name = name if name in FUNCTIONS else name.rstrip("_")
    name = FUNCTION_ALIASES.get(name, name)
    ours = home.split(".")[0] in ("torch", "_operator", "builtins")
    if not ours or name not in FUNCTIONS:
        raise NotExpressible(raw)
    if name == "getattr" and node.args[1] not in READABLE_ATTRIBUTES:
        raise NotExpressible(f"Tensor.{node.args[1]}")
    return name


def _kept(keywords: Any) -> dict[str, Any]:
    kept = {}
    for key, value in keywords.items():
        harmless = _DROPPED_KEYWORDS.get(key, ())
        if key in _DROPPED_KEYWORDS and (harmless is None or value in harmless):
            continue
        if key in ("return_indices", "out"):
            raise NotExpressible(f"{key}={value}")
        kept[key] = value
    return kept


def _only_moves(node: fx.Node) -> bool:
    """Whether a `.to(...)` names a device and no other number format."""
    return all(
        "float16" not in str(part) and "int" not in str(part)
        for part in (*node.args[1:], *node.kwargs.values())
    )


def _in_place(node: fx.Node, layers: dict[str, nn.Module]) -> bool:
    if node.op == "call_module":
        return bool(getattr(layers[str(node.target)], "inplace", False))
    if node.op == "call_method":
        return str(node.target).endswith("_") and not str(node.target).endswith("__")
    if node.op == "call_function":
        name = str(getattr(node.target, "__name__", ""))
        augmented = name in ("iadd", "isub", "imul", "itruediv")
        return (
            bool(node.kwargs.get("inplace")) or augmented or (name.endswith("_") and not name.endswith("__"))
        )
    return False


def _needed(graph: fx.Graph, layers: dict[str, nn.Module]) -> set[fx.Node]:
    """Return the nodes that the output depends on, and whatever changes a tensor in place."""
    needed: set[fx.Node] = set()
    for node in reversed(graph.nodes):
        changes = _in_place(node, layers) and any(source in needed for source in node.all_input_nodes)
        if node.op == "output" or changes or any(user in needed for user in node.users):
            needed.add(node)
    inputs = [node for node in graph.nodes if node.op == "placeholder"]
    return needed | set(inputs[:1])
