"""The way through: what a run leaves, what it can take up again, and what our own faults may not cost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from grader import courseworks
from grader.errors import UsageError
from grader.model import Outcome, Result
from grader.pipeline import Options, assess, grade, render_again, rescore

LEFT = (
    "submission.json", "recordings/recordings.json", "stages.json", "answers.json", "stage_results.json",
    "conditions.json", "verdicts.json", "result.json", "run.json",
)  # fmt: skip


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A hand-in of answers alone: two right ones, one wrong one."""
    work = tmp_path / "work"
    work.mkdir()
    (work / "answers.md").write_text(
        "Auteurs : Ada Exemple\n\n## Q8\n\nPadding 2, stride 1.\n\n## Q9\n\nPadding 1, stride 1.\n\n"
        "## Q11\n\nTotal : 1 191 170 poids.\n",
        encoding="utf-8",
    )
    return work


def options(work: Path, out: Path, **more: object) -> Options:
    return Options(submission=work, out=out, budget="static", sandbox="none", **more)  # type: ignore[arg-type]


def points(result: Result) -> dict[str, float | None]:
    return {mark.item: mark.points for mark in result.marks}


def test_every_step_leaves_its_file(written: Path, tmp_path: Path) -> None:
    """After a run all that the documentation names lies under OUT."""
    assess(options(written, tmp_path / "out"))
    assert [name for name in LEFT if not (tmp_path / "out" / name).is_file()] == []


def test_equal_hand_ins_give_equal_bytes(written: Path, tmp_path: Path) -> None:
    """Two runs of the same files write the same result.json."""
    for out in ("one", "two"):
        assess(options(written, tmp_path / out))
    assert (tmp_path / "one/result.json").read_bytes() == (tmp_path / "two/result.json").read_bytes()


def test_answers_alone_are_graded_and_programs_wait_for_a_person(written: Path, tmp_path: Path) -> None:
    """Right answers earn their points, wrong ones lose theirs; a report without code leaves the stages open."""
    result = assess(options(written, tmp_path / "out"))
    marks = {mark.item: mark for mark in result.marks}
    assert (marks["Q8"].points, marks["Q8"].outcome) == (0.25, Outcome.PASSED)
    assert (marks["Q9"].points, marks["Q9"].outcome) == (0.0, Outcome.FAILED)
    assert (marks["Q15"].points, marks["Q15"].outcome) == (None, Outcome.BLOCKED)
    assert result.submission.authors == ("Ada Exemple",)


def test_rescoring_changes_nothing_but_what_the_scheme_says(written: Path, tmp_path: Path) -> None:
    """`rescore` gives the same bytes; with another scheme only the points of the items it names differ."""
    out = tmp_path / "out"
    before = assess(options(written, out))
    kept = (out / "result.json").read_bytes()
    assert rescore(out).exit_code == 0
    assert (out / "result.json").read_bytes() == kept
    (tmp_path / "scheme.toml").write_text("[points]\nQ8 = 4\n")
    after = points(rescore(out, scheme=tmp_path / "scheme.toml").result)
    assert {item: got for item, got in after.items() if got != points(before)[item]} == {"Q8": 4.0}


def test_marking_again_keeps_the_log_that_notes_point_to(written: Path, tmp_path: Path) -> None:
    """What broke when the work was watched stays in fault.log; only `grade` begins it anew."""
    out = tmp_path / "out"
    assess(options(written, out))
    (out / "fault.log").write_text("what broke\n")
    rescore(out)
    assert (out / "fault.log").read_text() == "what broke\n"
    assess(options(written, out))
    assert not (out / "fault.log").exists()


def test_a_broken_check_is_our_fault_and_costs_nothing(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a coursework's checks cannot be loaded, automatic items stay open, exit code 1, and a note says so."""
    copy = tmp_path / "reference" / "polytech_tp5_6"
    shutil.copytree(
        courseworks.load("polytech_tp5_6").folder, copy, ignore=shutil.ignore_patterns("faulty", "variants")
    )
    (copy / "checks.py").write_text("import no_such_module\n")
    (copy / "answer_checks.py").write_text("raise RuntimeError\n")
    monkeypatch.setenv("GRADER_REFERENCE", str(tmp_path / "reference"))
    graded = grade(options(written, tmp_path / "out"))
    marks = {mark.item: mark for mark in graded.result.marks}
    assert graded.exit_code == 1
    assert (marks["Q8"].outcome, marks["Q8"].points, marks["Q8"].open) == (Outcome.ERROR, None, 0.25)


def test_a_damaged_file_of_an_earlier_run_is_not_believed(written: Path, tmp_path: Path) -> None:
    """A torn recordings.json is recorded again by `grade`, and refused by `rescore` with what to do."""
    out = tmp_path / "out"
    assess(options(written, out))
    kept = (out / "result.json").read_bytes()
    (out / "recordings" / "recordings.json").write_text('{"recordings": [')
    with pytest.raises(UsageError, match="run grade again"):
        rescore(out)
    assess(options(written, out))
    assert (out / "result.json").read_bytes() == kept


@pytest.mark.slow
def test_a_report_is_written_again_in_another_language(written: Path, tmp_path: Path) -> None:
    """`render_again` leaves result.json as it is and writes the other language's report."""
    out = tmp_path / "out"
    assert grade(options(written, out)).report is not None
    kept = (out / "result.json").read_bytes()
    assert render_again(out, language="en").report is not None
    assert "Grading report" in (out / "report.html").read_text(encoding="utf-8")
    assert (out / "result.json").read_bytes() == kept
