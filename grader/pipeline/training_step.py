"""The train step: our own engine trains each stage's recipe, and the reference's band is looked up beside it."""

from __future__ import annotations

import time
from collections.abc import Mapping

from grader.model import Band, Outcome, Recipe, StageMatch, Text, Training
from grader.pipeline.assembly import Trained
from grader.pipeline.session import Session
from grader.pipeline.weighing import Weighed, weigh
from grader.training import Job, default_cache, export, find_band, train_all

_BROKEN = Text(
    fr="Le réentraînement n'a pas eu lieu, par une faute du correcteur.",
    en="The training did not take place, through a fault of the grader.",
)


def train(
    session: Session, matches: tuple[StageMatch, ...], recipes: Mapping[str, Recipe], step: Text
) -> Trained:
    """Return the training and the band of each stage in `recipes`; under a budget that trains none, nothing."""
    if session.data is None or not recipes:
        return Trained(device=session.device)
    jobs = jobs_of(session, recipes)
    started_s = time.monotonic()
    trainings = _train(session, list(jobs.values()), step, session.options.time_limit_s)
    for training in trainings.values():
        export(default_cache(), training, session.options.out / "trainings")
    comparable = comparable_stages(session, matches) & set(jobs)
    bands = _bands(session, comparable, trainings)
    weighed = session.faults.guard(
        step,
        lambda: weigh(
            session, jobs, trainings, bands, comparable,
            lambda further: _train(session, further, step, left_s(session, started_s)),
        ),
        Weighed(),
    )  # fmt: skip
    return _trained(session, trainings, bands, weighed)


def jobs_of(session: Session, recipes: Mapping[str, Recipe]) -> dict[str, Job]:
    """Return, by stage, what is to be trained of `recipes` under the session's budget; nothing where none trains."""
    if session.data is None:
        return {}
    return {
        stage: Job(
            name=stage,
            recipe=recipe,
            budget=session.assignment.budgets[session.budget],
            budget_name=session.budget,
            data=session.data,
            seed=session.options.seed,
            device=session.options.device,
        )
        for stage, recipe in recipes.items()
    }


def _train(session: Session, jobs: list[Job], step: Text, limit_s: float | None) -> Mapping[str, Training]:
    """Return the trainings of `jobs` by name; a fault of ours stands in for all of them."""
    failed = {job.name: Training(key="", outcome=Outcome.ERROR, note=_BROKEN) for job in jobs}
    return session.faults.guard(
        step,
        lambda: train_all(
            jobs,
            cache=default_cache(),
            workers=session.options.workers,
            progress=session.progress,
            time_limit_s=limit_s,
        ),
        failed,
    )


def left_s(session: Session, started_s: float) -> float | None:
    """Return what is left of the time limit, None where there is none."""
    limit_s = session.options.time_limit_s
    return None if limit_s is None else max(limit_s - (time.monotonic() - started_s), 0.0)


def _bands(
    session: Session, comparable: frozenset[str], trainings: Mapping[str, Training]
) -> Mapping[str, Band]:
    return {
        stage: band
        for stage, training in trainings.items()
        if stage in comparable
        and (band := find_band(session.coursework.bands, stage, training.conditions)) is not None
    }


def _trained(
    session: Session, trainings: Mapping[str, Training], bands: Mapping[str, Band], weighed: Weighed
) -> Trained:
    made = [training.conditions for training in trainings.values() if training.conditions is not None]
    device = made[0].device if made else session.device
    return Trained(
        trainings=trainings,
        bands=bands,
        weighed=weighed,
        device=device,
        precision=made[0].precision if made else "-",
        notes=(*_about_trainings(session, trainings), *_about_time(session, trainings)),
    )


def comparable_stages(session: Session, matches: tuple[StageMatch, ...]) -> frozenset[str]:
    """Return the stages whose run has just the ingredients that the reference had there.

    A dropout tried alone on the first network is right work, and far from a band measured with all that came before.
    """
    so_far: set[str] = set()
    found = set()
    by_stage = {match.stage: match for match in matches}
    for stage in session.assignment.stage:
        so_far |= set(stage.ingredients)
        if set(by_stage[stage.id].ingredients) == so_far:
            found.add(stage.id)
    return frozenset(found)


def _about_time(session: Session, trainings: Mapping[str, Training]) -> tuple[Text, ...]:
    """Say once which stages the time limit cut short."""
    limit_s = session.options.time_limit_s
    cut = [one for one in session.assignment.stage if one.id in trainings and trainings[one.id].unfinished]
    if limit_s is None or not cut:
        return ()
    fr, en = (", ".join(one.title.in_(language) for one in cut) for language in ("fr", "en"))
    return (
        Text(
            fr=f"Le temps accordé aux apprentissages ({limit_s:g} s) s'est écoulé ; restent inachevées : {fr}. "
            "Aucun point n'est retiré pour cela.",
            en=f"The time given to the trainings ({limit_s:g} s) is over; left unfinished: {en}. "
            "No point is taken off for it.",
        ),
    )


def _about_trainings(session: Session, trainings: Mapping[str, Training]) -> tuple[Text, ...]:
    """Say what is to be known of trainings that ended well: a GPU that did not do them, a learning rate of zero."""
    stages: dict[str, list[str]] = {}
    said: dict[str, Text] = {}
    for stage in session.assignment.stage:
        one = trainings.get(stage.id)
        if one is not None and one.outcome is Outcome.PASSED and one.trained_by == "engine" and one.note:
            said[one.note.en] = one.note
            stages.setdefault(one.note.en, []).append(stage.id)
    titles = {stage.id: stage.title for stage in session.assignment.stage}
    told = []
    for key, note in said.items():
        fr, en = (", ".join(titles[stage].in_(lang) for stage in stages[key]) for lang in ("fr", "en"))
        whole = len(stages[key]) == len(trainings)
        told.append(note if whole else Text(fr=f"{fr} : {note.fr}", en=f"{en}: {note.en}"))
    return tuple(told)
