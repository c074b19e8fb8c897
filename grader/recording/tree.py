"""The student's own files as lists of calls, with the loops and the function around each; nothing is run."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from grader.model import Place

_FILE_BYTES = 1_000_000
_FILES = 40
_NAME_LENGTH = 40
_KNOWN = frozenset(sys.stdlib_module_names) | {
    "torch", "torchvision", "numpy", "PIL", "matplotlib", "pandas", "tqdm", "sklearn", "scipy", "seaborn", "IPython",
    "torchsummary", "torchinfo", "tensorboardX", "cv2",
}  # fmt: skip
"""Libraries that train no network by themselves."""
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_LOOPS = (ast.For, ast.While, ast.AsyncFor)


@dataclass(frozen=True)
class CallSite:
    """One call in the source: `receiver.name(...)`, or `name(...)` with an empty receiver."""

    name: str
    receiver: str
    """The expression before the last dot, as written: `optimizer`, `nn.functional`, `self.model`."""
    node: ast.Call
    file: str
    loops: tuple[ast.AST, ...]
    """Loops around it inside its function, outermost first."""
    function: ast.AST | None
    assigned: tuple[str, ...] = ()
    """Names that its value is given to."""

    @property
    def place(self) -> Place:
        """The line of the call."""
        return Place(file=self.file, line=self.node.lineno)

    def keyword(self, name: str) -> object:
        """Return the constant given for keyword `name`; None where there is none, Ellipsis where not constant."""
        for keyword in self.node.keywords:
            if keyword.arg == name:
                return keyword.value.value if isinstance(keyword.value, ast.Constant) else ...
        return None


@dataclass(frozen=True)
class Tree:
    """Every call in the files that a program consists of, and whether all of them could be read."""

    calls: tuple[CallSite, ...]
    functions: dict[str, ast.AST]
    attributes: frozenset[str]
    complete: bool
    names: frozenset[str] = frozenset()
    """Every name, and every short text, that stands in them."""

    def named(self, *names: str) -> list[CallSite]:
        """Return the calls of functions or methods with one of `names`."""
        return [call for call in self.calls if call.name in names]

    def within(self, scope: ast.AST) -> list[CallSite]:
        """Return the calls in `scope`, and in the program's own functions that are called from there."""
        seen: set[int] = set()
        waiting = [scope]
        found: list[CallSite] = []
        while waiting:
            inner = {id(node) for node in ast.walk(waiting.pop())} - seen
            seen |= inner
            for call in self.calls:
                if id(call.node) in inner:
                    found.append(call)
                    target = self.functions.get(call.name)
                    if target is not None and id(target) not in seen:
                        waiting.append(target)
        return found


def read_tree(root: Path, first: Iterable[str]) -> Tree:
    """Return the calls in the files `first` under `root` and in its own modules that they import.

    The tree is complete when every file could be read and nothing in them hides what runs: no `exec`, no
    import by name, no library whose inside we do not know.
    """
    waiting, seen = [path for path in first if path.endswith(".py")], set[str]()
    calls: list[CallSite] = []
    functions: dict[str, ast.AST] = {}
    attributes: set[str] = set()
    names: set[str] = set()
    complete = True
    while waiting and len(seen) < _FILES:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        module = _parse(root, path)
        if module is None:
            complete = False
            continue
        calls += _calls_of(module, path)
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef):
                functions.setdefault(node.name, node)
            elif isinstance(node, ast.Attribute):
                attributes.add(node.attr)
            names.update(_names_of(node))
        found, foreign = _imported(module, path, root)
        waiting += found
        complete = complete and not foreign and not any(_hides(call) for call in calls)
    whole = complete and not waiting
    return Tree(tuple(calls), functions, frozenset(attributes), whole, frozenset(names))


def _names_of(node: ast.AST) -> tuple[str, ...]:
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        return (node.attr,)
    if isinstance(node, ast.alias):
        return tuple(node.name.split("."))
    # `getattr(optim, "SGD")`: a text that is a name, not a page of prose.
    short = isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) <= _NAME_LENGTH
    return (str(node.value),) if short else ()  # type: ignore[attr-defined]


def _parse(root: Path, path: str) -> ast.Module | None:
    file = root / path
    if file.is_symlink() or not file.is_file() or file.stat().st_size > _FILE_BYTES:
        return None
    try:
        return ast.parse(file.read_bytes(), filename=path)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _hides(call: CallSite) -> bool:
    return call.name in ("__import__", "import_module") or (
        call.name in ("exec", "eval") and not call.receiver
    )


def _imported(module: ast.Module, path: str, root: Path) -> tuple[list[str], bool]:
    """Return the files of the hand-in that `module` imports, and whether it imports an unknown library.

    Its own files are looked for beside it and at the top.
    """
    names, tops = set[str](), set[str]()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
            tops |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            tops |= {base} if base and not node.level else set()
            names |= {base, *(f"{base}.{alias.name}".strip(".") for alias in node.names)}
    beside = PurePosixPath(path).parent
    found = []
    for name in sorted(names):
        parts = name.split(".")
        if name and all(part.isidentifier() for part in parts):
            for folder in dict.fromkeys((beside, PurePosixPath())):
                for file in (
                    folder.joinpath(*parts).with_suffix(".py"),
                    folder.joinpath(*parts, "__init__.py"),
                ):
                    if (root / file).is_file():
                        found.append(str(file))
    own = {
        PurePosixPath(file).parts[len(beside.parts) if PurePosixPath(file).is_relative_to(beside) else 0]
        for file in found
    }
    foreign = {name.split(".")[0] for name in tops} - {part.removesuffix(".py") for part in own} - _KNOWN
    return found, bool(foreign)


def _calls_of(module: ast.Module, path: str) -> list[CallSite]:
    """Walk `module` without recursion: a hostile file may be nested as deep as the parser allows."""
    found: list[CallSite] = []
    waiting: list[tuple[ast.AST, tuple[ast.AST, ...], ast.AST | None, tuple[str, ...]]] = [
        (module, (), None, ())
    ]
    while waiting:
        node, loops, function, assigned = waiting.pop()
        if isinstance(node, ast.Call):
            found.append(_site(node, path, loops, function, assigned))
        if isinstance(node, _FUNCTIONS):
            loops, function = (), node
        elif isinstance(node, _LOOPS):
            loops = (*loops, node)
        names = _targets(node) if isinstance(node, ast.Assign) else ()
        waiting += [(child, loops, function, names) for child in ast.iter_child_nodes(node)]
    return sorted(found, key=lambda call: (call.node.lineno, call.node.col_offset))


def _targets(node: ast.Assign) -> tuple[str, ...]:
    return tuple(
        ast.unparse(target) for target in node.targets if isinstance(target, ast.Name | ast.Attribute)
    )


def _site(
    node: ast.Call, path: str, loops: tuple[ast.AST, ...], function: ast.AST | None, assigned: tuple[str, ...]
) -> CallSite:
    name, receiver = "", ""
    if isinstance(node.func, ast.Attribute):
        name = node.func.attr
        receiver = _dotted(node.func.value)
    elif isinstance(node.func, ast.Name):
        name = node.func.id
    return CallSite(name, receiver, node, path, loops, function, assigned)


def _dotted(node: ast.expr) -> str:
    """Return `a.b.c` for names joined by dots, else `?`."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else "?"
