"""The student's program: read, mended where Python has moved on, and run."""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Callable
from importlib import machinery
from types import CodeType, ModuleType
from typing import Any

from grader.model import EntryPoint
from grader.recorder.epochs import counted
from grader.recorder.journal import Journal
from grader.recorder.places import CELL
from grader.source import Chunk, SourceUnreadable, read_program

_DEFAULTS: tuple[tuple[str, Any], ...] = (
    (r"batch|^bs$|^b$", 128),
    (r"^lr$|learning|rate|^eta$|^pas$|alpha", 0.1),
    (r"epoch|^n_?it|^e$|iter", 5),
    (r"cuda|gpu", False),
    (r"device", "cpu"),
    (r"path|root|dir|folder|chemin", "data"),
)


class ArgumentsUnknown(Exception):
    """`main` wants an argument that has no sensible value; the message names it."""


class Fields(dict[str, Any]):
    """An argument that the program takes apart by `.name` or by `["name"]`; what nobody stated is None."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.get(name)

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __missing__(self, key: str) -> Any:
        return None


def compile_source(data: bytes, path: str, journal: Journal) -> CodeType:
    """Return the program's code, mended as `grader.source` does.

    Raises SyntaxError, with the line, for what is not Python even so.
    """
    return _compiled(
        read_program(data, path if path.endswith(".py") else f"{path}.py").chunks[0], path, journal
    )


def _compiled(chunk: Chunk, path: str, journal: Journal) -> CodeType:
    """Return the code of one chunk; names of notebooks carry their cell."""
    name = f"{path}{CELL}{chunk.cell}" if chunk.cell else path
    for bridge in chunk.bridges:
        journal.bridge(bridge)
    if chunk.error is not None:
        chunk.error.filename = name
        raise chunk.error
    return compile(counted(chunk.text, name), name, "exec", dont_inherit=True)


def install(root: str, journal: Journal) -> None:
    """Read the hand-in's own modules like its programs, wherever they are imported from."""
    original = machinery.SourceFileLoader.source_to_code
    prefix = os.path.realpath(root) + os.sep

    def source_to_code(self: Any, data: Any, path: Any, **kwargs: Any) -> Any:
        if isinstance(data, bytes) and os.path.realpath(os.fsdecode(path)).startswith(prefix):
            return compile_source(data, os.path.realpath(os.fsdecode(path)), journal)
        return original(self, data, path, **kwargs)

    machinery.SourceFileLoader.source_to_code = source_to_code  # type: ignore[method-assign]
    sys.dont_write_bytecode = True


def run(entry: EntryPoint, root: str, journal: Journal) -> None:
    """Run the entry point as its author would; whatever it raises comes out.

    The cells of a notebook run one after the other, those behind a failed one too; the first failure comes out.
    """
    path = os.path.realpath(os.path.join(root, entry.path))
    folder = os.path.dirname(path)
    os.chdir(folder)
    sys.path.insert(0, folder)
    if folder != os.path.realpath(root):
        sys.path.insert(1, os.path.realpath(root))
    sys.argv = [os.path.basename(path), *entry.arguments]
    os.environ.update(entry.environment)
    stem = os.path.splitext(os.path.basename(path))[0]
    name = "__main__" if entry.call != "main" else re.sub(r"\W", "_", stem) or "program"
    module = ModuleType(name)
    module.__file__ = path
    module.__dict__["__builtins__"] = sys.modules["builtins"]
    sys.modules[name] = module
    with open(path, "rb") as stream:
        raw = stream.read()
    if entry.call == "notebook":
        del module.__dict__["__file__"]
        _cells(entry, raw, path, module, journal)
        return
    exec(compile_source(raw, path, journal), module.__dict__)  # noqa: S102 - the student's program is run here
    if entry.call == "main":
        function = getattr(module, entry.function, None)
        if not callable(function):
            raise ArgumentsUnknown(entry.function)
        function(**arguments_for(function, entry.keywords))


def _cells(entry: EntryPoint, raw: bytes, path: str, module: ModuleType, journal: Journal) -> None:
    """Run the cells of a notebook in one name space, as a kernel would."""
    first: BaseException | None = None
    try:
        program = read_program(raw, path)
    except SourceUnreadable as error:
        raise SyntaxError(str(error), (path, 0, 0, "")) from error
    for chunk in program.in_order(entry.order).chunks:
        journal.cell = chunk.cell
        try:
            exec(_compiled(chunk, path, journal), module.__dict__)  # noqa: S102 - the student's program is run here
        except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001 - told to its author below
            first = first or (None if isinstance(error, SystemExit) else error)
    if first is not None:
        raise first


def usual(name: str) -> Any:
    """Return what an argument of that name is usually given, None where its meaning is not known."""
    return next((value for pattern, value in _DEFAULTS if re.search(pattern, name, re.IGNORECASE)), None)


def arguments_for(main: Callable[..., Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return keywords for `main`: the given ones under whatever names it has, sane values for the rest.

    `params.lr` makes an argument `params` with the field `lr`. Raises ArgumentsUnknown for a required argument that
    nothing fits.
    """
    fields: dict[str, Fields] = {}
    for key, value in given.items():
        owner, dot, field = key.partition(".")
        if dot:
            fields.setdefault(owner, Fields())
            if field:
                fields[owner][field] = value
    given = {key: value for key, value in given.items() if "." not in key} | fields
    result: dict[str, Any] = {}
    for name, parameter in inspect.signature(main).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        pattern, default = next(
            ((pattern, value) for pattern, value in _DEFAULTS if re.search(pattern, name, re.IGNORECASE)),
            ("", None),
        )
        alike = [value for key, value in given.items() if pattern and re.search(pattern, key, re.IGNORECASE)]
        if name in given:
            result[name] = given[name]
        elif alike:
            result[name] = alike[0]
        elif pattern == _DEFAULTS[3][0] or (parameter.default is parameter.empty and pattern):
            result[name] = default
        elif parameter.default is parameter.empty:
            raise ArgumentsUnknown(name)
    return result


def own_modules(root: str) -> frozenset[str]:
    """Return the names of the modules and packages that the hand-in brings itself."""
    found: set[str] = set()
    for _, folders, files in os.walk(root):
        found.update(folders)
        found.update(name[:-3] for name in files if name.endswith(".py"))
        if len(found) > 10_000:
            break
    return frozenset(found)
