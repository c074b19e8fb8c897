"""No sandbox: a plain process under what limits it can be given, for those who ask for it."""

from __future__ import annotations

import contextlib
import math
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from grader.errors import SandboxUnavailable
from grader.sandbox import processes
from grader.sandbox.confinement import Confinement, Rlimits
from grader.sandbox.groups import Groups
from grader.sandbox.seam import EndedBy, Finished, Limits, Mount
from grader.sandbox.supervision import supervise

_KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TEMP", "TMP")
_SHELL_BLOCK_BYTES = 512
_MARK = "COURSEWORK_RUN"


class _Paths:
    """Paths inside, put back to where they are on this machine.

    A path at or beneath a mount becomes its source. A folder that only holds mounts (a folder of
    packages, say) becomes a folder of links made for this run.
    """

    def __init__(self, mounts: Sequence[Mount], private: Path) -> None:
        self._mounts = [mount for mount in mounts if not mount.is_empty]
        self._private = private
        self._holders: dict[PurePosixPath, str] = {}

    def outside(self, inside: str) -> str:
        """Return where `inside` is on this machine, or `inside` itself when no mount has it."""
        path = PurePosixPath(inside)
        if not path.is_absolute():
            return inside
        for mount in reversed(self._mounts):
            if path.is_relative_to(mount.target):
                return str(mount.source.absolute() / path.relative_to(mount.target))
        held = [mount for mount in self._mounts if PurePosixPath(mount.target).is_relative_to(path)]
        if not held or path == PurePosixPath("/"):
            return inside
        if path not in self._holders:
            try:
                self._holders[path] = str(self._link(path, held))
            except OSError:
                # Some systems let only administrators link: then the folders the mounts come from serve.
                roots = (mount.source.absolute() for mount in held)
                depths = (len(PurePosixPath(mount.target).relative_to(path).parts) for mount in held)
                pairs = zip(roots, depths, strict=True)
                self._holders[path] = os.pathsep.join(
                    dict.fromkeys(str(source.parents[depth - 1]) for source, depth in pairs)
                )
        return self._holders[path]

    def outside_all(self, inside: str) -> str:
        """Return a list of paths (as PYTHONPATH holds) put back one by one."""
        return os.pathsep.join(self.outside(part) for part in inside.split(":"))

    def _link(self, path: PurePosixPath, held: Sequence[Mount]) -> Path:
        folder = self._private / "links" / str(len(self._holders))
        for mount in held:
            link = folder / PurePosixPath(mount.target).relative_to(path)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(mount.source.absolute(), target_is_directory=mount.source.is_dir())
        return folder


class Plain:
    """Runs a command as an ordinary process of this user: it sees everything and can reach the network.

    The caller announces this. Limits hold as far as the machine keeps them for this user.
    """

    name = "none"

    def run(
        self,
        command: Sequence[str],
        *,
        mounts: Sequence[Mount],
        limits: Limits,
        env: Mapping[str, str] = {},
        cwd: str = "/",
    ) -> Finished:
        """Run `command` in its own session; see `Sandbox.run`.

        Whole arguments and the values of `env` that are paths inside are put back to paths of this machine.
        """
        confinement = _confinement(limits)
        try:
            with tempfile.TemporaryDirectory(prefix="coursework-run-", ignore_cleanup_errors=True) as private:
                paths = _Paths(mounts, Path(private))
                home = Path(private, "home")
                home.mkdir()
                translated = [paths.outside(argument) for argument in command]
                given = {name: paths.outside_all(value) for name, value in env.items()}
                where = paths.outside(cwd) if cwd != "/" else str(home)
                return _run(translated, {**_environment(home), **given}, where, mounts, limits, confinement)
        finally:
            if confinement is not None:
                confinement.remove()


def _confinement(limits: Limits) -> Confinement | None:
    """Return control groups where they are ours to make, else rlimits, else (not on Linux) nothing."""
    if sys.platform != "linux":
        return None
    try:
        return Groups(limits)
    except OSError:
        return Rlimits(limits)


