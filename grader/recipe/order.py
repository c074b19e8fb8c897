"""The order in which a network's graphs first use its layers and tensors, whatever they are called."""

from __future__ import annotations

from grader.model import Network


def module_order(network: Network) -> tuple[str, ...]:
    """Return the paths of the layers in order of first use: training graph, then evaluation graph."""
    return _first_uses(network, "module")


def tensor_order(network: Network) -> tuple[str, ...]:
    """Return the paths of all tensors in order of first use; within a layer, as the record lists them."""
    owned: dict[str, list[str]] = {}
    for path in network.parameters:
        owned.setdefault(path.rpartition(".")[0], []).append(path)
    ordered: dict[str, None] = {}
    for graph in (network.train, network.evaluation):
        for node in graph.nodes:
            if node.op == "module":
                ordered |= dict.fromkeys(sorted(owned.get(node.target, []), key=_within_layer))
            elif node.op == "attribute" and node.target in network.parameters:
                ordered[node.target] = None
    ordered |= dict.fromkeys(sorted(network.parameters))
    return tuple(ordered)


def _within_layer(path: str) -> tuple[int, str]:
    name = path.rpartition(".")[2]
    return (("weight", "bias").index(name) if name in ("weight", "bias") else 2, name)


def _first_uses(network: Network, op: str) -> tuple[str, ...]:
    used = (
        node.target for graph in (network.train, network.evaluation) for node in graph.nodes if node.op == op
    )
    return tuple(dict.fromkeys(used))
