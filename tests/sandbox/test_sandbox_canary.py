"""What a program must not see, planted and looked for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import grader
from grader.errors import SandboxUnavailable
from grader.sandbox import Limits, Mount, choose, python_mounts
from grader.sandbox.distributions import closure
from grader.sandbox.processes import marked

pytestmark = pytest.mark.sandbox


def inside(program: str, *packages: str, code: tuple[str, ...] = (), mounts: tuple[Mount, ...] = ()) -> str:
    """Return what a Python program prints in the sandbox of this machine."""
    shown, python, env = python_mounts(packages, code=code)
    finished = choose("auto").run(
        [python, "-c", textwrap.dedent(program)], mounts=[*shown, *mounts], limits=Limits(wall_s=60), env=env
    )
    assert finished.ok, (finished.ended_by, finished.stderr.decode(errors="replace"))
    return finished.stdout.decode().strip()


def test_planted_files_are_invisible(tmp_path: Path) -> None:
    """Files in /tmp, the home folder, the repository and site-packages are nowhere on the disk inside."""
    name = f"canary_{os.getpid()}"
    site = Path(
        sys.prefix, "lib", f"python{sys.version_info.major}.{sys.version_info.minor}", "site-packages"
    )
    places = [tmp_path, Path.home(), Path(grader.__file__).parent, site]
    places = [place for place in places if os.access(place, os.W_OK)]
    planted = [place / f"{name}.py" for place in places]
    try:
        for file in planted:
            file.write_text("secret = 'labels'\n")
        program = f"""
            import importlib.util, os
            hits = [place for place, _, files in os.walk('/') if '{name}.py' in files]
            print(hits, importlib.util.find_spec('{name}'))
        """
        assert inside(program, "packaging", code=("errors.py",)) == "[] None"
    finally:
        for file in planted:
            file.unlink(missing_ok=True)
    assert len(planted) >= 2


def test_only_what_was_asked_for_can_be_imported() -> None:
    """Packages outside the closure, this test's own tools and the reference are not there."""
    program = """
        import importlib.util, json
        names = ['numpy', 'safetensors', 'pytest', '_pytest', 'reference', 'hypothesis', 'weasyprint',
                 'reports', 'pip', 'grader', 'grader.errors', 'grader.sandbox', 'grader.cli', 'mypy', 'torch']
        def there(name):
            try: return importlib.util.find_spec(name) is not None
            except ModuleNotFoundError: return False
        print(json.dumps([name for name in names if there(name)]))
    """
    found = json.loads(inside(program, "numpy", "safetensors", code=("errors.py", "text.py")))
    assert found == ["numpy", "safetensors", "grader", "grader.errors"]


def test_nothing_of_this_machine_stands_in_the_search_path() -> None:
    """The interpreter, its library and the packages stand in fixed places that name nobody's home."""
    program = """
        import sys, json, encodings
        print(json.dumps([sys.prefix, sys.executable, encodings.__file__, *sys.path]))
    """
    for path in json.loads(inside(program)):
        assert path == "" or path.startswith(("/python", "/packages")), path


def test_compiled_modules_work() -> None:
    """Extension modules of the standard library and of packages find their shared libraries."""
    program = "import ssl, sqlite3, ctypes, lzma, zlib, numpy; print(numpy.arange(4).sum())"
    assert inside(program, "numpy") == "6"


def test_a_read_only_mount_stays_as_it_was(tmp_path: Path) -> None:
    """A hand-in cannot rewrite itself."""
    (tmp_path / "main.py").write_text("original")
    program = """
        try: open('/handin/main.py', 'w').write('changed')
        except OSError as error: print(error.strerror)
    """
    assert inside(program, mounts=(Mount(tmp_path, "/handin"),)) == "Read-only file system"
    assert (tmp_path / "main.py").read_text() == "original"


