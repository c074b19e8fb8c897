"""The student's program: read, mended where Python has moved on, and run."""

from __future__ import annotations

import inspect
import io
import os
import re
import sys
import tokenize
from collections.abc import Callable
from importlib import machinery
from types import CodeType, ModuleType
from typing import Any

from grader.model import EntryPoint
from grader.recorder.journal import Journal

_DEFAULTS: tuple[tuple[str, Any], ...] = (
    (r"batch|^bs$|^b$", 128),
    (r"^lr$|learning|rate|^eta$|^pas$|alpha", 0.1),
    (r"epoch|^n_?it|^e$|iter", 5),
    (r"cuda|gpu", False),
    (r"device", "cpu"),
    (r"path|root|dir|folder|chemin", "data"),
)
_MAGIC = re.compile(r"^(\s*)(?:[%!]|get_ipython\(\)).*$", re.MULTILINE)


class ArgumentsUnknown(Exception):
    """`main` wants an argument that has no sensible value; the message names it."""


def compile_source(data: bytes, path: str, journal: Journal) -> CodeType:
    """Return the program's code; `async=` and notebook magics are mended, Latin-1 is read.

    Raises SyntaxError, with the line, for what is not Python even so.
    """
    text = _decode(data, path, journal)
    try:
        return compile(text, path, "exec", dont_inherit=True)
    except SyntaxError as first:
        mended = _mend(text, journal)
        if mended == text:
            raise
        try:
            return compile(mended, path, "exec", dont_inherit=True)
        except SyntaxError:
            raise first from None


def _decode(data: bytes, path: str, journal: Journal) -> str:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        journal.bridge("source_encoding")
        text = data.decode("latin-1")
    if "\0" in text:
        raise SyntaxError("source code cannot contain null bytes", (path, 1, 0, ""))
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _mend(text: str, journal: Journal) -> str:
    """Return `text` with the keyword `async=` renamed and notebook magics silenced."""
    mended = re.sub(r"\basync(\s*=(?!=))", r"non_blocking\1", text)
    if mended != text:
        journal.bridge("async_keyword")
    silenced = _MAGIC.sub(r"\1pass", mended)
    if silenced != mended:
        journal.bridge("notebook_magic")
    return silenced


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
    """Run the entry point as its author would; whatever it raises comes out."""
    path = os.path.realpath(os.path.join(root, entry.path))
    folder = os.path.dirname(path)
    os.chdir(folder)
    sys.path.insert(0, folder)
    if folder != os.path.realpath(root):
        sys.path.insert(1, os.path.realpath(root))
    sys.argv = [os.path.basename(path), *entry.arguments]
    name = (
        "__main__" if entry.call == "script" else re.sub(r"\W", "_", os.path.basename(path)[:-3]) or "program"
    )
    module = ModuleType(name)
    module.__file__ = path
    module.__dict__["__builtins__"] = sys.modules["builtins"]
    sys.modules[name] = module
    with open(path, "rb") as stream:
        code = compile_source(stream.read(), path, journal)
    exec(code, module.__dict__)  # noqa: S102 - running the student's program is what this process is for
    if entry.call == "main":
        main = getattr(module, "main", None)
        if not callable(main):
            raise ArgumentsUnknown("main")
        main(**arguments_for(main, entry.keywords))


def arguments_for(main: Callable[..., Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return keywords for `main`: the given ones under whatever names it has, sane values for the rest.

    Raises ArgumentsUnknown for a required argument that nothing fits.
    """
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
