"""Further looks and comparisons: when they are made, what they change, and that they never cost by a fault of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from grader import courseworks
from grader.model import (
    Answers,
    Band,
    EpochPoint,
    Outcome,
    Recipe,
    Recordings,
    SandboxRecord,
    StageMatch,
    StageResult,
    Text,
    Training,
    TrainingConditions,
)
from grader.pipeline import Options
from grader.pipeline.assembly import Trained, stage_results
from grader.pipeline.progress import Silent
from grader.pipeline.session import Session, begin
from grader.pipeline.training_step import jobs_of
from grader.pipeline.weighing import Weighed, weigh
from grader.records import read_record
from grader.training import Job, find_band

COURSEWORK = courseworks.load("polytech_tp5_6")
RECIPES = read_record(COURSEWORK.recipes, dict[str, Recipe])
STAGES = tuple(RECIPES)
Sessions = Callable[..., Session]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache in which the embedded images are made once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def session(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sessions:
    """`session(budget)` returns one on the embedded images."""
    monkeypatch.setenv("GRADER_CACHE", str(cache))

    def make(budget: Any = "quick") -> Session:
        options = Options(
            submission=tmp_path, out=tmp_path / "out", assignment="polytech_tp5_6", budget=budget, data="synthetic",
            device="cpu", sandbox="none",
        )  # fmt: skip
        return begin(options, Silent())

    return make


def training(stage: str, accuracy: float, **changes: object) -> Training:
    """Return a training of `stage` under the conditions of the committed bands."""
    momentum = stage in STAGES[3:]
    conditions = TrainingConditions(
        data="synthetic", data_digest=band_file()["data_digest"], budget="quick", device="cpu", precision="bf16",
        seed=0, engine=band_file()["engine"], torch="2", train_images=1500, test_images=1000, epochs=12, batch_size=32,
        learning_rate=0.015 if momentum else 0.04,
    )  # fmt: skip
    point = EpochPoint(epoch=12, learning_rate=0.04, train_accuracy=0.9, test_accuracy=accuracy)
    made = Training(
        key=f"{stage}{accuracy}",
        outcome=Outcome.PASSED,
        conditions=conditions,
        curve=(point,),
        accuracy=accuracy,
    )
    return msgspec.structs.replace(made, **changes)


def band_file() -> dict[str, Any]:
    """Return the first committed measurement, as plain data."""
    measurements: list[dict[str, Any]] = msgspec.json.decode(COURSEWORK.bands.read_bytes())["measurements"]
    return measurements[0]


def band_of(stage: str) -> Band:
    """Return the committed band of `stage`."""
    found = find_band(COURSEWORK.bands, stage, training(stage, 0.5).conditions)
    assert found is not None
    return found


def weighed(
    session: Session, first: Training, further: Mapping[str, Training] | None = None, stage: str = "dropout"
) -> tuple[Weighed, list[Job]]:
    """Return what comes of weighing one stage, and the jobs that were asked for on the way."""
    asked: list[Job] = []

    def train(jobs: list[Job]) -> Mapping[str, Training]:
        asked.extend(jobs)
        return {job.name: (further or {})[job.name] for job in jobs}

    jobs = jobs_of(session, {stage: RECIPES[stage]})
    bands = {stage: band_of(stage)} if session.budget == "quick" else {}
    return weigh(session, jobs, {stage: first}, bands, frozenset({stage}), train), asked


def row(first: Training, band: Band | None, found: Weighed, stage: str = "dropout") -> StageResult:
    """Return the stage's row as the result will hold it."""
    matches = tuple(
        StageMatch(stage=one.id, outcome=Outcome.PASSED, reason=Text(fr="vu", en="seen"))
        for one in COURSEWORK.assignment.stage
    )
    trained = Trained(trainings={stage: first}, bands={stage: band} if band else {}, weighed=found)
    recordings = Recordings(sandbox=SandboxRecord(backend="fake"))
    rows = stage_results(COURSEWORK.assignment, matches, recordings, Answers(), trained)
    return next(one for one in rows if one.stage == stage)


def test_what_lies_in_its_band_is_looked_at_once(session: Sessions) -> None:
    """No further training is asked for, and the reference's own network comes with the stage."""
    band = band_of("dropout")
    found, asked = weighed(session(), training("dropout", band.mean))
    assert (asked, found.looks) == ([], {})
    judged = row(training("dropout", band.mean), band, found)
    assert (judged.judgement, judged.looks) == ("within", ())
    assert judged.reference is not None and len(judged.reference.sha256) == 64


@pytest.mark.parametrize(("others", "judgement"), [((0.8, 0.82), "within"), ((0.8, 0.70), "below")])
def test_what_falls_below_is_judged_by_the_median_of_three_seeds(
    session: Sessions, others: tuple[float, float], judgement: str
) -> None:
    """One odd seed costs nothing; two of three do."""
    band = band_of("dropout")
    first = training("dropout", band.lower - 0.01)
    further = {f"dropout+{step}": training("dropout", value) for step, value in enumerate(others, start=1)}
    found, asked = weighed(session(), first, further)
    assert [(job.name, job.seed) for job in asked] == [("dropout+1", 1), ("dropout+2", 2)]
    assert found.looks["dropout"] == (first.accuracy, *others)
    assert row(first, band, found).judgement == judgement


