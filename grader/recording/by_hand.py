"""Transforms that a program makes by code of its own, sought in the syntax tree by what such code cannot do without.

What a network was fed shows that images were mirrored about as often as not, which 0.4 looks like too over a few
hundred images; only the source tells a fair coin. And a recording that a program wrote itself could claim anything:
a mirror is a step of -1 or a call that says so, a crop is a slice from a place drawn by chance, a normalisation
divides what it has subtracted from.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grader.model import Recipe
from grader.recording.tree import CallSite, Tree

_CHANCE = re.compile(r"rand|bernoulli|uniform|integers|choice|getrandbits|binomial|\brng\b", re.IGNORECASE)
_MIRROR = re.compile(r"flip|mirror|miroir|transpose", re.IGNORECASE)
_CUT = re.compile(r"crop|narrow|unfold|slice|gather|take|roll|affine|grid", re.IGNORECASE)
_FAIR = 0.5


def made_by_hand(part: str, recipe: Recipe, tree: Tree) -> bool:
    """Tell whether the program's own code can be what `part`, the name of a transform that was seen, came from."""
    known = {
        "Normalize": lambda: _normalises(recipe, tree),
        "RandomCrop": lambda: _draws(tree) and _cuts(tree, anywhere=True),
        "RandomHorizontalFlip": lambda: _mirrors(tree),
        "CenterCrop": lambda: _cuts(tree, anywhere=False),
    }
    return part in known and known[part]()


def tosses_a_fair_coin(tree: Tree) -> bool:
    """Tell whether all that the program decides by chance it decides one time in two, and says so."""
    own = [call for call in tree.calls if _MIRROR.search(call.name) and _CHANCE.search(call.name)]
    # torchvision's own transform, used outside a list of transforms: its default is a half.
    shares = [call.argument("p", 0) for call in own if call.node.args or call.node.keywords]
    if any(share != _FAIR for share in shares):
        return False
    thresholds = [*_thresholds(tree), *_given(tree)]
    return all(one == _FAIR for one in thresholds) and bool(thresholds or own or _even_choices(tree))


def _nodes(tree: Tree) -> Iterator[ast.AST]:
    for module in tree.modules:
        yield from ast.walk(module)


def _called(node: ast.AST) -> Iterator[str]:
    """Yield the names of the calls within an expression."""
    for one in ast.walk(node):
        if isinstance(one, ast.Call):
            name = one.func.attr if isinstance(one.func, ast.Attribute) else getattr(one.func, "id", "")
            yield name


def _by_chance(node: ast.AST, drawn: frozenset[str]) -> bool:
    names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    return any(map(_CHANCE.search, _called(node))) or not drawn.isdisjoint(names)


def _drawn(tree: Tree) -> frozenset[str]:
    """Return the names that are given something drawn by chance."""
    return frozenset(name for call in tree.calls if _CHANCE.search(call.name) for name in call.assigned)


def _share(node: ast.AST) -> float | None:
    value = node.value if isinstance(node, ast.Constant) else None
    return float(value) if type(value) in (int, float) and 0 < value < 1 else None  # type: ignore[operator,arg-type]


def _thresholds(tree: Tree) -> Iterator[float]:
    """Yield the numbers that what is drawn by chance is compared with; a name counts for all it is ever given."""
    drawn = _drawn(tree)
    for node in _nodes(tree):
        if isinstance(node, ast.Compare) and len(node.comparators) == 1:
            sides = (node.left, node.comparators[0])
            for chance, other in (sides, sides[::-1]):
                if _by_chance(chance, drawn):
                    share = _share(other)
                    name = _last_name(other)
                    yield from (share,) if share is not None else _values(name, tree) if name else ()


def _last_name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _values(name: str, tree: Tree) -> Iterator[float]:
    """Yield every share that `name` is given: where it is assigned, by default, by keyword to what is its own."""
    own = {*tree.classes, *tree.functions}
    given = (keyword for call in tree.calls if call.name in own for keyword in call.node.keywords)
    found: list[tuple[str, ast.AST | None]] = [(one.arg or "", one.value) for one in given]
    for node in _nodes(tree):
        if isinstance(node, ast.Assign):
            found += [(_last_name(target), node.value) for target in node.targets]
        elif isinstance(node, ast.AnnAssign):
            found.append((_last_name(node.target), node.value))
        elif isinstance(node, ast.arguments):
            places = [*node.posonlyargs, *node.args]
            found += zip(
                (one.arg for one in places[len(places) - len(node.defaults) :]), node.defaults, strict=True
            )
            found += zip((one.arg for one in node.kwonlyargs), node.kw_defaults, strict=True)
    for known, value in found:
        share = _share(value) if known == name and value is not None else None
        if share is not None:
            yield share


