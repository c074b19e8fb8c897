"""What no recipe can express is trained by the student's own program, in the sandbox, on unlabelled test images."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import msgspec

from grader.model import (
    Band,
    EntryPoint,
    Outcome,
    Recordings,
    Run,
    StageMatch,
    Submission,
    Text,
    Training,
    TrainingConditions,
)
from grader.pipeline.assembly import Trained
from grader.pipeline.session import Session
from grader.pipeline.training_step import comparable_stages
from grader.recording import ProgramOrder, ProgramOutputs, train_programs
from grader.records import encode
from grader.training import default_cache, export, find_band
from grader.training.budgets import settle
from grader.training.cache import keep, recall
from grader.training.devices import precision_of
from grader.training.jobs import ENGINE, torch_version
from grader.training.unlabelled import Answered, Shown

VERSION = "1"
"""Of how programs are made to train; a new one makes what the cache holds of them void."""
PACE = 60.0
"""Images a second below which a program is taken not to come to its end."""
STARTING_S = 60.0
LIMIT_S = 6 * 3600.0
_DOCUMENTS = frozenset({".md", ".pdf", ".docx", ".html", ".odt", ".tex", ".rst"})
_OWN = Text(fr="Apprentissage par les programmes rendus", en="Training by the programs handed in")


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """A run whose own program must train it, for the stages that it stands for."""

    entry: EntryPoint
    run: Run
    key: str
    conditions: TrainingConditions
    stages: tuple[str, ...]


def train_rest(
    session: Session,
    submission: Submission,
    recordings: Recordings,
    matches: tuple[StageMatch, ...],
    trained: Trained,
    *,
    left_s: float | None,
) -> Trained:
    """Return `trained` with what the programs themselves make of the stages that our engine could not train.

    Nothing is done where the budget trains nothing; without isolation nothing but a note, since only there no test
    label can be read. `left_s` is what is left of the time limit.
    """
    wanted = _wanted(session, submission, recordings, matches, trained)
    if not wanted:
        return trained
    if session.sandbox.name == "none":
        return replace(trained, notes=(*trained.notes, _needs_isolation()))
    session.progress.step(_OWN)
    before = len(session.faults.notes)
    found: dict[str, Training] = {}
    session.faults.guard(_OWN, lambda: found.update(_train(session, wanted, trained, left_s)), None)
    if len(session.faults.notes) > before:
        return trained
    for training in found.values():
        export(default_cache(), training, session.options.out / "trainings")
    comparable = comparable_stages(session, matches)
    bands = {stage: band for stage, one in found.items()
             if stage in comparable and (band := band_of_program(session, stage, one)) is not None}  # fmt: skip
    return replace(trained, trainings={**trained.trainings, **found}, bands={**trained.bands, **bands})


def _wanted(
    session: Session,
    submission: Submission,
    recordings: Recordings,
    matches: tuple[StageMatch, ...],
    trained: Trained,
) -> list[_Wanted]:
    """Return the runs of stages without a training, each once."""
    if session.data is None:
        return []
    runs = {run.id: (recording.entry, run) for recording in recordings.recordings for run in recording.runs}
    stages: dict[str, list[str]] = {}
    for match in matches:
        training = trained.trainings.get(match.stage)
        tried = training is not None and (training.outcome is not Outcome.NOT_RUN or training.unfinished)
        if match.run in runs and not tried:
            stages.setdefault(match.run, []).append(match.stage)
    program = _program_digest(submission)
    found = []
    for run_id, named in stages.items():
        entry, run = runs[run_id]
        conditions = _conditions(session, run)
        facts = (VERSION, program, entry, run_id.rpartition(".")[2], conditions)
        key = hashlib.sha256(encode(facts)).hexdigest()
        found.append(_Wanted(entry=entry, run=run, key=key, conditions=conditions, stages=tuple(named)))
    return found


def _program_digest(submission: Submission) -> str:
    """Return the digest of everything that a program may read of its own hand-in: all but documents."""
    files = [(one.path, one.sha256) for one in submission.files
             if PurePosixPath(one.path).suffix.lower() not in _DOCUMENTS]  # fmt: skip
    return hashlib.sha256(encode(sorted(files))).hexdigest()


def _conditions(session: Session, run: Run) -> TrainingConditions:
    """Return under what conditions the program of `run` trains; a rate of 0 is told by the program later."""
    data, budget = session.data, session.assignment.budgets[session.budget]
    assert data is not None
    settled = settle(run.recipe, budget) if run.recipe is not None else None
    return TrainingConditions(
        data=data.name,
        data_digest=data.digest,
        budget=session.budget,
        device="cpu",
        precision="fp32",
        seed=session.options.seed,
        engine=ENGINE,
        torch=torch_version(),
        train_images=min(budget.train_images or data.train_images, data.train_images),
        test_images=min(budget.test_images or data.test_images, data.test_images),
        epochs=settled.optimisation.epochs if settled else budget.epochs,
        batch_size=settled.data.batch_size if settled else budget.batch_size,
        learning_rate=settled.optimisation.schedule.rates[0] if settled else 0.0,
        path="image_by_image",
    )


def _train(
    session: Session, wanted: list[_Wanted], trained: Trained, left_s: float | None
) -> dict[str, Training]:
    """Return the trainings by stage; known ones from the cache, the others from one sandbox for all."""
    cache = default_cache()
    known = {one.key: training for one in wanted if (training := recall(cache, one.key)) is not None}
    missing = [one for one in wanted if one.key not in known]
    if missing and (left_s is None or left_s > 0):
        with tempfile.TemporaryDirectory(prefix="images-") as scratch:
            known |= _from_sandbox(session, missing, trained, left_s, Path(scratch), cache)
    return {stage: known[one.key] for one in wanted if one.key in known for stage in one.stages}


def _from_sandbox(
    session: Session,
    missing: list[_Wanted],
    trained: Trained,
    left_s: float | None,
    scratch: Path,
    cache: Path,
) -> dict[str, Training]:
    assert session.data is not None
    conditions = missing[0].conditions
    budget = session.assignment.budgets[session.budget]
    shown = Shown(session.data, conditions.test_images, session.options.seed)
    shown.write(scratch, conditions.train_images)
    entries = {one.entry.id: one.entry for one in missing}
    numbers = [(one.entry.id, int(one.run.id.rpartition(".")[2])) for one in missing]
    epochs = max(one.conditions.epochs for one in missing)
    order = ProgramOrder(
        images=scratch,
        test_images=conditions.test_images,
        epochs=budget.epochs or (epochs if all(one.run.recipe for one in missing) else 0),
        batch_size=budget.batch_size,
        learning_rates=budget.learning_rates,
        seed=session.options.seed,
        last_run={entry: max(number for name, number in numbers if name == entry) for entry in entries},
        wall_s=_wall_s(conditions.train_images * max(epochs, 1), left_s),
        parallel=session.options.workers or 2,
    )
    outputs = train_programs(
        session.options.out / "submission",
        tuple(entries.values()),
        [one.run.id for one in missing],
        order,
        session.sandbox,
    )
    return {one.key: _judged(one, outputs[one.run.id], shown, trained, cache) for one in missing}


def _wall_s(images: int, left_s: float | None) -> float:
    wall_s = min(STARTING_S + images / PACE, LIMIT_S)
    return wall_s if left_s is None else min(wall_s, left_s)


def _judged(one: _Wanted, outputs: ProgramOutputs, shown: Shown, trained: Trained, cache: Path) -> Training:
    """Return the record of what a program answered, kept in the cache when it came to its end."""
    if outputs.logits is None:
        return _nothing(one, outputs, trained)
    answered = Answered(epochs=outputs.epochs, predictions=outputs.predictions, logits=outputs.logits)
    conditions = msgspec.structs.replace(
        one.conditions,
        epochs=one.conditions.epochs or max(outputs.epochs),
        learning_rate=one.conditions.learning_rate or outputs.rate,
    )
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".training.") as scratch:
        folder = Path(scratch) / "entry"
        folder.mkdir()
        training = shown.training(answered, one.key, conditions, folder, ended=not outputs.stopped)
        keep(cache, folder, training)
    # What is not kept has no tensors to show.
    return training if recall(cache, one.key) is not None else msgspec.structs.replace(training, tensors=None)


def _nothing(one: _Wanted, outputs: ProgramOutputs, trained: Trained) -> Training:
    known = next((trained.trainings[name] for name in one.stages if name in trained.trainings), None)
    why = known.note if known is not None and known.note is not None else None
    problem = outputs.problem or Text(fr="il n'a rien rendu", en="it gave nothing")
    return Training(
        key=one.key,
        outcome=Outcome.NOT_RUN,
        conditions=one.conditions,
        trained_by="program",
        note=Text(
            fr=f"{why.fr + ' ' if why else ''}Le programme rendu n'a pas non plus pu apprendre lui-même dans le bac à "
            f"sable : {problem.fr.rstrip('.')}.",
            en=f"{why.en + ' ' if why else ''}Nor could the program handed in train by itself in the sandbox: "
            f"{problem.en.rstrip('.')}.",
        ),
    )


def band_of_program(session: Session, stage: str, training: Training) -> Band | None:
    """Return the reference's band: bf16 and fp32 are within 0.4 points at a seed, a program knows only fp32."""
    if training.conditions is None or training.accuracy is None:
        return None
    for precision in (training.conditions.precision, precision_of("cpu")):
        same = msgspec.structs.replace(training.conditions, precision=precision)
        band = find_band(session.coursework.bands, stage, same)
        if band is not None:
            return band
    return None


def _needs_isolation() -> Text:
    return Text(
        fr="Un programme qui ne se résume pas à une recette devrait apprendre lui-même, à l'abri des étiquettes "
        "de test : sans isolement ce n'est pas fait.",
        en="A program that cannot be told as a recipe would have to train by itself, out of reach of the test "
        "labels: without isolation this is not done.",
    )
