"""Control groups, version 1 and 2: limits on a whole run that hold for root too."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from grader.sandbox.confinement import Usage
from grader.sandbox.seam import EndedBy, Limits

_UNLIMITED = 1 << 60
_PREFIX = "coursework-run-"
_REMOVAL_S = 2.0


class GroupsUnavailable(OSError):
    """No control group can be made here, or it would not hold."""


def _read_int(file: Path) -> int | None:
    """Return the number in a control file, None when absent or not a number (`max`)."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def _read_event(file: Path, name: str) -> int:
    """Return the counter `name` of a flat keyed control file, 0 when absent."""
    with contextlib.suppress(OSError, ValueError):
        for line in file.read_text().splitlines():
            key, _, value = line.partition(" ")
            if key == name:
                return int(value)
    return 0


def own_groups(listing: str) -> dict[str, str]:
    """Return controller -> path of this process's group, from the text of /proc/self/cgroup.

    The single hierarchy of version 2 stands under the empty name.
    """
    found = {}
    for line in listing.splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        for controller in controllers.split(","):
            found[controller] = path
    return found


def _ancestors(root: Path, own: str, limit_file: str) -> Iterator[Path]:
    """Yield places for a new group, the widest first, all beneath any limit set on this process."""
    place = root / own.lstrip("/")
    if not place.is_dir():
        place = root
    climb = [place]
    while climb[-1] != root and (_read_int(climb[-1] / limit_file) or _UNLIMITED) >= _UNLIMITED:
        climb.append(climb[-1].parent)
    yield from reversed(climb)


def _sweep(parent: Path) -> None:
    """Remove groups that a killed grader left empty."""
    for leftover in parent.glob(f"{_PREFIX}*"):
        owner = leftover.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not Path("/proc", owner).exists():
            with contextlib.suppress(OSError):
                leftover.rmdir()


Settings = Sequence[tuple[str, str]]
MakeFolder = Callable[[Path], None]


def _make(parent: Path, settings: Settings, mkdir: MakeFolder) -> Path:
    """Return a new group under `parent` with `settings` written; raise OSError and leave nothing else."""
    _sweep(parent)
    folder = parent / f"{_PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
    mkdir(folder)
    try:
        for name, value in settings:
            file = folder / name.removesuffix("?")
            if not name.endswith("?") or file.exists():
                _write(file, value)
    except OSError:
        folder.rmdir()
        raise
    return folder


def _write(file: Path, value: str) -> None:
    """Write to an existing control file, never create one."""
    descriptor = os.open(file, os.O_WRONLY | os.O_TRUNC)
    try:
        os.write(descriptor, value.encode())
    finally:
        os.close(descriptor)


def _first(places: Iterable[Path], settings: Settings, mkdir: MakeFolder) -> Path:
    """Return a group made in the first of `places` that allows it."""
    refusal: OSError = GroupsUnavailable("no control group hierarchy")
    for place in places:
        try:
            return _make(place, settings, mkdir)
        except OSError as error:
            refusal = error
    raise GroupsUnavailable(f"no control group can be made: {refusal}") from refusal


