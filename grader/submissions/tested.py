"""What programs decide by: names whose truth is asked for, and the values that a name is compared with."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from grader.submissions.combining import rank
from grader.submissions.enums import enums, picked
from grader.submissions.families import Families, families
from grader.submissions.syntax import dotted

FIRST_WORD = "sys.argv[1]"
"""The name that the first word of the command line has here."""
_SETTINGS = (ast.Dict, ast.Call, ast.Tuple)
_HANDED_ON = 3
"""Functions through which a value is followed."""
Value = bool | int | float | str | tuple[str, ...]
_AT_LEAST = (ast.GtE, ast.Lt)
_MORE_THAN = (ast.Gt, ast.LtE)


@dataclass
class Tested:
    """Of all programs of a hand-in together, by bare name: `bn` for `bn`, `cfg.bn` and `cfg["bn"]` alike."""

    read: set[str] = field(default_factory=set)
    """Names that are read anywhere."""
    decides: set[str] = field(default_factory=set)
    """Names that stand in a condition."""
    values: dict[str, dict[int | str, None]] = field(default_factory=dict)
    """What a name is compared with, or which keys of a dictionary it chooses, in source order."""
    members: dict[str, dict[str, None]] = field(default_factory=dict)
    """Texts that are looked for in a list of that name."""
    functions: dict[str, list[str]] = field(default_factory=dict)
    """Functions and classes of the programs' own, with the names of what they are given."""
    families: Families = field(default_factory=dict)
    """Members of Enums, and settings that stand side by side, each with all of its kind."""
    told: set[str] = field(default_factory=set)
    """Functions and classes that some program calls with an improvement named: it chooses there, not by defaults."""


def tested(trees: Iterable[ast.Module]) -> Tested:
    """Return what the programs decide by."""
    trees = list(trees)
    found, known = Tested(families=families(trees)), enums(trees)
    for tree in trees:
        tables = _tables(tree)
        lists = tables | _texts(tree)
        found.values |= {entry_of(name): dict.fromkeys(keys) for name, keys in _of_settings(tree, tables)}
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                found.functions[node.name] = _parameters(node)
            if isinstance(node, ast.Call) and any(rank(one.arg or "") for one in node.keywords):
                found.told.add(dotted(node.func).rpartition(".")[2])
            for container, member in _looked_for(node):
                found.members.setdefault(container, {})[member] = None
            name = name_of(node)
            if name and not isinstance(getattr(node, "ctx", None), ast.Store):
                found.read.add(name)
            for condition in _conditions(node):
                found.decides |= {name_of(one) for one in ast.walk(condition)} - {""}
            members = ((name_of(one), values) for one, values in picked(node, known))
            for chosen, values in (*_compared(node), *_chosen(node, tables), *_among(node, lists), *members):
                found.values.setdefault(chosen, {}).update(dict.fromkeys(values))
    return found


def entry_of(table: str) -> str:
    """Return the name under which the choice of an entry of `table` is known."""
    return f"{table}[]"


def _of_settings(
    tree: ast.Module, tables: dict[str, list[int | str]]
) -> Iterator[tuple[str, list[int | str]]]:
    """Yield tables, and lists, whose entries are settings of several things, with the keys of the entries."""
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.Assign) else None
        held = value.values if isinstance(value, ast.Dict) else getattr(value, "elts", [])
        if (
            not isinstance(node, ast.Assign)
            or len(held) < 2
            or not all(isinstance(one, _SETTINGS) for one in held)
        ):
            continue
        for name in (dotted(target) for target in node.targets):
            if name:
                yield name, tables.get(name) or list(range(len(held)))


