"""Command line: python -m grader.converter SOURCE OUT."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import msgspec

from grader.converter.gathering import Unreadable
from grader.model.document import Document

_READERS = {".pdf": "pdf", ".docx": "docx", ".tex": "latex", ".ipynb": "notebook",
            ".html": "webpage", ".htm": "webpage"}  # fmt: skip


def main() -> int:
    """Convert one document; return 0 when its record is written, whatever could be read of it."""
    if len(sys.argv) != 3:
        print("usage: python -m grader.converter SOURCE OUT", file=sys.stderr)
        return 2
    source, out = Path(sys.argv[1]), Path(sys.argv[2])
    sys.setrecursionlimit(3000)
    reader = import_module(f"grader.converter.{_READERS[source.suffix.lower()]}")
    try:
        document = reader.read(source)
    except Unreadable as error:
        document = Document(state=error.state)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError, OSError):
        # Whatever a library stumbles over in a stranger's file, the file is what is damaged.
        document = Document(state="damaged")
    (out / "document.json").write_bytes(msgspec.json.encode(document))
    return 0


if __name__ == "__main__":
    sys.exit(main())
