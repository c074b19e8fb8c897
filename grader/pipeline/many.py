"""The steps of `grading` one by one, for whoever grades many hand-ins and decides the order.

Each reads what the one before left under OUT and leaves its own there, so that every step can run in a process, or on a
machine, of its own: `watch`, then `train_stage` for each key that `needs` names and nobody trained yet, then
`judge_many`, then `render_again`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grader import distribution
from grader.checking import run_checks_many
from grader.model import Recipe, Result, Training
from grader.pipeline import assembly, grading, training_step
from grader.pipeline.kept import Found, load_found, load_watched, save_found, save_watched
from grader.pipeline.options import Options
from grader.pipeline.progress import Silent
from grader.pipeline.session import Session, begin
from grader.training import default_cache, key_of, train_all


def watch(options: Options) -> None:
    """Open, record and read one hand-in, and leave everything but trainings under `options.out`.

    Raises as `grading.grade` does.
    """
    session = begin(options, Silent())
    save_watched(options.out, grading.watch(session))
    session.watch.write(options.out / "watch.json")


def needs(options: Options) -> Mapping[str, str]:
    """Return the key of the training that each stage of a watched hand-in needs, by stage; torch is not imported."""
    session = begin(options, Silent())
    jobs = training_step.jobs_of(session, _trainable(session))
    return {stage: key for stage, job in jobs.items() if (key := key_of(job)) is not None}


def train_stage(options: Options, stage: str) -> Training:
    """Train what `stage` of a watched hand-in needs, into the cache; what is there already is not trained again."""
    session = begin(options, Silent())
    job = training_step.jobs_of(session, _trainable(session))[stage]
    return train_all([job], cache=default_cache(), workers=1, progress=Silent())[stage]


def _trainable(session: Session) -> Mapping[str, Recipe]:
    watched = load_watched(session.options.out)
    return assembly.trainable(watched.matches, watched.recordings)


def judge_many(several: Sequence[Options], *, again: bool = False) -> list[Result]:
    """Check and mark watched hand-ins, in one process for all checks, and write each result.

    With `again` the trainings found before stand, and only checks and marks are made anew.
    """
    sessions = [begin(options, Silent()) for options in several]
    found = [_found(session, again=again) for session in sessions]
    evidences = [grading.evidence_of(session, one) for session, one in zip(sessions, found, strict=True)]
    verdicts = run_checks_many(sessions[0].coursework.folder, evidences, distribution=distribution.current())
    return [
        grading.keep(session, grading.conclude(session, one, verdict))
        for session, one, verdict in zip(sessions, found, verdicts, strict=True)
    ]


def _found(session: Session, *, again: bool) -> Found:
    out = session.options.out
    if again:
        return load_found(out)
    found = grading.retrain(session, load_watched(out))
    save_found(out, found)
    return found
