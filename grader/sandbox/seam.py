"""The border between the grader and code it does not trust: what goes in, what comes out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

MIB = 1024 * 1024

EndedBy = Literal["exit", "wall", "cpu", "memory", "processes", "output", "file_size", "disk"]
"""What ended a run: the program itself (`exit`, a signal of its own included) or the limit it met."""

_NOTHING = Path(os.devnull)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one run may use, all its processes taken together unless a line says otherwise.

    What a program writes under /tmp and /dev/shm is memory and counts as such.
    """

    memory_bytes: int = 4096 * MIB
    cpu_s: float = 300.0
    wall_s: float = 180.0
    processes: int = 256
    """Processes and threads alive at one time."""
    file_bytes: int = 256 * MIB
    """Size of any single file."""
    output_bytes: int = 1 * MIB
    """What is kept of each of stdout and stderr; a program that prints more is stopped."""
    tmp_bytes: int = 256 * MIB
    shm_bytes: int = 256 * MIB
    disk_bytes: int = 512 * MIB
    """Everything under the writable mounts."""
    disk_entries: int = 20_000
    """Files and folders under the writable mounts."""
    open_files: int = 1024
    """Descriptors of one process."""


@dataclass(frozen=True)
class Mount:
    """A file or folder of this machine that is visible at `target` inside, read-only by default."""

    source: Path
    target: str
    writable: bool = False

    @classmethod
    def empty(cls, target: str) -> Mount:
        """Return a mount that shows an empty read-only folder, to hide what an earlier one shows."""
        return cls(_NOTHING, target)

    @property
    def is_empty(self) -> bool:
        """Tell whether this mount hides a folder instead of showing one."""
        return self.source == _NOTHING


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The status record of one run; nothing in it was written by the program except its output.

    A program that returns 128 + n cannot be told from one that signal n ended, and is given as the
    latter. `peak_memory_bytes` is None where the machine keeps no count.
    """

    exit_code: int | None = 0
    signal: int | None = None
    ended_by: EndedBy = "exit"
    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_memory_bytes: int | None = None
    stdout: bytes = b""
    stderr: bytes = b""
    mechanisms: tuple[str, ...] = ()
    backend: str = "fake"

    @property
    def ok(self) -> bool:
        """Tell whether the program ended by itself and returned 0."""
        return self.ended_by == "exit" and self.exit_code == 0


@dataclass(frozen=True, kw_only=True)
class Order:
    """One run as it was asked for."""

    command: tuple[str, ...]
    mounts: tuple[Mount, ...] = ()
    limits: Limits = field(default_factory=Limits)
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "/"


class Sandbox(Protocol):
    """Something that runs a command where it can do no harm, and tells how that went."""

    @property
    def name(self) -> str:
        """The name that `--sandbox` takes."""

    def run(
        self,
        command: Sequence[str],
        *,
        mounts: Sequence[Mount],
        limits: Limits,
        env: Mapping[str, str] = {},
        cwd: str = "/",
    ) -> Finished:
        """Run `command` (paths as seen inside) to its end, or until a limit ends it.

        Mounts are made in order; each `target` is absolute. The program sees `env` and a few
        harmless variables of ours, and an empty stdin. Every process it started is gone afterwards.

        Raises SandboxUnavailable when the command could not be started.
        """
