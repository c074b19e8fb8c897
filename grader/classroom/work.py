"""One job of a class, in a process of its own: `python -m grader.classroom.work`, the work as JSON on its input.

Work is a record with `kind` and what that needs. Findings are files in the hand-ins' own folders; standard error
carries a sentence for the instructor where the job fails, and the exit code says that it did.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from grader.classroom.locks import only_job
from grader.errors import GraderError
from grader.pipeline import Options, many, render_again
from grader.records import write_record
from grader.text import Text
from reports import Renderer

FAILURE = "failure.json"
"""Why the last job on a hand-in failed, where its own contents are why."""

FAULTS = "fault.log"
"""What broke on our side while the hand-in was graded; written by the steps themselves."""
REPORTS = ("report.pdf", "report.html")


class WatchWork(msgspec.Struct, frozen=True, kw_only=True, tag="watch", tag_field="kind"):
    """Watch one hand-in and name the trainings that it needs."""

    options: dict[str, Any]


class TrainWork(msgspec.Struct, frozen=True, kw_only=True, tag="train", tag_field="kind"):
    """Train what one stage of a watched hand-in needs; whoever else needs the same finds it in the cache."""

    options: dict[str, Any]
    stage: str


class JudgeWork(msgspec.Struct, frozen=True, kw_only=True, tag="judge", tag_field="kind"):
    """Check and mark several hand-ins."""

    options: list[dict[str, Any]]
    again: bool = False


class ReportWork(msgspec.Struct, frozen=True, kw_only=True, tag="report", tag_field="kind"):
    """Write the reports of several hand-ins."""

    options: list[dict[str, Any]]


Work = WatchWork | TrainWork | JudgeWork | ReportWork


def do(work: Work) -> None:
    """Carry `work` out; raises what the steps of the pipeline raise."""
    match work:
        case WatchWork():
            options = _options(work.options)
            with only_job(options.out), _refusals(options.out):
                write_record(options.out / "needs.json", many.watch(options))
        case TrainWork():
            many.train_stage(_options(work.options), work.stage)
        case JudgeWork():
            several = [_options(one) for one in work.options]
            with contextlib.ExitStack() as stack:
                for options in several:
                    stack.enter_context(only_job(options.out))
                    _withdraw_reports(options.out)
                many.judge_many(several, again=work.again)
        case ReportWork():
            with Renderer(several=True) as renderer:
                for options in map(_options, work.options):
                    with only_job(options.out):
                        graded = render_again(options.out, language=options.language, renderer=renderer)
                    if graded.report is None:
                        raise RuntimeError("; ".join(note.en for note in graded.notes) or "no report")


def _withdraw_reports(out: Path) -> None:
    """Remove the reports of `out`: what they say is about to be decided anew, and nobody may be sent the old marks."""
    for name in REPORTS:
        (out / name).unlink(missing_ok=True)


def _options(given: dict[str, Any]) -> Options:
    """Return the options that `given`, as JSON, names; paths are absolute."""
    paths = {
        name: Path(given[name]) for name in ("submission", "out", "scheme", "overrides") if given.get(name)
    }
    return Options(**{**given, **paths})


@contextlib.contextmanager
def _refusals(out: Path) -> Iterator[None]:
    """Write down why a hand-in itself cannot be graded: that is an outcome, not a fault."""
    for name in (FAILURE, FAULTS):
        (out / name).unlink(missing_ok=True)
    try:
        yield
    except GraderError as error:
        write_record(out / FAILURE, error.text)
        raise


def failure(out: Path) -> Text | None:
    """Return why the hand-in of `out` could not be graded, None where nothing is known against it."""
    try:
        return msgspec.json.decode((out / FAILURE).read_bytes(), type=Text)
    except (OSError, msgspec.DecodeError):
        return None


def _die_with_parent() -> None:
    """Have the kernel end this process when the one that started it is gone, where it can."""
    with contextlib.suppress(OSError, AttributeError):
        import ctypes
        import signal

        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)
        if os.getppid() == 1:
            os._exit(1)


def main(run: Callable[[Work], None] = do) -> int:
    """Do the work given on standard input and say how many core-seconds it took; return 0 when it was done."""
    _die_with_parent()
    try:
        return _carried_out(run)
    finally:
        spent = os.times()
        print(round(spent.user + spent.system + spent.children_user + spent.children_system, 2))


def _carried_out(run: Callable[[Work], None]) -> int:
    work = msgspec.json.decode(sys.stdin.buffer.read(), type=Work)
    try:
        run(work)
    except GraderError as error:
        print(error.text.en, file=sys.stderr)
        return error.exit_code
    except Exception:  # noqa: BLE001 - whatever breaks is told to the instructor, and costs this job alone
        traceback.print_exc(limit=-6)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
