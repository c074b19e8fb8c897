"""What a faulty work must lose is read strictly, and a fault is found where it shows and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from grader.courseworks import load
from grader.model import Examination, Outcome
from reference.expected import Seen, read_expected, shows_in_answer, shows_in_stage

FOLDER = load("polytech_tp5_6").folder
RECORDS = {
    "examination": {
        "layers": [
            {"name": "conv1", "kind": "conv", "options": {"padding": 0}},
            {"name": "relu1", "kind": "relu", "options": {}},
            {"name": "pool1", "kind": "max_pool", "options": {}},
        ],
        "flags": ["frozen_parameters"],
    },
    "recipe": {"optimisation": {"groups": [{"options": {"momentum": 0.5}}]}},
    "match": {"outcome": "missing"},
}


def test_every_expected_file_is_read() -> None:
    """Every faulty work's file fits the format, down to its last key."""
    for folder in sorted((FOLDER / "faulty").iterdir()):
        expected = read_expected(folder)
        assert expected.static
        assert expected.quick
        assert all(seen.stage or seen.answer for seen in expected.seen_in), folder.name


def test_losses_are_points_with_an_outcome() -> None:
    """A wrong architecture costs half of Q15 once, and frozen weights are left to a person."""
    assert read_expected(FOLDER / "faulty" / "padding_0").static["Q15"].lost == 0.875
    assert read_expected(FOLDER / "faulty" / "frozen_pretrained").quick["Q15"].outcome is Outcome.MANUAL


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    """A misspelt key is an error, not a fault that nobody looks for."""
    text = (FOLDER / "faulty" / "padding_0" / "expected.toml").read_text(encoding="utf-8")
    (tmp_path / "expected.toml").write_text(text.replace("record = ", "recrod = "), encoding="utf-8")
    with pytest.raises(msgspec.ValidationError):
        read_expected(tmp_path)


@pytest.mark.parametrize(
    ("record", "shown"),
    [
        ({"record": "examination.layers.conv1.options.padding", "value": 0}, True),
        ({"record": "examination.layers.conv1.options.padding", "value": 2}, False),
        ({"record": "examination.layers.conv9.options.padding", "value": 0}, False),
        ({"record": "recipe.optimisation.groups.0.options.momentum", "value": 0.5}, True),
        ({"record": "recipe.optimisation.groups.4.options.momentum", "value": 0.5}, False),
        ({"record": "match.outcome", "value": "missing"}, True),
        ({"record": "examination.layers.*.name", "value": ["conv1", "relu1", "pool1"]}, True),
        ({"record": "examination.layers.*.kind", "holds": ["conv", "relu"]}, True),
        ({"record": "examination.layers.*.kind", "holds": ["conv", "max_pool"]}, False),
        ({"record": "examination.flags", "holds": ["frozen_parameters"]}, True),
        ({"record": "examination.flags", "holds": ["fixed_batch_size"]}, False),
        ({"record": "examination.flags", "holds": []}, False),
        ({"record": "examination.nothing", "holds": ["conv"]}, False),
    ],
)
def test_a_fault_shows_in_the_record_that_holds_it(record: dict[str, Any], shown: bool) -> None:
    """Paths enter records by name, position or element; a path that leads nowhere shows nothing."""
    seen = msgspec.convert({"stage": "baseline", **record}, Seen)
    assert shows_in_stage(seen, RECORDS) is shown


def test_records_are_taken_as_they_are() -> None:
    """The grader's own records are looked into like their JSON: their tuples are lists."""
    examination = Examination(run="e1.1", agrees=True, flags=("fixed_batch_size",))
    seen = Seen(stage="baseline", record="examination.flags", holds=("fixed_batch_size",))
    assert shows_in_stage(seen, {"examination": examination})


def test_a_fault_shows_in_the_answer_that_holds_it() -> None:
    """Text is compared whatever its line breaks; a state is compared alone."""
    wrong = Seen(answer="Q11", holds="1 181 160")
    assert shows_in_answer(wrong, "Total : 1\n181 160 poids", "found")
    assert not shows_in_answer(wrong, "Total : 1 191 170 poids", "found")
    assert shows_in_answer(Seen(answer="Q1", state="template"), "", "template")
    assert not shows_in_answer(Seen(answer="Q1", state="template"), "", "found")
