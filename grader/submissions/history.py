"""Earlier versions of the programs, from the `.git` folder of a hand-in, read without git and without its hooks.

The objects are a stranger's: they are read in a process of their own, with capped memory, time and output:

    python -m grader.submissions.history GIT_FOLDER

prints one JSON list of `Version`s. No configuration, hook or alternate of the repository is ever looked at.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from grader.submissions.names import inside_path

COMMITS_MAX = 60
FILES_MAX = 60
FILE_BYTES = 400_000
ALL_BYTES = 8_000_000
MEMORY_BYTES = 2 * 1024**3
WALL_S = 20.0


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """The programs of one commit: its short name, its day, and the text of each file by path."""

    commit: str
    day: str
    files: dict[str, str]


def is_kept(path: PurePosixPath) -> bool:
    """Whether a file beneath `.git` is part of what was committed: objects and the names of commits, nothing else."""
    parts = path.parts
    if parts in (("HEAD",), ("packed-refs",)):
        return True
    if parts[:1] == ("refs",):
        return True
    if parts[:1] != ("objects",) or len(parts) != 3:
        return False
    return len(parts[1]) == 2 or (parts[1] == "pack" and parts[2].endswith((".pack", ".idx")))


def versions(git: Path) -> tuple[Version, ...]:
    """Return what was committed to the repository at `git`, the newest first; nothing where it cannot be read."""
    for name in ("refs/heads", "objects/pack", "objects/info"):
        (git / name).mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-P", "-m", "grader.submissions.history", str(git)]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=WALL_S, check=False
        )
        return msgspec.json.decode(done.stdout[: 2 * ALL_BYTES], type=tuple[Version, ...])
    except (subprocess.TimeoutExpired, OSError, msgspec.MsgspecError):
        return ()


def placed(
    history: tuple[Version, ...], folder: Sequence[str], known: Collection[str]
) -> tuple[Version, ...]:
    """Return the versions with their files where the hand-in has them.

    The repository stood in `folder`; of its parts those in front are gone where they only wrapped the hand-in, so
    the one is taken under which most of the files are among the `known` paths.
    """

    def under(base: Sequence[str], path: str) -> str:
        return str(PurePosixPath(*base, path))

    paths = {path for version in history for path in version.files}
    bases = [tuple(folder[start:]) for start in range(len(folder) + 1)]
    best = max(bases, key=lambda base: sum(under(base, path) in known for path in paths))
    return tuple(
        msgspec.structs.replace(one, files={under(best, path): text for path, text in one.files.items()})
        for one in history
    )


def main() -> int:
    """Print the versions of the repository given on the command line."""
    _limit()
    sys.stdout.buffer.write(msgspec.json.encode(list(_read(sys.argv[1]))))
    return 0


def _limit() -> None:
    try:
        import resource
    except ImportError:  # not on this system: the time limit must do
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (int(WALL_S), int(WALL_S)))


def _read(git: str) -> Iterator[Version]:
    from dulwich.repo import Repo

    repository = Repo(git, bare=True)
    heads = sorted(
        {value for name, value in repository.get_refs().items() if name.startswith((b"HEAD", b"refs/"))}
    )
    room = ALL_BYTES
    for entry in repository.get_walker(include=heads, max_entries=COMMITS_MAX):
        commit: Any = entry.commit
        files = dict(_files(repository, commit.tree))
        room -= sum(len(text) for text in files.values())
        if room < 0:
            return
        if files:
            yield Version(commit=commit.id.decode()[:10], day=_day(commit.commit_time), files=files)


def _files(repository: Any, tree: Any) -> Iterator[tuple[str, str]]:
    from dulwich.object_store import iter_tree_contents

    count = 0
    for entry in iter_tree_contents(repository.object_store, tree):
        name = entry.path.decode("utf-8", "replace")
        path = inside_path(name)
        if path is None or not name.endswith((".py", ".ipynb")) or entry.mode & 0o170000 != 0o100000:
            continue
        count += 1
        if count > FILES_MAX:
            return
        data = repository[entry.sha].data
        if len(data) <= FILE_BYTES:
            yield str(path), data.decode("utf-8", "replace")


def _day(seconds: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(min(max(int(seconds), 0), 4_000_000_000), UTC).strftime("%Y-%m-%d")


if __name__ == "__main__":
    sys.exit(main())
