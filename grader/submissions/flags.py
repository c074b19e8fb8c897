"""The variants of a script that its command-line flags switch on, read from its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from grader.submissions import front_ends
from grader.submissions.argv import argv_flags
from grader.submissions.combining import MOST_RUNS, Flag, combined, rank
from grader.submissions.option_words import DEFAULTS, NOT_INGREDIENTS, NUMBERS, RATES, USUAL_RATE
from grader.submissions.settings_files import argv_for_a_file, fitting, option_for_a_file
from grader.submissions.syntax import dotted
from grader.submissions.tested import compared, listed, tested


def variants(tree: ast.Module, settings_files: Sequence[str] = ()) -> tuple[tuple[tuple[str, ...], ...], int]:
    """Return (argument lists to run the script with, number of further ones left out).

    Without any flag: each value of a choice alone, or no argument; then each switch alone; then switches
    and choices taken together, one more at a time in the order of the sheet where names tell it. At most
    MOST_RUNS, the cumulative ones first to be kept. A script without flags gives one empty list.
    `settings_files` are those of the hand-in, as the script would open them: an option that wants one is a choice.
    Where the first word is a command, this holds for each command that trains.
    """
    commands = front_ends.commands(tree)
    if commands:
        each = [(name, *_variants(one, settings_files)) for name, one in commands]
        found = [(name, *row) for name, rows, _ in each for row in rows]
        return tuple(found[:MOST_RUNS]), len(found[MOST_RUNS:]) + sum(left_out for _, _, left_out in each)
    return _variants(tree, settings_files)


def _variants(tree: ast.Module, settings_files: Sequence[str]) -> tuple[tuple[tuple[str, ...], ...], int]:
    flags = [*_argparse_flags(tree), *argv_flags(tree)]
    flags += files_asked_for(tree, settings_files, bool(flags))
    required = tuple(_required(tree))
    choices = [flag for flag in flags if flag.is_choice]
    settings = [setting for flag in flags if (setting := flag.setting) is not None]
    needed = tuple(text for flag in choices if flag.positional for text in flag.variants[0])
    found: list[tuple[str, ...]] = [] if needed else [()]
    for flag in choices:
        others = tuple(
            t for other in choices if other.positional and other is not flag for t in other.variants[0]
        )
        found += [(*others, *values) for values in flag.variants]
    runs, left_out = combined(found, settings, needed)
    # Of runs that are alike the last one counts: what the script does by itself, not what was made up for it.
    runs = tuple(sorted(runs, key=lambda run: not run)) if choices else runs
    return tuple((*required, *run) for run in runs), left_out


def _literal(node: ast.expr | None) -> object:
    try:
        return ast.literal_eval(node) if node is not None else None
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _options(tree: ast.Module) -> Iterator[tuple[list[str], dict[str, ast.expr]]]:
    """Yield (names, keywords) of each `add_argument` of a script that uses argparse, and of what is alike."""
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "add_argument"
    ]
    for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        names = [value for value in map(_literal, call.args) if isinstance(value, str) and value]
        if names:
            yield names, {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    yield from _subparsers(tree)
    yield from front_ends.options(tree)


def _subparsers(tree: ast.Module) -> Iterator[tuple[list[str], dict[str, ast.expr]]]:
    """Yield the word that chooses among the subparsers of a script, as a choice of their names."""
    calls = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    made = sorted(
        (one for one in calls if getattr(one.func, "attr", "") == "add_parser" and one.args),
        key=lambda call: (call.lineno, call.col_offset),
    )
    names = [one.args[0] for one in made if isinstance(one.args[0], ast.Constant)]
    if names:
        yield ["command"], {"choices": ast.List(elts=list(names), ctx=ast.Load())}


def declared(tree: ast.Module) -> dict[str, bool]:
    """Return every name of an argument that the script declares, and whether a value is typed behind it.

    A word that a script wants for a command stands among them.
    """
    found = {f"{name} ": False for name, _ in front_ends.commands(tree)[:1]}
    return found | {
        name: _action(keywords) in ("store", "append") for names, keywords in _options(tree) for name in names
    }


def _destination(names: Sequence[str], keywords: dict[str, ast.expr]) -> str:
    stated = _literal(keywords.get("dest"))
    long = next((name for name in names if name.startswith("--")), names[0])
    return stated if isinstance(stated, str) else long.lstrip("-").replace("-", "_")


def _argparse_flags(tree: ast.Module) -> Iterator[Flag]:
    for names, keywords in _options(tree):
        destination = _destination(names, keywords)
        name = next((name for name in names if name.startswith("--")), names[0])
        plain = name.lstrip("-").replace("-", "_").lower()
        if {destination.lower(), plain} & NOT_INGREDIENTS:
            continue
        positional = not name.startswith("-")
        action = _action(keywords)
        if action in ("store_true", "store_const"):
            yield Flag(plain, ((name,),), is_choice=False)
        elif action == "store_false":
            yield Flag(plain, ((),), is_choice=False, off=(name,))
        elif action == "BooleanOptionalAction":
            is_on = _literal(keywords.get("default")) is True
            yield (
                Flag(plain, ((),), False, off=(f"--no-{name[2:]}",))
                if is_on
                else Flag(plain, ((name,),), False)
            )
        elif action in ("store", "append"):
            on = None if positional else _turned_on(tree, destination, keywords)
            if on is not None:
                yield Flag(plain, ((name, on),), is_choice=False)
            else:
                yield from _choice(tree, name, destination, keywords, positional=positional)


def _turned_on(tree: ast.Module, destination: str, keywords: dict[str, ast.expr]) -> str | None:
    """Return what to type for an option that holds no or 0 and whose truth decides something; None for any other.

    `type=bool` takes any text for true.
    """
    default = _literal(keywords.get("default"))
    if (
        destination.lower() in RATES
        and default == RATES[destination.lower()][0]
        and "choices" not in keywords
    ):
        return RATES[destination.lower()][1]
    off = default in (False, 0, "False", "false", "non", "no") and "default" in keywords
    if not off or "choices" in keywords or destination.lower() in NUMBERS:
        return None
    if isinstance(default, float):
        return USUAL_RATE if "drop" in destination.lower() else None
    others = list(compared(tree, destination))
    if [value for value in others if value not in (0, 1)]:
        return None
    tests = [node.test for node in ast.walk(tree) if isinstance(node, ast.If | ast.IfExp)]
    told = (node for test in tests for node in ast.walk(test))
    decides = any(destination in (getattr(node, "attr", ""), getattr(node, "id", "")) for node in told)
    if not decides and default is not False and not rank(destination):
        return None
    return "1" if isinstance(default, int) and not isinstance(default, bool) else "True"


def files_asked_for(tree: ast.Module, files: Sequence[str], has_flags: bool) -> Iterator[Flag]:
    """Yield a choice of the hand-in's files of settings for an option, or a first word, that wants one of them."""
    for names, keywords in _options(tree) if files else ():
        default, name = _literal(keywords.get("default")), names[-1]
        if "choices" in keywords or _action(keywords) != "store" or not option_for_a_file(names, default):
            continue
        positional = not name.startswith("-")
        values = tuple((one,) if positional else (name, one) for one in fitting(files, default))
        if values:
            yield Flag(_destination(names, keywords), values, is_choice=True, positional=positional)
    if files and not has_flags and argv_for_a_file(tree):
        yield Flag("argv", tuple((one,) for one in fitting(files, None)), is_choice=True, positional=True)


