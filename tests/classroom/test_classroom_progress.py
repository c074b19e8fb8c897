"""What is seen of a class while it runs: counts, what is shared, and how long it will still take."""

import pytest

from grader.classroom.progress import Progress
from grader.cli.class_view import LiveClass
from grader.text import Text


def state(**more: object) -> Progress:
    """Return how far a class of ten is, at the quick budget."""
    counts = {
        "watch": {"done": 5, "running": 2, "waiting": 3},
        "train": {"done": 1, "running": 1, "waiting": 8},
        "judge": {"waiting": 10},
        "report": {"waiting": 10},
    }
    given = {"counts": counts, "sharing": (30, 10), "running": (), "seconds": {}, "slots": 2, **more}
    return Progress(**given)  # type: ignore[arg-type]


def test_time_left_is_unknown_until_something_of_each_long_kind_ended() -> None:
    """Marks and reports are known beforehand; trainings that unwatched hand-ins will need are foreseen."""
    assert state().left_s is None
    assert state(seconds={"watch": 10.0}).left_s is None
    watch, train = 4 * 10.0, (8.5 + 5 * 10 / 5) * 20.0
    left = state(seconds={"watch": 10.0, "train": 20.0}).left_s
    assert left == pytest.approx((watch + train + 10 * 0.5 + 10 * 6.0) / 2)


def test_without_a_terminal_progress_is_a_plain_log(capsys: pytest.CaptureFixture[str]) -> None:
    """A line says how far each step is, how many trainings are shared, and the time left; notes are said once."""
    with LiveClass("en") as live:
        live.update(state(seconds={"watch": 10.0, "train": 20.0}))
        live.note(Text(fr="non", en="All marks are out."))
    said = " ".join(capsys.readouterr().err.split())
    assert "watch 5/10 · train 1/10 · mark 0/10 · reports 0/10" in said
    assert "30 stages to train, 10 trainings · about 3 min 58 s" in said and "All marks are out." in said


def test_a_class_that_is_done_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """The last line of a log is never a moment in the middle."""
    done = {"watch": {"done": 2}, "judge": {"done": 2}, "report": {"done": 1, "failed": 1}}
    with LiveClass("fr") as live:
        live.update(state(counts={"watch": {"running": 1, "waiting": 1}}))
        live.update(state(counts=done, sharing=(0, 0), seconds={"watch": 1.0}))
    said = capsys.readouterr().err
    assert "observer 2/2 · noter 2/2 · rapports 1/2 (✗ 1)" in said and "reste" not in said.splitlines()[-1]
