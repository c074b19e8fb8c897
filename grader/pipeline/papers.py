"""The papers of a hand-in: what was written, how far each stage has come, and the curves there are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import msgspec

from grader import courseworks
from grader.errors import UsageError
from grader.model import Assignment, Outcome, Question, StageMatch, StageResult, Text
from grader.pipeline.comments import comments_of
from grader.pipeline.grading import watch
from grader.pipeline.inspecting import scratch
from grader.pipeline.kept import Watched, load_found
from grader.pipeline.options import Options
from grader.pipeline.own_curves import final_accuracy, own_stages
from grader.pipeline.placing import with_pictures
from grader.pipeline.progress import Progress
from grader.pipeline.session import begin
from grader.submissions import open_submission
from grader.text import Language
from reports.conditions import data_phrase
from reports.papers import Paper, PaperAnswer, PrintedPaper, print_paper
from reports.papers import Progress as StageProgress
from reports.phrases import ingredient_name

_PROGRAMS = ("architecture", "implementation")
_TITLE = re.compile(r"\A\s*#\s[^\n]*\n?")
_AUTHORS = re.compile(r"^\s*(?:auteurs?|authors?|noms?|names?)\s*:[^\n]*\n?", re.IGNORECASE | re.MULTILINE)
_NO_CURVES = Text(
    fr="Pas de courbes : lancez d'abord `grade` sur ce travail (même --out), ou remettez vos logs (.log, .csv, runs/).",
    en="No curves: run `grade` on this work first (same --out), or hand in your logs (.log, .csv, runs/).",
)
_STATES = {Outcome.PASSED: "done", Outcome.MISSING: "absent"}


@dataclass(frozen=True, kw_only=True)
class Written:
    """A paper that was printed, and what its authors should know of it."""

    printed: PrintedPaper
    notes: tuple[Text, ...]


@dataclass(frozen=True, kw_only=True)
class _Gathered:
    """What the papers are made from: the hand-in, and what an earlier run measured on it."""

    assignment: Assignment
    language: Language
    watched: Watched
    root: Path
    measured: tuple[StageResult, ...] = ()
    data: str = ""


def followup(options: Options, progress: Progress) -> Written:
    """Print the follow-up that the sheet asks for on the evening of the session, under `options.out`.

    It holds the starred answers, the progress of each stage and the students' comments. Where the programs were
    not graded before under `options.out`, they are watched, and nothing is trained.
    """
    with _gather(options, progress, programs=True) as found:
        paper = _paper(found, "followup")
        starred = [one for one in found.assignment.question if one.star]
        paper = msgspec.structs.replace(
            paper,
            answers=_answers(found, starred),
            progress=_progress(found),
            free=comments_of(found.watched.submission, found.root),
        )
        return _print(paper, found, options.out, [_without_answer(found, starred)])


def compile_report(options: Options, progress: Progress) -> Written:
    """Print the final report from what the hand-in's documents hold, under `options.out`.

    Curves are those that the last run under `options.out` measured on this very hand-in, else those of the
    students' own logs. Raises UsageError, with its longest sections, for a report that is not short enough.
    """
    with _gather(options, progress, programs=False) as found:
        stages, source = _curves(found)
        asked = [one for one in found.assignment.question if one.kind != "free"]
        paper = msgspec.structs.replace(
            _paper(found, "final"),
            answers=_answers(found, asked),
            free=_free(found),
            stages=stages,
            source=source,
            page_limit=found.assignment.page_limit,
        )
        needed = [one for one in asked if not one.bonus and one.kind not in _PROGRAMS]
        notes = [_without_answer(found, needed)]
        if not paper.free:
            notes.append(
                Text(
                    fr="Il manque la partie libre : écrivez-la dans report.md.",
                    en="The free part is missing: write it in report.md.",
                )
            )
        if not stages:
            notes.append(_NO_CURVES)
        return _print(paper, found, options.out, notes)


@contextmanager
def _gather(options: Options, progress: Progress, *, programs: bool) -> Iterator[_Gathered]:
    """Give what an earlier run found where the hand-in is still the same, else what can be read of it now."""
    coursework = courseworks.load(options.assignment)
    language = options.language or coursework.assignment.language
    with scratch() as room:
        submission = open_submission(options.submission, room / "submission", coursework.template)
        try:
            kept = load_found(options.out)
        except UsageError:
            kept = None
        if kept is not None and kept.submission.digest == submission.digest:
            yield _Gathered(
                assignment=coursework.assignment,
                language=language,
                watched=kept,
                root=room / "submission",
                measured=kept.stages,
                data=data_phrase(kept.conditions, language),
            )
            return
        watch_s = options.watch_s if programs else 0.0
        session = begin(replace(options, out=room, budget="static", watch_s=watch_s), progress)
        yield _Gathered(
            assignment=coursework.assignment,
            language=language,
            watched=watch(session),
            root=room / "submission",
        )


def _paper(found: _Gathered, kind: str) -> Paper:
    submission = found.watched.submission
    folders = {str(PurePosixPath(name).parent) for name in submission.documents}
    return msgspec.convert(
        {
            "kind": kind,
            "language": found.language,
            "title": found.assignment.title.in_(found.language),
            "authors": submission.authors,
            "answers": (),
            "folders": tuple(sorted(folders)),
        },
        Paper,
    )


def _answers(found: _Gathered, questions: Sequence[Question]) -> tuple[PaperAnswer, ...]:
    """Return the answers under the sheet's numbers, the coursework's number first: `Q5-6.10`."""
    lab = "-".join(re.findall(r"\d+", found.assignment.slug))
    texts, _ = with_pictures(found.watched.submission, found.root, found.watched.answers)
    return tuple(
        PaperAnswer(
            label=re.sub(r"^Q(?=\d)", f"Q{lab}." if lab else "Q", question.id),
            question=question.text.in_(found.language),
            text=texts.get(question.id, ""),
            star=question.star,
        )
        for question in questions
        if question.kind not in _PROGRAMS or texts.get(question.id)
    )


def _progress(found: _Gathered) -> tuple[StageProgress, ...]:
    matches = {match.stage: match for match in found.watched.matches}
    programs = {
        run.id: recording.entry.path
        for recording in found.watched.recordings.recordings
        for run in recording.runs
    }
    rows = []
    for stage in found.assignment.stage:
        match = matches[stage.id]
        accuracy, whose = _accuracy(found, stage.id)
        rows.append(
            msgspec.convert(
                {
                    "title": stage.title.in_(found.language),
                    "state": _STATES.get(match.outcome, "stuck"),
                    "details": _details(match, programs.get(match.run or "", ""), found.language),
                    "accuracy": accuracy,
                    "whose": whose,
                },
                StageProgress,
            )
        )
    return tuple(rows)


def _details(match: StageMatch, program: str, language: Language) -> str:
    if match.outcome is Outcome.MISSING:
        return ""
    if match.outcome is not Outcome.PASSED:
        return match.reason.in_(language)
    names = ", ".join(ingredient_name(name, language) for name in match.ingredients)
    return " · ".join(part for part in (program, names) if part)


def _accuracy(found: _Gathered, stage: str) -> tuple[float | None, str]:
    """Return the final accuracy that the students know of, and whose figure it is: theirs before ours."""
    own = final_accuracy([one for one in found.watched.seen.curves if one.stage == stage])
    if own is not None:
        return own, "logged"
    claimed = found.watched.answers.claims.get(stage)
    if claimed is not None:
        return claimed / 100, "claimed"
    trained = [one.training for one in found.measured if one.stage == stage]
    measured = trained[0].accuracy if trained and trained[0] is not None else None
    return measured, "measured" if measured is not None else ""


def _curves(found: _Gathered) -> tuple[tuple[StageResult, ...], str]:
    """Return the stages with the curves to show, bare of any verdict, and where these come from."""
    french = found.language == "fr"
    if any(stage.training and stage.training.curve for stage in found.measured):
        bare = tuple(
            msgspec.structs.replace(stage, band=None, claimed=None, judgement="not_calibrated")
            for stage in found.measured
            if stage.training and stage.training.curve
        )
        told = "Mesure du correcteur" if french else "Measured by the grader"
        data = found.data[:1].lower() + found.data[1:] if found.data[1:2].islower() else found.data
        return bare, f"{told} : {data}" if french else f"{told}: {data}"
    told = "D'après nos propres journaux d'apprentissage" if french else "From our own training logs"
    return own_stages(found.assignment, found.watched.seen.curves), told


def _free(found: _Gathered) -> str:
    """Return the free part without the title and the authors, which the paper has already."""
    _, report = with_pictures(found.watched.submission, found.root, found.watched.answers)
    return _AUTHORS.sub("", _TITLE.sub("", report, count=1), count=1).strip()


def _without_answer(found: _Gathered, questions: Sequence[Question]) -> Text | None:
    states = {one.question: one.state for one in found.watched.answers.answers}
    absent = [one.id for one in questions if states.get(one.id) != "found"]
    if not absent:
        return None
    names = ", ".join(absent)
    return Text(fr=f"Sans réponse : {names}.", en=f"Without an answer: {names}.")


def _print(paper: Paper, found: _Gathered, out: Path, notes: Sequence[Text | None]) -> Written:
    if not paper.authors:
        notes = [*notes, Text(fr="Les auteurs ne sont pas indiqués.", en="The authors are not stated.")]
    printed = print_paper(paper, found.root, out)
    told = [note for note in (*notes, *printed.notes, printed.note) if note is not None]
    return Written(printed=printed, notes=tuple(told))