def _action(keywords: dict[str, ast.expr]) -> str:
    node = keywords.get("action")
    if node is None:
        return "store"
    stated = _literal(node)
    return stated if isinstance(stated, str) else dotted(node).rpartition(".")[2]


def _choice(
    tree: ast.Module, name: str, destination: str, keywords: dict[str, ast.expr], *, positional: bool
) -> Iterator[Flag]:
    """Yield the flag of an option with few values: those listed, or those the program compares it with."""
    values: list[str | int] = _listed(keywords.get("choices")) or listed(tree, keywords.get("choices"))
    default = _literal(keywords.get("default"))
    if not values and destination.lower() not in NUMBERS:
        values = [
            value for value in compared(tree, destination) if value != default or isinstance(value, str)
        ]
    if not values or destination.lower() in NUMBERS:
        return
    typed = [str(value) for value in values]
    alone = [(text,) if positional else (name, text) for text in typed]
    several = _literal(keywords.get("nargs")) in ("+", "*")
    members = sorted(tested([tree]).members.get(destination, {}), key=rank)
    if not several and len(members) > 1 and {*members} == {*typed}:  # one text that holds several
        growing = [",".join(members[: count + 1]) for count in range(1, len(members))]
        texts = (*alone, *((text,) if positional else (name, text) for text in growing))
        yield Flag(destination, texts, is_choice=True, positional=positional)
        return
    chain = [(*(() if positional else (name,)), *typed[: count + 1]) for count in range(1, len(typed))]
    variants = tuple([*alone, *chain] if several else alone)
    by_itself = "" if default is None else str(default)
    yield Flag(destination, variants, is_choice=True, positional=positional, default=by_itself)


def _listed(node: ast.expr | None) -> list[str | int]:
    if isinstance(node, ast.Call) and dotted(node.func) == "range":
        bounds = [_literal(argument) for argument in node.args]
        if bounds and all(isinstance(bound, int) and abs(bound) < 1000 for bound in bounds):
            numbers = range(*[bound for bound in bounds if isinstance(bound, int)])
            return [*numbers[: 4 * MOST_RUNS]]
        return []
    found = _literal(node)
    if isinstance(found, dict | set | frozenset):
        found = list(found) if isinstance(found, dict) else sorted(found, key=str)
    return (
        [value for value in found if isinstance(value, str | int)] if isinstance(found, list | tuple) else []
    )


def _required(tree: ast.Module) -> Iterator[str]:
    """Yield arguments for required numbers whose usual value is known."""
    for names, keywords in _options(tree):
        name = next((name for name in names if name.startswith("--")), names[0])
        is_required = not name.startswith("-") or _literal(keywords.get("required")) is True
        if is_required and "choices" not in keywords and _literal(keywords.get("nargs")) not in ("?", "*"):
            for known, value in DEFAULTS:
                if name.lstrip("-") in known:
                    yield from (name, value) if name.startswith("-") else (value,)
