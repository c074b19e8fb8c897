"""Renders the committed example anew: `python -m reports.sample`.

`report-fr.pdf` and `report-en.pdf` come from `result.json` beside them and from `trainings/`.
To show another run, replace those two and call this again.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import get_args

from grader.errors import RenderError
from grader.model import Language, Result
from grader.records import read_record, write_bytes
from reports import render

FOLDER = Path(__file__).resolve().parent


def main() -> int:
    """Write both PDFs beside `result.json`; return the exit code."""
    result = read_record(FOLDER / "result.json", Result)
    for language in get_args(Language):
        with tempfile.TemporaryDirectory() as out:
            files = render(result, Path(out), language=language, result_dir=FOLDER)
            if files.pdf is None:
                note = files.note
                raise RenderError(fr=note.fr if note else "Pas de PDF.", en=note.en if note else "No PDF.")
            write_bytes(FOLDER / f"report-{language}.pdf", files.pdf.read_bytes())
            print(f"report-{language}.pdf: {files.pages} pages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
