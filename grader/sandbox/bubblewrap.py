"""The real sandbox: bubblewrap for what can be seen, a confinement for what can be used."""

from __future__ import annotations

import contextlib
import itertools
import os
import platform
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.errors import SandboxUnavailable
from grader.sandbox import rootfs, seccomp
from grader.sandbox.confinement import Confinement, apply_rlimits, own_rlimits
from grader.sandbox.launching import (
    as_arguments,
    close_quietly,
    handed_over,
    lent,
    make_readable,
    not_started,
    number,
    read_line,
    refused,
)
from grader.sandbox.seam import EndedBy, Finished, Limits, Mount
from grader.sandbox.supervision import Watched, supervise
from grader.sandbox.ways import Way

_UID_INSIDE = 65534
_NAMESPACES = ("ipc", "pid", "net", "uts")
_START_S = 20.0
_FIRST_RUN_UID = 2_000_000_001
_RUN_GID = 2_000_000_000
_FILTER = seccomp.program(platform.machine())
_run_number = itertools.count()


class Bubblewrap:
    """Runs a command under bubblewrap, confined in one way."""

    name = "bubblewrap"

    def __init__(self, way: Way, *, program: str | None = None) -> None:
        """Use `way` with the bubblewrap at `program` (found on PATH by default).

        Raises SandboxUnavailable when bubblewrap is not installed.
        """
        found = program or shutil.which("bwrap")
        if found is None:
            raise SandboxUnavailable(
                fr="bubblewrap n'est pas installé ; tapez : sudo apt-get install bubblewrap",
                en="bubblewrap is not installed; type: sudo apt-get install bubblewrap",
            )
        self._program = found
        self._way = way

    def run(
        self,
        command: Sequence[str],
        *,
        mounts: Sequence[Mount],
        limits: Limits,
        env: Mapping[str, str] = {},
        cwd: str = "/",
    ) -> Finished:
        """Run `command`; see `Sandbox.run`."""
        if not rootfs.is_shown(command[0], mounts):
            raise refused(f"{command[0]}: no such program inside".encode())
        with tempfile.TemporaryDirectory(prefix="coursework-run-") as private:
            try:
                confinement = self._way.make(limits)
            except OSError as error:
                raise _not_confined(error) from error
            try:
                with _Run(self._program, self._way, confinement, limits, Path(private)) as run:
                    return run.go(command, mounts, {**rootfs.ENVIRONMENT, **env}, cwd)
            finally:
                confinement.remove()


def _not_confined(error: OSError) -> SandboxUnavailable:
    return SandboxUnavailable(
        fr=f"Le bac à sable ne peut pas limiter ce qu'il lance ({error}) ; tapez `grade doctor`.",
        en=f"The sandbox cannot limit what it starts ({error}); type `grade doctor`.",
    )


def _run_uid() -> int:
    """Return a user id that nobody has, another for each run, so that the kernel counts runs apart."""
    return _FIRST_RUN_UID + (os.getpid() * 256 + next(_run_number) % 256) % 100_000_000


