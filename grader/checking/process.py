"""The pytest process that checks run in: it collects them as soon as it is started, and waits for what to check."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import grader


class Process:
    """One run of pytest over check files.

    It begins when `finish` is called, with the folders that stand in `given` by then.
    """

    def __init__(self, files: Sequence[Path], scratch: Path, check_limit_s: float) -> None:
        """Start collecting the checks in `files`; `scratch` is an empty folder for this process alone."""
        self.given = scratch / "given"
        self.given.mkdir()
        self._scratch = scratch
        self._child: subprocess.Popen[bytes] | None = None
        self._failed = ""
        (scratch / "pytest.ini").write_text("[pytest]\naddopts =\n", encoding="utf-8")
        command = [
            sys.executable, "-P", "-s", "-m", "pytest", "-q", "-c", str(scratch / "pytest.ini"),
            "--rootdir", str(scratch), "--noconftest", "--tb=native", "-p", "no:cacheprovider",
            "-p", "grader.checking.plugin", "--import-mode=importlib", "--capture=sys",
            *(f"--override-ini=pythonpath={folder}" for folder in {str(file.parent) for file in files}),
            "--grader-folder", str(self.given), "--grader-check-limit", str(check_limit_s), *map(str, files),
        ]  # fmt: skip
        with (scratch / "output").open("wb") as output:
            try:
                self._child = subprocess.Popen(
                    command, cwd=scratch, env=_environment(), stdin=subprocess.PIPE, stdout=output,
                    stderr=subprocess.STDOUT,
                )  # fmt: skip
            except OSError as error:
                self._failed = f"pytest could not be started: {error}"

    def finish(self, limit_s: float) -> str:
        """Have what stands in `given` checked, for `limit_s` at most, and return the end of what pytest printed."""
        how = self._finish(limit_s)
        tail = (self._scratch / "output").read_bytes()[-800:].decode("utf-8", errors="replace")
        said = f"{how}: {tail}".replace(str(self._scratch), "")
        return said.replace(str(Path(grader.__file__).parents[1]), "")

    def _finish(self, limit_s: float) -> str:
        if self._child is None:
            return self._failed
        try:
            self._child.communicate(b"", timeout=limit_s)
        except subprocess.TimeoutExpired:
            self.end()
            return f"pytest was stopped after {limit_s:g} s"
        return f"pytest ended with code {self._child.returncode}"

    def end(self) -> None:
        """End the process."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()


def _environment() -> dict[str, str]:
    """Return the little that Python needs; nothing of the caller's settings, no plugins but ours."""
    kept = {
        name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ
    }
    return kept | {
        "PYTHONPATH": str(Path(grader.__file__).resolve().parents[1]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "LANG": "C.UTF-8",
    }
