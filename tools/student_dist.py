"""Builds the students' wheel: the same tree without solutions, rubrics, answer checks and faulty work.

    python tools/student_dist.py DIRECTORY

What is left out is data: `[tool.grader.student-dist]` in pyproject.toml. The tree is copied, thinned
and marked in a temporary folder, and an ordinary wheel is built from that, without a network.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("grader", "reports", "reference", "student_template")
FILES = ("pyproject.toml", "README.md", "LICENSE", ".gitignore")


def thin_copy(root: Path, destination: Path) -> None:
    """Copy the packages of `root` to `destination` without what students must not get, and mark the copy."""
    for name in FILES:
        shutil.copy2(root / name, destination / name)
    for name in PACKAGES:
        shutil.copytree(root / name, destination / name, ignore=shutil.ignore_patterns("__pycache__"))
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    for pattern in settings["tool"]["grader"]["student-dist"]["exclude"]:
        for path in sorted(destination.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    (destination / "grader" / "distribution.txt").write_text("student\n", encoding="ascii")
    mark_version(destination)


def mark_version(tree: Path) -> None:
    """Give the wheel of `tree` a version that ends in `+student`, so that no one hands out the wrong file."""
    (version,) = re.findall(
        r'^__version__ = "(.+)"$', (tree / "grader" / "__init__.py").read_text("utf-8"), re.M
    )
    project = tree / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    marked = text.replace('dynamic = ["version"]', f'version = "{version}+student"', 1)
    if marked == text:
        raise SystemExit(
            'pyproject.toml no longer says dynamic = ["version"]; tools/student_dist.py relies on it.'
        )
    project.write_text(marked, encoding="utf-8")


def build_wheel(tree: Path, out: Path) -> Path:
    """Build the wheel of `tree` into `out` with the packages already installed; return its path."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(tree)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return max(out.glob("tp_grader-*+student-*.whl"), key=lambda path: path.stat().st_mtime)


def main() -> None:
    """Build into the directory named on the command line and print the wheel's path."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    out = Path(sys.argv[1]).resolve()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        thin_copy(ROOT, Path(temporary))
        print(build_wheel(Path(temporary), out))


if __name__ == "__main__":
    main()