@dataclass
class _Run:
    """One run from its pipes to its status record; everything is closed and killed on exit."""

    program: str
    way: Way
    confinement: Confinement
    limits: Limits
    private: Path
    _open: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _child: int | None = None

    def __enter__(self) -> _Run:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def go(
        self, command: Sequence[str], mounts: Sequence[Mount], env: Mapping[str, str], cwd: str
    ) -> Finished:
        """Run `command` and return its record."""
        uid, gid = (_run_uid(), _RUN_GID) if self.way.own_uid else (_UID_INSIDE, _UID_INSIDE)
        sources = tuple(mount.source for mount in mounts if mount.writable)
        shown = [*mounts, Mount(Path(_SETPRIV), _SETPRIV)] if self.way.own_uid else mounts
        arguments = [*self._isolation(uid), *rootfs.filesystem(shown, self.limits, self.private, uid, gid)]
        if self.way.own_uid:
            make_readable([mount.source for mount in mounts if not mount.writable], _RUN_GID)
            self._open.enter_context(lent(sources, uid, _RUN_GID))
            self.private.chmod(0o755)
        status_in, status_out = self._pipe()
        go_in, go_out = self._pipe()
        arguments += self._last_step(env, cwd)
        arguments += ["--json-status-fd", str(status_out), "--block-fd", str(go_in)]
        given = [status_out, go_in]
        if _FILTER is not None:
            given.append(self._open.enter_context(handed_over(_FILTER)))
            arguments += ["--seccomp", str(given[-1])]
        listed = self._open.enter_context(handed_over(as_arguments(arguments)))
        inside = [*self._switch_user(uid), *command]
        process = subprocess.Popen(
            self.confinement.wrap([self.program, "--args", str(listed), "--", *inside]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(*given, listed),
            env={},
            cwd="/",
        )
        try:
            os.close(status_out)
            os.close(go_in)
            self._take_hold(process, status_in)
            os.write(go_out, b"1")
            watched = supervise(
                process,
                limits=self.limits,
                writable=sources,
                breach=self._breach,
                kill=lambda: self._kill(process),
            )
        except BaseException:
            self._kill(process)
            raise
        return self._record(watched, status_in)

    def _pipe(self) -> tuple[int, int]:
        """Return a pipe; its ends are closed at the end of the run where they still are open."""
        ends = os.pipe()
        for end in ends:
            self._open.callback(close_quietly, end, os.fstat(end).st_ino)
        return ends

    def _isolation(self, uid: int) -> list[str]:
        unshared = [f"--unshare-{name}" for name in _NAMESPACES] + ["--unshare-cgroup-try"]
        arguments = [*unshared, "--hostname", "sandbox", "--new-session", "--die-with-parent"]
        if self.way.own_uid:
            return [*arguments, "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        if not rootfs.is_setuid(self.program):
            arguments += ["--unshare-user", "--disable-userns"]
        return [*arguments, "--uid", str(uid), "--gid", str(uid)]

    def _last_step(self, env: Mapping[str, str], cwd: str) -> list[str]:
        arguments = ["--clearenv", "--chdir", cwd]
        for name in sorted(env):
            arguments += ["--setenv", name, env[name]]
        return arguments

    def _switch_user(self, uid: int) -> list[str]:
        """Return the prefix that gives up root for good inside, where no user namespace does."""
        if not self.way.own_uid:
            return []
        user = f"--reuid={uid}"
        return [
            _SETPRIV,
            user,
            f"--regid={_RUN_GID}",
            "--clear-groups",
            "--inh-caps=-all",
            "--no-new-privs",
            "--",
        ]

    def _take_hold(self, process: subprocess.Popen[bytes], status_in: int) -> None:
        """Wait for the sandboxed process to stand ready, then put it under its limits."""
        first = read_line(status_in, time.monotonic() + _START_S)
        pid = number(first, "child-pid")
        if pid is None:
            raise not_started(process)
        self._child = os.pidfd_open(pid)
        self._open.callback(os.close, self._child)
        try:
            self.confinement.hold(pid)
            apply_rlimits(pid, own_rlimits(self.limits))
        except OSError as error:
            raise _not_confined(error) from error

    def _breach(self) -> EndedBy | None:
        used = self.confinement.usage()
        if used.breach is None and used.cpu_s > self.limits.cpu_s:
            return "cpu"
        return used.breach

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        """End the process namespace by its first process, then whatever the confinement still holds."""
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._child, signal.SIGKILL)
        self.confinement.kill()
        try:
            process.wait(timeout=2.0 if self._child is not None else 0.1)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _record(self, watched: Watched, status_in: int) -> Finished:
        used = self.confinement.usage()
        code = number(read_line(status_in, time.monotonic()), "exit-code")
        if code is None and watched.ended_by == "exit" and used.breach is None:
            raise refused(watched.stderr)
        by_signal = code - 128 if code is not None and 128 < code < 128 + signal.NSIG else None
        ended_by = watched.ended_by
        if ended_by == "exit" and code != 0:
            ended_by = _limit_behind(by_signal, used.breach, used.cpu_s >= self.limits.cpu_s)
        return Finished(
            exit_code=None if by_signal is not None or ended_by != "exit" else code,
            signal=by_signal if ended_by in ("exit", "cpu", "memory", "file_size") else None,
            ended_by=ended_by,
            wall_s=watched.wall_s,
            cpu_s=used.cpu_s,
            peak_memory_bytes=used.peak_memory_bytes,
            stdout=watched.stdout,
            stderr=watched.stderr,
            mechanisms=self._mechanisms(),
            backend=Bubblewrap.name,
        )

    def _mechanisms(self) -> tuple[str, ...]:
        user = "real-uid" if self.way.own_uid else "namespace:user"
        names = [user, *(f"namespace:{name}" for name in (*_NAMESPACES, "mount"))]
        kernel = [
            *(["seccomp"] if _FILTER is not None else []),
            "rlimit:cpu",
            "rlimit:fsize",
            "rlimit:nofile",
            "watch:wall,output,disk",
        ]
        return (*names, "tmpfs:sized", *self.confinement.mechanisms, *kernel)


_SETPRIV = "/usr/bin/setpriv"


def _limit_behind(by_signal: int | None, breach: EndedBy | None, out_of_cpu: bool) -> EndedBy:
    """Return the limit that made a program fail before it was seen to be met, else `exit`."""
    if by_signal == signal.SIGXFSZ:
        return "file_size"
    if by_signal == signal.SIGXCPU or (by_signal == signal.SIGKILL and out_of_cpu):
        return "cpu"
    return breach or "exit"
