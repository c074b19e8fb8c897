"""Several runs that may stand for one stage: the right one is judged, whatever else was tried."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from grader import courseworks
from grader.model import Outcome, Result
from grader.pipeline import Options, assess

pytestmark = pytest.mark.slow
SOLUTION = courseworks.load("polytech_tp5_6").folder / "solution"
DEVIATIONS = "[0.202, 0.199, 0.201]"


@pytest.fixture
def with_a_variant(tmp_path: Path) -> Path:
    """Two stages as the sheet asks, and a longer script, last by name, that tries another normalisation."""
    work = tmp_path / "work"
    work.mkdir()
    for name in ("etape1_base.py", "etape2_normalisation.py", "apprentissage.py", "donnees.py", "reseau.py"):
        shutil.copy(SOLUTION / name, work / name)
    data = (work / "donnees.py").read_text(encoding="utf-8")
    assert DEVIATIONS in data
    (work / "donnees_bonus.py").write_text(data.replace(DEVIATIONS, "[0.5, 0.5, 0.5]"), encoding="utf-8")
    script = (work / "etape2_normalisation.py").read_text(encoding="utf-8")
    script = script.replace("from donnees import", "from donnees_bonus import").replace("0.1, 30", "0.1, 60")
    (work / "etape2_z_question_21.py").write_text(script, encoding="utf-8")
    return work


def judged(work: Path, out: Path) -> Result:
    """Return the result of watching and checking alone."""
    return assess(Options(submission=work, out=out, budget="static", sandbox="none"))


def test_a_variant_that_a_question_invites_to_takes_no_stage_from_the_right_script(
    with_a_variant: Path, tmp_path: Path
) -> None:
    """Question 21 asks for other normalisations: 3.1 is judged on the script with the sheet's own."""
    result = judged(with_a_variant, tmp_path / "out")
    (row,) = [one for one in result.stages if one.stage == "normalization"]
    assert row.match.run is not None and "etape2_normalisation.py" in row.match.reason.en
    assert not [one for one in result.verdicts if one.item == "3.1" and one.outcome is Outcome.FAILED]


def test_a_variant_alone_is_judged_as_it_is(with_a_variant: Path, tmp_path: Path) -> None:
    """Where only the variant was handed in, its constants are not the sheet's, and it is said so."""
    (with_a_variant / "etape2_normalisation.py").unlink()
    result = judged(with_a_variant, tmp_path / "out")
    assert [one for one in result.verdicts if one.item == "3.1" and one.outcome is Outcome.FAILED]
