"""A person's decisions outlive every other run of the same hand-in."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.cli import main
from grader.model import Result
from grader.pipeline import Options, assess, rescore
from grader.records import read_record

ENTRY = '[[override]]\nquestion = "{}"\npoints = {}\nreason = "Vu en TP."\nauthor = "R. S."\ndate = 2026-05-17\n\n'


def options(work: Path, out: Path, **more: object) -> Options:
    return Options(submission=work, out=out, budget="static", sandbox="none", **more)  # type: ignore[arg-type]


def points(result: Result) -> dict[str, float | None]:
    return {mark.item: mark.points for mark in result.marks}


@pytest.mark.slow
def test_decisions_stay_through_other_runs_and_other_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`grade override` adds an entry (a comma will do), another run applies it, `--overrides` adds to it."""
    work, out = tmp_path / "work", tmp_path / "out"
    work.mkdir()
    (work / "answers.md").write_text("## Q9\n\nPadding 1, stride 1.\n", encoding="utf-8")
    (tmp_path / "scheme.toml").write_text("[points]\nQ3 = 2\n")
    assess(options(work, out, scheme=tmp_path / "scheme.toml"))

    arguments = [
        "override",
        str(out),
        "Q3",
        "1,5",
        "--reason",
        "Dit à l'oral.",
        "--author",
        "N. T.",
        "--json",
    ]
    assert main(arguments) == 0
    result = read_record(out / "result.json", Result)
    assert points(result)["Q3"] == 1.5
    assert {mark.maximum for mark in result.marks if mark.item == "Q3"} == {2.0}, (
        "the scheme of the run is kept"
    )
    assert main(["override", str(out), "Q3", "2.5", "--reason", "x"]) == 2
    kept = (out / "overrides.toml").read_bytes()

    more = tmp_path / "more.toml"
    more.write_text(ENTRY.format("Q9", 0.25) + ENTRY.format("Q3", 1.0), encoding="utf-8")
    for _ in range(2):
        after = rescore(out, overrides=more, scheme=tmp_path / "scheme.toml").result
        assert (points(after)["Q3"], points(after)["Q9"]) == (1.0, 0.25)
        assert [one.question for one in after.overrides] == ["Q3", "Q9", "Q3"]
    again = assess(options(work, out, scheme=tmp_path / "scheme.toml"))
    assert points(again) == points(after) and (out / "overrides.toml").read_bytes().startswith(kept)

    (out / "overrides.toml").write_text("[[override]]\nquestion = 7\n")
    capsys.readouterr()
    assert main(["rescore", str(out), "--lang", "en"]) == 2
    assert "overrides.toml, entry 1: missing field: points" in capsys.readouterr().err