@pytest.mark.parametrize(("before", "judgement"), [(0.78, "within"), (None, "below")])
def test_a_loss_that_broke_counts_for_what_it_reached_before(
    session: Sessions, before: float | None, judgement: str
) -> None:
    """Broken below its band, a stage is looked at again as any other; broken at once, a look is worth nothing."""
    band = band_of("dropout")
    first = training("dropout", band.lower - 0.01, outcome=Outcome.FAILED)
    further = {
        "dropout+1": training("dropout", 0.8),
        "dropout+2": msgspec.structs.replace(
            training("dropout", 0.8), outcome=Outcome.FAILED, accuracy=before
        ),
    }
    found, _ = weighed(session(), first, further)
    assert found.looks["dropout"] == (first.accuracy, 0.8, before or 0.0)
    assert row(first, band, found).judgement == judgement


@pytest.mark.parametrize("before", [None, 0.1])
def test_a_loss_that_broke_early_is_looked_at_again_too(session: Sessions, before: float | None) -> None:
    """At the edge of what is stable one seed breaks in its first epoch and the next in none."""
    band = band_of("dropout")
    first = msgspec.structs.replace(training("dropout", 0.1), outcome=Outcome.FAILED, accuracy=before)
    sound = {f"dropout+{step}": training("dropout", band.mean) for step in (1, 2)}
    found, _ = weighed(session(), first, sound)
    assert row(first, band, found).judgement == "within"
    assert row(first, band, Weighed()).judgement == "unfinished"


@pytest.mark.parametrize(
    "broken",
    [{"outcome": Outcome.ERROR, "accuracy": None}, {"unfinished": True}],
    ids=["our fault", "time is up"],
)
def test_a_look_that_could_not_be_had_costs_nothing(session: Sessions, broken: dict[str, Any]) -> None:
    """Where the further seeds could not be trained, the stage is left undecided, not below."""
    band = band_of("dropout")
    first = training("dropout", band.lower - 0.01)
    further = {
        "dropout+1": training("dropout", 0.8),
        "dropout+2": msgspec.structs.replace(training("dropout", 0.8), **broken),
    }
    found, _ = weighed(session(), first, further)
    assert row(first, band, found).judgement == "unfinished"
    assert row(first, band, Weighed()).judgement == "unfinished"


def test_what_chance_cannot_explain_is_below_at_once(session: Sessions) -> None:
    """A network at chance is not trained twice more to know it."""
    first = training("dropout", 0.1)
    found, asked = weighed(session(), first)
    assert asked == []
    assert row(first, band_of("dropout"), found).judgement == "below"


def test_stages_are_compared_as_the_coursework_asks(session: Sessions) -> None:
    """Each compared stage says how it did beside the other one; a stage whose ingredients differ is left out."""
    trainings = {
        stage: training(stage, value)
        for stage, value in zip(STAGES, (0.47, 0.81, 0.75, 0.82, 0.81, 0.84), strict=True)
    }
    begun = session()
    jobs = jobs_of(begun, RECIPES)
    found = weigh(begun, jobs, trainings, {}, frozenset(STAGES), lambda _: {})
    told = {
        stage: [(one.against, one.quantity, one.verdict) for one in all_]
        for stage, all_ in found.comparisons.items()
    }
    assert told["normalization"] == [("baseline", "accuracy", "better")]
    assert told["augmentation"] == [("normalization", "gap", "not_shown")]
    assert told["optimizer"] == [("augmentation", "accuracy", "better")]
    fewer = weigh(begun, jobs, trainings, {}, frozenset(STAGES) - {"baseline", "optimizer"}, lambda _: {})
    assert set(fewer.comparisons) == {"augmentation"}


def test_at_full_budget_the_reference_is_trained_the_students_way(session: Sessions) -> None:
    """Its twin has the student's epochs and rate; where both are the same training, that is said."""
    begun = session("full")
    first = training("dropout", 0.8)
    found, asked = weighed(begun, first, {"dropout+reference": first})
    assert [job.name for job in asked] == ["dropout+reference"]
    assert asked[0].recipe == RECIPES["dropout"]
    (one,) = found.comparisons["dropout"]
    assert (one.against, one.same, one.verdict) == ("reference", True, "not_shown")
    worse, _ = weighed(begun, first, {"dropout+reference": training("dropout", 0.95)})
    assert worse.comparisons["dropout"][0].verdict == "worse"
    lost, _ = weighed(begun, first, {"dropout+reference": training("dropout", 0.9, outcome=Outcome.ERROR)})
    assert lost.comparisons.get("dropout", ()) == ()