def _environment(home: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "HOME": str(home), "TMPDIR": str(home), "USERPROFILE": str(home)}


def _limited(command: Sequence[str], limits: Limits) -> list[str]:
    """Return `command` behind a shell that sets the limits of its own process, where there is a shell.

    The shell waits for one line first, so that the process is held before it executes anything.
    """
    if os.name != "posix":
        return list(command)
    settings = (
        f"ulimit -c 0; ulimit -f {max(1, limits.file_bytes // _SHELL_BLOCK_BYTES)};"
        f" ulimit -t {math.ceil(limits.cpu_s) + 1}; ulimit -n {limits.open_files};"
    )
    return ["/bin/sh", "-c", f'read -r _; exec </dev/null; {settings} exec "$@"', "sh", *command]


def _run(
    command: Sequence[str],
    env: Mapping[str, str],
    cwd: str,
    mounts: Sequence[Mount],
    limits: Limits,
    confinement: Confinement | None,
) -> Finished:
    token = secrets.token_hex(16)
    process = _start(_limited(command, limits), {**env, _MARK: token}, cwd)
    cpu_s = [0.0]
    peak: list[int | None] = [None]

    def breach() -> EndedBy | None:
        if confinement is None:
            return None
        used = confinement.usage()
        cpu_s[0], peak[0] = max(cpu_s[0], used.cpu_s), used.peak_memory_bytes
        return "cpu" if used.breach is None and used.cpu_s > limits.cpu_s else used.breach

    def kill() -> None:
        _kill_all(process, token, confinement)

    try:
        if confinement is not None:
            confinement.hold(process.pid)
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(b"\n")
            process.stdin.close()
        writable = tuple(mount.source for mount in mounts if mount.writable)
        watched = supervise(process, limits=limits, writable=writable, breach=breach, kill=kill)
    except BaseException:
        kill()
        raise
    met = breach()
    code = process.returncode
    by_signal = -code if code < 0 else None
    return Finished(
        exit_code=code if by_signal is None and watched.ended_by == "exit" else None,
        signal=by_signal,
        ended_by=_reason(watched.ended_by, by_signal, code, met, cpu_s[0] >= limits.cpu_s),
        wall_s=watched.wall_s,
        cpu_s=cpu_s[0],
        peak_memory_bytes=peak[0],
        stdout=watched.stdout,
        stderr=watched.stderr,
        mechanisms=(*(confinement.mechanisms if confinement else ()), *_own_mechanisms()),
        backend=Plain.name,
    )


def _start(command: Sequence[str], env: Mapping[str, str], cwd: str) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
    except OSError as error:
        raise SandboxUnavailable(
            fr=f"Le programme n'a pas pu être lancé : {error}",
            en=f"The program could not be started: {error}",
        ) from error


def _own_mechanisms() -> tuple[str, ...]:
    own = ("rlimit:cpu", "rlimit:fsize", "rlimit:nofile") if os.name == "posix" else ()
    return ("session", *own, "watch:wall,output,disk")


def _reason(
    seen: EndedBy, by_signal: int | None, code: int, met: EndedBy | None, out_of_cpu: bool
) -> EndedBy:
    """Return what ended the run, given what was seen while it ran and how its first process ended."""
    if seen != "exit" or code == 0:
        return seen
    if os.name == "posix":
        if by_signal == signal.SIGXFSZ:
            return "file_size"
        if by_signal == signal.SIGXCPU or (by_signal == signal.SIGKILL and out_of_cpu):
            return "cpu"
    return met if met in ("memory", "processes") else "exit"


def _kill_all(process: subprocess.Popen[bytes], token: str, confinement: Confinement | None) -> None:
    """Kill the session, what is held, and what left the session but still carries this run's mark."""
    if confinement is not None:
        confinement.kill()
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    processes.kill(processes.marked(f"{_MARK}={token}"))
    process.kill()
    process.wait()
