"""The command lines that a hand-in writes down for its scripts: in shell files, notes, docstrings and comments."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from grader.model import FileEntry
from grader.submissions import flags
from grader.submissions.environment import variables
from grader.submissions.syntax import Source, imported_modules

MOST_COMMANDS = 12
"""Kept for one script."""
_MOST_FILES = 40
_MOST_BYTES = 128 * 1024
_SUFFIXES = (".sh", ".bash", ".bat", ".cmd", ".ps1", "makefile", ".mk", ".md", ".rst", ".tex", ".txt", ".py")
_TALK = (".md", ".rst", ".tex", ".txt", ".py")
_COMMAND = re.compile(
    r"((?:\b[A-Za-z_]\w*=[^\s=;|&]*[ \t]+){0,12})"
    r"\bpython[\d.]*(?:\.exe)?[ \t]+(?:-[a-zA-Z][ \t]+)*([\w./\\-]+\.py)\b([^\n#|&;>`]{0,400})"
)
_EXPORT = re.compile(
    r"^[ \t]*(?:export|set|setenv|\$env:)[ \t]*([A-Za-z_]\w*)[ \t]*=?[ \t]*(\S+)", re.MULTILINE
)
_LOOP = re.compile(r"\bfor[ \t]+(\w+)[ \t]+in[ \t]+([^\n;]{1,300})[ \t]*[;\n]\s*do\b(.*?)\bdone\b", re.DOTALL)
_VALUE = re.compile(r"^[ \t]*([A-Za-z_]\w*)=[\"']?([\w./+-]+)[\"']?[ \t]*$", re.MULTILINE)
_LOOPS_MOST = 24
_PLACEHOLDER = re.compile(r"[\[\]<{}$*%]|\.\.\.|…")


class Command(NamedTuple):
    """What stands behind the name of a script, and the variables set for it."""

    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()


def written(folder: Path, files: Sequence[FileEntry], sources: Sequence[Source]) -> dict[str, list[Command]]:
    """Return, by path of a script that takes arguments or variables, the commands written for it, each once, in order.

    Only what the script declares is kept: a line with an unknown option or a placeholder (`--lr <lr>`) is none, and
    words of a sentence that goes on behind the command are cut off. Nothing is executed.
    """
    scripts = {source.path: source for source in sources if not source.program.is_notebook}
    found: dict[str, dict[Command, None]] = {}
    texts = [file.path for file in files if file.path.lower().endswith(_SUFFIXES)]
    # What is meant to be run comes before what merely talks about it.
    for path in sorted(texts, key=lambda path: (path.endswith(_TALK), path))[:_MOST_FILES]:
        for name, words, set_ in _commands(folder / path):
            target = _meant(name, path, scripts)
            command = _declared(words, set_, scripts[target]) if target else None
            if command is not None and len(kept := found.setdefault(target, {})) < MOST_COMMANDS:
                kept[command] = None
    return {path: list(kept) for path, kept in found.items()}


def _commands(path: Path) -> Iterator[tuple[str, list[str], dict[str, str]]]:
    """Yield (script as it is called, words behind it, variables set) of each line that calls Python."""
    with path.open("rb") as file:
        text = file.read(_MOST_BYTES).decode("utf-8", errors="replace")
    text = re.sub(r"\\\r?\n", " ", text)
    if path.suffix.lower() in (".sh", ".bash"):
        text = _unrolled(text)
    exported = [(match.start(), match[1], match[2]) for match in _EXPORT.finditer(text)]
    for match in _COMMAND.finditer(text):
        if _PLACEHOLDER.search(match[3]):
            continue
        try:
            words = shlex.split(match[3])
            own = [one.partition("=") for one in shlex.split(match[1])]
        except ValueError:  # a quotation mark without its partner: a sentence, and no command
            continue
        set_ = {name: value.strip("\"'") for at, name, value in exported if at < match.start()}
        set_ |= {name: value for name, _, value in own}
        yield match[2].replace("\\", "/"), words, set_


def _unrolled(text: str) -> str:
    """Return a shell script with its plain loops written out, and its plain variables in their places."""

    def turns(match: re.Match[str]) -> str:
        values = match[2].split()[:_LOOPS_MOST]
        return "\n".join(_put(match[3], match[1], value.strip("\"'")) for value in values)

    for _ in range(2):
        text = _LOOP.sub(turns, text)
    for name, value in {match[1]: match[2] for match in _VALUE.finditer(text)}.items():
        text = _put(text, name, value)
    return text


def _put(text: str, name: str, value: str) -> str:
    return re.sub(rf"\$(?:{name}\b|\{{{name}\}})", lambda _: value, text)


def _meant(name: str, told_in: str, scripts: dict[str, Source]) -> str:
    """Return the path of the script that is called `name` in the file `told_in`, an empty text for none or several."""
    relative = name.removeprefix("./")
    beside = str(PurePosixPath(told_in).parent / relative)
    if beside in scripts:
        return beside
    ending = [path for path in scripts if path == relative or path.endswith(f"/{relative}")]
    return ending[0] if len(ending) == 1 else ""


def _declared(words: list[str], set_: dict[str, str], source: Source) -> Command | None:
    """Return the words up to the first that the script cannot take, and the variables that it reads.

    None for a script that takes neither, and for an option not known.
    """
    if any(name.partition(".")[0] == "hydra" for _, name in imported_modules(source)):
        return Command(tuple(word for word in words if "=" in word or word in ("-m", "--multirun")))
    options = flags.declared(source.tree)
    read = variables(source.tree)
    environment = tuple(
        (name, value) for name, value in sorted(set_.items()) if name in read and "$" not in value
    )
    if not options and not environment:
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
    return Command(tuple(kept), environment)
