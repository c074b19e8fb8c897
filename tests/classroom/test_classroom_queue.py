"""What the queue gives first: marks before reports, and many to one process where little else is to be done."""

from pathlib import Path

from grader.classroom.handin import HandIn
from grader.classroom.queue import Queue
from grader.classroom.register import Register
from grader.classroom.settings import ClassOptions


def queue(register: Register, tmp_path: Path, count: int, *, reports: bool = True) -> Queue:
    """Return the queue of a class of `count` that was graded to the end and is to be marked again."""
    register.enrol((HandIn(id=f"s{n:04d}", name=f"s{n}", path="/x"), "1") for n in range(count))
    for n in range(count):
        for step in ("watch", "judge", "report"):
            register.end(f"s{n:04d}", step, "done")
    return marked_again(register, tmp_path, reports=reports)


def marked_again(register: Register, tmp_path: Path, *, reports: bool) -> Queue:
    """Return the queue after other points."""
    with Register(tmp_path / "class.sqlite") as opened:  # takes note of what was found
        opened.reset([row.hand_in.id for row in opened.rows()], "judge")
    options = ClassOptions(source=tmp_path, out=tmp_path, budget="static", reports=reports)
    return Queue(register, options, device="cpu", slots=2)


def worked_off(queue: Queue) -> list[tuple[str, int]]:
    """Do every job at once, in order; return the kind of each and how many hand-ins it took."""
    done = []
    while (job := next(queue.jobs(), None)) is not None:
        kind, *keys = job.id.split(" ")
        queue.begin(job)
        for key in keys:
            queue.mark(key, kind, "done")  # type: ignore[arg-type]
        done.append((kind, len(keys)))
    return done


def test_a_thousand_are_marked_again_in_a_few_processes_and_reports_follow(tmp_path: Path) -> None:
    """All marks first; starting processes is a small part of it; nothing is watched."""
    with Register(tmp_path / "class.sqlite") as register:
        done = worked_off(queue(register, tmp_path, 1000))
    judged = [count for kind, count in done if kind == "judge"]
    assert sum(judged) == 1000 and len(judged) <= 8 and max(judged) <= 250
    printed = [count for kind, count in done if kind == "report"]
    assert sum(printed) == 1000 and max(printed) <= 6
    assert [kind for kind, _ in done] == ["judge"] * len(judged) + ["report"] * len(printed)


def test_without_reports_marks_are_the_end(tmp_path: Path) -> None:
    """What is left for later is neither begun nor counted."""
    with Register(tmp_path / "class.sqlite") as register:
        found = queue(register, tmp_path, 30, reports=False)
        assert not found.marks_are_out() and "report" not in found.counts()
        assert {kind for kind, _ in worked_off(found)} == {"judge"}
        assert found.marks_are_out()


def test_a_batch_that_did_not_end_is_judged_one_by_one(tmp_path: Path) -> None:
    """Whichever of them ends the process costs no other its marks."""
    with Register(tmp_path / "class.sqlite") as register:
        found = queue(register, tmp_path, 3)
        (job, *_) = found.jobs()
        found.do_alone(job.id.split(" ")[1:])
        assert [count for kind, count in worked_off(found) if kind == "judge"] == [1, 1, 1]
