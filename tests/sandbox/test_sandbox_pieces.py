"""The parts around a run: groups, scopes, the fake, reading what was left, choosing, the doctor."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.errors import RecordingInvalid, SandboxUnavailable, UsageError
from grader.sandbox import (
    FakeSandbox,
    Finished,
    Limits,
    Mount,
    Sandbox,
    Script,
    choose,
    read_left_behind,
)
from grader.sandbox.bubblewrap import Bubblewrap
from grader.sandbox.confinement import Rlimits
from grader.sandbox.doctor import diagnose, python_finding
from grader.sandbox.groups import Groups, GroupsUnavailable, own_groups
from grader.sandbox.pipes import Pipes, PolledPipes, ThreadedPipes
from grader.sandbox.scope import Scope, ScopeUnavailable
from grader.sandbox.supervision import Watched, supervise
from grader.sandbox.ways import ways

LIMITS = Limits(memory_bytes=100 << 20, processes=20)


def hierarchy(root: Path, *groups: str, files: dict[str, str] | None = None) -> Path:
    """Make a folder tree with the files that a kernel of version 2 shows in each group."""
    for group in ("", *groups):
        folder = root / group
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in {"cgroup.subtree_control": "", "cgroup.procs": "", **(files or {})}.items():
            (folder / name).write_text(content)
    return root


class TestVersion2:
    """Control groups of version 2, against a folder that looks like them."""

    def test_where_no_group_can_be_limited(self, tmp_path: Path) -> None:
        """A hierarchy whose new groups have no memory.max is refused, and nothing is left in it."""
        root = hierarchy(tmp_path / "cgroup", "user.slice")
        with pytest.raises(GroupsUnavailable):
            Groups(LIMITS, root=root, listing="0::/user.slice\n")
        assert not list(root.rglob("coursework-run-*"))

    def make(self, root: Path, listing: str) -> tuple[Groups, Path]:
        """Make groups where the kernel's part is played by a function; return them with their folder."""
        made: list[Path] = []

        def mkdir(folder: Path) -> None:
            shown = dict.fromkeys(("memory.max", "memory.swap.max", "memory.oom.group", "pids.max"), "max")
            hierarchy(folder, files=shown)
            made.append(folder)

        groups = Groups(LIMITS, root=root, listing=listing, mkdir=mkdir)
        return groups, made[-1]

    def test_limits_are_written_and_counts_read(self, tmp_path: Path) -> None:
        """Memory without swap and processes are limited; CPU time, peak and refusals are read back."""
        groups, folder = self.make(hierarchy(tmp_path / "cgroup", "a"), "0::/a\n")
        written = {
            name: (folder / name).read_text() for name in ("memory.max", "memory.swap.max", "pids.max")
        }
        assert written == {"memory.max": f"{100 << 20}", "memory.swap.max": "0", "pids.max": "20"}
        groups.hold(1234)
        assert (folder / "cgroup.procs").read_text() == "1234"
        (folder / "cgroup.procs").write_text("")
        (folder / "cpu.stat").write_text("usage_usec 2500000\nuser_usec 1\n")
        (folder / "memory.peak").write_text("4096\n")
        assert (groups.usage().cpu_s, groups.usage().peak_memory_bytes, groups.usage().breach) == (
            2.5,
            4096,
            None,
        )
        (folder / "pids.events").write_text("max 3\n")
        assert groups.usage().breach == "processes"
        (folder / "memory.events").write_text("low 0\noom 1\noom_kill 1\n")
        assert groups.usage().breach == "memory"
        assert groups.mechanisms == ("cgroup-v2:memory,pids,cpu",)

    @pytest.mark.parametrize(("own_limit", "parent"), [("max", ""), ("1000000", "a/b")])
    def test_a_limit_on_the_grader_still_holds(self, tmp_path: Path, own_limit: str, parent: str) -> None:
        """The new group stands beneath the grader's own when that is limited, else as high as allowed."""
        root = hierarchy(tmp_path / "cgroup", "a", "a/b")
        (root / "a" / "b" / "memory.max").write_text(own_limit)
        _, folder = self.make(root, "0::/a/b\n")
        assert folder.parent == root / parent

    def test_without_any_hierarchy(self, tmp_path: Path) -> None:
        """A machine without control groups is told apart from one that refuses them."""
        with pytest.raises(GroupsUnavailable):
            Groups(LIMITS, root=tmp_path / "absent", listing="")

    def test_the_listing_is_read(self) -> None:
        """Joined controllers of version 1 and the nameless hierarchy of version 2 are both found."""
        groups = own_groups("4:cpu,cpuacct:/a\n3:memory:/b/c\n0::/d\n")
        assert groups == {"cpu": "/a", "cpuacct": "/a", "memory": "/b/c", "": "/d"}


