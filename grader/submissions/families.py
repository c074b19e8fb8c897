"""Names among which a program chooses one: members of an Enum, and settings of one kind that stand side by side.

`STAGE = Stage.BN` and `cfg = BN`, beside `BASE = Config()` and `NORM = Config(norm=True)`, are choices like any other.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from grader.submissions.syntax import dotted

_RECORDS = (
    "dict",
    "SimpleNamespace",
    "Namespace",
    "EasyDict",
    "edict",
    "AttrDict",
    "replace",
    "create",
    "_replace",
)
_HOLDING = (ast.Assign, ast.AnnAssign, ast.Pass, ast.Expr)
Families = dict[str, tuple[str, ...]]
"""All members of a family, in the order of the source, by each of them."""


def families(trees: Iterable[ast.Module]) -> Families:
    """Return the families of a hand-in's programs."""
    trees = list(trees)
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    own = {node.name for node in classes if not _is_network(node)}
    found: Families = {}
    for tree in trees:
        for members in (*_enums(tree), *_settings(tree, own)):
            found |= dict.fromkeys(members, members)
    for members in _classes(trees):
        found |= dict.fromkeys(members, members)
    return found


def _is_network(node: ast.ClassDef) -> bool:
    return any(isinstance(one, ast.FunctionDef) and one.name == "forward" for one in node.body)


def _is_enum(node: ast.ClassDef) -> bool:
    return any(dotted(base).endswith(("Enum", "Flag")) for base in node.bases)


def _enums(tree: ast.Module) -> Iterator[tuple[str, ...]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef):
            continue
        given = [one for one in node.body if isinstance(one, ast.Assign)]
        names = [dotted(target) for one in given for target in one.targets]
        if (_is_enum(node) or _numbers_its_names(node, given)) and len(names) > 1 and all(names):
            yield tuple(f"{node.name}.{name}" for name in names)


def _numbers_its_names(node: ast.ClassDef, given: list[ast.Assign]) -> bool:
    """Whether a plain class is an Enum in all but name: its values are one number after the other."""
    values = [one.value.value for one in given if isinstance(one.value, ast.Constant)]
    whole = len(values) == len(node.body) and all(type(one) is int for one in values)
    return not node.bases and whole and values == list(range(values[0], values[0] + len(values)))  # type: ignore[arg-type, operator]


def _classes(trees: list[ast.Module]) -> Iterator[tuple[str, ...]]:
    """Yield classes that hold nothing but settings, and build on each other or on the same one."""
    plain = {
        node.name: [dotted(base) for base in node.bases]
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.ClassDef) and all(isinstance(one, _HOLDING) for one in node.body)
        if not _is_enum(node)
    }
    members = [name for name, bases in plain.items() if any(base in plain for base in bases)]
    roots = [name for name in plain if any(name in plain[other] for other in members)]
    if members:
        yield tuple(name for name in plain if name in members or name in roots)


def _settings(tree: ast.Module, own: set[str]) -> Iterator[tuple[str, ...]]:
    kinds: dict[str, list[str]] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            kind = _kind(node.value, own)
            kinds.setdefault(kind, []).append(node.targets[0].id)
    yield from (tuple(names) for kind, names in kinds.items() if kind and len(set(names)) == len(names) > 1)


def _kind(value: ast.expr, own: set[str]) -> str:
    """Return what kind of settings a value is, an empty text for anything else."""
    if isinstance(value, ast.Dict):
        return (
            "settings"
            if len(value.keys) > 1 and all(isinstance(one, ast.Constant) for one in value.keys)
            else ""
        )
    name = dotted(value.func).rpartition(".")[2] if isinstance(value, ast.Call) else ""
    return "settings" if name in _RECORDS else name if name in own else ""


def member_of(node: ast.AST, known: Families, modules: frozenset[str] = frozenset()) -> str:
    """Return the member that a node names, an empty text for none: `Stage.BN`, `stages.Stage.BN`, `BN`, `conf.BN`.

    `modules` are the names under which modules are imported.
    """
    name = dotted(node) if isinstance(node, ast.Name | ast.Attribute) else ""
    if name in known:
        return name
    owner, _, last = name.rpartition(".")
    if owner in modules and last in known:
        return last
    ending = ".".join(name.split(".")[-2:])
    return ending if ending in known else ""


def chosen(
    tree: ast.Module, known: Families, functions: dict[str, list[str]]
) -> Iterator[tuple[str, ast.expr, str]]:
    """Yield (name that is given it, node, member) of each member that is chosen somewhere, as `cfg` is by `run(BN)`.

    A family that the program goes through by itself, as in a list of its members, is no choice.
    """
    if not known:
        return
    given = {id(node): (name, node) for name, node in _given(tree, functions)}
    aside = set(map(id, _aside(tree, known)))
    imports = (one for one in ast.walk(tree) if isinstance(one, ast.Import))
    modules = frozenset(alias.asname or alias.name for one in imports for alias in one.names)
    met, busy = [], set()
    for node in ast.walk(tree):
        member = member_of(node, known, modules) if isinstance(getattr(node, "ctx", None), ast.Load) else ""
        if not member or id(node) in aside:
            continue
        if id(node) in given:
            met.append((*given[id(node)], member))
        else:
            busy.add(known[member])
    yield from (one for one in met if known[one[2]] not in busy)


def _given(tree: ast.Module, functions: dict[str, list[str]]) -> Iterator[tuple[str, ast.expr]]:
    """Yield every value that is given a name; of a class that is called for it, the class."""
    for name, value in _values(tree, functions):
        bare = isinstance(value, ast.Call) and not value.args and not value.keywords
        yield name, value.func if bare and isinstance(value, ast.Call) else value


def _values(tree: ast.Module, functions: dict[str, list[str]]) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield dotted(targets[0]).rpartition(".")[2] or "?", node.value
        elif isinstance(node, ast.Call):
            callee = dotted(node.func).rpartition(".")[2]
            names = functions.get(callee, [])
            for at, value in enumerate(node.args):
                yield names[at] if at < len(names) else f"{callee}[{at}]", value
            yield from ((one.arg or "?", one.value) for one in node.keywords)
        elif isinstance(node, ast.FunctionDef):
            names = [one.arg for one in node.args.args]
            yield from zip(reversed(names), reversed(node.args.defaults), strict=False)


def _aside(tree: ast.Module, known: Families) -> Iterator[ast.AST]:
    """Yield the nodes in which a member is only compared, looked up or built upon, and every part of a longer name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            yield from ast.walk(node)
        elif isinstance(node, ast.MatchValue):
            yield from ast.walk(node.value)
        elif isinstance(node, ast.Dict):
            yield from (inner for key in node.keys if key is not None for inner in ast.walk(key))
        elif isinstance(node, ast.Attribute):
            # The name before a dot: `Stage.BN.value`, `BN.lr`.
            yield node.value
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and dotted(node.targets[0]) in known:
            yield from ast.walk(node.value)
        elif isinstance(node, ast.ClassDef):
            yield from node.bases
