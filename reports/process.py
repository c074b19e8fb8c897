"""Renders a result in a process of its own, so that no answer can take the grader down with it.

The result is safe on disk before this starts; what fails here costs the report at most. Layout of
foreign text may be slow, hungry or crash a native library: the child has limits of time and memory,
no terminal, an empty place to stand in, and its word is a small JSON record.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from grader.errors import RenderError
from grader.model import Language, Result
from grader.records import write_record
from grader.text import Text
from reports.status import ChildStatus

_ROOT = Path(__file__).resolve().parent.parent
_KEPT_VARIABLES = (
    "PATH", "HOME", "LANG", "LC_ALL", "TEMP", "TMP", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH",
    "DYLD_FALLBACK_LIBRARY_PATH", "FONTCONFIG_FILE", "FONTCONFIG_PATH", "XDG_CACHE_HOME", "MPLCONFIGDIR",
)  # fmt: skip


class RenderedFiles(msgspec.Struct, frozen=True, kw_only=True):
    """What was written; `note` says plainly why something is not there."""

    html: Path
    pdf: Path | None
    pages: int | None
    """Of the PDF; always fewer than ten."""
    note: Text | None = None


class RenderProcess(msgspec.Struct, frozen=True, kw_only=True):
    """How the renderer is started; the defaults are right except for tests."""

    time_limit_s: float = 180.0
    memory_limit_bytes: int = 3 << 30
    environment: Mapping[str, str] = {}
    """Variables on top of the few that are passed on; a `PYTHONPATH` here is searched first."""


class Renderer:
    """A rendering process that gets ready while there is nothing to render yet; good for one report, or `several`.

    As a context it leaves nothing behind, whether or not it was asked for anything. Several reports are each laid out
    in a fork of one process that has the libraries loaded, where the system can fork.
    """

    def __init__(self, process: RenderProcess | None = None, *, several: bool = False) -> None:
        self._process = process or RenderProcess()
        self._folder = tempfile.TemporaryDirectory(prefix="report-")
        self._room = Path(self._folder.name)
        self._several, self._forks = several, several and hasattr(os, "fork")
        self._child = self._begun()

    def _begun(self) -> subprocess.Popen[bytes]:
        way = "--serve" if self._forks else "--wait"
        return _start("reports.rendering", [way], self._process, self._room, answers=self._forks)

    def __enter__(self) -> Renderer:
        """Return the renderer itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        _end(self._child)
        self._folder.cleanup()

    def render(self, result: Result, out: Path, *, language: Language, result_dir: Path) -> RenderedFiles:
        """Do what `render` says."""
        out.mkdir(parents=True, exist_ok=True)
        html, pdf = out / "report.html", out / "report.pdf"
        for stale in (html, pdf, self._room / "status.json"):
            stale.unlink(missing_ok=True)
        write_record(self._room / "result.json", result)
        arguments = [str(self._room / "result.json"), str(out.resolve()), "--lang", language]
        arguments += ["--result-dir", str(result_dir.resolve())]
        given = msgspec.json.encode([*arguments, *_bounds(self._process, self._room)])
        if self._forks:
            reason = _ask(self._child, self._process, self._room, given)
        else:
            reason = _finish(self._child, self._process, self._room, given)
        if self._several and self._child.returncode is not None:
            self._child = self._begun()
        if reason is not None and not html.is_file():
            # It had loaded the libraries of the PDF already: one that crashes must not cost the HTML.
            reason = run_child("reports.rendering", arguments, self._process, self._room)
        status = _status(self._room / "status.json")
        if not html.is_file():
            _fail(reason or (status.note if status else None))
        written = pdf.is_file() and status is not None and status.pages is not None
        return RenderedFiles(
            html=html,
            pdf=pdf if written else None,
            pages=status.pages if status and written else None,
            note=reason or (status.note if status else None),
        )


