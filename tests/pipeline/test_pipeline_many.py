"""Many hand-ins marked together come out as each would alone, and marked again they cost no check that need not run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from grader import courseworks
from grader.model import Recordings, Result, SandboxRecord, Seen, StageResult, Verdict
from grader.model.result import Answers
from grader.pipeline import Options, Silent, assess, many, standing_verdicts
from grader.pipeline.kept import Found
from grader.pipeline.rebanding import with_bands_of_today
from grader.pipeline.session import begin
from grader.records import read_record, write_record
from grader.text import Text

SAMPLE = Path(__file__).resolve().parents[2] / "reports" / "sample" / "result.json"
MARK = Text(fr="gardé", en="kept")


def graded(folder: Path) -> Options:
    """Return how the hand-in in `folder` is graded."""
    return Options(submission=folder / "work", out=folder / "out", budget="static", sandbox="none")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hand-ins of two answers, watched and judged together."""
    room = tmp_path_factory.mktemp("many")
    for name, q8 in (("a", "Padding 2, stride 1."), ("b", "Padding 3.")):
        (room / name / "work").mkdir(parents=True)
        text = f"## Q8\n\n{q8}\n\n## Q9\n\nPadding 1, stride 1.\n"
        (room / name / "work" / "answers.md").write_text(text, encoding="utf-8")
        assert many.watch(graded(room / name)) == {}
    many.judge_many([graded(room / name) for name in ("a", "b")])
    return room


@pytest.fixture
def two(made: Path, tmp_path: Path) -> list[Options]:
    """Those two, to be graded again."""
    shutil.copytree(made, tmp_path / "two")
    return [graded(tmp_path / "two" / name) for name in ("a", "b")]


def marked(options: Options) -> None:
    """Put a word of our own into the verdicts that lie there, as if the checks had said it."""
    path = options.out / "verdicts.json"
    verdicts = read_record(path, tuple[Verdict, ...])
    write_record(path, tuple(msgspec.structs.replace(one, message=MARK) for one in verdicts))


def said(options: Options) -> set[Text]:
    """Return what the verdicts of the result say."""
    return {one.message for one in read_record(options.out / "result.json", Result).verdicts}


def test_together_they_get_what_each_gets_alone(two: list[Options]) -> None:
    """The same bytes by the way of one hand-in and by that of many."""
    for options in two:
        alone = options.out.parent / "alone"
        assess(Options(submission=options.submission, out=alone, budget="static", sandbox="none"))
        assert (alone / "result.json").read_bytes() == (options.out / "result.json").read_bytes()


def test_other_points_run_no_check(two: list[Options], tmp_path: Path) -> None:
    """Verdicts stand where neither checks nor evidence changed; points follow the scheme all the same."""
    marked(two[0])
    standing_verdicts.note(begin(two[0], Silent()))
    (tmp_path / "scheme.toml").write_text("[points]\nQ8 = 4\n", encoding="utf-8")
    again = Options(
        submission=two[0].submission, out=two[0].out, budget="static", sandbox="none",
        scheme=tmp_path / "scheme.toml",
    )  # fmt: skip
    many.judge_many([again], again=True)
    result = read_record(again.out / "result.json", Result)
    assert said(again) == {MARK} and {mark.points for mark in result.marks if mark.item == "Q8"} == {4.0}


def test_verdicts_that_somebody_else_wrote_do_not_stand(two: list[Options]) -> None:
    """Whatever changed the file since it was noted, the checks decide anew."""
    before = (two[0].out / "result.json").read_bytes()
    marked(two[0])
    many.judge_many(two, again=True)
    assert (two[0].out / "result.json").read_bytes() == before


