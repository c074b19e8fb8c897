"""The register keeps every state of a class, whatever ends the run that wrote it."""

import sqlite3
from pathlib import Path

import pytest

from grader.classroom.handin import HandIn
from grader.classroom.register import Register
from grader.errors import UsageError
from grader.text import Text


def hand_in(key: str) -> HandIn:
    """Return a hand-in called `key`."""
    return HandIn(id=key, name=key.title(), path=f"/tmp/{key}")


def test_what_ran_when_a_run_died_waits_again(tmp_path: Path) -> None:
    """Finished steps stay finished; running ones are waiting for the next run."""
    with Register(tmp_path / "class.sqlite") as register:
        register.enrol([(hand_in("a"), "1"), (hand_in("b"), "1")])
        register.begin("a", "watch")
        register.end("a", "watch", "done", seconds=3.0)
        register.begin("b", "watch")
        register.set_needs("a", {"base": "k1", "norm": "k2"})
        register.begin_training("k1")
    with Register(tmp_path / "class.sqlite") as register:
        a, b = register.rows()
        assert (a.steps["watch"], b.steps["watch"], register.tries("b", "watch")) == ("done", "waiting", 1)
        assert register.trainings() == {"k1": "waiting", "k2": "waiting"}


def test_a_new_attempt_starts_that_one_again_and_no_other(tmp_path: Path) -> None:
    """Contents decide: the same ones change nothing, others undo what was done; pseudonyms never change."""
    with Register(tmp_path / "class.sqlite") as register:
        assert register.enrol([(hand_in("a"), "1"), (hand_in("b"), "1")]) == ("a", "b")
        for key in ("a", "b"):
            for step in ("watch", "judge", "report"):
                register.end(key, step, "done")
        names = {row.hand_in.id: row.pseudonym for row in register.rows()}
        assert register.enrol([(hand_in("b"), "2"), (hand_in("a"), "1")]) == ("b",)
        steps = {row.hand_in.id: set(row.steps.values()) for row in register.rows()}
        assert steps == {"a": {"done"}, "b": {"waiting"}}
        assert {row.hand_in.id: row.pseudonym for row in register.rows()} == names


def test_trainings_are_counted_once_for_the_class(tmp_path: Path) -> None:
    """Two students with one recipe need one training."""
    with Register(tmp_path / "class.sqlite") as register:
        register.enrol([(hand_in("a"), "1"), (hand_in("b"), "1")])
        register.set_needs("a", {"base": "k1", "norm": "k2"})
        register.set_needs("b", {"base": "k1"})
        assert register.sharing() == (3, 2)
        register.end_training("k1", "failed", note=Text(fr="non", en="no"))
        register.end("a", "judge", "failed", note=Text(fr="non", en="no"))
        assert register.rows()[0].note == Text(fr="non", en="no")
        assert register.retry_failed() == ("a", "b")
        assert register.trainings() == {"k1": "waiting", "k2": "waiting"}


def test_whoever_needed_a_training_that_failed_is_judged_with_the_new_one(tmp_path: Path) -> None:
    """To try a training again and leave the marks as they were would help nobody."""
    with Register(tmp_path / "class.sqlite") as register:
        register.enrol([(hand_in("a"), "1"), (hand_in("b"), "1")])
        register.set_needs("a", {"base": "k1"})
        register.end_training("k1", "failed")
        for step in ("watch", "judge", "report"):
            register.end("a", step, "done")
        assert register.retry_failed() == ("a",)
        steps = register.rows()[0].steps
        assert steps == {"watch": "done", "judge": "waiting", "report": "waiting"}
        assert not register.to_mark_again()


def test_a_run_killed_while_marking_again_goes_on_marking_again(tmp_path: Path) -> None:
    """What was found is remembered until the hand-in is watched anew, however often the register is opened."""
    with Register(tmp_path / "class.sqlite") as register:
        register.enrol([(hand_in("a"), "1"), (hand_in("b"), "1")])
        for key in ("a", "b"):
            for step in ("watch", "judge", "report"):
                register.end(key, step, "done")
    with Register(tmp_path / "class.sqlite") as register:
        register.reset(["a", "b"], "judge")
        register.begin("a", "judge")
    with Register(tmp_path / "class.sqlite") as register:
        assert register.to_mark_again() == {"a", "b"}
        register.enrol([(hand_in("a"), "1"), (hand_in("b"), "2")])
        assert register.to_mark_again() == {"a"}


def test_foreign_and_damaged_files_are_refused_with_a_sentence(tmp_path: Path) -> None:
    """Neither text nor a register of another format is written over."""
    (tmp_path / "text").write_text("no database at all, " * 100)
    other = sqlite3.connect(tmp_path / "other")
    other.execute("CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT)")
    other.execute("INSERT INTO setting VALUES ('format', '99')")
    other.commit()
    for name in ("text", "other"):
        with pytest.raises(UsageError):
            Register(tmp_path / name)
