"""What every room's tests share: expected texts that one command renews (`make goldens`)."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from grader import courseworks


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that rewrites expected texts, and the one that grades all conformance folders fully."""
    parser.addoption("--update-goldens", action="store_true", help="write the expected texts anew")
    parser.addoption("--all-budgets", action="store_true", help="conformance: every folder at every budget")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With several workers a file stays on one of them, and what its tests share is made once.

    Conformance tests share nothing and are long: each goes where there is room.
    """
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class FilesButConformance(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return nodeid if nodeid.startswith("tests/conformance/") else nodeid.partition("::")[0]

    return FilesButConformance(config, log)


@pytest.fixture(scope="session")
def values() -> ModuleType:
    """TP 5-6's reading of paddings and strides: courseworks are data, and never imported by name."""
    path = courseworks.load("polytech_tp5_6").folder / "answer_values.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden(name, text)` asserts that text equals `goldens/<name>` beside the test file."""
    folder = Path(request.path).parent / "goldens"
    update = request.config.getoption("--update-goldens")

    def compare(name: str, text: str) -> None:
        path = folder / name
        if update:
            folder.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"{path.name} is missing: make goldens, look at it, commit it"
        assert text == path.read_text(encoding="utf-8"), (
            f"{name} differs: make goldens, then look at git diff"
        )

    return compare
