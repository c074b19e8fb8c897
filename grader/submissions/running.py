"""What a module does when it is run, told from its syntax tree alone."""

from __future__ import annotations

import ast

from grader.submissions.syntax import dotted, module_level, module_level_calls

_SETTING_UP = (
    "print",
    "plt.",
    "matplotlib.",
    "warnings.",
    "logging.",
    "sys.path.",
    "os.environ",
    "os.makedirs",
    "os.chdir",
    "random.seed",
    "np.random.seed",
    "numpy.random.seed",
    "torch.manual_seed",
    "torch.cuda.",
    "torch.backends.",
    "torch.set_",
    "cudnn.",
    "sns.",
    "locale.",
)


def runs(tree: ast.Module, *, by_itself: bool) -> bool:
    """Tell whether running the module does more than define and set up.

    With `by_itself` it must show it, by a `__main__` guard, a loop, or a call made for its effect:
    values computed at the top of a module that others import are what they import.
    """
    for statement in module_level(tree):
        if isinstance(statement, ast.For | ast.While):
            return True
        if isinstance(statement, ast.If) and is_main_guard(statement):
            return any(_does_something(inner) for inner in statement.body) or runs(
                ast.Module(body=[*statement.body], type_ignores=[]), by_itself=by_itself
            )
        if (
            isinstance(statement, ast.Expr)
            and isinstance(statement.value, ast.Call)
            and not _sets_up(statement.value)
        ):
            return True
        if not by_itself and _does_something(statement):
            return True
    return False


def is_main_guard(statement: ast.stmt) -> bool:
    """Whether the statement is `if __name__ == "__main__":`."""
    test = statement.test if isinstance(statement, ast.If) else None
    if not isinstance(test, ast.Compare):
        return False
    sides = [test.left, *test.comparators]
    named = any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
    return named and any(isinstance(side, ast.Constant) and side.value == "__main__" for side in sides)


def _does_something(statement: ast.stmt) -> bool:
    """Tell whether a statement calls anything but what prepares or prints."""
    if isinstance(
        statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
    ):
        return False
    return any(
        not _sets_up(call) for call in module_level_calls(ast.Module(body=[statement], type_ignores=[]))
    )


def _sets_up(call: ast.Call) -> bool:
    name = dotted(call.func)
    return any(
        name == known.rstrip(".") or (known.endswith(".") and name.startswith(known)) for known in _SETTING_UP
    )