@pytest.mark.parametrize("changed", ["answers.json", "rubric.toml", "answer_examples.jsonl"])
def test_where_evidence_or_rubric_changed_checks_run(
    two: list[Options], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    """A verdict holds for what it was given on, and for nothing else."""
    marked(two[0])
    standing_verdicts.note(begin(two[0], Silent()))
    if changed != "answers.json":
        copy = tmp_path / "reference" / "polytech_tp5_6"
        without = shutil.ignore_patterns("faulty", "variants", "solution")
        shutil.copytree(courseworks.load("polytech_tp5_6").folder, copy, ignore=without)
        with (copy / changed).open("a", encoding="utf-8") as file:
            file.write("\n")
        monkeypatch.setenv("GRADER_REFERENCE", str(tmp_path / "reference"))
    else:
        path = two[0].out / changed
        path.write_bytes(path.read_bytes() + b"\n")
    many.judge_many(two, again=True)
    assert MARK not in said(two[0])


def test_what_broke_on_our_side_is_checked_again(two: list[Options]) -> None:
    """An error of ours is no verdict to keep."""
    path = two[0].out / "verdicts.json"
    verdicts = json.loads(path.read_bytes())
    path.write_text(json.dumps([{**one, "outcome": "error"} for one in verdicts]), encoding="utf-8")
    standing_verdicts.note(begin(two[0], Silent()))
    many.judge_many(two, again=True)
    kept = read_record(two[0].out / "result.json", Result)
    assert not any(one.outcome == "error" for one in kept.verdicts)


def judged(tmp_path: Path, change: Any) -> dict[str, StageResult]:
    """Return the example's stages held against bands in which `change` was made to each stage's accuracies."""
    result = read_record(SAMPLE, Result)
    copy = tmp_path / "reference" / "polytech_tp5_6"
    without = shutil.ignore_patterns("faulty", "variants", "solution")
    shutil.copytree(courseworks.load("polytech_tp5_6").folder, copy, ignore=without)
    bands = json.loads((copy / "bands.json").read_bytes())
    for measurement in bands["measurements"]:
        for stage in measurement["stages"].values():
            stage["accuracies"] = [change(one) for one in stage["accuracies"]]
    (copy / "bands.json").write_text(json.dumps(bands), encoding="utf-8")
    options = Options(submission=tmp_path, out=tmp_path / "out", budget="static", sandbox="none")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_REFERENCE", str(tmp_path / "reference"))
        session = begin(options, Silent())
    found = Found(
        submission=result.submission,
        recordings=Recordings(sandbox=SandboxRecord(backend="none", mechanisms=())),
        matches=tuple(stage.match for stage in result.stages),
        answers=Answers(),
        seen=Seen(),
        stages=result.stages,
        conditions=result.conditions,
    )
    return {stage.stage: stage for stage in with_bands_of_today(session, found).stages}


def test_the_same_bands_change_nothing(tmp_path: Path) -> None:
    """A class marked again after a change of something else keeps every judgement."""
    before = {stage.stage: stage.judgement for stage in read_record(SAMPLE, Result).stages}
    after = judged(tmp_path, lambda one: one)
    trained = [name for name, stage in after.items() if stage.training is not None]
    assert trained and all(after[name].judgement == before[name] for name in trained if name != "dropout")


def test_lower_bands_are_taken_up_without_training(tmp_path: Path) -> None:
    """What was within is above now; the band told is the new one; what was never trained stays as it is."""
    after = judged(tmp_path, lambda one: one / 3)
    assert after["normalization"].judgement == "above" and after["normalization"].band is not None
    assert after["normalization"].band.mean < 0.3
    assert after["batchnorm"].judgement == "not_run"


def test_higher_bands_leave_open_what_chance_may_explain(tmp_path: Path) -> None:
    """Just below the new band further looks would be due: until they are trained nothing is lost."""
    after = judged(tmp_path, lambda one: min(one + 0.09, 1.0))
    assert after["normalization"].judgement == "unfinished"
    assert judged(tmp_path / "far", lambda one: min(one + 0.18, 1.0))["augmentation"].judgement == "below"
