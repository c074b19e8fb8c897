"""Scripts that look at `sys.argv` themselves, without a library."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.submissions.combining import Flag
from grader.submissions.option_words import NOT_INGREDIENTS
from grader.submissions.syntax import dotted
from grader.submissions.tested import FIRST_WORD, aliases, constants, tested


def argv_flags(tree: ast.Module) -> Iterator[Flag]:
    """Yield flags of a script that looks itself: `"--x" in sys.argv`, `sys.argv[1] == "x"`, `TABLE[sys.argv[1]]`.

    A variable made of `sys.argv[1]`, and the parameter of a function that is given it, stand for it.
    """
    switches: dict[str, None] = {}
    values: dict[str, None] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare) or len(node.ops) != 1:
            continue
        left, right = node.left, node.comparators[0]
        if isinstance(node.ops[0], ast.In) and _is_argv(right) and isinstance(left, ast.Constant):
            switches.update({left.value: None} if isinstance(left.value, str) else {})
        for one, other in ((left, right), (right, left)):
            if _is_first(one):
                values.update(dict.fromkeys(str(value) for value in constants([other])))
    known = tested([tree]).values
    for name in (FIRST_WORD, *sorted(aliases(tree, _is_first))):
        found = list(known.get(name, {}))
        whole = sorted(value for value in found if isinstance(value, int))
        values.update(
            dict.fromkeys(str(value) for value in (*whole, *(v for v in found if isinstance(v, str))))
        )
    for name in switches:
        if name.lstrip("-").replace("-", "_").lower() not in NOT_INGREDIENTS:
            yield Flag(name.lstrip("-"), ((name,),), is_choice=False)
    if values:
        yield Flag("argv", tuple((value,) for value in values), is_choice=True, positional=True)


def _is_argv(node: ast.AST) -> bool:
    return isinstance(node, ast.expr) and dotted(node) in ("sys.argv", "argv")


def _is_first(node: ast.AST) -> bool:
    """Whether a node is `sys.argv[1]`."""
    at = node.slice if isinstance(node, ast.Subscript) and _is_argv(node.value) else None
    return isinstance(at, ast.Constant) and at.value == 1