@pytest.mark.skipif(sys.platform != "linux", reason="control groups are the Linux kernel's")
class TestGroups:
    """Control groups of this machine, where it lets us make them."""

    def test_a_held_process_is_counted_and_killed(self) -> None:
        """A process put in the groups uses what they say, dies with `kill`, and the groups go."""
        try:
            groups = Groups(LIMITS)
        except GroupsUnavailable as refusal:
            pytest.skip(str(refusal))
        process = subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"])
        try:
            groups.hold(process.pid)
            time.sleep(0.3)
            assert groups.usage().cpu_s > 0
            assert groups.usage().breach is None
            groups.kill()
            assert process.wait(timeout=5) == -9
        finally:
            process.kill()
            groups.remove()
        assert not list(Path("/sys/fs/cgroup").glob(f"*/coursework-run-{os.getpid()}-*"))


class TestScope:
    """The systemd scope, with a stand-in for systemd-run that executes what follows `--`."""

    def stand_in(self, tmp_path: Path) -> str:
        """Write a systemd-run that notes its arguments and runs the command."""
        program = tmp_path / "systemd-run"
        program.write_text(
            f'#!/bin/sh\necho "$@" > {tmp_path}/asked\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n'
        )
        program.chmod(0o755)
        return str(program)

    def test_it_asks_for_the_limits(self, tmp_path: Path) -> None:
        """Memory without swap and a number of tasks are asked for, in a unit of its own, with a bare environment."""
        scope = Scope(LIMITS, program=self.stand_in(tmp_path), root=tmp_path)
        told = subprocess.run(scope.wrap(["/usr/bin/env"]), capture_output=True, text=True, check=True)
        asked = (tmp_path / "asked").read_text()
        for part in (
            "--scope",
            f"MemoryMax={100 << 20}",
            "MemorySwapMax=0",
            "TasksMax=20",
            "--unit=coursework-run-",
        ):
            assert part in asked
        assert told.stdout == ""

    def test_a_scope_that_does_not_hold_is_refused(self, tmp_path: Path) -> None:
        """When the process does not stand in a group with those limits, the scope is not believed."""
        scope = Scope(LIMITS, program=self.stand_in(tmp_path), root=tmp_path / "cgroup")
        with pytest.raises(ScopeUnavailable, match=r"memory\.max"):
            scope.hold(os.getpid())

    def test_without_systemd(self, tmp_path: Path) -> None:
        """A program that is not there makes the sandbox unavailable, with its reason."""
        way = next(way for way in ways() if way.name == "systemd")
        broken = type(way)(
            "systemd", lambda limits: Scope(limits, program=str(tmp_path / "absent")), way.own_uid
        )
        with pytest.raises(SandboxUnavailable):
            Bubblewrap(broken, program="/usr/bin/true").run(
                ["/x"], mounts=[Mount(Path("/usr/bin/true"), "/x")], limits=LIMITS
            )


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is the Linux kernel's")
def test_rlimits_see_a_family() -> None:
    """Without control groups, a process and its children are added up and killed together."""
    program = "import os, time\nfor _ in range(3):\n    if not os.fork(): break\ntime.sleep(60)"
    process = subprocess.Popen([sys.executable, "-S", "-c", program], start_new_session=True)
    confinement = Rlimits(Limits(processes=3, memory_bytes=1 << 30))
    try:
        confinement.hold(process.pid)
        deadline = time.monotonic() + 5
        while confinement.usage().breach is None and time.monotonic() < deadline:
            time.sleep(0.02)
        seen = confinement.usage()
        assert seen.breach == "processes"
        assert seen.peak_memory_bytes is not None and seen.peak_memory_bytes > 1 << 20
        confinement.kill()
        assert process.wait(timeout=5) == -9
        assert confinement.usage().breach is None
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("reader", [PolledPipes, ThreadedPipes])
class TestPipes:
    """Both ways of reading pipes, whichever this system uses."""

    def watch(self, reader: Callable[..., Pipes], program: str, output_bytes: int = 1000) -> Watched:
        """Supervise a Python program with a reader."""
        process = subprocess.Popen(
            [sys.executable, "-S", "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

        def kill() -> None:
            process.kill()
            process.wait()

        limits = Limits(output_bytes=output_bytes, wall_s=10)
        return supervise(process, limits=limits, writable=(), breach=lambda: None, kill=kill, reader=reader)

    def test_both_streams(self, reader: Callable[..., Pipes]) -> None:
        """Everything printed is kept, the last words before the end included."""
        seen = self.watch(reader, "import sys; print('a' * 900); sys.stderr.write('err')")
        assert (seen.ended_by, seen.stdout, seen.stderr) == ("exit", b"a" * 900 + b"\n", b"err")

    def test_the_cap(self, reader: Callable[..., Pipes]) -> None:
        """A flood ends the run with exactly the cap kept."""
        seen = self.watch(reader, "while True: print('flood')", output_bytes=500)
        assert seen.ended_by == "output" and len(seen.stdout) == 500

    @pytest.mark.skipif(os.name != "posix", reason="a child is left behind by fork")
    def test_a_held_pipe(self, reader: Callable[..., Pipes]) -> None:
        """A descendant that keeps the pipe open does not keep us waiting."""
        program = "import os, time\nprint('said', flush=True)\nif not os.fork(): time.sleep(12)"
        started = time.monotonic()
        assert self.watch(reader, program).stdout == b"said\n"
        assert time.monotonic() - started < 10


class TestReading:
    """Files left by a program are read only when they are plain, small and inside."""

    def test_a_plain_file(self, tmp_path: Path) -> None:
        """Contents come back; absence is None, in a missing folder too."""
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / "b.json").write_bytes(b"{}")
        assert read_left_behind(tmp_path, "a/b.json", 2) == b"{}"
        assert read_left_behind(tmp_path, "a/c.json", 2) is None
        assert read_left_behind(tmp_path, "z/c.json", 2) is None

    def test_anything_else_is_refused(self, tmp_path: Path) -> None:
        """Links, folders, pipes, sockets and large files are not read, and nothing waits."""
        (tmp_path / "large").write_bytes(b"123")
        (tmp_path / "link").symlink_to("/etc/passwd")
        (tmp_path / "linked").symlink_to("/etc")
        (tmp_path / "folder").mkdir()
        os.mkfifo(tmp_path / "pipe")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(tmp_path / "socket"))
            for name in ("large", "link", "linked/passwd", "folder", "pipe", "socket"):
                with pytest.raises(RecordingInvalid, match=name.split("/")[0]):
                    read_left_behind(tmp_path, name, 2)

    @pytest.mark.parametrize("name", ["", "../x", "/etc/passwd", "a/../../x"])
    def test_paths_that_leave_are_our_mistake(self, tmp_path: Path, name: str) -> None:
        """A name that climbs is refused before anything is opened."""
        with pytest.raises(ValueError, match="beneath"):
            read_left_behind(tmp_path, name, 2)


