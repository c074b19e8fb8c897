"""Command lines as fire, typer and hydra read them, where these libraries are not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from grader.recorder.front_ends import Declared, called
from grader.recorder.hydra_files import composed

STAGE = Declared("base", "--stage", "-s")


def train(lr: float = 0.1, epochs: int = 5, norm: bool = False, stage: Any = STAGE) -> Any:
    """Return what it was given."""
    return lr, epochs, norm, stage


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ([], (0.1, 5, False, "base")),
        (["--lr=0.05", "--epochs", "20"], (0.05, 20, False, "base")),
        (["--norm", "--stage", "bn"], (0.1, 5, True, "bn")),
        (["--nonorm", "-s", "bn"], (0.1, 5, False, "bn")),
        (["--no-norm"], (0.1, 5, False, "base")),
        (["--norm", "True", "--lr", "1"], (1.0, 5, True, "base")),
        (["1e-3", "7"], (0.001, 7, False, "base")),
    ],
)
def test_words_become_arguments(words: list[str], given: tuple[Any, ...]) -> None:
    """Options by name, switches on and off, and plain words in order, each of the kind that it is meant to be."""
    assert called(train, words) == given


def test_a_configuration_is_put_together(tmp_path: Path) -> None:
    """Defaults, groups and references of the files, and words of the command line over them."""
    (tmp_path / "model").mkdir()
    (tmp_path / "config.yaml").write_text(
        "defaults:\n  - model: plain\n  - _self_\nlr: 1e-2\nrate: ${lr}\nbn: false\n"
    )
    (tmp_path / "model" / "plain.yaml").write_text("dropout: 0.0\n")
    (tmp_path / "model" / "drop.yaml").write_text("dropout: 0.5\n")
    plain = composed(str(tmp_path), "config", [])
    assert (plain.lr, plain.rate, plain.bn, plain.model.dropout) == (0.01, 0.01, False, 0.0)
    other = composed(str(tmp_path), "config", ["model=drop", "bn=true", "+optim.lr=0.2"])
    assert (other.model.dropout, other.bn, other.optim.lr) == (0.5, True, 0.2)
