"""The two distributions: what the students' wheel must not hold, and what it must."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest

from grader.distribution import current

ROOT = Path(__file__).resolve().parents[2]
FORBIDDEN = (
    "*/solution/*",
    "*/variants/*",
    "*/faulty/*",
    "*rubric.toml",
    "*recipes.json",
    "reference/*/answer_*",
    "*expected.toml",
    "tests/*",
    "reports/sample/*",
)


@pytest.fixture(scope="module")
def student_wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The students' wheel as `make student-dist` builds it."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, str(ROOT / "tools" / "student_dist.py"), str(out)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return zipfile.ZipFile(built.stdout.strip())


def test_a_checkout_is_the_teachers() -> None:
    """A checkout of the repository is the teacher's distribution."""
    assert current() == "teacher"


def test_the_marker_makes_it_the_students(tmp_path: Path) -> None:
    """A marker that says "student" makes it the students' distribution; any other text does not."""
    marker = tmp_path / "distribution.txt"
    marker.write_text("student\n", encoding="ascii")
    assert current(marker) == "student"
    marker.write_text("teacher\n", encoding="ascii")
    assert current(marker) == "teacher"


@pytest.mark.slow
def test_students_get_no_answers(student_wheel: zipfile.ZipFile) -> None:
    """The students' wheel holds no solution, variant, faulty work, rubric or check of written answers."""
    leaked = [name for name in student_wheel.namelist() if any(fnmatch(name, bad) for bad in FORBIDDEN)]
    assert leaked == []


@pytest.mark.slow
def test_students_get_no_text_of_the_solution(student_wheel: zipfile.ZipFile) -> None:
    """No file of the students' wheel equals a file of a solution, but those that the template hands out."""
    handed_out = {path.read_bytes() for path in (ROOT / "student_template").rglob("*") if path.is_file()}
    solutions = {path.read_bytes() for path in ROOT.glob("reference/*/solution/**/*") if path.is_file()}
    secret = {content for content in solutions - handed_out if content.strip()}
    assert secret
    leaked = [name for name in student_wheel.namelist() if student_wheel.read(name) in secret]
    assert leaked == []


@pytest.mark.slow
def test_students_get_what_the_grader_needs(student_wheel: zipfile.ZipFile) -> None:
    """The students' wheel holds sheet, checks, bands, template, the report's assets and the command."""
    names = set(student_wheel.namelist())
    for slug in (path.parent.name for path in ROOT.glob("reference/*/assignment.toml")):
        assert {
            f"reference/{slug}/{name}" for name in ("assignment.toml", "checks.py", "bands.json")
        } <= names
        assert any(name.startswith(f"student_template/{slug}/") for name in names)
    assets = {
        str(path.relative_to(ROOT))
        for path in ROOT.glob("reports/**/*")
        if path.suffix in {".j2", ".css", ".ttf", ".otf"} and "sample" not in path.parts
    }
    assert assets
    assert assets <= names
    entry_points = next(name for name in names if name.endswith("entry_points.txt"))
    assert "grade = grader.cli:main" in student_wheel.read(entry_points).decode()


@pytest.mark.slow
def test_the_students_wheel_says_so(student_wheel: zipfile.ZipFile) -> None:
    """The students' wheel carries its marker and says so in its version, so that it is not mistaken."""
    assert student_wheel.read("grader/distribution.txt").decode().strip() == "student"
    assert Path(str(student_wheel.filename)).name.endswith("+student-py3-none-any.whl")