class TestFake:
    """The public fake answers as scripted and remembers what was asked."""

    def test_scripts_and_orders(self, tmp_path: Path) -> None:
        """Each run gets the next script and its files; the last one is repeated."""
        fake = FakeSandbox([Script(files={"/out/a/x.json": b"1"}), Script(Finished(exit_code=3))])
        sandbox: Sandbox = fake
        mounts = [Mount(tmp_path, "/out", writable=True)]
        codes = [
            sandbox.run(["p", "-x"], mounts=mounts, limits=LIMITS, cwd="/out").exit_code for _ in range(3)
        ]
        assert codes == [0, 3, 3]
        assert (tmp_path / "a" / "x.json").read_bytes() == b"1"
        assert fake.orders[0].command == ("p", "-x") and fake.orders[2].cwd == "/out"

    def test_a_function_of_the_order(self) -> None:
        """A script may depend on what is run."""
        fake = FakeSandbox(lambda order: Script(Finished(stdout=order.command[0].encode())))
        assert fake.run(["hello"], mounts=[], limits=LIMITS).stdout == b"hello"
        assert FakeSandbox().run(["x"], mounts=[], limits=LIMITS).ok

    def test_read_only_mounts_hold(self, tmp_path: Path) -> None:
        """A script that writes where a program could not is refused as the program would be."""
        fake = FakeSandbox([Script(files={"/in/x": b"1"})])
        with pytest.raises(PermissionError):
            fake.run(["x"], mounts=[Mount(tmp_path, "/in")], limits=LIMITS)


