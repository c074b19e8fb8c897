"""Which improvements a source names at all: enough to choose what is worth watching, never to judge."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.submissions.syntax import dotted

ORDER = ("normalization", "augmentation", "optimizer", "dropout", "batchnorm")
"""The usual order of the improvements."""
AUGMENTING = ("RandomCrop", "RandomHorizontalFlip", "RandomResizedCrop", "RandomRotation", "RandomAffine",
              "ColorJitter", "AutoAugment", "RandAugment", "RandomErasing")  # fmt: skip
SCHEDULERS = ("ExponentialLR", "StepLR", "LambdaLR", "MultiStepLR", "CosineAnnealingLR", "ReduceLROnPlateau",
              "OneCycleLR", "CosineAnnealingWarmRestarts")  # fmt: skip
_NAMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("normalization", ("Normalize",)),
    ("augmentation", AUGMENTING),
    ("optimizer", ("momentum", *SCHEDULERS)),
    ("dropout", ("Dropout", "Dropout2d", "dropout", "dropout2d")),
    ("batchnorm", ("BatchNorm2d", "BatchNorm1d", "batch_norm")),
)  # fmt: skip


_BY_NAME = {"modules", "children", "_modules", "named_children", "getattr", "globals", "locals", "vars"}
"""Ways to reach a thing without writing its name."""


def traits_of(tree: ast.AST) -> frozenset[str]:
    """Return the improvements whose layers, transforms or options are named in `tree`.

    A layer that is only made, and that no other line takes up, is none.
    """
    words: set[str] = set()
    idle = set(_idle(tree))
    for node in ast.walk(tree):
        if id(node) in idle:
            continue
        if isinstance(node, ast.Name):
            words.add(node.id)
        elif isinstance(node, ast.Attribute):
            if dotted(node.value) != "self":  # a field may be called anything
                words.add(node.attr)
        elif isinstance(node, ast.keyword) and node.arg and not _is_zero(node.value):
            words.add(node.arg)
    return frozenset(trait for trait, names in _NAMES if words & set(names))


def _idle(tree: ast.AST) -> Iterator[int]:
    """Yield the nodes that make what stands under a name, or a field `self.NAME`, which is never read."""
    nodes = list(ast.walk(tree))
    read = {
        node.attr for node in nodes if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Store)
    }
    names = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store)}
    by_name = bool(read & _BY_NAME or names & _BY_NAME)
    for node in nodes:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call) or len(node.targets) != 1:
            continue
        target = node.targets[0]
        layer = (
            isinstance(target, ast.Attribute) and dotted(target.value) == "self" and target.attr not in read
        )
        beside = dotted(node.value.func).rpartition(".")[2] in ("Normalize", *SCHEDULERS)
        if (layer and not by_name) or (beside and isinstance(target, ast.Name) and target.id not in names):
            yield from (id(inner) for inner in ast.walk(node.value))


_ELEMENTS = (*_NAMES, ("augmentation", ("CenterCrop", "Pad", "RandomApply")))


def trait_of_elements(tree: ast.Module) -> str:
    """Return the one improvement that list elements are of, an empty text for statements and for anything else."""
    names: set[str] = set()
    for statement in tree.body:
        if not isinstance(statement, ast.Expr):
            return ""
        parts = statement.value.elts if isinstance(statement.value, ast.Tuple) else [statement.value]
        for part in parts:
            function = part.func if isinstance(part, ast.Call) else None
            names.add(function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", ""))
    found = {trait for trait, known in _ELEMENTS if names & set(known)}
    return found.pop() if len(found) == 1 else ""


def fields_of(tree: ast.AST) -> set[str]:
    """Return the names of all `self.NAME` in the tree."""
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    }


def _is_zero(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value in (0, None, False)