def _parameters(node: ast.FunctionDef | ast.ClassDef) -> list[str]:
    """Return the names of what a function, or the class's own constructor, is given by position."""
    if isinstance(node, ast.FunctionDef):
        return [one.arg for one in node.args.args]
    made = next(
        (one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"), None
    )
    if made is not None:
        return [one.arg for one in made.args.args[1:]]
    return [dotted(one.target) for one in node.body if isinstance(one, ast.AnnAssign)]


def _looked_for(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield (name of the list, text) of `"bn" in STEPS`."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.In | ast.NotIn):
        name, text = name_of(node.comparators[0]), node.left
        if name and isinstance(text, ast.Constant) and isinstance(text.value, str):
            yield name, text.value


def name_of(node: ast.AST) -> str:
    """Return `bn` for `bn`, `cfg.bn`, `cfg["bn"]` and `cfg.get("bn")`; an empty text for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        if node.slice.value == 1 and dotted(node.value) in ("sys.argv", "argv"):
            return FIRST_WORD
        return node.slice.value if isinstance(node.slice.value, str) else ""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        first = node.args[0] if node.args else None
        if node.func.attr in ("lower", "split", "strip"):
            return name_of(node.func.value)
        if node.func.attr != "get":
            return ""
        return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
    return ""


def _conditions(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        yield node.test
    elif isinstance(node, ast.comprehension):
        yield from node.ifs
    elif isinstance(node, ast.BoolOp):
        yield from node.values


def _compared(node: ast.AST) -> Iterator[tuple[str, list[int | str]]]:
    """Yield a name with what it is compared with; of `>= 3` both 2 and 3, which fall on the two sides."""
    if isinstance(node, ast.Match):
        values = [case.pattern.value for case in node.cases if isinstance(case.pattern, ast.MatchValue)]
        yield name_of(node.subject), list(constants(values))
    if not isinstance(node, ast.Compare):
        return
    left = node.left
    for operation, right in zip(node.ops, node.comparators, strict=True):
        for one, other, turned in ((left, right, False), (right, left, True)):
            if name := name_of(one):
                yield name, list(_either_side(operation, constants([other]), turned=turned))
        left = right


def _either_side(operation: ast.cmpop, values: Iterable[int | str], *, turned: bool) -> Iterator[int | str]:
    below, above = (_MORE_THAN, _AT_LEAST) if turned else (_AT_LEAST, _MORE_THAN)
    for value in values:
        if isinstance(operation, below) and isinstance(value, int):
            yield max(value - 1, 0)
        yield value
        if isinstance(operation, above) and isinstance(value, int):
            yield value + 1


def constants(nodes: Sequence[ast.expr]) -> Iterator[int | str]:
    """Yield the whole numbers and texts among the nodes, and inside their lists."""
    for node in nodes:
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            yield from constants(node.elts)
        elif isinstance(node, ast.Constant) and type(node.value) in (str, int):
            assert isinstance(node.value, str | int)
            yield node.value


def _tables(tree: ast.Module) -> dict[str, list[int | str]]:
    """Return the keys of the dictionaries that stand under a name, by the name."""
    found: dict[str, list[int | str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and (keys := _keys(node.value)):
            found |= {dotted(target): keys for target in node.targets if dotted(target)}
    return found


def _keys(table: ast.expr) -> list[int | str]:
    """Return the keys of `{...}` and of `dict(...)`."""
    if isinstance(table, ast.Dict):
        return list(constants([key for key in table.keys if key is not None]))
    if isinstance(table, ast.Call) and dotted(table.func) == "dict":
        return [keyword.arg for keyword in table.keywords if keyword.arg]
    return []


def _texts(tree: ast.Module) -> dict[str, list[int | str]]:
    """Return the lists of several texts, by the name they stand under."""
    found: dict[str, list[int | str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List | ast.Tuple):
            texts = list(constants(node.value.elts))
            whole = 1 < len(texts) == len(node.value.elts) and all(isinstance(one, str) for one in texts)
            found |= {dotted(target): texts for target in node.targets if whole and dotted(target)}
    return found


def _among(node: ast.AST, lists: dict[str, list[int | str]]) -> Iterator[tuple[str, list[int | str]]]:
    """Yield the name that is looked for in a list of texts or among the keys of a table, as by `STEPS.index(X)`."""
    sought: ast.AST | None = None
    where = ""
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
        sought, where = node.left, dotted(node.comparators[0])
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "index":
        sought, where = next(iter(node.args), None), dotted(node.func.value)
    if sought is not None and where in lists and (name := name_of(sought)):
        yield name, lists[where]


def _chosen(node: ast.AST, tables: dict[str, list[int | str]]) -> Iterator[tuple[str, list[int | str]]]:
    """Yield the name by which a value of a dictionary is chosen, with the dictionary's keys."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        keys = tables.get(dotted(node.func.value), [])
        if keys and node.args and (name := name_of(node.args[0])):
            yield name, keys
    if isinstance(node, ast.Subscript):
        table = node.value
        keys = _keys(table) or tables.get(dotted(table), [])
        if keys and (name := name_of(node.slice)):
            yield name, keys


def aliases(tree: ast.Module, is_it: Callable[[ast.AST], bool]) -> set[str]:
    """Return the variables that are made of what `is_it` knows, and the parameters that are given it."""
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    found: set[str] = set()
    giving: set[str] = set()

    def is_made(one: ast.AST) -> bool:
        return is_it(one) or (isinstance(one, ast.Call) and dotted(one.func) in giving)

    def holds(value: ast.expr) -> bool:
        return any(is_made(one) or (isinstance(one, ast.Name) and one.id in found) for one in ast.walk(value))

    for _ in range(_HANDED_ON):
        giving |= {name for name, node in functions.items() if _gives(node, holds)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and any(is_made(one) for one in ast.walk(node.value)):
                found |= {dotted(target) for target in node.targets} - {""}
            elif isinstance(node, ast.Call) and dotted(node.func) in functions:
                names = [one.arg for one in functions[dotted(node.func)].args.args]
                given = [
                    *zip(names, node.args, strict=False),
                    *((one.arg, one.value) for one in node.keywords),
                ]
                found |= {name for name, value in given if name and _is_plain(value) and holds(value)}
    return found


def _gives(function: ast.FunctionDef, holds: Callable[[ast.expr], bool]) -> bool:
    """Whether a function returns, as it is or as a number or a text, a value that `holds` knows."""
    returned = (
        one.value for one in ast.walk(function) if isinstance(one, ast.Return) and one.value is not None
    )
    return any((_is_plain(value) or isinstance(value, ast.Call)) and holds(value) for value in returned)


def _is_plain(value: ast.expr) -> bool:
    """Whether a value is handed on as it is, or as a number or a text."""
    while isinstance(value, ast.Call) and dotted(value.func) in ("int", "str") and value.args:
        value = value.args[0]
    return isinstance(value, ast.Name | ast.Attribute | ast.Subscript)


def compared(tree: ast.Module, destination: str) -> list[int | str]:
    """Return what `<anything>.destination` is compared with, or which keys of a table it chooses: numbers first."""

    def is_it(node: ast.AST) -> bool:
        return isinstance(node, ast.Attribute) and node.attr == destination

    known = tested([tree]).values
    names = dict.fromkeys([destination, *sorted(aliases(tree, is_it))])
    found = dict.fromkeys(value for name in names for value in known.get(name, {}))
    return sorted(found, key=lambda value: (isinstance(value, str), value if isinstance(value, int) else 0))


def listed(tree: ast.Module, node: ast.expr | None) -> list[int | str]:
    """Return the values of `STAGES`, `STAGES.keys()`, `list(STAGES)` or `sorted(STAGES)`, a table or a list."""
    if isinstance(node, ast.Call):
        inner = node.args[0] if node.args else node.func
        node = inner.value if isinstance(inner, ast.Attribute) and inner.attr == "keys" else inner
        node = (
            node.func.value if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else node
        )
    if not isinstance(node, ast.Name):
        return []
    lists = (
        list(constants([one.value]))
        for one in ast.walk(tree)
        if isinstance(one, ast.Assign) and any(dotted(target) == node.id for target in one.targets)
    )
    return _tables(tree).get(node.id) or next((values for values in lists if values), [])