def test_an_empty_mount_hides_a_folder(tmp_path: Path) -> None:
    """What an earlier mount shows can be covered."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "secret").touch()
    mounts = (Mount(tmp_path, "/shown"), Mount.empty("/shown/hidden"))
    program = "import os; print(sorted(os.listdir('/shown')), os.listdir('/shown/hidden'))"
    assert inside(program, mounts=mounts) == "['hidden', 'kept'] []"


def test_a_mount_must_have_an_absolute_target(tmp_path: Path) -> None:
    """A target that climbs is a mistake of the caller."""
    with pytest.raises(ValueError, match="absolute"):
        inside("pass", mounts=(Mount(tmp_path, "/a/../b"),))


def test_code_that_does_not_exist_is_named() -> None:
    """A missing path of our own code is our error."""
    with pytest.raises(SandboxUnavailable, match="no_such_room"):
        python_mounts([], code=("no_such_room",))


def test_a_closure_holds_requirements_and_nothing_else() -> None:
    """What a distribution requires here comes with it; extras and what is absent do not."""
    found = closure(["pandas", "no-such-distribution"])
    assert {"pandas", "numpy", "python-dateutil"} <= set(found)
    assert "pytest" not in found and "no-such-distribution" not in found


@pytest.mark.slow
def test_torch_imports_inside() -> None:
    """torch and torchvision work inside with their own libraries, and see no other package."""
    program = """
        import torch, torchvision
        print(torch.nn.Linear(2, 1)(torch.ones(1, 2)).shape, torchvision.transforms.ToTensor.__name__)
    """
    assert inside(program, "torch", "torchvision") == "torch.Size([1, 1]) ToTensor"


def test_a_killed_grader_leaves_nobody_behind(tmp_path: Path) -> None:
    """When the grader itself is killed, what it ran dies with it."""
    marker = f"ORPHAN={os.getpid()}-{time.monotonic_ns()}"
    name, _, value = marker.partition("=")
    program = f"""
        from grader.sandbox import Limits, choose, python_mounts
        mounts, python, env = python_mounts([])
        choose('auto').run([python, '-S', '-c', 'import time; time.sleep(100)'],
                           mounts=mounts, limits=Limits(), env=env | {{{name!r}: {value!r}}})
    """
    home = Path(grader.__file__).parent.parent
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=home,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    try:
        assert _eventually(lambda: bool(marked(marker))), "it never started"
    finally:
        process.kill()
        process.wait()
    assert _eventually(lambda: not marked(marker))


def _eventually(holds: Callable[[], bool], within_s: float = 15.0) -> bool:
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


SYSTEM_PYTHON = Path("/usr/bin/python3")


def _can_serve(python: Path) -> bool:
    # It borrows compiled packages of ours, so it must be of our version.
    check = f"import sys; raise SystemExit(sys.version_info[:2] != {tuple(sys.version_info[:2])})"
    return python.exists() and subprocess.run([str(python), "-c", check], check=False).returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become an ordinary user for a test")
@pytest.mark.skipif(not _can_serve(SYSTEM_PYTHON), reason="no system Python of this version")
def test_an_ordinary_user_has_a_sandbox_too() -> None:
    """Without root and with the system's Python, runs are isolated, limited and cleaned up as well."""
    import msgspec
    import packaging

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        package = Path(grader.__file__).parent
        shutil.copytree(
            package / "sandbox", home / "grader" / "sandbox", ignore=shutil.ignore_patterns("*.pyc")
        )
        for name in ("__init__.py", "errors.py", "text.py"):
            shutil.copy(package / name, home / "grader" / name)
        for module in (msgspec, packaging):
            assert module.__file__ is not None
            shutil.copytree(Path(module.__file__).parent, home / module.__name__)
        (home / "try.py").write_text(textwrap.dedent(_AS_A_USER))
        for path in (home, *home.rglob("*")):
            os.chown(path, 54321, 54321)
        told = subprocess.run(
            [str(SYSTEM_PYTHON), "try.py"],
            cwd=home,
            user=54321,
            group=54321,
            extra_groups=[],
            env={"PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert told.returncode == 0, told.stderr
    if told.stdout.startswith("unavailable"):
        pytest.skip(told.stdout)
    seen = json.loads(told.stdout)
    assert seen["hello"] == ["exit", 0, "hello\n", ""]
    assert seen["loop"][0] == "cpu"
    assert seen["memory"][0] == "memory" or "MemoryError" in seen["memory"][3]
    assert seen["fork"][0] == "processes" or int(seen["fork"][2]) <= 24
    assert seen["disk"][0] == "disk"


_AS_A_USER = """
    import json, os, tempfile
    from dataclasses import replace
    from pathlib import Path
    from grader.errors import SandboxUnavailable
    from grader.sandbox import Limits, Mount, choose, python_mounts

    programs = {
        'hello': 'print("hello")',
        'loop': 'while True: pass',
        'memory': 'a = []\\nwhile True: a.append(bytearray(1 << 20))',
        'fork': 'import os, time\\nn = 0\\ntry:\\n  while n < 200:\\n'
                '    if not os.fork(): time.sleep(20); os._exit(0)\\n    n += 1\\n'
                'except OSError: pass\\nprint(n, flush=True)\\ntime.sleep(0.5)',
        'disk': 'import time\\nfor n in range(900): open(f"/out/{n}", "w").close()\\ntime.sleep(20)',
    }
    limits = Limits(memory_bytes=128 << 20, cpu_s=0.5, wall_s=30.0, processes=24, disk_entries=100)
    try:
        sandbox = choose('auto')
    except SandboxUnavailable as error:
        print('unavailable', error)
        raise SystemExit(0)
    mounts, python, env = python_mounts([])
    seen = {}
    for name, program in programs.items():
        with tempfile.TemporaryDirectory() as out:
            done = sandbox.run([python, '-S', '-c', program], limits=limits, env=env,
                               mounts=[*mounts, Mount(Path(out), '/out', writable=True)])
        seen[name] = [done.ended_by, done.exit_code, done.stdout.decode(), done.stderr.decode()]
    print(json.dumps(seen))
"""
