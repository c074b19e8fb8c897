"""Command lines as fire, typer and hydra read them, where these libraries are not there."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated, Any

import pytest

from grader.recorder.front_ends import Declared, called
from grader.recorder.hydra_files import composed, plain

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


class Stage(enum.Enum):
    """What a program may be asked to train."""

    BASE = "base"
    BATCH_NORM = "bn"
    THIRD = 3


def annotated(
    stage: Annotated[Stage, Declared("--stage", "-s")] = Stage.BASE,
    lr: float | None = None,
    epochs: Annotated[int, Declared("--epochs")] = 5,
) -> Any:
    """Return what it was given; its annotations are texts, as everywhere in this file."""
    return stage, lr, epochs


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ([], (Stage.BASE, None, 5)),
        (["-s", "bn"], (Stage.BATCH_NORM, None, 5)),
        (["--stage=3", "--lr", "1"], (Stage.THIRD, 1.0, 5)),
        (["--epochs", "20"], (Stage.BASE, None, 20)),
    ],
)
def test_annotations_say_what_words_are(words: list[str], given: tuple[Any, ...]) -> None:
    """Types between quotation marks, optional ones, members of an Enum, and options named beside their type."""
    found = called(annotated, words)
    assert found == given
    assert [type(one) for one in found] == [type(one) for one in given]


def test_a_member_that_is_none_ends_the_program() -> None:
    """A value that the Enum does not have is an error of the command line, as typer says it."""
    with pytest.raises(SystemExit):
        called(annotated, ["--stage", "nothing"])


def test_an_annotation_that_means_nothing_is_left_alone() -> None:
    """A type that is not there, or that fails, does not stop the program."""

    def odd(lr: "1 / 0" = 0.1, n: "Missing" = 2) -> Any:  # type: ignore[name-defined,valid-type]  # noqa: F821, UP037
        return lr, n

    assert called(odd, ["--lr", "0.5"]) == (0.5, 2)


def test_a_configuration_is_put_together(tmp_path: Path) -> None:
    """Defaults, groups and references of the files, and words of the command line over them."""
    (tmp_path / "model").mkdir()
    (tmp_path / "config.yaml").write_text(
        "defaults:\n  - model: plain\n  - _self_\nlr: 1e-2\nrate: ${lr}\nbn: false\n"
    )
    (tmp_path / "model" / "plain.yaml").write_text("dropout: 0.0\n")
    (tmp_path / "model" / "drop.yaml").write_text("dropout: 0.5\n")
    bare = composed(str(tmp_path), "config", [])
    assert (bare.lr, bare.rate, bare.bn, bare.model.dropout) == (0.01, 0.01, False, 0.0)
    other = composed(str(tmp_path), "config", ["model=drop", "bn=true", "+optim.lr=0.2"])
    assert (other.model.dropout, other.bn, other.optim.lr) == (0.5, True, 0.2)


@pytest.mark.parametrize(
    ("defaults", "words", "told"),
    [
        ("[optim: sgd, _self_, experiment: null]", [], {"lr": 0.1, "bn": False, "optim": {"momentum": 0}}),
        ("[_self_, optim: sgd, experiment: bn]", [], {"lr": 0.05, "bn": True, "optim": {"momentum": 0.9}}),
        ("[experiment: bn, optim: sgd, _self_]", [], {"lr": 0.1, "bn": False, "optim": {"momentum": 0}}),
        ("[experiment: bn, optim: sgd]", ["lr=1e-3"], {"lr": 0.001, "bn": False, "optim": {"momentum": 0}}),
        (
            "[optim: sgd, _self_, experiment: null]",
            ["experiment=bn", "hydra.run.dir=."],
            {"lr": 0.05, "bn": True, "optim": {"momentum": 0.9}},
        ),
        (
            "[optim: sgd, _self_, experiment: bn]",
            ["optim=sgd"],
            {"lr": 0.05, "bn": True, "optim": {"momentum": 0}},
        ),
        ("[optim@train: mom, _self_]", ["~bn"], {"lr": 0.1, "train": {"momentum": 0.9}}),
        (
            "[optional local: mine, optim/mom, _self_]",
            [],
            {"lr": 0.1, "bn": False, "optim": {"momentum": 0.9}},
        ),
    ],
)
def test_defaults_count_in_their_order(
    defaults: str, words: list[str], told: dict[str, Any], tmp_path: Path
) -> None:
    """What stands later in the list counts more, and a file may belong to the whole or choose another optimizer."""
    for name, text in {
        "config": f"defaults: {defaults}\nlr: 0.1\nbn: false\n",
        "optim/sgd": "momentum: 0\n",
        "optim/mom": "momentum: 0.9\n",
        "experiment/bn": "# 3.5\n# @package _global_\ndefaults: [override /optim: mom]\nlr: 0.05\nbn: true\n",
    }.items():
        path = tmp_path / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert plain(composed(str(tmp_path), "config", words)) == told


def test_numbers_between_quotation_marks_are_texts(tmp_path: Path) -> None:
    """`'12'` names something; `1e-3` is a number, which YAML alone does not see; references may be parts of texts."""
    text = "stage: '12'\nlr: 1e-3\nother: '1e-3'\nall: {lr: 2., tag: 'run_${.lr}_${stage}'}\n"
    (tmp_path / "config.yaml").write_text(text)
    assert plain(composed(str(tmp_path), "config", ["+seed='7'"])) == {
        "stage": "12",
        "lr": 0.001,
        "other": "1e-3",
        "seed": "7",
        "all": {"lr": 2.0, "tag": "run_2.0_12"},
    }