class Groups:
    """One run's control groups: one folder (version 2), or one folder a controller (version 1)."""

    def __init__(
        self,
        limits: Limits,
        *,
        root: Path = Path("/sys/fs/cgroup"),
        listing: str | None = None,
        mkdir: MakeFolder = Path.mkdir,
    ) -> None:
        """Make the groups; `root` and `listing` (of /proc/self/cgroup) are this machine's by default.

        `mkdir` makes a folder in which the kernel then shows its control files.

        Raises GroupsUnavailable when memory and processes cannot both be limited.
        """
        self._limits = limits
        self._mkdir = mkdir
        if listing is None:
            try:
                listing = Path("/proc/self/cgroup").read_text()
            except OSError as error:
                raise GroupsUnavailable("/proc/self/cgroup cannot be read") from error
        own = own_groups(listing)
        self._folders: dict[str, Path] = {}
        self._version = 1 if "memory" in own and "pids" in own else 2
        if self._version == 1:
            self._make_version_1(root, own)
        else:
            self._make_version_2(root, own)
        self.mechanisms = tuple(f"cgroup-v{self._version}:{name}" for name in self._folders)

    def _make_version_1(self, root: Path, own: dict[str, str]) -> None:
        memory = str(self._limits.memory_bytes)
        swap = ("memory.memsw.limit_in_bytes?", memory)
        wanted: dict[str, Settings] = {
            "memory": [("memory.limit_in_bytes", memory), swap],
            "pids": [("pids.max", str(self._limits.processes))],
            "cpuacct": [],
        }
        try:
            for name, settings in wanted.items():
                limit = settings[0][0] if settings else "none"
                places = _ancestors(root / name, own.get(name, "/"), limit)
                if settings or (root / name).is_dir():
                    self._folders[name] = _first(places, settings, self._mkdir)
        except OSError:
            self.remove()
            raise

    def _make_version_2(self, root: Path, own: dict[str, str]) -> None:
        if (root / "unified").is_dir():
            root = root / "unified"
        settings = [
            ("memory.max", str(self._limits.memory_bytes)),
            ("memory.swap.max?", "0"),
            ("memory.oom.group?", "1"),
            ("pids.max", str(self._limits.processes)),
        ]
        places = list(_ancestors(root, own.get("", "/"), "memory.max"))
        try:
            folder = _first(places, settings, self._mkdir)
        except GroupsUnavailable:
            # Children of a group show only the controllers that it hands down.
            for place in places:
                with contextlib.suppress(OSError):
                    _write(place / "cgroup.subtree_control", "+memory +pids")
            folder = _first(places, settings, self._mkdir)
        self._folders["memory,pids,cpu"] = folder

    def wrap(self, command: Sequence[str]) -> list[str]:
        """Return `command` as it is."""
        return list(command)

    def hold(self, pid: int) -> None:
        """Move `pid` into the groups; what it starts stays there."""
        for folder in self._folders.values():
            _write(folder / "cgroup.procs", str(pid))

    def usage(self) -> Usage:
        """Return the kernel's own counts; the peak includes files read and the private /tmp."""
        if self._version == 1:
            memory, pids = self._folders["memory"], self._folders["pids"]
            accounting = self._folders.get("cpuacct")
            cpu_s = (_read_int(accounting / "cpuacct.usage") or 0) / 1e9 if accounting else 0.0
            peak = _read_int(memory / "memory.max_usage_in_bytes")
            killed = _read_event(memory / "memory.oom_control", "oom_kill")
        else:
            memory = pids = self._folders["memory,pids,cpu"]
            cpu_s = _read_event(memory / "cpu.stat", "usage_usec") / 1e6
            peak = _read_int(memory / "memory.peak")
            killed = _read_event(memory / "memory.events", "oom_kill")
        breach: EndedBy | None = None
        if killed:
            breach = "memory"
        elif _read_event(pids / "pids.events", "max"):
            breach = "processes"
        return Usage(cpu_s, peak, breach)

    def _members(self) -> set[int]:
        """Return the processes still in any of the groups."""
        found: set[int] = set()
        for folder in self._folders.values():
            with contextlib.suppress(OSError, ValueError):
                found |= {int(pid) for pid in (folder / "cgroup.procs").read_text().split()}
        return found

    def kill(self) -> None:
        """Kill every member, again until none is left (each may have forked meanwhile)."""
        deadline = time.monotonic() + _REMOVAL_S
        while True:
            for folder in self._folders.values():
                with contextlib.suppress(OSError):
                    _write(folder / "cgroup.kill", "1")
            members = self._members()
            for pid in members:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            if not members or time.monotonic() > deadline:
                return
            time.sleep(0.005)

    def remove(self) -> None:
        """Remove the folders; the kernel may take a moment to let go of the last process."""
        deadline = time.monotonic() + _REMOVAL_S
        for folder in self._folders.values():
            while folder.is_dir():
                try:
                    folder.rmdir()
                except OSError:
                    if time.monotonic() > deadline:
                        break
                    time.sleep(0.005)
        self._folders = {}
