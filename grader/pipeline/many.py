"""The steps of `grading` one by one, for whoever grades many hand-ins and decides the order.

Each reads what the one before left under OUT and leaves its own there, so that every step can run in a process, or on a
machine, of its own: `watch`, then `train_stage` for each key that it names and nobody trained yet, then
`judge_many`, then `render_again`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grader import distribution
from grader.checking import run_checks_many
from grader.model import Recipe, Training, Verdict
from grader.pipeline import assembly, grading, standing_verdicts, training_step
from grader.pipeline.kept import Found, Watched, load_found, load_watched, save_found, save_watched
from grader.pipeline.options import Options
from grader.pipeline.progress import Silent
from grader.pipeline.rebanding import with_bands_of_today
from grader.pipeline.session import Session, begin, like
from grader.training import default_cache, key_of, train_all


def watch(options: Options) -> Mapping[str, str]:
    """Open, record and read one hand-in, and leave everything but trainings under `options.out`.

    Returns the key of the training that each stage needs, by stage; torch is not imported. Raises as
    `grading.grade` does.
    """
    session = begin(options, Silent())
    watched = grading.watch(session)
    save_watched(options.out, watched)
    session.watch.write(options.out / "watch.json")
    jobs = training_step.jobs_of(session, _trainable(watched))
    return {stage: key for stage, job in jobs.items() if (key := key_of(job)) is not None}


def train_stage(options: Options, stage: str) -> Training:
    """Train what `stage` of a watched hand-in needs, into the cache; what is there already is not trained again."""
    session = begin(options, Silent(), again=True)
    job = training_step.jobs_of(session, _trainable(load_watched(options.out)))[stage]
    return train_all([job], cache=default_cache(), workers=1, progress=Silent())[stage]


def _trainable(watched: Watched) -> Mapping[str, Recipe]:
    return assembly.trainable(watched.matches, watched.recordings)


def judge_many(several: Sequence[Options], *, again: bool = False) -> None:
    """Check and mark watched hand-ins, in one process for all checks, and write each result.

    `several` differ in the hand-in alone. With `again` the trainings found before stand, held against the bands of
    today, and only checks and marks are made anew; where neither the checks nor what they look at changed, their
    verdicts stand too.
    """
    first = begin(several[0], Silent(), again=True)
    sessions = [first, *(like(first, options) for options in several[1:])]
    found = [_found(session, again=again) for session in sessions]
    verdicts = _verdicts(sessions, found)
    for session, one, verdict in zip(sessions, found, verdicts, strict=True):
        grading.keep(session, grading.conclude(session, one, verdict))
        standing_verdicts.note(session)


def _found(session: Session, *, again: bool) -> Found:
    out = session.options.out
    if again:
        before = load_found(out)
        found = with_bands_of_today(session, before)
        if found.stages == before.stages:
            return before
    else:
        found = grading.retrain(session, load_watched(out))
    save_found(out, found)
    return found


def _verdicts(sessions: Sequence[Session], found: Sequence[Found]) -> list[tuple[Verdict, ...]]:
    """Return the verdicts on each of `found`: those that stand, and the rest from one run of the checks."""
    verdicts = [standing_verdicts.load(session) for session in sessions]
    asked = [place for place, known in enumerate(verdicts) if known is None]
    evidences = [grading.evidence_of(sessions[place], found[place]) for place in asked]
    if asked:
        made = run_checks_many(sessions[0].coursework.folder, evidences, distribution=distribution.current())
        for place, one in zip(asked, made, strict=True):
            verdicts[place] = one
    return [one for one in verdicts if one is not None]
