"""`grade inspect`: what the grader sees, each thing once."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.cli.main import main


def test_what_holds_for_many_questions_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A report that cannot be read and a hand-in without programs are one line each, with all that they concern."""
    hand_in = tmp_path / "hand_in"
    hand_in.mkdir()
    (hand_in / "rapport.odt").write_bytes(b"PK no document")
    (hand_in / "answers.md").write_text("## Q1\n\n(W - F + 2 P) / S + 1\n", encoding="utf-8")
    assert main(["inspect", str(hand_in), "--lang", "en", "--sandbox", "none"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.count("rapport.odt could not be read") == 1 and "Q2, Q3, Q4" in shown
    assert shown.count("The hand-in holds no Python file.") == 3, "by stage, by question, and as the cause"
    assert shown.count("–") == 1, "one line for all stages"
