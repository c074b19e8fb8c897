"""Has documents converted to text inside the sandbox, one run each, and takes nothing but text from it."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import msgspec

from grader.errors import RecordingInvalid
from grader.model.document import Document
from grader.sandbox import Finished, Limits, Mount, Sandbox, python_mounts, read_left_behind

PACKAGES = ("msgspec", "pypdfium2", "pylatexenc", "defusedxml", "tinyhtml5", "webencodings")
CODE = ("converter", "model", "errors.py", "records.py", "text.py")
SUFFIXES = (".tex", ".docx", ".ipynb", ".html", ".htm", ".pdf")
"""What is converted; of the same document in two forms the earlier form comes first: it has kept its formulas."""

WALL_S = 40.0
"""Of one document."""
ALL_WALL_S = 150.0
JSON_BYTES = 16 * 1024**2
BLOCKS_MAX = 25_000
_LIMITS = Limits(
    memory_bytes=1024**3, cpu_s=WALL_S, wall_s=WALL_S, processes=32, file_bytes=JSON_BYTES,
    output_bytes=64 * 1024, tmp_bytes=16 * 1024**2, disk_bytes=2 * JSON_BYTES, disk_entries=20,
)  # fmt: skip
_SOURCE, _OUT = "/document", "/out"


class Converter:
    """Converts documents in `sandbox` while its time lasts."""

    def __init__(self, sandbox: Sandbox, *, all_wall_s: float = ALL_WALL_S) -> None:
        """Give all documents of a hand-in `all_wall_s` seconds together."""
        self._sandbox = sandbox
        self._deadline = time.monotonic() + all_wall_s

    def convert(self, path: Path) -> Document | None:
        """Return the document at `path` as text; None when it took too long or too much memory.

        What comes back is checked against the format and its caps, and is never more than text.
        Raises SandboxUnavailable when the sandbox cannot be started.
        """
        left_s = self._deadline - time.monotonic()
        if left_s < 1.0:
            return None
        with tempfile.TemporaryDirectory(prefix="document-", ignore_cleanup_errors=True) as scratch:
            out = Path(scratch) / "out"
            out.mkdir()
            finished = self._run(path, out, min(left_s, WALL_S))
            try:
                raw = read_left_behind(out, "document.json", JSON_BYTES)
                document = None if raw is None or not finished.ok else msgspec.json.decode(raw, type=Document)
            except (RecordingInvalid, msgspec.MsgspecError, UnicodeDecodeError):
                return None
        return document if document is not None and len(document.blocks) <= BLOCKS_MAX else None

    def _run(self, path: Path, out: Path, wall_s: float) -> Finished:
        mounts, python, env = python_mounts(PACKAGES, code=CODE)
        inside = f"{_SOURCE}/document{path.suffix.lower()}"
        mounts += [Mount(path.resolve(), inside), Mount(out, _OUT, writable=True)]
        limits = replace(_LIMITS, wall_s=wall_s)
        command = [python, "-m", "grader.converter", inside, _OUT]
        return self._sandbox.run(command, mounts=mounts, limits=limits, env=env)
