"""What the conformance tests share: how a folder of a coursework is laid out and graded, and the cases to grade.

The cases are found by looking into `reference/`: adding a folder there adds its test.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from grader import courseworks
from grader.model import Result
from grader.pipeline import Options, assess
from reference.overlay import materialize

QUICK = frozenset(
    {"solution", "separate_stages", "log_softmax_nll", "relu_on_logits", "scheduler_once", "never_eval_mode"}
)
"""Folders graded at the quick budget too, besides the static one; `make conformance` grades all of them at both."""

Grade = Callable[[str, Path, str], Result]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that asks for `right_work` or `faulty_work` one case for each such folder."""
    for name, kinds in (("right_work", ("solution", "variants")), ("faulty_work", ("faulty",))):
        if name in metafunc.fixturenames:
            folders = [folder for slug in courseworks.slugs() for folder in _folders(slug, kinds)]
            metafunc.parametrize(name, folders, ids=[f"{_slug(path)}-{path.name}" for path in folders])


def _folders(slug: str, kinds: tuple[str, ...]) -> list[Path]:
    root = courseworks.load(slug).folder
    found = [path for kind in kinds for path in sorted((root / kind).glob("*")) if path.is_dir()]
    return [root / "solution", *[path for path in found if path.parent != root / "solution"]][
        "solution" not in kinds :
    ]


def _slug(folder: Path) -> str:
    return folder.parent.name if folder.name == "solution" else folder.parent.parent.name


@pytest.fixture
def budgets(request: pytest.FixtureRequest) -> Callable[[Path], tuple[str, ...]]:
    """`budgets(folder)` tells at which budgets the folder is graded in this run."""
    every = request.config.getoption("--all-budgets")
    return lambda folder: ("static", "quick") if every or folder.name in QUICK else ("static",)


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty cache that all tests of this run share, whatever process they run in."""
    folder = tmp_path_factory.getbasetemp()
    return (folder.parent if folder.name.startswith("popen-") else folder) / "trainings-cache"


@pytest.fixture
def grade(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Grade:
    """`grade(slug, folder, budget)` grades it on the embedded images; in one test it is watched only once."""
    monkeypatch.setenv("GRADER_CACHE", str(cache))

    def run(slug: str, folder: Path, budget: str) -> Result:
        laid_out = tmp_path / "in" / folder.name
        submission = laid_out if laid_out.exists() else materialize(folder, tmp_path / "in")
        options = Options(
            submission=submission,
            out=tmp_path / "out",
            assignment=slug,
            budget="quick" if budget == "quick" else "static",
            data="synthetic",
            sandbox="bubblewrap",
            workers=1,
        )
        return assess(options)

    return run
