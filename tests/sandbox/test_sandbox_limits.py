"""Each limit, tried by a program that breaks it, under every confinement this machine offers."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from grader.errors import SandboxUnavailable
from grader.sandbox import Finished, Limits, Mount, Sandbox, python_mounts
from grader.sandbox.bubblewrap import Bubblewrap
from grader.sandbox.choosing import try_way
from grader.sandbox.plain import Plain
from grader.sandbox.processes import marked
from grader.sandbox.ways import ways

pytestmark = pytest.mark.sandbox

MIB = 1024 * 1024
LIMITS = Limits(
    memory_bytes=128 * MIB,
    cpu_s=20,
    wall_s=20,
    processes=24,
    file_bytes=8 * MIB,
    output_bytes=10_000,
    tmp_bytes=16 * MIB,
    shm_bytes=4 * MIB,
    disk_bytes=24 * MIB,
    disk_entries=500,
    open_files=64,
)


BEST, *OTHERS = [way.name for way in ways()]


@pytest.fixture(params=[BEST, *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Bubblewrap in one way; a way that this machine does not offer is skipped, saying so."""
    way = next(way for way in ways() if way.name == request.param)
    try:
        try_way(way)
    except SandboxUnavailable as refusal:
        pytest.skip(refusal.text.en)
    return Bubblewrap(way)


def run(
    sandbox: Sandbox,
    program: str,
    *,
    limits: Limits = LIMITS,
    out: Path | None = None,
    env: dict[str, str] | None = None,
) -> Finished:
    """Run a Python program inside, with `out` writable at /out where given."""
    mounts, python, environment = python_mounts([])
    if out is not None:
        mounts.append(Mount(out, "/out", writable=True))
    return sandbox.run(
        [python, "-S", "-c", program], mounts=mounts, limits=limits, env={**environment, **(env or {})}
    )


def says(finished: Finished) -> str:
    """Return what a run printed, with its errors when it failed."""
    assert finished.ok, (finished.ended_by, finished.signal, finished.stderr.decode(errors="replace"))
    return finished.stdout.decode().strip()


