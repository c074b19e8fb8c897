"""Programs that a program starts: its own scripts run here and now, under the same watch; anything else does nothing.

`subprocess.run([sys.executable, "train.py", "--bn"])` in a loop is how some hand-ins hold their stages.
"""

from __future__ import annotations

import builtins
import concurrent.futures
import contextlib
import itertools
import multiprocessing
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any

import torch

from grader.recorder.bridges import Stopped
from grader.recorder.inert import Inert
from grader.recorder.journal import Journal
from grader.recorder.program import compile_source

_STARTED_MAX = 24
_DEEPEST = 2
_WORDS_MAX = 200
_REDIRECTED = re.compile(r"\s(?:\d|&)?[<>]|\s&\s*$")


class Launcher:
    """Runs scripts of the hand-in in this process, each as a program of its own."""

    def __init__(self, root: str, journal: Journal) -> None:
        self._root, self._journal = os.path.realpath(root), journal
        self._started = self._depth = 0

    def start(self, command: Any, cwd: Any = None, env: Any = None) -> int:
        """Run `command` where it calls a script of the hand-in, and return its exit status; else do nothing."""
        status = 0
        for words in _commands(command):
            found = self._script(words, os.fsdecode(cwd) if cwd else os.getcwd())
            if found is not None and self._started < _STARTED_MAX and self._depth < _DEEPEST:
                self._started += 1
                status = self._run(*found, dict(env or {}))
        return status

    def _script(self, words: Sequence[str], cwd: str) -> tuple[str, list[str]] | None:
        """Return (path of the script, its arguments) of a command that runs one."""
        for at, word in enumerate(words[:8]):
            if word == "-m" and at + 1 < len(words):
                word, at = words[at + 1].replace(".", "/") + ".py", at + 1
            if not word.endswith(".py"):
                continue
            for folder in (cwd, self._root):
                path = os.path.realpath(os.path.join(folder, word))
                if path.startswith(self._root + os.sep) and os.path.isfile(path):
                    return path, list(words[at + 1 :])
        return None

    def _run(self, path: str, arguments: list[str], env: dict[str, Any]) -> int:
        module = ModuleType("__main__")
        module.__file__ = path
        module.__dict__["__builtins__"] = sys.modules["builtins"]
        with open(path, "rb") as stream:
            raw = stream.read()
        with self._as_a_program(path, arguments, env, module):
            try:
                exec(compile_source(raw, path, self._journal), module.__dict__)  # noqa: S102 - the student's own
            except (SystemExit, Stopped) as error:
                code = getattr(error, "code", 0)
                return code if isinstance(code, int) else int(code is not None)
            except Exception as error:  # noqa: BLE001 - told to its author where nothing else was seen
                self._journal.failed = self._journal.failed or error
                return 1
        return 0

    @contextlib.contextmanager
    def _as_a_program(
        self, path: str, arguments: list[str], env: dict[str, Any], module: ModuleType
    ) -> Iterator[None]:
        """Give a script arguments, environment, modules and modes of its own, and take them back afterwards."""
        before = sys.argv, list(sys.path), os.getcwd(), dict(os.environ), torch.is_grad_enabled()
        own = {name: one for name, one in sys.modules.items() if self._is_own(one)}
        for name in own:
            del sys.modules[name]
        sys.modules["__main__"] = module
        sys.argv = [path, *arguments]
        sys.path.insert(0, os.path.dirname(path))
        os.environ.update({str(name): str(value) for name, value in env.items()})
        torch.set_grad_enabled(True)
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            for name in [name for name, one in sys.modules.items() if self._is_own(one)]:
                del sys.modules[name]
            sys.modules.update(own)
            sys.argv, sys.path[:] = before[0], before[1]
            os.chdir(before[2])
            os.environ.clear()
            os.environ.update(before[3])
            torch.set_grad_enabled(before[4])

    def _is_own(self, module: Any) -> bool:
        file = getattr(module, "__file__", None)
        return isinstance(file, str) and os.path.realpath(file).startswith(self._root + os.sep)


def install(root: str, journal: Journal) -> None:
    """Put the launcher in the place of every way to start a program, and run other processes of ours in this one."""
    launcher = Launcher(root, journal)

    def run(command: Any = (), *_: Any, **kwargs: Any) -> Any:
        status = launcher.start(command, kwargs.get("cwd"), kwargs.get("env"))
        text = bool(kwargs.get("text") or kwargs.get("universal_newlines"))
        nothing: Any = "" if text else b""
        return subprocess.CompletedProcess(command, status, nothing, nothing)

    def call(command: Any = (), *_: Any, **kwargs: Any) -> int:
        return launcher.start(command, kwargs.get("cwd"), kwargs.get("env"))

    modules: Any = subprocess
    modules.run = run
    modules.call = modules.check_call = call
    modules.check_output = lambda command=(), *_, **kwargs: run(command, **kwargs).stdout
    modules.getoutput = lambda command, *_, **__: run(command, text=True).stdout
    modules.Popen = _started(launcher)
    os.system = lambda command: launcher.start(os.fsdecode(command))
    names: Any = builtins
    names.get_ipython = _notebook(launcher)
    _processes()


