"""When a program trains itself: what no recipe expresses, under isolation only, once, and counted outside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from grader.model import (
    EntryPoint,
    FileEntry,
    Glimpse,
    Outcome,
    Recording,
    Recordings,
    Run,
    SandboxRecord,
    StageMatch,
    Submission,
    Text,
    Training,
)
from grader.pipeline.assembly import Trained
from grader.pipeline.options import Options
from grader.pipeline.own_training import train_rest
from grader.pipeline.progress import Silent
from grader.pipeline.session import Session, begin
from grader.sandbox import Order
from grader.sandbox.fake import FakeSandbox, Script
from grader.training.resident import load
from grader.training.unlabelled import Shown

pytestmark = pytest.mark.slow

ENTRY = EntryPoint(id="e1", path="base.py")
RECORDINGS = Recordings(
    recordings=(
        Recording(entry=ENTRY, runs=(Run(id="e1.1", recipe=None, glimpse=Glimpse(dataset="CIFAR10")),)),
    ),
    sandbox=SandboxRecord(backend="fake"),
)
SUBMISSION = Submission(
    id="s", name="s", digest="d", entry_points=(ENTRY,),
    files=(FileEntry(path="base.py", size_bytes=1, sha256="0" * 64), FileEntry(path="a.md", size_bytes=1, sha256="1")),
)  # fmt: skip
REASON = Text(fr="?", en="?")
SEED = 0


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A session on the embedded images at the quick budget, in a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_CACHE", str(tmp_path_factory.mktemp("cache")))
        out = tmp_path_factory.mktemp("out")
        yield begin(
            Options(submission=out, out=out, budget="quick", data="synthetic", sandbox="none", seed=SEED),
            Silent(),
        )


def matches(session: Session) -> tuple[StageMatch, ...]:
    """Return matches in which the unexpressed run may be the baseline, and nothing else was handed in."""
    return tuple(
        StageMatch(stage=stage.id, outcome=Outcome.MANUAL, run="e1.1", reason=REASON)
        if stage.id == "baseline"
        else StageMatch(stage=stage.id, outcome=Outcome.MISSING, reason=REASON)
        for stage in session.assignment.stage
    )


def answers(session: Session, share: float, problem: bool = False) -> FakeSandbox:
    """Return a sandbox in which the program knows the first `share` of the images shown, and no other."""
    assert session.data is not None
    count = min(session.assignment.budgets["quick"].test_images, session.data.test_images)
    labels = np.asarray(load(session.data).test_labels)[Shown(session.data, count, SEED).order]
    told = np.where(np.arange(count) < share * count, labels, -1).astype(np.int16)
    rate = session.assignment.budgets["quick"].learning_rates["sgd"]
    content = save({
        "logits": np.eye(10, dtype=np.float32)[np.maximum(told, 0)],
        "predictions": told[None],
        "epochs": np.array([12], np.int32),
        "rate": np.array([rate]),
    })  # fmt: skip

    def script(order: Order) -> Script:
        images = next(mount.source for mount in order.mounts if mount.target == "/images")
        assert sorted(path.name for path in images.iterdir()) == [
            "test_images.npy", "train_images.npy", "train_labels.npy",
        ]  # fmt: skip
        recording = b'{"entry": {"id": "e1", "path": "base.py"}}'
        files = {"/recordings/e1.json": recording}
        return Script(files=files if problem else files | {"/recordings/e1.1.outputs.safetensors": content})

    return FakeSandbox(script)


def rest(
    session: Session, sandbox: object, trained: Trained | None = None, left_s: float | None = None
) -> Trained:
    """Return what `train_rest` makes of the hand-in in `sandbox`."""
    given = replace(session, sandbox=sandbox)  # type: ignore[arg-type]
    return train_rest(given, SUBMISSION, RECORDINGS, matches(session), trained or Trained(), left_s=left_s)


def test_what_is_no_recipe_is_trained_by_its_program_once(session: Session) -> None:
    """Accuracy is counted outside, the reference's band stands beside it, and the cache answers the second time."""
    sandbox = answers(session, 0.47)
    found = rest(session, sandbox)
    training = found.trainings["baseline"]
    assert set(found.trainings) == {"baseline"}
    assert training.trained_by == "program" and training.outcome is Outcome.PASSED
    assert training.accuracy == pytest.approx(0.47, abs=0.03)
    assert training.perturbed_accuracy is not None
    again = rest(session, sandbox)
    assert again.trainings == found.trainings and len(sandbox.orders) == 1


def test_a_band_measured_at_another_precision_of_the_same_machine_serves(session: Session) -> None:
    """A program computes in fp32; the reference's own precision here may be another, half a point apart at most."""
    found = rest(session, answers(session, 0.47))
    assert found.bands["baseline"].stage == "baseline"


def test_nothing_runs_without_isolation(session: Session) -> None:
    """Where test labels could be read from the disk the program is not asked to train, and a note says so."""
    found = rest(session, session.sandbox)
    assert found.trainings == {} and "isolation" in found.notes[0].en


def test_what_the_engine_trained_is_left_alone(session: Session) -> None:
    """Stages with a training, cut short or not, and stages without a run never reach the sandbox."""
    for training in (
        Training(key="k", outcome=Outcome.PASSED),
        Training(key="k", outcome=Outcome.NOT_RUN, unfinished=True),
        Training(key="k", outcome=Outcome.ERROR),
    ):
        sandbox = answers(session, 1.0)
        trained = Trained(trainings={"baseline": training})
        assert rest(session, sandbox, trained).trainings == {"baseline": training}
        assert sandbox.orders == []


def test_no_time_left_starts_nothing(
    session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """After the time limit no program is started."""
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path))
    sandbox = answers(session, 1.0)
    assert rest(session, sandbox, left_s=0.0).trainings == {} and sandbox.orders == []


def test_a_program_that_answers_nothing_says_why(
    session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Both reasons are told: why the engine could not, and what became of the program; and nothing is kept."""
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path))
    sandbox = answers(session, 1.0, problem=True)
    refused = Training(key="k", outcome=Outcome.NOT_RUN, note=Text(fr="Perte inconnue.", en="Unknown loss."))
    training = rest(session, sandbox, Trained(trainings={"baseline": refused})).trainings["baseline"]
    assert training.outcome is Outcome.NOT_RUN and training.note is not None
    assert training.note.en.startswith("Unknown loss. Nor could the program")
    rest(session, sandbox)
    assert len(sandbox.orders) == 2
