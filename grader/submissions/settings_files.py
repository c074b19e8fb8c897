"""Files of settings (JSON, YAML, TOML) of a hand-in, and the scripts that are told by a word which of them to read."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from grader.submissions.syntax import dotted

SUFFIXES = (".json", ".yaml", ".yml", ".toml", ".ini", ".cfg")
_MOST = 12
_OPTION = re.compile(r"conf|cfg|param|setting|json|ya?ml|toml|fichier|file", re.IGNORECASE)
_OUTPUT = re.compile(r"out|save|log|result|hist|write|dump", re.IGNORECASE)
_READERS = (
    "json.load",
    "json.loads",
    "yaml.safe_load",
    "yaml.load",
    "tomllib.load",
    "tomllib.loads",
    "toml.load",
)


def beside(script: str, paths: Sequence[str]) -> list[str]:
    """Return the files of settings among `paths` as the script at `script` would open them: from its own folder."""
    here = str(PurePosixPath(script).parent)
    found = (path for path in paths if path.lower().endswith(SUFFIXES) and not path.startswith("."))
    return [os.path.relpath(path, here).replace(os.sep, "/") for path in found if path != "submission.toml"]


def option_for_a_file(names: Sequence[str], default: object) -> bool:
    """Whether an option of the command line, by its names and what it holds by itself, wants a file of settings."""
    plain = " ".join(names)
    stated = isinstance(default, str) and default.lower().endswith(SUFFIXES)
    return (stated or bool(_OPTION.search(plain))) and not _OUTPUT.search(plain)


def argv_for_a_file(tree: ast.Module) -> bool:
    """Whether a script that reads settings takes a word of `sys.argv` for something other than a number or a name."""
    asked = any(
        isinstance(node, ast.Subscript) and dotted(node.value) in ("sys.argv", "argv")
        for node in ast.walk(tree)
    )
    return asked and any(
        isinstance(node, ast.Call) and dotted(node.func) in _READERS for node in ast.walk(tree)
    )


def fitting(files: Sequence[str], default: object) -> Iterator[str]:
    """Yield the files that may be meant, those of one folder together, and of the suffix of the default."""
    wanted = PurePosixPath(default).suffix.lower() if isinstance(default, str) else ""
    kept = [one for one in files if not wanted or PurePosixPath(one).suffix.lower() == wanted]
    folders = [str(PurePosixPath(one).parent) for one in kept]
    most = max(folders, key=folders.count, default="")
    yield from [one for one in kept if str(PurePosixPath(one).parent) == most][:_MOST]