class TestChoosing:
    """The sandbox is chosen by name and tried before it is trusted."""

    def test_an_unknown_name(self) -> None:
        """A name that is none is a mistake of usage that lists the names."""
        with pytest.raises(UsageError, match="auto, bubblewrap, none"):
            choose("docker")

    def test_none_is_none(self) -> None:
        """Asking for no sandbox gives none."""
        assert choose("none").name == "none"

    def test_no_bubblewrap(self, tmp_path: Path) -> None:
        """A bubblewrap that does not work is unavailable with exit code 3, and says what it said."""
        program = tmp_path / "bwrap"
        program.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
        program.chmod(0o755)
        with pytest.raises(SandboxUnavailable, match="setting up uid map") as caught:
            Bubblewrap(ways()[-1], program=str(program)).run(
                ["/x"], mounts=[Mount(Path("/usr/bin/true"), "/x")], limits=LIMITS
            )
        assert caught.value.exit_code == 3
        assert stat.S_ISREG(program.stat().st_mode)


class TestDoctor:
    """The doctor names what it looked at and what to type."""

    @pytest.mark.sandbox
    def test_a_machine_with_everything(self) -> None:
        """Each thing looked at is named once; a sandbox that works says by which mechanisms."""
        findings = diagnose()
        names = [finding.name for finding in findings]
        assert names == ["python", "bubblewrap", "sandbox", "namespaces", "pango", "gpu", "disk"]
        sandbox = findings[names.index("sandbox")]
        assert sandbox.ok, sandbox
        assert "namespace:pid" in sandbox.detail.en

    def test_a_machine_with_nothing(self) -> None:
        """Without bubblewrap and Pango each finding carries its mend; no GPU is no fault."""
        found = {finding.name: finding for finding in diagnose(which=lambda _: None, library=lambda _: None)}
        assert not found["sandbox"].ok and not found["bubblewrap"].ok and not found["pango"].ok
        assert found["gpu"].ok
        for name in ("sandbox", "bubblewrap", "pango"):
            mend = found[name].mend
            assert mend is not None and mend.fr and mend.en

    def test_an_old_python(self) -> None:
        """A Python too old is told apart."""
        assert not python_finding((3, 10, 4)).ok
        assert python_finding((3, 12, 0)).ok
