"""The command lines that a hand-in writes down for its scripts: in shell files, notes, docstrings and comments."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from grader.model import FileEntry
from grader.submissions import flags
from grader.submissions.syntax import Source

MOST_COMMANDS = 12
"""Kept for one script."""
_MOST_FILES = 40
_MOST_BYTES = 128 * 1024
_SUFFIXES = (".sh", ".bash", ".bat", ".ps1", ".md", ".txt", ".py")
_COMMAND = re.compile(
    r"\bpython[\d.]*(?:\.exe)?[ \t]+(?:-[a-zA-Z][ \t]+)*([\w./\\-]+\.py)\b([^\n#|&;>`]{0,400})"
)
_PLACEHOLDER = re.compile(r"[\[\]<{}$*%]|\.\.\.|…")


def written(
    folder: Path, files: Sequence[FileEntry], sources: Sequence[Source]
) -> dict[str, list[tuple[str, ...]]]:
    """Return, by path of a script that uses argparse, the argument lists written for it, each once, in their order.

    Only what the script declares is kept: a line with an unknown option or a placeholder (`--lr <lr>`) is none, and
    words of a sentence that goes on behind the command are cut off. Nothing is executed.
    """
    scripts = {source.path: source for source in sources if not source.program.is_notebook}
    found: dict[str, dict[tuple[str, ...], None]] = {}
    texts = [file.path for file in files if file.path.lower().endswith(_SUFFIXES)]
    # What is meant to be run comes before what merely talks about it.
    for path in sorted(texts, key=lambda path: (path.endswith((".md", ".txt", ".py")), path))[:_MOST_FILES]:
        for name, words in _commands(folder / path):
            target = _meant(name, path, scripts)
            arguments = _declared(words, scripts[target]) if target else None
            if arguments is not None and len(kept := found.setdefault(target, {})) < MOST_COMMANDS:
                kept[arguments] = None
    return {path: list(kept) for path, kept in found.items()}


def _commands(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield (script as it is called, words behind it) of each line that calls Python."""
    with path.open("rb") as file:
        text = file.read(_MOST_BYTES).decode("utf-8", errors="replace")
    for match in _COMMAND.finditer(re.sub(r"\\\r?\n", " ", text)):
        if _PLACEHOLDER.search(match[2]):
            continue
        try:
            yield match[1].replace("\\", "/"), shlex.split(match[2])
        except ValueError:  # a quotation mark without its partner: a sentence, and no command
            continue


def _meant(name: str, told_in: str, scripts: dict[str, Source]) -> str:
    """Return the path of the script that is called `name` in the file `told_in`, an empty text for none or several."""
    relative = name.removeprefix("./")
    beside = str(PurePosixPath(told_in).parent / relative)
    if beside in scripts:
        return beside
    ending = [path for path in scripts if path == relative or path.endswith(f"/{relative}")]
    return ending[0] if len(ending) == 1 else ""


def _declared(words: list[str], source: Source) -> tuple[str, ...] | None:
    """Return the words up to the first that the script cannot take; None for a script or an option not known."""
    options = flags.declared(source.tree)
    if not options:
        return None
    kept: list[str] = []
    room = sum(not name.startswith("-") for name in options)  # words that stand behind no option
    for word in words:
        name, equals, _ = word.partition("=")
        if word.startswith("-"):
            if name not in options:
                return None
            room += options[name] and not equals
        elif room <= 0:
            break
        else:
            room -= 1
        kept.append(word)
    return tuple(kept)