def survivors(marker: str) -> Sequence[int]:
    """Return processes that still carry `marker`, given a moment to disappear."""
    deadline = time.monotonic() + 1.0
    while (found := marked(marker)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def test_a_well_behaved_program_ends_by_itself(sandbox: Sandbox) -> None:
    """The record tells the exit code, both streams, the mechanisms and the backend."""
    finished = run(sandbox, "import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)")
    assert (finished.exit_code, finished.signal, finished.ended_by) == (7, None, "exit")
    assert (finished.stdout, finished.stderr) == (b"out\n", b"err\n")
    assert finished.backend == "bubblewrap"
    assert {"namespace:pid", "namespace:net", "tmpfs:sized", "rlimit:fsize"} <= set(finished.mechanisms)
    assert any(
        name.startswith(("cgroup", "systemd", "real-uid", "rlimit:nproc")) for name in finished.mechanisms
    )


def test_a_signal_of_its_own_is_told(sandbox: Sandbox) -> None:
    """A program that a signal ends has no exit code, and no limit is blamed for it."""
    finished = run(sandbox, "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert (finished.exit_code, finished.signal, finished.ended_by) == (None, signal.SIGSEGV, "exit")


def test_os_exit_gives_its_own_code(sandbox: Sandbox) -> None:
    """`os._exit(0)` is an ordinary end; what it means is for those who look for results."""
    assert run(sandbox, "import os; os._exit(0)").ok


def test_a_memory_bomb_is_stopped(sandbox: Sandbox) -> None:
    """Memory is limited for root too: the bomb is killed or refused, never served."""
    finished = run(sandbox, "a = []\nwhile True: a.append(bytearray(1 << 20))")
    refused = b"MemoryError" in finished.stderr and finished.exit_code == 1
    assert finished.ended_by == "memory" or refused
    assert finished.peak_memory_bytes is not None and finished.peak_memory_bytes <= 1.5 * LIMITS.memory_bytes


def test_memory_is_limited_over_all_processes(sandbox: Sandbox) -> None:
    """Ten processes that each stay below the limit are stopped when together they exceed it."""
    program = """
        import os, time
        for _ in range(10):
            if not os.fork():
                block = bytearray(40 << 20)
                for place in range(0, len(block), 4096): block[place] = 1
                time.sleep(30)
        time.sleep(30)
    """
    finished = run(sandbox, _dedent(program))
    assert finished.ended_by == "memory"
    assert finished.wall_s < 15


def test_a_fork_bomb_is_stopped(sandbox: Sandbox) -> None:
    """A program is refused more processes than allowed, or ended for it, and none is left."""
    marker = f"BOMB={os.getpid()}-{time.monotonic_ns()}"
    program = """
        import os, time
        made = 0
        for _ in range(200):
            try:
                if not os.fork(): time.sleep(30)
                made += 1
            except BlockingIOError:
                break
        print(made, flush=True)
        time.sleep(1)
    """
    name, _, value = marker.partition("=")
    finished = run(sandbox, _dedent(program), env={name: value})
    printed = finished.stdout.decode().split()
    assert finished.ended_by == "processes" or int(printed[0]) < LIMITS.processes
    assert not survivors(marker)


def test_an_endless_loop_meets_the_cpu_limit(sandbox: Sandbox) -> None:
    """CPU seconds are counted apart from wall seconds."""
    finished = run(sandbox, "while True: pass", limits=replace(LIMITS, cpu_s=0.5))
    assert finished.ended_by == "cpu"
    assert finished.cpu_s >= 0.4


def test_cpu_time_is_limited_over_all_processes(sandbox: Sandbox) -> None:
    """Short-lived children add up: forking does not renew the allowance."""
    program = """
        import os, time
        while True:
            if not os.fork():
                end = time.process_time() + 0.2
                while time.process_time() < end: pass
                os._exit(0)
            os.wait()
    """
    assert run(sandbox, _dedent(program), limits=replace(LIMITS, cpu_s=1.0)).ended_by == "cpu"


def test_an_endless_sleep_meets_the_wall_limit(sandbox: Sandbox) -> None:
    """A program that does nothing is ended at its wall time."""
    finished = run(sandbox, "import time; time.sleep(60)", limits=replace(LIMITS, wall_s=0.6))
    assert finished.ended_by == "wall"
    assert 0.5 < finished.wall_s < 10


def test_endless_output_is_cut(sandbox: Sandbox) -> None:
    """The first bytes are kept, the run ends, and nothing beyond the cap is stored."""
    finished = run(sandbox, "while True: print('forged line')")
    assert finished.ended_by == "output"
    assert len(finished.stdout) == LIMITS.output_bytes


def test_a_big_file_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    """No single file outgrows its limit."""
    program = """
        with open('/out/big', 'wb') as file:
            try:
                for _ in range(64): file.write(bytes(1 << 20)); file.flush()
            except OSError as error: print(error.strerror)
    """
    assert says(run(sandbox, _dedent(program), out=tmp_path)) == "File too large"
    assert (tmp_path / "big").stat().st_size <= LIMITS.file_bytes


def test_a_killing_file_limit_is_named(sandbox: Sandbox, tmp_path: Path) -> None:
    """A program that lets the kernel's signal act is said to have met the file limit."""
    program = """
        import signal
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        with open('/out/big', 'wb') as file:
            for _ in range(64): file.write(bytes(1 << 20)); file.flush()
    """
    assert run(sandbox, _dedent(program), out=tmp_path).ended_by == "file_size"


def test_many_files_meet_the_disk_limit(sandbox: Sandbox, tmp_path: Path) -> None:
    """The writable mount cannot be filled with files that are each small enough."""
    program = """
        import time
        for number in range(1000):
            open(f'/out/{number}', 'wb').write(bytes(4 << 20)); time.sleep(0.02)
    """
    finished = run(sandbox, _dedent(program), out=tmp_path)
    assert finished.ended_by == "disk"
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 20 * LIMITS.disk_bytes


def test_many_entries_meet_the_disk_limit(sandbox: Sandbox, tmp_path: Path) -> None:
    """Empty files count too: inodes are a resource."""
    program = "import time\nfor n in range(100000): open(f'/out/{n}', 'wb').close()\ntime.sleep(5)"
    assert run(sandbox, program, out=tmp_path).ended_by == "disk"


@pytest.mark.parametrize("folder", ["/tmp", "/dev/shm"])
def test_private_folders_are_sized(sandbox: Sandbox, folder: str) -> None:
    """/tmp and /dev/shm hold no more than they were given."""
    program = f"""
        import os
        total = 0
        try:
            for number in range(64):
                with open('{folder}/%d' % number, 'wb') as file:
                    file.write(bytes(1 << 20)); file.flush(); total += 1
        except OSError as error: print(error.strerror)
        print(total)
    """
    told = says(run(sandbox, _dedent(program))).split("\n")
    size_bytes = LIMITS.tmp_bytes if folder == "/tmp" else LIMITS.shm_bytes
    assert told == ["No space left on device", str(size_bytes // MIB)]


def test_private_folders_are_empty_each_time(sandbox: Sandbox) -> None:
    """Nothing that one run leaves in /tmp or /dev/shm is there in the next, or on the machine."""
    name = f"left-{time.monotonic_ns()}"
    look = f"""
        import os
        for folder in ('/tmp', '/dev/shm'): print(os.listdir(folder), open(folder + '/{name}', 'w').closed)
    """
    assert says(run(sandbox, _dedent(look))) == says(run(sandbox, _dedent(look))) == "[] False\n[] False"
    assert not Path("/tmp", name).exists() and not Path("/dev/shm", name).exists()


def test_descriptors_are_limited(sandbox: Sandbox) -> None:
    """A process runs out of descriptors at its limit."""
    program = """
        import os
        held = []
        try:
            while True: held.append(os.open('/dev/null', os.O_RDONLY))
        except OSError as error: print(error.strerror, len(held) + 3)
    """
    assert says(run(sandbox, _dedent(program))) == f"Too many open files {LIMITS.open_files}"


def test_a_daemon_does_not_outlive_the_run(sandbox: Sandbox) -> None:
    """A double fork with setsid, SIGTERM ignored and the pipe held open, neither hangs us nor survives."""
    marker = f"DAEMON={os.getpid()}-{time.monotonic_ns()}"
    program = """
        import os, signal, time
        if not os.fork():
            os.setsid()
            if not os.fork():
                for number in (1, 2, 15): signal.signal(number, signal.SIG_IGN)
                time.sleep(120)
            os._exit(0)
        os.wait()
        print('done')
    """
    name, _, value = marker.partition("=")
    finished = run(sandbox, _dedent(program), env={name: value})
    assert says(finished) == "done"
    assert finished.wall_s < 10
    assert not survivors(marker)


def test_ignored_sigterm_does_not_help(sandbox: Sandbox) -> None:
    """A program that ignores every signal it may is ended at its wall time all the same."""
    program = """
        import signal, time
        for number in range(1, 65):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        while True: time.sleep(1)
    """
    assert run(sandbox, _dedent(program), limits=replace(LIMITS, wall_s=0.6)).ended_by == "wall"


def test_runs_leave_nothing_on_the_machine(sandbox: Sandbox, tmp_path: Path) -> None:
    """No control group, no temporary folder and no open descriptor is left behind."""

    def traces() -> set[str]:
        own = f"*/coursework-run-{os.getpid()}-*"  # other processes come and go beside this test
        groups = {str(path) for path in Path("/sys/fs/cgroup").glob(own)}
        held = {entry for entry in os.listdir("/proc/self/fd")}
        return groups | held

    run(sandbox, "pass")
    before = traces()
    run(sandbox, "while True: pass", limits=replace(LIMITS, wall_s=0.3), out=tmp_path)
    assert traces() == before


def test_the_environment_is_ours_alone(sandbox: Sandbox) -> None:
    """Secrets of the grader's environment are in no process's environment inside."""
    os.environ["COURSEWORK_SECRET"] = "do-not-show"
    try:
        program = """
            import os, glob
            seen = str(dict(os.environ))
            for file in glob.glob('/proc/*/environ') + glob.glob('/proc/*/cmdline'):
                try: seen += open(file, errors='replace').read()
                except OSError: pass
            print('do-not' + '-show' in seen, 'HOME' in os.environ)
        """
        assert says(run(sandbox, _dedent(program))) == "False True"
    finally:
        del os.environ["COURSEWORK_SECRET"]


def test_there_is_no_network(sandbox: Sandbox) -> None:
    """Connections, datagrams and names all fail at once."""
    program = """
        import socket
        for what in (lambda: socket.create_connection(('1.1.1.1', 53), 2),
                     lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('9.9.9.9', 53)),
                     lambda: socket.getaddrinfo('example.org', 80)):
            try: what(); print('reached')
            except OSError: print('refused')
    """
    assert says(run(sandbox, _dedent(program))).split() == ["refused"] * 3


def test_the_system_is_read_only(sandbox: Sandbox) -> None:
    """Nothing outside /tmp, /dev/shm and the writable mounts can be written."""
    program = """
        import os
        for folder in ('/', '/usr/lib', '/etc', '/dev', '/python', '/python/lib', '/proc', '/packages'):
            try: open(folder + '/planted', 'w'); print('wrote', folder)
            except OSError: pass
        for setting in ('/proc/sys/kernel/core_pattern', '/proc/sysrq-trigger', '/proc/sys/vm/drop_caches'):
            try: os.close(os.open(setting, os.O_WRONLY)); print('opened', setting)
            except OSError: pass
    """
    assert says(run(sandbox, _dedent(program))) == ""


def test_other_processes_cannot_be_seen(sandbox: Sandbox) -> None:
    """Only the sandbox's own processes stand in /proc, and none of them can be entered by root's tools."""
    program = "import os; print(len([name for name in os.listdir('/proc') if name.isdigit()]))"
    assert int(says(run(sandbox, program))) <= 3


def test_the_kernel_has_no_side_door(sandbox: Sandbox) -> None:
    """No user namespace, mount, tracing or key ring from inside; threads and processes work."""
    program = """
        import ctypes, os, subprocess, sys, threading
        libc = ctypes.CDLL(None, use_errno=True)
        libc.ptrace.argtypes = [ctypes.c_long] * 4
        tried = {
            'userns': lambda: libc.unshare(0x10000000),
            'mount': lambda: libc.mount(b'none', b'/tmp', b'tmpfs', 0, None),
            'ptrace': lambda: libc.ptrace(0, 0, 0, 0),
            'keyctl': lambda: libc.syscall(250 if os.uname().machine == 'x86_64' else 219, 0, -3, 1),
        }
        print(*[name for name, call in tried.items() if call() != -1])
        done = []
        thread = threading.Thread(target=lambda: done.append(1)); thread.start(); thread.join()
        print(done, subprocess.run([sys.executable, '-S', '-c', 'pass']).returncode)
    """
    assert says(run(sandbox, _dedent(program))) == "[1] 0"


def test_runs_side_by_side(sandbox: Sandbox, tmp_path: Path) -> None:
    """Runs at the same time share a hand-in, and neither their files, nor their limits, nor their ends."""
    shared = tmp_path / "hand in"
    shared.mkdir(mode=0o700)
    (shared / "x").write_text("read me")

    def one(number: int) -> tuple[str, str]:
        out = tmp_path / str(number)
        out.mkdir()
        program = f"""
            import time
            text = open('/handin/x').read()
            open('/tmp/mark', 'x').close()
            open('/out/made', 'w').write(text + '{number}')
            if {number} == 3: time.sleep(60)
            time.sleep(0.2)
        """
        mounts, python, env = python_mounts([])
        mounts += [Mount(shared, "/handin"), Mount(out, "/out", writable=True)]
        finished = sandbox.run(
            [python, "-S", "-c", _dedent(program)], mounts=mounts, limits=replace(LIMITS, wall_s=3), env=env
        )
        return finished.ended_by, (out / "made").read_text()

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(one, range(4)))
    assert results == [("wall" if number == 3 else "exit", f"read me{number}") for number in range(4)]


def test_a_missing_program_is_our_error(sandbox: Sandbox) -> None:
    """A command that does not exist inside is not taken for a student's failure."""
    with pytest.raises(SandboxUnavailable, match="absent"):
        sandbox.run(["/absent"], mounts=[], limits=LIMITS)


def test_a_missing_mount_is_our_error(sandbox: Sandbox, tmp_path: Path) -> None:
    """A mount without a source is named."""
    with pytest.raises(SandboxUnavailable, match="nowhere"):
        run(sandbox, "pass", out=tmp_path / "nowhere")


def test_results_can_be_written_and_belong_to_us(sandbox: Sandbox, tmp_path: Path) -> None:
    """A writable mount carries files out, and they can be removed by the grader."""
    out = tmp_path / "out"
    out.mkdir(mode=0o700)
    (out / "given").write_text("input")
    says(run(sandbox, "open('/out/given', 'a').write('+'); open('/out/made', 'w').write('result')", out=out))
    assert (out / "made").read_text() == "result"
    assert (out / "given").read_text() == "input+"
    assert out.stat().st_uid == (out / "made").stat().st_uid == os.geteuid()


def test_starting_costs_little(sandbox: Sandbox) -> None:
    """The sandbox itself adds less than 0.3 s to a run, counted as CPU time since machines are shared."""
    mounts, python, env = python_mounts(["numpy", "matplotlib", "torch"])
    costs_s = []
    for _ in range(3):
        before_s = _cpu_s()
        says(sandbox.run([python, "-S", "-c", ""], mounts=mounts, limits=LIMITS, env=env))
        costs_s.append(_cpu_s() - before_s)
    assert min(costs_s) < 0.3


def _cpu_s() -> float:
    """Return the CPU time of this process and of all it waited for."""
    return sum(os.times()[:4])


class TestPlain:
    """Without a sandbox: what limits hold all the same, and that the record says which."""

    def test_it_says_that_nothing_is_isolated(self) -> None:
        """The record names the backend and claims no namespace."""
        finished = run(Plain(), "print('hello')")
        assert says(finished) == "hello"
        assert finished.backend == "none"
        assert not any(name.startswith("namespace") for name in finished.mechanisms)

    @pytest.mark.parametrize(
        ("program", "changed", "ended_by"),
        [
            ("import time; time.sleep(60)", {"wall_s": 0.6}, "wall"),
            ("while True: pass", {"cpu_s": 0.6}, "cpu"),
            ("while True: print('x' * 99)", {}, "output"),
        ],
    )
    def test_time_and_output_are_limited(
        self, program: str, changed: dict[str, float], ended_by: str
    ) -> None:
        """Wall time, CPU time and output end a plain process too."""
        assert run(Plain(), program, limits=replace(LIMITS, **changed)).ended_by == ended_by  # type: ignore[arg-type]

    def test_a_daemon_that_holds_the_pipe_is_ended(self) -> None:
        """A process that left the session is found by the run's mark and killed."""
        program = """
            import os, time
            if not os.fork():
                os.setsid()
                if not os.fork(): time.sleep(60)
                os._exit(0)
            os.wait()
            print('done')
        """
        marker = f"DAEMON={time.monotonic_ns()}"
        name, _, value = marker.partition("=")
        finished = run(Plain(), _dedent(program), env={name: value})
        assert says(finished) == "done"
        assert not survivors(marker)

    def test_paths_inside_are_put_back(self, tmp_path: Path) -> None:
        """Arguments, the working folder and the environment name real places."""
        source, out = tmp_path / "hand in", tmp_path / "out"
        source.mkdir()
        out.mkdir()
        (source / "main.py").write_text("import sys, os; open(sys.argv[1], 'w').write(os.getcwd())")
        finished = Plain().run(
            [sys.executable, "/handin/main.py", "/out/made"],
            mounts=[Mount(source, "/handin"), Mount(out, "/out", writable=True)],
            limits=LIMITS,
            cwd="/handin",
        )
        assert finished.ok, finished.stderr
        assert (out / "made").read_text() == str(source)

    def test_secrets_stay_outside(self) -> None:
        """The grader's environment is not handed on."""
        os.environ["COURSEWORK_SECRET"] = "do-not-show"
        try:
            assert says(run(Plain(), "import os; print('COURSEWORK_SECRET' in os.environ)")) == "False"
        finally:
            del os.environ["COURSEWORK_SECRET"]


def _dedent(program: str) -> str:
    import textwrap

    return textwrap.dedent(program)
