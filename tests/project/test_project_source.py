"""The shape of the source: sizes, docstrings of tests, and words that no file may hold."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE_LINES = 300
FUNCTION_LINES = 60
LONG_BY_CONSENT: dict[str, str] = {}
"""Path, or path::function, with the reason why it may be longer. Better empty. Tests are lists, and may be long."""

# Written in two parts, so that this file does not find itself.
PLACES = re.compile("|".join((r"/" + r"work/", r"/" + r"root/\.", r"/" + r"tmp/(team|bash)")))
HOSTS = re.compile(
    "|".join(
        (
            r"py" + r"pi\.org",
            r"python" + r"hosted",
            r"npm" + r"js\.",
            r"deb\." + r"debian",
            r"/opt/" + "py" + "pi",
        )
    )
)
UNFINISHED = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X:")))


def committed(suffix: str = "") -> list[Path]:
    """Return the files that git tracks or would track, with names that end in `suffix`."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: what belongs to the project cannot be told from what lies about")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return sorted({ROOT / name for name in listed if name.endswith(suffix) and (ROOT / name).is_file()})


def own_code() -> list[Path]:
    """Return our own Python: not the work of students, right or wrong."""
    rooms = ("grader", "reports", "tests", "tools")
    students = ROOT / "tests" / "handins"
    files = (
        path
        for path in committed(".py")
        if path.relative_to(ROOT).parts[0] in rooms and students not in path.parents
    )
    checks = ROOT.glob("reference/*/*.py")
    return [*files, *checks]


def texts() -> list[tuple[str, str]]:
    """Return name and text of every committed file that is text."""
    found = []
    for path in committed():
        try:
            found.append((str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return every function of a file, inner ones too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_files_and_functions_stay_short() -> None:
    """No file of ours is longer than 300 lines and no function than 60, but those listed with a reason."""
    long = []
    for path in own_code():
        name = str(path.relative_to(ROOT))
        if name.startswith("tests/"):
            continue
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > FILE_LINES:
            long.append(f"{name}: {lines} lines")
        for function in functions(path):
            length = (function.end_lineno or function.lineno) - function.lineno + 1
            if length > FUNCTION_LINES:
                long.append(f"{name}::{function.name}: {length} lines")
    unexpected = [entry for entry in long if entry.partition(": ")[0] not in LONG_BY_CONSENT]
    assert unexpected == []


def test_every_test_states_what_it_shows() -> None:
    """Every test function has a docstring, and each test file says what it is about."""
    silent = []
    for path in own_code():
        if path.parts[-1].startswith("test_"):
            if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))):
                silent.append(str(path.relative_to(ROOT)))
            silent += [
                f"{path.relative_to(ROOT)}::{function.name}"
                for function in functions(path)
                if function.name.startswith("test_") and not ast.get_docstring(function)
            ]
    assert silent == []


def test_test_files_have_names_of_their_own() -> None:
    """No two test files share a name, so that pytest can tell them apart without packages."""
    names = [path.name for path in committed(".py") if path.name.startswith("test_")]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("pattern", [PLACES, HOSTS, UNFINISHED], ids=["places", "hosts", "unfinished"])
def test_no_file_holds_words_of_one_machine(pattern: re.Pattern[str]) -> None:
    """No committed text names a folder of one machine, a package registry's host, or work left undone."""
    found = [
        f"{name}:{number}: {line.strip()[:80]}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


def test_every_folder_of_code_is_a_package() -> None:
    """Every folder under grader/ and reports/ that holds Python has an `__init__.py` with a docstring."""
    bare = []
    for path in committed(".py"):
        if path.relative_to(ROOT).parts[0] in ("grader", "reports"):
            init = path.parent / "__init__.py"
            if not init.is_file() or not ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))):
                bare.append(str(path.parent.relative_to(ROOT)))
    assert sorted(set(bare)) == []


def test_no_process_of_ours_looks_for_modules_in_the_current_folder() -> None:
    """Started inside a hand-in, Python would take its torch.py or random.py for the library: every start has -P."""
    starts = [
        (path.relative_to(ROOT), line)
        for room in ("grader", "reports")
        for path in (ROOT / room).rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r'sys\.executable,|= \("-', line) and not line.strip().startswith(('"', "`"))
    ]
    assert len(starts) >= 8
    unguarded = [one for one in starts if '"-P"' not in one[1] and "*" not in one[1]]
    assert not unguarded