def render(
    result: Result,
    out: Path,
    *,
    language: Language,
    result_dir: Path,
    process: RenderProcess | None = None,
) -> RenderedFiles:
    """Write `report.html` and, where WeasyPrint and Pango are installed, `report.pdf` into `out`.

    `result_dir` holds `trainings/`, where the filters of the networks lie. Raises RenderError when
    not even the HTML could be written; `result.json` is not touched either way.
    """
    with Renderer(process) as renderer:
        return renderer.render(result, out, language=language, result_dir=result_dir)


def run_child(module: str, arguments: Sequence[str], process: RenderProcess, room: Path) -> Text | None:
    """Run `module` in the folder `room` to its end; return why it did not come to a good one, or None.

    It is told where to leave its status (`room/status.json`) and how much memory it may use.
    """
    child = _start(module, [*arguments, *_bounds(process, room)], process, room)
    return _finish(child, process, room, b"")


def _bounds(process: RenderProcess, room: Path) -> list[str]:
    return ["--status", str(room / "status.json"), "--memory-limit", str(process.memory_limit_bytes)]


def _start(
    module: str, arguments: Sequence[str], process: RenderProcess, room: Path, *, answers: bool = False
) -> subprocess.Popen[bytes]:
    with (room / "stderr").open("wb") as errors:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", module, *arguments],
            cwd=room,
            env=_environment(process, room),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if answers else subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )


def _finish(child: subprocess.Popen[bytes], process: RenderProcess, room: Path, given: bytes) -> Text | None:
    """Give the child what it waits for and see it to its end; return why that was not a good one, or None."""
    try:
        child.communicate(given, timeout=process.time_limit_s)
    except subprocess.TimeoutExpired:
        return _too_long(process)
    finally:
        _end(child)
    return None if child.returncode == 0 else _crash(child.returncode, room / "stderr")


def _ask(child: subprocess.Popen[bytes], process: RenderProcess, room: Path, given: bytes) -> Text | None:
    """Have a child that serves several do what is `given`; return why that came to no good end, or None.

    It goes on serving unless it took too long or is gone itself: then it is ended.
    """
    assert child.stdin is not None and child.stdout is not None
    told = b""
    with contextlib.suppress(BrokenPipeError):
        child.stdin.write(given + b"\n")
        child.stdin.flush()
        if not select.select([child.stdout], [], [], process.time_limit_s)[0]:
            _end(child)
            return _too_long(process)
        told = child.stdout.readline()
    if not told:
        _end(child)
    code = int(told or child.returncode)
    return None if code == 0 else _crash(code, room / "stderr")


def _too_long(process: RenderProcess) -> Text:
    return Text(
        fr=f"La mise en page a dépassé {process.time_limit_s:g} s et a été arrêtée ; relancez `grade render`.",
        en=f"Layout took more than {process.time_limit_s:g} s and was stopped; run `grade render` again.",
    )


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the child's process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
    child.wait()


def _environment(process: RenderProcess, room: Path) -> dict[str, str]:
    """Return the child's variables; what its libraries put aside, fonts above all, goes when `room` goes."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    search = [process.environment.get("PYTHONPATH", ""), str(_ROOT)]
    return {
        **kept,
        "TMPDIR": str(room),
        **process.environment,
        "PYTHONPATH": os.pathsep.join(path for path in search if path),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "SOURCE_DATE_EPOCH": "1609459200",
        "MPLBACKEND": "agg",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _status(path: Path) -> ChildStatus | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=ChildStatus)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _crash(code: int, errors: Path) -> Text:
    lines = errors.read_bytes()[-4000:].decode("utf-8", "replace").strip().splitlines()
    last = lines[-1][:300] if lines else "?"
    return Text(
        fr=f"La mise en page s'est arrêtée (code {code}) : {last}. result.json est intact ; voir `grade doctor`.",
        en=f"Layout ended early (code {code}): {last}. result.json is intact; see `grade doctor`.",
    )


def _fail(reason: Text | None) -> None:
    raise RenderError(
        fr=reason.fr if reason else "Le rapport n'a pas pu être écrit ; result.json est intact.",
        en=reason.en if reason else "The report could not be written; result.json is intact.",
    )