def _given(tree: Tree) -> Iterator[float]:
    """Yield the shares that calls of the program's own mirrors, and draws of 0 or 1, are given as they stand."""
    own = {*tree.classes, *tree.functions}
    for call in tree.calls:
        if (call.name in own and _MIRROR.search(call.name)) or re.search("bernoulli|binomial", call.name):
            inner = (node for given in call.node.args for node in ast.walk(given))
            yield from (share for node in inner if (share := _share(node)) is not None)


def _even_choices(tree: Tree) -> bool:
    """Tell whether something is drawn from two that are as likely."""
    return any(_is_even(call) for call in tree.calls if _CHANCE.search(call.name))


def _is_even(call: CallSite) -> bool:
    values = [one.value for one in call.node.args if isinstance(one, ast.Constant)]
    first = call.node.args[0] if call.node.args else None
    if call.name == "choice":
        return (isinstance(first, ast.List | ast.Tuple) and len(first.elts) == 2) or values == [2]
    if call.name == "getrandbits":
        return values == [1]
    # Python's own `randint` holds its upper end, those of numpy and torch do not.
    python = call.name == "randint" and call.receiver in ("random", "")
    return values[:2] == [0, 1] if python else values[:2] in ([0, 2], [2]) or call.keyword("high") == 2


def _mirrors(tree: Tree) -> bool:
    backwards = (
        isinstance(node, ast.Slice)
        and isinstance(node.step, ast.UnaryOp)
        and isinstance(node.step.op, ast.USub)
        for node in _nodes(tree)
    )
    return any(backwards) or any(_MIRROR.search(call.name) for call in tree.calls)


def _draws(tree: Tree) -> bool:
    return any(_CHANCE.search(call.name) for call in tree.calls)


def _cuts(tree: Tree, *, anywhere: bool) -> bool:
    """Tell whether something is sliced from a place in it; with `anywhere` from one that no number tells."""
    for node in _nodes(tree):
        if isinstance(node, ast.Slice) and node.lower is not None:
            fixed = isinstance(node.lower, ast.Constant | ast.UnaryOp)
            if not fixed or not anywhere:
                return True
    return any(_CUT.search(call.name) for call in tree.calls)


def _normalises(recipe: Recipe, tree: Tree) -> bool:
    """Tell whether a difference is divided, by numbers that are written down or taken from images."""
    subtracts = divides = False
    for node in _nodes(tree):
        if isinstance(node, ast.BinOp | ast.AugAssign):
            subtracts = subtracts or isinstance(node.op, ast.Sub)
            divides = divides or isinstance(node.op, ast.Div | ast.Mult)
        elif isinstance(node, ast.Call):
            name = next(_called(node), "").strip("_")
            subtracts = subtracts or name in ("sub", "subtract", "addcmul", "normalize")
            divides = divides or name in ("div", "divide", "mul", "multiply", "normalize")
    taken = {call.name for call in tree.calls} & {"mean", "std", "std_mean", "var"}
    return (
        subtracts
        and divides
        and (_numbers_written(recipe, tree) or {"mean", "std"} <= taken or len(taken) > 1)
    )


def _numbers_written(recipe: Recipe, tree: Tree) -> bool:
    """Tell whether every mean of a normalisation of the recipe is written down as a number, of 1 or of 255."""
    written = {
        round(float(node.value), 4)  # type: ignore[arg-type]
        for node in _nodes(tree)
        if isinstance(node, ast.Constant) and type(node.value) in (int, float)
    }
    written |= {round(one / 255, 4) for one in written}
    calls = [*recipe.data.train, *(recipe.data.evaluation or ())]
    means = [one for call in calls if call.name == "Normalize" for one in call.arguments.get("mean", ())]
    return bool(means) and all(round(float(one), 4) in written for one in means)
