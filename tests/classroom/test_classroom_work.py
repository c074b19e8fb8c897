"""One job in a process of its own: it leaves files, keeps what is known of faults, and withdraws old reports."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from grader.classroom.work import FAULTS, REPORTS, Work, do, failure
from grader.errors import SubmissionError
from grader.records import read_record


def work(kind: str, options: Any, **more: object) -> Work:
    """Return the job as it comes over standard input."""
    return msgspec.json.decode(msgspec.json.encode({"kind": kind, "options": options, **more}), type=Work)


def options(folder: Path) -> dict[str, Any]:
    """Return how the hand-in in `folder` is graded."""
    return {
        "submission": str(folder / "work"), "out": str(folder / "out"), "assignment": "polytech_tp5_6",
        "budget": "static", "data": "synthetic", "sandbox": "none", "workers": 1,
    }  # fmt: skip


def test_an_empty_hand_in_is_told_and_no_fault_of_ours(tmp_path: Path) -> None:
    """Why it cannot be graded lies in its folder, until it can."""
    (tmp_path / "work").mkdir()
    with pytest.raises(SubmissionError):
        do(work("watch", options(tmp_path)))
    told = failure(tmp_path / "out")
    assert told is not None and "empty" in told.en
    (tmp_path / "work" / "answers.md").write_text("## Q8\n\nPadding 2.\n", encoding="utf-8")
    do(work("watch", options(tmp_path)))
    assert failure(tmp_path / "out") is None
    assert read_record(tmp_path / "out" / "needs.json", dict[str, str]) == {}


def test_marks_made_anew_withdraw_reports_and_keep_what_broke(tmp_path: Path) -> None:
    """No report tells old marks; what broke while watching is known until the hand-in is watched again."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "answers.md").write_text("## Q8\n\nPadding 2.\n", encoding="utf-8")
    do(work("watch", options(tmp_path)))
    for name in (*REPORTS, FAULTS):
        (tmp_path / "out" / name).write_text("old", encoding="utf-8")
    do(work("judge", [options(tmp_path)]))
    left = {path.name for path in (tmp_path / "out").iterdir()}
    assert not left & set(REPORTS) and {"result.json", FAULTS} <= left
    do(work("watch", options(tmp_path)))
    assert not (tmp_path / "out" / FAULTS).exists()
