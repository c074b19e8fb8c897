"""The file system a sandboxed program sees, as bubblewrap arguments."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from grader.errors import SandboxUnavailable
from grader.sandbox.seam import Limits, Mount

_SYSTEM = ("/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32", "/lib", "/lib32", "/lib64", "/libx32")
_SYSTEM_FILES = ("/etc/ld.so.cache", "/usr/share/zoneinfo", "/usr/share/locale/locale.alias", "/etc/fonts")
_PACKAGES_OF_SYSTEM = ("python*/site-packages", "python*/dist-packages", "node_modules")

ENVIRONMENT: Mapping[str, str] = {
    "HOME": "/tmp",
    "TMPDIR": "/tmp",
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "USER": "student",
    "LOGNAME": "student",
    "TZ": "UTC",
}
"""What a program finds in its environment besides what the caller gives."""


def system_mounts() -> Iterator[list[str]]:
    """Yield arguments that show the system's shared libraries, without the packages installed there."""
    for name in _SYSTEM:
        path = Path(name)
        if path.is_symlink():
            yield ["--symlink", os.readlink(path), name]
        elif path.is_dir():
            yield ["--ro-bind", name, name]
    for name in _SYSTEM_FILES:
        if Path(name).exists():
            yield ["--ro-bind", name, name]


def system_packages() -> Iterator[str]:
    """Yield the folders beneath the system's libraries that hold installed packages, to be hidden."""
    for pattern in _PACKAGES_OF_SYSTEM:
        for folder in sorted(Path("/usr/lib").glob(pattern)):
            if folder.is_dir() and not folder.is_symlink():
                yield str(folder)


def mount_arguments(mounts: Sequence[Mount], empty: Path) -> Iterator[list[str]]:
    """Yield arguments for `mounts` in order; `empty` is an empty folder to hide others with.

    Raises SandboxUnavailable when a source is missing: the caller made a mistake, not the student.
    """
    for mount in mounts:
        if not mount.target.startswith("/") or ".." in mount.target.split("/"):
            raise ValueError(f"a mount target must be an absolute path without '..': {mount.target}")
        if mount.is_empty:
            yield ["--ro-bind", str(empty), mount.target]
            continue
        source = mount.source.absolute()
        if not source.exists():
            raise SandboxUnavailable(
                fr=f"Le bac à sable ne peut pas montrer {source} : ce chemin n'existe pas.",
                en=f"The sandbox cannot show {source}: there is no such path.",
            )
        yield ["--bind" if mount.writable else "--ro-bind", str(source), mount.target]


def identity_files(folder: Path, uid: int, gid: int) -> Iterator[list[str]]:
    """Write a passwd and a group file with one name in `folder`; yield the arguments that show them."""
    for name, line in (
        ("passwd", f"student:x:{uid}:{gid}:student:/tmp:/bin/false\n"),
        ("group", f"student:x:{gid}:\n"),
    ):
        file = folder / name
        file.write_text(line)
        file.chmod(0o644)
        yield ["--ro-bind", str(file), f"/etc/{name}"]


def filesystem(mounts: Sequence[Mount], limits: Limits, folder: Path, uid: int, gid: int) -> list[str]:
    """Return the arguments for everything visible inside; `folder` is private to this run.

    The root, /dev and every mount are read-only except /tmp, /dev/shm and writable mounts.
    """
    empty = folder / "empty"
    empty.mkdir(exist_ok=True)
    empty.chmod(0o755)
    groups: list[list[str]] = [*system_mounts(), *identity_files(folder, uid, gid)]
    groups += [["--ro-bind", str(empty), hidden] for hidden in system_packages()]
    # Settings under /proc/sys obey the user id alone: where root has no other one, only this stops it.
    groups += [["--proc", "/proc"], ["--remount-ro", "/proc"], ["--dev", "/dev"]]
    groups.append(["--perms", "1777", "--size", str(limits.shm_bytes), "--tmpfs", "/dev/shm"])
    groups.append(["--remount-ro", "/dev"])
    groups.append(["--perms", "1777", "--size", str(limits.tmp_bytes), "--tmpfs", "/tmp"])
    groups += list(mount_arguments(mounts, empty))
    groups.append(["--remount-ro", "/"])
    return [argument for group in [*_parents(groups), *groups] for argument in group]


def _parents(groups: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    """Yield arguments that make the folders above every target, readable by any user.

    bubblewrap makes missing ones for the user it runs as alone, who is another than the program's
    when root runs it. A folder within something shown is there already.
    """
    shown: list[PurePosixPath] = []
    made: set[PurePosixPath] = set()
    for group in groups:
        target = PurePosixPath(group[-1])
        for parent in reversed(target.parents[:-1]):
            if parent not in made and not any(parent.is_relative_to(other) for other in shown):
                made.add(parent)
                yield ["--perms", "0755", "--dir", str(parent)]
        if target != PurePosixPath("/"):
            shown.append(target)


def is_shown(program: str, mounts: Sequence[Mount]) -> bool:
    """Tell whether `program` (a path inside) is a file there, judging by what the mounts show."""
    path = PurePosixPath(program)
    for mount in reversed(mounts):
        if path.is_relative_to(mount.target):
            return not mount.is_empty and (mount.source / path.relative_to(mount.target)).is_file()
    return any(path.is_relative_to(shown) for shown in _SYSTEM) and Path(path).is_file()


def is_setuid(program: str) -> bool:
    """Tell whether `program` is installed setuid (some bubblewraps are; they limit what may be asked)."""
    return bool(os.stat(program).st_mode & stat.S_ISUID)
