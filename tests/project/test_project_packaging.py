"""pyproject.toml tells the truth: what is imported is declared, and what is declared is used."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OWN = {"grader", "reports", "reference", "student_template"}
MODULE_OF = {"pillow": "PIL", "markdown-it-py": "markdown_it"}
"""Distributions whose module has another name."""
USED_BY_NAME = {
    "pandas": "the programs of students read and plot with it, inside the sandbox",
    "pyyaml": "the programs of students read their settings with it, inside the sandbox",
    "weasyprint": "reports/pdf.py loads it late",
}
"""Dependencies that no import of ours shows, and why they are there."""


def declared() -> set[str]:
    """Return the modules of the run-time dependencies of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = (re.split(r"[<>=\[; ]", text)[0].lower() for text in project["dependencies"])
    return {MODULE_OF.get(name, name.replace("-", "_")) for name in names}


def optional() -> set[str]:
    """Return the modules of the extras that users may ask for: imported late, and their absence is told."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    return {
        re.split(r"[<>=\[; ]", text)[0] for name, texts in extras.items() if name != "dev" for text in texts
    }


def modules_named(path: Path) -> set[str]:
    """Return the top-level names of all modules that a file imports, late imports too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found


@cache
def imported() -> dict[str, str]:
    """Return each third-party module that our code or a coursework's checks import, with a file that does."""
    files = [*ROOT.glob("grader/**/*.py"), *ROOT.glob("reports/**/*.py"), *ROOT.glob("reference/*/*.py")]
    beside = {path.stem for path in ROOT.glob("reference/*/*.py")}
    found = {name: str(path.relative_to(ROOT)) for path in sorted(files) for name in modules_named(path)}
    return {
        name: path for name, path in found.items() if name not in OWN | set(sys.stdlib_module_names) | beside
    }


def test_what_is_imported_is_declared() -> None:
    """Every third-party module that our packages import is a run-time dependency."""
    undeclared = {name: path for name, path in imported().items() if name not in declared() | optional()}
    assert undeclared == {}


def test_what_is_declared_is_imported() -> None:
    """Every run-time dependency is imported somewhere: nobody downloads what nobody uses."""
    assert declared() - set(imported()) - set(USED_BY_NAME) == set()


def test_every_room_has_its_place_in_the_layers() -> None:
    """Each module of grader/ stands in the layers, and each but three may not import torch."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    contracts = {contract["name"]: contract for contract in settings["contracts"]}
    found = {path.stem for path in (ROOT / "grader").glob("*.py")} - {"__init__"}
    found |= {path.parent.name for path in (ROOT / "grader").glob("*/__init__.py")}
    rooms = {f"grader.{name}" for name in found}
    layered = set(re.findall(r"grader\.\w+", " ".join(settings["contracts"][0]["layers"])))
    torch_free = set(contracts["torch is imported in recorder, recipe and training only"]["source_modules"])
    assert rooms == layered | {"grader.recorder", "grader.converter"}
    assert rooms - {"grader.recorder", "grader.recipe", "grader.training"} == torch_free - {"reports"}


def test_python_is_said_once() -> None:
    """pyproject.toml, mypy, ruff and the set-up script speak of the same oldest Python."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    oldest = project["project"]["requires-python"].removeprefix(">=")
    assert project["tool"]["mypy"]["python_version"] == oldest
    assert project["tool"]["ruff"]["target-version"] == "py" + oldest.replace(".", "")
    setup = (ROOT / "tools" / "setup.sh").read_text(encoding="utf-8")
    assert f"({oldest.replace('.', ', ')})" in setup
