"""The libraries of the PDF: how they are found, and what they leave behind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import report_example

from grader.model import Result
from reports import Renderer, RenderProcess

pytestmark = pytest.mark.slow


@pytest.fixture
def result(tmp_path: Path) -> Result:
    """A result whose tensors lie in `tmp_path`."""
    report_example.write_tensors(tmp_path)
    return report_example.example()


def _programs_that_tell(folder: Path) -> Path:
    """Return the file where compilers and linkers in `folder` note that they were started."""
    folder.mkdir()
    told = folder / "started"
    for name in ("gcc", "cc", "ld", "objdump"):
        (folder / name).write_text(f"#!/bin/sh\necho {name} >> {told}\nexit 1\n")
        (folder / name).chmod(0o755)
    return told


def test_no_compiler_is_started_to_find_a_library(result: Result, tmp_path: Path) -> None:
    """The PDF is there, and neither a compiler nor a linker was asked where Pango lies."""
    told = _programs_that_tell(tmp_path / "programs")
    with Renderer(RenderProcess(environment={"PATH": str(told.parent)})) as renderer:
        files = renderer.render(result, tmp_path / "out", language="fr", result_dir=tmp_path)
    assert files.pdf is not None, files.note
    assert not told.exists(), told.read_text()


def test_a_library_that_only_a_search_finds_is_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the names that WeasyPrint knows load nothing, Python's own search is tried before the PDF is given up."""
    from reports.pdf import weasyprint

    (tmp_path / "weasyprint.py").write_text(
        "import ctypes.util\n"
        "if ctypes.util.find_library('c') is None:\n"
        "    raise OSError('cannot load library')\n"
    )
    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert weasyprint().__file__ == str(tmp_path / "weasyprint.py")


def test_a_server_without_pango_still_answers(result: Result, tmp_path: Path) -> None:
    """WeasyPrint prints what it misses: that must not be taken for an exit code, and each report has its HTML."""
    (tmp_path / "absent").mkdir()
    (tmp_path / "absent" / "weasyprint.py").write_text(
        "print('\\n-----\\n\\nWeasyPrint could not import some external libraries.')\n"
        "raise OSError('cannot load library')\n"
    )
    absent = RenderProcess(environment={"PYTHONPATH": str(tmp_path / "absent")})
    with Renderer(absent, several=True) as renderer:
        for name in ("one", "two"):
            files = renderer.render(result, tmp_path / name, language="fr", result_dir=tmp_path)
            assert files.html.is_file() and files.pdf is None
            assert files.note is not None and "Pango" in files.note.fr


@pytest.mark.parametrize("several", [False, True])
def test_nothing_is_left_in_the_folder_of_temporary_files(
    several: bool, result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fonts that were unpacked for a page go with the process that did it, one that is ended early too."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    with Renderer(several=several) as renderer:
        renderer.render(result, tmp_path / "out", language="fr", result_dir=tmp_path)
    assert list(temporary.iterdir()) == []
