"""grade(): the steps in order. Each takes records, gives one, and leaves it on disk under OUT.

Nothing here knows a coursework, and no judgement is made here: see `grader.checking` for what is
right, `grader.marking` for what it is worth.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from grader import distribution
from grader.answers import read_answers
from grader.checking import Checker, Evidence
from grader.marking import Scheme, charge, mark
from grader.model import Result, Seen, Text, Verdict
from grader.pipeline import assembly, training_step
from grader.pipeline.faults import Faults
from grader.pipeline.kept import Found, Watched, load_found, load_result, save_found
from grader.pipeline.opinions import opinions
from grader.pipeline.options import Options
from grader.pipeline.own_training import train_rest
from grader.pipeline.progress import Progress, Silent
from grader.pipeline.recording_step import record_and_match
from grader.pipeline.seeing import see
from grader.pipeline.session import Session, begin
from grader.recording import remarks
from grader.records import write_record
from grader.submissions import open_submission
from grader.text import Language
from grader.training.data import default_cache
from reports import Renderer, render

_OPEN = Text(fr="Ouverture du travail rendu", en="Opening the hand-in")
_RECORD = Text(fr="Observation des programmes", en="Watching the programs")
_READ = Text(fr="Lecture des réponses", en="Reading the answers")
_TRAIN = Text(fr="Réentraînement", en="Training again")
_CHECK = Text(fr="Vérification", en="Checking")
_REPORT = Text(fr="Rapport", en="Report")


@dataclass(frozen=True, kw_only=True)
class Graded:
    """What a run ended with: the result, where it lies, and the exit code it deserves."""

    result: Result
    out: Path
    report: Path | None
    notes: tuple[Text, ...]
    exit_code: int


def grade(options: Options, progress: Progress | None = None) -> Graded:
    """Grade one hand-in and return its result; `result.json` exists as soon as a mark does.

    Raises UsageError, SubmissionError, DataError or CourseworkError before anything is graded, and
    SandboxUnavailable where isolation was asked for by name and cannot be had. What breaks on our side after
    that leaves its items undecided and the exit code 1.
    """
    session = begin(options, progress or Silent())
    with _early(session) as checker:
        found = find(session)
        save_found(options.out, found)
        # Programs keep all cores busy while they are watched, checks only one: now the renderer can get ready unfelt.
        with Renderer() as renderer:
            result = keep(session, judge(session, found, checker))
            with session.watch("report"):
                graded = _render(result, options.out, session.faults, session.progress, renderer=renderer)
    session.watch.write(options.out / "run.json")
    return graded


def assess(options: Options, progress: Progress | None = None) -> Result:
    """Do what `grade` does up to `result.json`, and no report: for whoever grades many."""
    session = begin(options, progress or Silent())
    found = find(session)
    save_found(options.out, found)
    result = keep(session, judge(session, found))
    session.watch.write(options.out / "run.json")
    return result


def keep(session: Session, result: Result) -> Result:
    """Write what was judged before anything is shown of it; return it."""
    write_record(session.options.out / "verdicts.json", result.verdicts)
    write_record(session.options.out / "result.json", result)
    return result


def rescore(
    out: Path,
    *,
    scheme: Path | Scheme | None = None,
    overrides: Path | None = None,
    judge_url: str | None = None,
    judge_model: str = "default",
    reveal: bool = False,
    language: Language | None = None,
) -> Graded:
    """Check and mark again what an earlier run left under `out`; nothing is recorded or trained."""
    kept = load_result(out)
    options = Options(
        submission=out,
        out=out,
        assignment=kept.assignment,
        language=language or kept.language,
        seed=kept.conditions.seed,
        budget="static",
        sandbox="none",
        scheme=scheme,
        overrides=overrides,
        judge_url=judge_url,
        judge_model=judge_model,
        reveal=reveal,
    )
    session = begin(options, Silent(), again=True)
    result = keep(session, judge(session, load_found(out)))
    return _render(result, out, session.faults, session.progress)


def render_again(out: Path, *, language: Language | None = None, renderer: Renderer | None = None) -> Graded:
    """Write the report of `out` again from its result.json, which stays as it is."""
    faults = Faults(out / "fault.log", again=True)
    return _render(load_result(out), out, faults, Silent(), language, renderer)


def find(session: Session) -> Found:
    """Return everything that can be known of the hand-in before it is judged."""
    return retrain(session, watch(session))


def watch(session: Session) -> Watched:
    """Return what the hand-in holds: its files, what its programs do, and its answers; nothing is trained."""
    assignment, options = session.assignment, session.options
    files, watch = options.out / "submission", session.watch

    session.progress.step(_OPEN)
    with watch("open"):
        submission = open_submission(options.submission, files, session.coursework.template)

    session.progress.step(_RECORD)
    with watch("record"):
        recordings, matches = record_and_match(session, submission, _RECORD)

    session.progress.step(_READ)
    with watch("read"):
        answers = session.faults.guard(
            _READ,
            lambda: read_answers(submission, files, assignment, session.coursework.template, session.sandbox),
            assembly.all_unread(assignment),
        )
        seen = session.faults.guard(
            _READ, lambda: see(submission, files, assignment, recordings, matches), Seen()
        )
    return Watched(
        submission=submission,
        recordings=recordings,
        matches=matches,
        answers=answers,
        seen=seen,
        notes=(*session.notes, *remarks(recordings, matches), *session.faults.notes),
    )


def retrain(session: Session, watched: Watched) -> Found:
    """Return `watched` with every stage trained again, as far as the budget trains, and its band."""
    matches, recordings = watched.matches, watched.recordings
    if session.data is not None:
        session.progress.step(_TRAIN)
    with session.watch("train"):
        started_s = time.monotonic()
        trained = training_step.train(session, matches, assembly.trainable(matches, recordings), _TRAIN)
        trained = train_rest(
            session,
            watched.submission,
            recordings,
            matches,
            trained,
            left_s=training_step.left_s(session, started_s),
        )
    return Found(
        submission=watched.submission,
        recordings=recordings,
        matches=matches,
        answers=watched.answers,
        seen=watched.seen,
        stages=assembly.stage_results(session.assignment, matches, recordings, watched.answers, trained),
        conditions=session.conditions(recordings.sandbox, trained.device, trained.precision),
        notes=(*watched.notes, *trained.notes),
    )


def _early(session: Session) -> AbstractContextManager[Checker | None]:
    """Return a checker that gets ready while programs are watched; what is wrong with it is met when it is needed."""
    try:
        return _checker(session)
    except OSError:
        return nullcontext()


def _checker(session: Session) -> Checker:
    return Checker(session.coursework.folder, distribution=distribution.current())


def judge(session: Session, found: Found, checker: Checker | None = None) -> Result:
    """Return the result: what the checks say of `found`, and what that is worth.

    `checker` is one of the session's coursework that was started earlier.
    """
    nothing: tuple[Verdict, ...] = ()

    def check() -> tuple[Verdict, ...]:
        with checker or _checker(session) as ready:
            return ready.check(evidence_of(session, found))

    session.progress.step(_CHECK)
    with session.watch("check"):
        verdicts = session.faults.guard(_CHECK, check, nothing)
        return conclude(session, found, verdicts)


def evidence_of(session: Session, found: Found) -> Evidence:
    """Return what the checks are given of `found`."""
    return Evidence(
        assignment=session.assignment,
        submission=found.submission,
        recordings=found.recordings,
        stages=found.stages,
        answers=found.answers,
        curves=found.seen.curves,
        conditions=found.conditions,
    )


def conclude(session: Session, found: Found, verdicts: tuple[Verdict, ...]) -> Result:
    """Return the result that `verdicts` on `found` come to."""
    assignment = session.assignment
    marks, total, fix_first = mark(assignment, verdicts, session.scheme, session.overrides)
    answers = found.answers.answers
    second, notes = opinions(
        session.judge, session.options.out, default_cache(), assignment, answers, verdicts
    )
    return Result(
        assignment=assignment.slug,
        assignment_version=assignment.version,
        title=assignment.title,
        language=session.language,
        submission=found.submission,
        conditions=found.conditions,
        stages=found.stages,
        curves=found.seen.curves,
        answers=answers,
        model_answers=session.model_answers,
        questions=assembly.questions(assignment),
        report=found.answers.report,
        verdicts=charge(assignment, verdicts),
        marks=marks,
        overrides=session.overrides,
        opinions=second,
        total=total,
        fix_first=fix_first,
        problems=assembly.problems(found.submission, found.recordings, found.answers, found.seen),
        notes=tuple(dict.fromkeys((*found.notes, *session.faults.notes, *notes))),
    )


def _render(
    result: Result,
    out: Path,
    faults: Faults,
    progress: Progress,
    language: Language | None = None,
    renderer: Renderer | None = None,
) -> Graded:
    """Render last, so that a report which fails loses nothing but itself."""
    progress.step(_REPORT)
    before = len(faults.notes)
    draw = renderer.render if renderer else render
    files = faults.guard(
        _REPORT, lambda: draw(result, out, language=language or result.language, result_dir=out), None
    )
    notes = (*faults.notes[before:], *((files.note,) if files and files.note else ()))
    ours = bool(faults.notes) or any(one.outcome == "error" for one in result.marks)
    report = (files.pdf or files.html) if files else None
    return Graded(result=result, out=out, report=report, notes=notes, exit_code=1 if ours else 0)
