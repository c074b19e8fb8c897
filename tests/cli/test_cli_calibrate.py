"""Calibration from the command line: what it takes in, what it refuses, and that it watches the reference by itself."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from grader import courseworks
from grader.cli.calibrate import main, reference_recipes
from grader.model import Recipe
from grader.records import read_record, write_record
from grader.training.bands import Bands

COURSEWORK = courseworks.load("polytech_tp5_6")
COMMITTED = read_record(COURSEWORK.bands, Bands)


def test_measurements_of_elsewhere_are_taken_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A measurement under other conditions is added, one under the same conditions replaced; both are shown."""
    one = COMMITTED.measurements[0]
    other = msgspec.structs.replace(one, precision="other")
    again = msgspec.structs.replace(one, machine="another")
    for name, measurements in (("bands", (one,)), ("more", (other,)), ("again", (again,))):
        write_record(tmp_path / f"{name}.json", Bands(how="for the test", measurements=measurements))
    path = tmp_path / "bands.json"
    merge = [word for name in ("more", "again") for word in ("--merge", str(tmp_path / f"{name}.json"))]
    assert main(["--bands", str(path), *merge]) == 0
    assert read_record(path, Bands).measurements == (other, again)
    assert capsys.readouterr().out.count("batchnorm") == 2


def test_a_file_that_holds_no_bands_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, exit code 2, and the bands are left as they were."""
    (tmp_path / "other.json").write_text('{"nothing": 1}')
    path = tmp_path / "bands.json"
    assert main(["--bands", str(path), "--merge", str(tmp_path / "other.json")]) == 2
    assert "other.json" in capsys.readouterr().err
    assert not path.exists()


@pytest.mark.parametrize(
    "arguments", [["--budget", "static"], ["--budget", "vast"], ["--seeds", "1"], ["absent"]]
)
def test_what_cannot_be_calibrated_is_refused_before_anything_runs(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A budget that trains nothing or is unknown, too few seeds, a folder no run left: a sentence and exit code 2."""
    assert main(["--bands", str(tmp_path / "bands.json"), *arguments]) == 2
    assert len(capsys.readouterr().err.strip()) > 20
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.sandbox
def test_the_committed_recipes_are_those_of_the_reference_solution() -> None:
    """Watched again, it gives recipes.json: where this fails, `make calibrate` with --models writes the file anew."""
    assert reference_recipes(COURSEWORK) == read_record(COURSEWORK.recipes, dict[str, Recipe])
