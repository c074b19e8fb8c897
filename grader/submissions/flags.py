"""The variants of a script that its command-line flags switch on, read from its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.submissions.combining import MOST_RUNS, Setting, choice, combined, switch
from grader.submissions.option_words import DEFAULTS, NOT_INGREDIENTS, NUMBERS, RATES, USUAL_RATE
from grader.submissions.settings_files import argv_for_a_file, fitting, option_for_a_file
from grader.submissions.syntax import dotted


@dataclass(frozen=True)
class Flag:
    """One switch or choice: what to type for each of its variants."""

    name: str
    variants: tuple[tuple[str, ...], ...]
    """One for a switch; one a value for a choice."""
    is_choice: bool
    positional: bool = False
    default: str = ""
    """Of a choice."""
    off: tuple[str, ...] = ()
    """What turns a switch off that is on by itself; its variant is then nothing."""

    @property
    def setting(self) -> Setting | None:
        """How it is put together with others; None for a choice of which nobody knows what its values are."""
        if not self.is_choice:
            return switch(self.name, self.variants[0], self.off)
        values = [(words[-1], words) for words in self.variants if len(words) < 3]
        return None if self.positional else choice(self.name, values, self.default)


def variants(tree: ast.Module, settings_files: Sequence[str] = ()) -> tuple[tuple[tuple[str, ...], ...], int]:
    """Return (argument lists to run the script with, number of further ones left out).

    Without any flag: each value of a choice alone, or no argument; then each switch alone; then switches
    and choices taken together, one more at a time in the order of the sheet where names tell it. At most
    MOST_RUNS, the cumulative ones first to be kept. A script without flags gives one empty list.
    `settings_files` are those of the hand-in, as the script would open them: an option that wants one is a choice.
    """
    flags = [*_argparse_flags(tree), *_argv_flags(tree)]
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
    """Yield (names, keywords) of each `add_argument` of a script that uses argparse, in source order."""
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


def declared(tree: ast.Module) -> dict[str, bool]:
    """Return every name of an argument that the script gives to argparse, and whether a value is typed behind it."""
    return {
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
    compared = list(_compared(tree, destination))
    if [value for value in compared if value not in (0, 1)]:
        return None
    tests = [node.test for node in ast.walk(tree) if isinstance(node, ast.If | ast.IfExp)]
    told = (node for test in tests for node in ast.walk(test))
    if not any(isinstance(node, ast.Attribute) and node.attr == destination for node in told):
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
    values: list[str | int] = _listed(keywords.get("choices"))
    if not values and destination.lower() not in NUMBERS:
        values = list(_compared(tree, destination))
    if not values or destination.lower() in NUMBERS:
        return
    typed = [str(value) for value in values]
    alone = [(text,) if positional else (name, text) for text in typed]
    several = _literal(keywords.get("nargs")) in ("+", "*")
    chain = [(*(() if positional else (name,)), *typed[: count + 1]) for count in range(1, len(typed))]
    default = str(_literal(keywords.get("default")) or "")
    variants = tuple([*alone, *chain] if several else alone)
    yield Flag(destination, variants, is_choice=True, positional=positional, default=default)


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


def _compared(tree: ast.Module, destination: str) -> Iterator[str | int]:
    """Yield the constants that `<anything>.destination` is compared with, each once, in source order."""
    seen: dict[str | int, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(isinstance(side, ast.Attribute) and side.attr == destination for side in sides):
                seen.update(dict.fromkeys(_constants(sides)))
        elif isinstance(node, ast.Subscript) and dotted(node.slice).rpartition(".")[2] == destination:
            seen.update(dict.fromkeys(_keys(tree, dotted(node.value))))
    values = list(seen)
    yield from sorted(
        values, key=lambda value: (isinstance(value, str), value if isinstance(value, int) else 0)
    )


def _keys(tree: ast.Module, name: str) -> Iterator[str | int]:
    """Yield the keys of the dictionary that the module gives to `name`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign) or all(dotted(target) != name for target in node.targets):
            continue
        if isinstance(node.value, ast.Dict):
            yield from _constants([key for key in node.value.keys if key is not None])


def _constants(nodes: Sequence[ast.expr]) -> Iterator[str | int]:
    for node in nodes:
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            yield from _constants(node.elts)
        elif isinstance(node, ast.Constant) and type(node.value) in (str, int):
            assert isinstance(node.value, str | int)
            yield node.value


def _is_argv(node: ast.expr) -> bool:
    return dotted(node) in ("sys.argv", "argv")


def _argv_flags(tree: ast.Module) -> Iterator[Flag]:
    """Yield flags of a script that looks itself: `"--x" in sys.argv`, `sys.argv[1] == "x"`."""
    switches: dict[str, None] = {}
    values: dict[str, None] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare) or len(node.ops) != 1:
            continue
        left, right = node.left, node.comparators[0]
        if isinstance(node.ops[0], ast.In) and _is_argv(right) and isinstance(_literal(left), str):
            switches[str(_literal(left))] = None
        for one, other in ((left, right), (right, left)):
            if isinstance(one, ast.Subscript) and _is_argv(one.value) and _literal(one.slice) == 1:
                values.update(dict.fromkeys(str(value) for value in _constants([other])))
    for value in sorted(_numbers_compared(tree)):
        values[str(value)] = None
    for name in switches:
        if name.lstrip("-").replace("-", "_").lower() not in NOT_INGREDIENTS:
            yield Flag(name.lstrip("-"), ((name,),), is_choice=False)
    if values:
        yield Flag("argv", tuple((value,) for value in values), is_choice=True, positional=True)


def _numbers_compared(tree: ast.Module) -> set[int]:
    """Return the whole numbers that a variable made from `sys.argv[1]` is compared with, and the one before them."""
    named = {
        dotted(target)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and any(isinstance(one, ast.Subscript) and _is_argv(one.value) for one in ast.walk(node.value))
        for target in node.targets
    }
    found: set[int] = set()
    for node in ast.walk(tree):
        sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
        if any(dotted(side) in named - {""} for side in sides):
            found |= {value for value in _constants(sides) if isinstance(value, int)}
    return {max(min(found) - 1, 0), *found} if found else set()


def _required(tree: ast.Module) -> Iterator[str]:
    """Yield arguments for required numbers whose usual value is known."""
    for names, keywords in _options(tree):
        name = next((name for name in names if name.startswith("--")), names[0])
        is_required = not name.startswith("-") or _literal(keywords.get("required")) is True
        if is_required and "choices" not in keywords and _literal(keywords.get("nargs")) not in ("?", "*"):
            for known, value in DEFAULTS:
                if name.lstrip("-") in known:
                    yield from (name, value) if name.startswith("-") else (value,)
