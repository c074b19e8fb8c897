"""Which improvements a source names at all: enough to choose what is worth watching, never to judge."""

from __future__ import annotations

import ast

_NAMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("normalization", ("Normalize",)),
    ("augmentation", ("RandomCrop", "RandomHorizontalFlip", "RandomResizedCrop", "RandomRotation", "RandomAffine",
                      "ColorJitter", "AutoAugment", "RandAugment", "RandomErasing")),
    ("optimizer", ("momentum", "ExponentialLR", "StepLR", "LambdaLR", "MultiStepLR", "CosineAnnealingLR",
                   "ReduceLROnPlateau")),
    ("dropout", ("Dropout", "Dropout2d", "dropout", "dropout2d")),
    ("batchnorm", ("BatchNorm2d", "BatchNorm1d", "batch_norm")),
)  # fmt: skip


def traits_of(tree: ast.AST) -> frozenset[str]:
    """Return the improvements whose layers, transforms or options are named in `tree`."""
    words: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            words.add(node.id)
        elif isinstance(node, ast.Attribute):
            words.add(node.attr)
        elif isinstance(node, ast.keyword) and node.arg and not _is_zero(node.value):
            words.add(node.arg)
    return frozenset(trait for trait, names in _NAMES if words & set(names))


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