def _notebook(launcher: Launcher) -> Callable[[], Any]:
    """Return what a notebook's cells find as their notebook: it starts scripts, and anything else does nothing."""

    class Notebook(Inert):
        def system(self, command: Any, *_: Any) -> int:
            return launcher.start(str(command))

        getoutput = system_raw = system_piped = system

        def run_line_magic(self, name: str, line: str = "", *_: Any, **__: Any) -> Any:
            return launcher.start(f"python {line}") if name == "run" else Inert()

        magic = run_line_magic

    return Notebook


def _started(launcher: Launcher) -> type:
    class Popen:
        """A program that has ended as soon as it was started."""

        def __init__(self, command: Any = (), *_: Any, **kwargs: Any) -> None:
            self.args, self.pid = command, 1
            self.returncode = launcher.start(command, kwargs.get("cwd"), kwargs.get("env"))
            nothing = bool(kwargs.get("text") or kwargs.get("universal_newlines"))
            self._nothing: Any = "" if nothing else b""
            self.stdout = self.stderr = iter(())

        def wait(self, *_: Any, **__: Any) -> int:
            """Return the exit status."""
            return self.returncode

        poll = wait

        def communicate(self, *_: Any, **__: Any) -> tuple[Any, Any]:
            """Return what was printed: nothing."""
            return self._nothing, self._nothing

        def __enter__(self) -> Popen:
            return self

        def __exit__(self, *_: object) -> None: ...

    return Popen


class _Here:
    """A pool of processes or threads whose work is done at once, where it is watched."""

    def map(self, function: Callable[..., Any], *columns: Any, **_: Any) -> list[Any]:
        """Return what `function` gives for every row."""
        rows = zip(*(one for one in columns if not isinstance(one, int)), strict=False)
        return [function(*row) for row in rows]

    imap = imap_unordered = map

    def starmap(self, function: Callable[..., Any], rows: Any, *_: Any) -> list[Any]:
        """Return what `function` gives for every row of arguments."""
        return list(itertools.starmap(function, rows))

    def apply(self, function: Callable[..., Any], args: Any = (), kwds: Any = None) -> Any:
        """Return what `function` gives."""
        return function(*args, **(kwds or {}))

    def apply_async(self, function: Callable[..., Any], args: Any = (), kwds: Any = None, *_: Any) -> Any:
        """Return a future that has what `function` gives."""
        return self.submit(function, *args, **(kwds or {}))

    def submit(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Return a future that has what `function` gives."""
        future: Any = concurrent.futures.Future()
        try:
            future.set_result(function(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - handed to whoever asks for the result, as a pool does
            future.set_exception(error)
        future.get = future.result
        return future

    def close(self, *_: Any, **__: Any) -> None:
        """Nothing is open."""

    join = terminate = shutdown = close

    def __enter__(self) -> _Here:
        return self

    def __exit__(self, *_: object) -> None: ...


def _processes() -> None:
    """Let processes and pools that the program makes do their work in this process, where it is watched."""
    process: Any = multiprocessing.process.BaseProcess
    original = process.start

    def start(self: Any) -> None:
        """Do the work now; what Python itself keeps running beside the program (a manager) is started as ever."""
        target = getattr(self, "_target", None)
        if str(getattr(target, "__module__", "")).startswith("multiprocessing"):
            original(self)
        else:
            self.run()

    process.start = start
    waited, alive = process.join, process.is_alive
    process.join = lambda self, timeout=None: waited(self, timeout) if self._popen is not None else None
    process.is_alive = lambda self: alive(self) if self._popen is not None else False
    contexts: Any = multiprocessing.context.BaseContext
    contexts.Pool = lambda self, *_, **__: _Here()
    modules: Any = multiprocessing
    modules.Pool = lambda *_, **__: _Here()
    futures: Any = concurrent.futures
    futures.ProcessPoolExecutor = futures.ThreadPoolExecutor = lambda *_, **__: _Here()
    spawning: Any = torch.multiprocessing

    def spawn(function: Any, args: Any = (), *_: Any, **__: Any) -> None:
        function(0, *args)

    spawning.spawn = spawn


def _commands(command: Any) -> Iterator[list[str]]:
    """Yield the commands of a list of words, or of a line for a shell, word by word."""
    if isinstance(command, str | bytes | os.PathLike):
        for part in os.fsdecode(command).replace("&&", ";").replace("|", ";").split(";"):
            try:
                yield shlex.split(_REDIRECTED.split(part)[0])[:_WORDS_MAX]
            except ValueError:
                continue
    elif isinstance(command, list | tuple):
        yield [
            os.fsdecode(one) if isinstance(one, str | bytes | os.PathLike) else str(one) for one in command
        ][:_WORDS_MAX]
