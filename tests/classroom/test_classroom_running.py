"""What a run gives to its executor: only what can be graded, and nothing twice."""

from pathlib import Path

import pytest

from grader.classroom.executors import Ended, Job, Resources
from grader.classroom.locks import only_run
from grader.classroom.progress import Progress
from grader.classroom.running import Graded, grade_class
from grader.classroom.settings import ClassOptions
from grader.errors import UsageError
from grader.records import write_record
from grader.text import Text

pytestmark = pytest.mark.sandbox


class Failing:
    """An executor on which everything fails, and which remembers what it was given."""

    name = "failing"

    def __init__(self) -> None:
        self.given: list[Job] = []
        self._ended: list[Ended] = []

    def fits(self, resources: Resources) -> bool:
        """One at a time."""
        return not self._ended

    def submit(self, job: Job) -> None:
        """Fail."""
        self.given.append(job)
        self._ended.append(Ended(id=job.id, how="failed", detail="broken"))

    def wait(self, timeout_s: float) -> list[Ended]:
        """Return the failure."""
        ended, self._ended = self._ended, []
        return ended

    def close(self) -> None:
        """Nothing runs."""


class Listening:
    """Keeps what was said."""

    def __init__(self) -> None:
        self.said: list[Text] = []

    def note(self, text: Text) -> None:
        """Keep it."""
        self.said.append(text)

    def update(self, state: Progress) -> None:
        """Show nothing."""


def run(
    tmp_path: Path, *, retry: bool = False, anonymous: bool = False, only: tuple[str, ...] = ()
) -> tuple[Graded, list[str], list[Text]]:
    """Grade a list in which one handed in nothing, one file is not there, one folder is empty, two have one name."""
    (tmp_path / "there").mkdir(exist_ok=True)
    (tmp_path / "empty" / "code").mkdir(parents=True, exist_ok=True)
    (tmp_path / "there" / "answers.md").write_text("Q1\n", encoding="utf-8")
    rows = "a;Ann;there\nb;Bob;\nc;Ann;none\nd;Dan;empty\ne;Eve;there\n"
    (tmp_path / "class.csv").write_text(f"id;name;path\n{rows}", encoding="utf-8")
    executor, listening = Failing(), Listening()
    options = ClassOptions(
        source=tmp_path / "class.csv", out=tmp_path / "out", assignment="polytech_tp5_6", budget="static",
        data="synthetic", retry_errors=retry, anonymous=anonymous, only=only,
    )  # fmt: skip
    graded = grade_class(options, listening, executor)
    return graded, [job.id for job in executor.given], listening.said


def test_what_fails_is_tried_twice_and_again_only_when_asked(tmp_path: Path) -> None:
    """Two tries, then none in the next run, then two with --retry-errors."""
    twice = ["watch a", "watch a", "watch e", "watch e"]
    assert run(tmp_path)[1] == twice
    assert run(tmp_path)[1] == []
    assert run(tmp_path, retry=True)[1] == twice


def test_one_hand_in_alone_is_graded_when_it_is_named(tmp_path: Path) -> None:
    """--only leaves the others as they are; a name that is not of the class is refused with a sentence."""
    assert run(tmp_path, only=("e",))[1] == ["watch e", "watch e"]
    with pytest.raises(UsageError, match="Unknown hand-ins: zoe"):
        run(tmp_path, only=("a", "zoe"))
    assert run(tmp_path)[1] == ["watch a", "watch a"]


def test_marks_are_told_once_in_a_run(tmp_path: Path) -> None:
    """Also where every hand-in fails: the tables are written, and say so."""
    told: list[Graded] = []
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "answers.md").write_text("Q1\n", encoding="utf-8")
    options = ClassOptions(
        source=tmp_path, out=tmp_path / "out", assignment="polytech_tp5_6", budget="static", data="synthetic"
    )
    grade_class(options, Listening(), Failing(), marked=told.append)
    assert [[row.steps["watch"] for row in one.rows] for one in told] == [["failed"]]


class Succeeding(Failing):
    """An executor on which everything succeeds."""

    def submit(self, job: Job) -> None:
        """Succeed, and leave what a job that watches leaves."""
        self.given.append(job)
        self._ended.append(Ended(id=job.id, how="done"))
        if job.work["kind"] == "watch":
            write_record(Path(job.work["options"]["out"]) / "needs.json", {})


def test_what_broke_on_our_side_is_graded_again_when_errors_are_retried(tmp_path: Path) -> None:
    """It has a mark, and perhaps a wrong one: something of ours did not do its part."""
    for name in ("ann", "bob"):
        (tmp_path / "class" / name).mkdir(parents=True)
        (tmp_path / "class" / name / "answers.md").write_text("Q1\n", encoding="utf-8")

    def given(*, retry: bool) -> list[str]:
        executor = Succeeding()
        options = ClassOptions(
            source=tmp_path / "class", out=tmp_path / "out", assignment="polytech_tp5_6", budget="static",
            data="synthetic", retry_errors=retry,
        )  # fmt: skip
        grade_class(options, Listening(), executor)
        return [job.id for job in executor.given]

    assert "watch ann" in given(retry=False)
    (tmp_path / "out" / "students" / "bob" / "fault.log").write_text("Traceback", encoding="utf-8")
    assert given(retry=False) == []
    assert given(retry=True) == ["watch bob", "judge bob", "report bob"]


def test_a_second_run_at_the_same_time_is_refused(tmp_path: Path) -> None:
    """Two runs on one folder would grade everything twice."""
    with only_run(tmp_path / "out"), pytest.raises(UsageError, match="Another run"):
        run(tmp_path)


def test_where_nothing_was_handed_in_nothing_is_ever_graded(tmp_path: Path) -> None:
    """An empty path must not become the working directory, whatever is retried; each row says why."""
    run(tmp_path)
    graded, given, _ = run(tmp_path, retry=True)
    assert not any(job.endswith((" b", " c", " d")) for job in given)
    notes = {row.hand_in.id: row.note.en for row in graded.rows if row.note}
    assert (
        "Nothing was handed in" in notes["b"] and "does not exist" in notes["c"] and "our fault" in notes["a"]
    )
    assert notes["d"] == notes["b"]


def test_an_anonymous_run_says_no_name(tmp_path: Path) -> None:
    """What is noticed about people is told, unless nobody is to be named."""
    assert any("Ann" in text.en for text in run(tmp_path)[2])
    assert not any("Ann" in text.en for text in run(tmp_path, anonymous=True)[2])


def test_pseudonyms_do_not_follow_the_alphabet(tmp_path: Path) -> None:
    """They stay the same from run to run and come from a digest."""
    first, second = ({row.hand_in.id: row.pseudonym for row in run(tmp_path)[0].rows} for _ in range(2))
    assert first == second and len(set(first.values())) == 5
