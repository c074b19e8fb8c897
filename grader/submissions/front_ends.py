"""Command lines that are declared by decorators or signatures: click, typer and fire, told as argparse's are.

Each option is a pair (names, keywords) as `add_argument` would be given them, so that what is known of argparse's
flags holds for these too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from grader.submissions.calling import leads_to_training
from grader.submissions.syntax import dotted

Option = tuple[list[str], dict[str, ast.expr]]
_BY_SIGNATURE = ("fire.Fire", "Fire", "typer.run")


def options(tree: ast.Module) -> Iterator[Option]:
    """Yield what the program declares by decorators and signatures, in source order."""
    by_signature = {name for name, _ in _handed_to_a_library(tree)}
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        clicks = [one for one in node.decorator_list if isinstance(one, ast.Call)]
        declared = [one for one in map(_click, clicks) if one is not None]
        yield from declared
        is_command = any(_is_command(one) for one in node.decorator_list)
        if not declared and (node.name in by_signature or is_command):
            yield from _signature(node, dashes=node.name not in by_signature or is_command)


def commands(tree: ast.Module) -> list[tuple[str, ast.Module]]:
    """Return the commands of a program that wants one as its first word, each with the program without the others.

    Only commands that lead to a training, where any does.
    """
    named = [
        (node, _command_name(node))
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and any(_is_subcommand(one, tree) for one in node.decorator_list)
    ]
    everything = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    if _offers_everything(tree):
        named = [(node, node.name) for node in everything]
    training = [(node, name) for node, name in named if leads_to_training(node.name, tree)]
    found = training or named
    if len(named) == 1 and not _is_group(named[0][0], tree) and not _offers_everything(tree):
        return []  # typer leaves out the word of an only command
    others = {id(node) for node, _ in named}
    return [
        (name, ast.Module([one for one in tree.body if id(one) not in others or one is node], []))
        for node, name in found
    ]


def _click(call: ast.Call) -> Option | None:
    """Return what `@click.option(...)` or `@click.argument(...)` declares."""
    kind = dotted(call.func).rpartition(".")[2]
    if kind not in ("option", "argument"):
        return None
    stated = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    keywords = {one.arg: one.value for one in call.keywords if one.arg}
    if kind == "argument":
        return stated[:1], keywords
    long = next((name for name in stated if name.startswith("--")), "")
    names = [name.partition("/")[0] for name in stated if name.startswith("-")]
    dest = [name for name in stated if not name.startswith("-")]
    if not names:
        return None
    if dest:
        keywords["dest"] = ast.Constant(dest[0])
    kind_of = keywords.get("type")
    if isinstance(kind_of, ast.Call) and dotted(kind_of.func).endswith("Choice") and kind_of.args:
        keywords["choices"] = kind_of.args[0]
    is_flag = isinstance(keywords.get("is_flag"), ast.Constant)
    if "/" in long or is_flag:
        keywords |= _flag(keywords.get("default"), long.partition("/")[2])
        if keywords["action"].value == "store_false":  # type: ignore[attr-defined]
            names = [long.partition("/")[2] or names[0]]
    return names, keywords


def _flag(default: ast.expr | None, off: str) -> dict[str, ast.expr]:
    is_on = isinstance(default, ast.Constant) and default.value is True and bool(off)
    return {"action": ast.Constant("store_false" if is_on else "store_true")}


def _signature(node: ast.FunctionDef, *, dashes: bool) -> Iterator[Option]:
    """Yield what a function's parameters declare: an option each, a word for one without a default."""
    parameters = [*node.args.args, *node.args.kwonlyargs]
    defaults = [
        *[None] * (len(node.args.args) - len(node.args.defaults)),
        *node.args.defaults,
        *node.args.kw_defaults,
    ]
    for parameter, default in zip(parameters, defaults, strict=True):
        name = f"--{parameter.arg.replace('_', '-') if dashes else parameter.arg}"
        if isinstance(default, ast.Call):  # typer.Option(0.1, "--lr")
            stated = [str(one.value) for one in default.args[1:] if isinstance(one, ast.Constant)]
            name = next((one.partition("/")[0] for one in stated if one.startswith("--")), name)
            default = next(iter(default.args), None)
        if default is None:
            yield [parameter.arg], {}
            continue
        keywords: dict[str, ast.expr] = {"default": default, "dest": ast.Constant(parameter.arg)}
        if isinstance(default, ast.Constant) and isinstance(default.value, bool):
            if default.value:
                name = f"--no-{name[2:]}" if dashes else f"--no{name[2:]}"
            keywords["action"] = ast.Constant("store_false" if default.value else "store_true")
        yield [name], keywords


def _handed_to_a_library(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Yield the functions that are given to `fire.Fire` or `typer.run`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and dotted(node.func) in _BY_SIGNATURE and node.args:
            yield dotted(node.args[0]), node


def _offers_everything(tree: ast.Module) -> bool:
    """Whether the program lets `fire.Fire()` offer all of its functions."""
    return any(
        isinstance(node, ast.Call) and dotted(node.func) in ("fire.Fire", "Fire") and not node.args
        for node in ast.walk(tree)
    )


def _is_command(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return dotted(called).endswith(".command")


def _is_subcommand(decorator: ast.expr, tree: ast.Module) -> bool:
    """Whether a decorator is `@GROUP.command()`, and not `@click.command()`."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    owner, _, last = dotted(called).rpartition(".")
    return last == "command" and bool(owner) and owner not in ("click", "typer")


def _is_group(node: ast.FunctionDef, tree: ast.Module) -> bool:
    owners = {
        dotted(one.func if isinstance(one, ast.Call) else one).rpartition(".")[0]
        for one in node.decorator_list
    }
    return any(isinstance(one, ast.FunctionDef) and one.name in owners for one in tree.body)


def _command_name(node: ast.FunctionDef) -> str:
    for one in node.decorator_list:
        if isinstance(one, ast.Call) and _is_command(one):
            stated: Sequence[ast.expr] = [
                *one.args,
                *(word.value for word in one.keywords if word.arg == "name"),
            ]
            for value in stated:
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    return value.value
    return node.name.replace("_", "-")
