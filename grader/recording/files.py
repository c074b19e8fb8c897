"""Reads the files that a program consists of into one tree, as they stood when a training began."""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from grader.model import EntryPoint, Place
from grader.recording.tree import CallSite, LoopSite, Tree, calls_of
from grader.source import SourceUnreadable, read_program

_FILE_BYTES = 64_000_000
_FILES = 40
_NAME_LENGTH = 40
_KNOWN = frozenset(sys.stdlib_module_names) | {
    "torch", "torchvision", "numpy", "PIL", "matplotlib", "pandas", "tqdm", "sklearn", "scipy", "seaborn", "IPython",
    "torchsummary", "torchinfo", "tensorboardX", "cv2", "google", "visdom", "tensorboard_logger", "tensorboard",
    "pylab", "plotly", "wandb", "cPickle", "urllib2", "psutil", "skimage", "tabulate", "ipywidgets",
}  # fmt: skip
"""Libraries that train no network by themselves."""


@dataclass
class _Found:
    calls: list[CallSite] = field(default_factory=list)
    loops: list[LoopSite] = field(default_factory=list)
    modules: list[ast.Module] = field(default_factory=list)
    functions: dict[str, dict[str, ast.AST]] = field(default_factory=dict)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    attributes: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    complete: bool = True


def read_tree(
    roots: Sequence[Path],
    first: Sequence[str],
    entry: EntryPoint | None = None,
    places: Collection[Place] = (),
) -> Tree:
    """Return the calls in the files `first` under `roots` (an earlier one before a later) and in what they import.

    Of the notebook of `entry` only the cells count that had run by the last of the `places` of a training; of a name
    that is defined again, the last definition among them. The tree is complete when every file could be read and
    nothing in them hides what runs: no `exec`, no import by name, no library whose inside we do not know.
    """
    waiting, seen = [path for path in first if path.endswith((".py", ".ipynb"))], set[str]()
    found = _Found()
    while waiting and len(seen) < _FILES:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        cells = {place.page for place in places if entry is not None and place.file == path == entry.path}
        pieces = _pieces(roots, path, entry, cells - {0})
        if pieces is None:
            found.complete = False
            continue
        own = [_take(module, path, cell, found) for cell, module in pieces]
        for module in own:
            imported, foreign = _imported(module, path, roots)
            waiting += imported
            found.complete = found.complete and not foreign
    whole = found.complete and not waiting and not any(_hides(call) for call in found.calls)
    functions = {name: list(nodes.values()) for name, nodes in found.functions.items()}
    return Tree(
        tuple(found.calls), functions, frozenset(found.attributes), whole, frozenset(found.names),
        tuple(found.loops), tuple(found.modules), found.classes,
    )  # fmt: skip


def _pieces(
    roots: Sequence[Path], path: str, entry: EntryPoint | None, cells: set[int]
) -> list[tuple[int, ast.Module]] | None:
    """Return the modules of one file, a notebook's cells one by one, None where it cannot be read."""
    file = next((root / path for root in roots if (root / path).is_file()), None)
    if file is None or file.is_symlink() or file.stat().st_size > _FILE_BYTES:
        return None
    try:
        program = read_program(file.read_bytes(), path)
    except SourceUnreadable:
        return None
    order = entry.order if entry is not None and entry.path == path else "file"
    pieces: list[tuple[int, ast.Module]] = []
    for chunk in program.in_order(order).chunks:
        if chunk.error is not None:
            if not program.is_notebook:
                return None
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = ast.parse(chunk.text, filename=path)
        pieces += [(chunk.cell, module), *_written(module)]
        if cells and not cells - {cell for cell, _ in pieces}:
            break
    return _without_replaced(pieces)


def _written(module: ast.Module) -> list[tuple[int, ast.Module]]:
    """Return the module that a cell writes to a file for the others to import or to start, where it does just that."""
    call = module.body[0].value if len(module.body) == 1 and isinstance(module.body[0], ast.Expr) else None
    text = call.args[0] if isinstance(call, ast.Call) and len(call.args) == 1 else None
    if not isinstance(text, ast.Constant) or not isinstance(text.value, str):
        return []
    if not (
        isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "write"
    ):
        return []
    try:
        chunk = read_program(text.value.encode(), "written.py").chunks[0]
        return [(0, ast.parse(chunk.text))] if chunk.error is None else []
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _without_replaced(pieces: list[tuple[int, ast.Module]]) -> list[tuple[int, ast.Module]]:
    """Take away functions and classes that the same program defines again further on."""
    taken: set[str] = set()
    for _, module in reversed(pieces):
        kept: list[ast.stmt] = []
        for one in reversed(module.body):
            if isinstance(one, ast.FunctionDef | ast.ClassDef):
                if one.name in taken:
                    continue
                taken.add(one.name)
            kept.append(one)
        module.body = kept[::-1]
    return pieces


def _take(module: ast.Module, path: str, cell: int, found: _Found) -> ast.Module:
    calls, loops = calls_of(module, path, cell)
    found.calls += calls
    found.loops += loops
    found.modules.append(module)
    owners = {
        id(method): one.name
        for one in ast.walk(module)
        if isinstance(one, ast.ClassDef)
        for method in one.body
    }
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef):
            owner = f"{path}:{owners.get(id(node), '')}"
            found.functions.setdefault(node.name, {})[owner] = node
        elif isinstance(node, ast.ClassDef):
            found.classes[node.name] = node
        elif isinstance(node, ast.Attribute):
            found.attributes.add(node.attr)
        found.names.update(_names_of(node))
    return module


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


def _hides(call: CallSite) -> bool:
    return call.name in ("__import__", "import_module") or (
        call.name in ("exec", "eval") and not call.receiver
    )


def _imported(module: ast.Module, path: str, roots: Sequence[Path]) -> tuple[list[str], bool]:
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
            for folder in (beside, *beside.parents):
                for file in (
                    folder.joinpath(*parts).with_suffix(".py"),
                    folder.joinpath(*parts, "__init__.py"),
                ):
                    if any((root / file).is_file() for root in roots):
                        found.append(str(file))
    own = {
        PurePosixPath(file).parts[len(beside.parts) if PurePosixPath(file).is_relative_to(beside) else 0]
        for file in found
    }
    foreign = {name.split(".")[0] for name in tops} - {part.removesuffix(".py") for part in own} - _KNOWN
    return found, bool(foreign)
