"""A hand-in made by hand, right in every respect, whose parts a test may change one by one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from grader import courseworks
from grader.checking import Evidence
from grader.model import (
    Answer,
    Answers,
    Band,
    Call,
    Conditions,
    EntryPoint,
    Examination,
    Fact,
    Graph,
    Loop,
    Loss,
    Network,
    Node,
    Optimisation,
    Outcome,
    ParameterGroup,
    Pipeline,
    Place,
    Recipe,
    Recording,
    Recordings,
    Run,
    SandboxRecord,
    Schedule,
    StageMatch,
    StageResult,
    Submission,
    Text,
    Training,
)

COURSEWORK = courseworks.load("polytech_tp5_6")
FOLDER = COURSEWORK.folder
SOLUTION = FOLDER / "solution"

NORMALIZE = Call(name="Normalize", arguments={"mean": [0.491, 0.482, 0.447], "std": [0.202, 0.199, 0.201]})
TENSOR = Call(name="ToTensor")
CROP = Call(name="RandomCrop", arguments={"size": [28, 28]})
FLIP = Call(name="RandomHorizontalFlip", arguments={"p": 0.5})
CENTRE = Call(name="CenterCrop", arguments={"size": [28, 28]})

CONV1, CONV2, CONV3 = "conv 3->32 k5 s1 p2", "conv 32->64 k5 s1 p2", "conv 64->64 k5 s1 p2"
POOL, FC4, FC5 = "pool k2 s2", "linear 1024->1000", "linear 1000->10"
PLAIN = (CONV1, "relu", POOL, CONV2, "relu", POOL, CONV3, "relu", POOL, FC4, "relu", FC5)
DROPPED = (*PLAIN[:-1], "dropout p0.5", FC5)
BATCHNORM = (
    CONV1, "batch_norm 32", "relu", POOL, CONV2, "batch_norm 64", "relu", POOL,
    CONV3, "batch_norm 64", "relu", POOL, FC4, "relu", "dropout p0.5", FC5,
)  # fmt: skip
RATES = tuple(0.01 * 0.95**epoch for epoch in range(5))


def recipe(place: int) -> Recipe:
    """Return the right recipe of the stage at `place`, cumulative."""
    crops = place >= 2
    optimizer = {"lr": 0.01, "momentum": 0.9} if place >= 3 else {"lr": 0.1, "momentum": 0}
    normalize = (NORMALIZE,) if place >= 1 else ()
    dropout = (Node(name="drop", op="module", target="dropout"),) if place >= 4 else ()
    graph = Graph(nodes=dropout)
    return Recipe(
        network=Network(
            modules={},
            parameters={},
            train=graph,
            evaluation=graph,
            input_shape=(3, 28, 28) if crops else (3, 32, 32),
        ),
        data=Pipeline(
            dataset="CIFAR10",
            train=(*((CROP, FLIP) if crops else ()), TENSOR, *normalize),
            evaluation=(*((CENTRE,) if crops else ()), TENSOR, *normalize),
            batch_size=128,
            shuffle=True,
        ),
        optimisation=Optimisation(
            loss=Loss(name="cross_entropy"),
            optimizer="SGD",
            groups=(ParameterGroup(parameters=(), options=optimizer),),
            schedule=Schedule(name="ExponentialLR", stepped="epoch", rates=RATES)
            if place >= 3
            else Schedule(rates=(0.1,) * 5),
            epochs=5,
        ),
        loop=Loop(evaluates_in_eval_mode=True, evaluates_on_test_images=True),
    )


def evidence(
    *,
    recipes: Mapping[int, Recipe] | None = None,
    canonical: Mapping[int, tuple[str, ...]] | None = None,
    matches: Mapping[int, StageMatch] | None = None,
    answers: Mapping[str, str] | None = None,
    trainings: Mapping[int, tuple[Training, str, bool]] | None = None,
    facts: tuple[Fact, ...] = (),
    flags: tuple[str, ...] = (),
    problems: Mapping[int, Any] | None = None,
    style: str = "cumulative",
) -> Evidence:
    """Return the evidence of a right hand-in, but for what is given: by place of the stage, or question."""
    recordings, examinations, rows = [], [], []
    for place, stage in enumerate(COURSEWORK.assignment.stage):
        run = Run(
            id=f"e{place + 1}.1",
            recipe=(recipes or {}).get(place, recipe(place)),
            places={"network": Place(file=f"etape{place + 1}.py", line=12)},
        )
        entry = EntryPoint(id=f"e{place + 1}", path=f"etape{place + 1}.py")
        recordings.append(Recording(entry=entry, runs=(run,), problem=(problems or {}).get(place)))
        usual = BATCHNORM if place == 5 else DROPPED if place == 4 else PLAIN
        lines = (canonical or {}).get(place, usual)
        examinations.append(Examination(run=run.id, agrees=True, canonical=lines, facts=facts, flags=flags))
        match = StageMatch(
            stage=stage.id,
            outcome=Outcome.PASSED,
            run=run.id,
            style=style,
            reason=Text(fr="trouvée", en="found"),
        )
        training, judgement, calibrated = (trainings or {}).get(place, (None, "not_run", False))
        rows.append(
            StageResult(
                stage=stage.id,
                item=stage.item,
                title=stage.title,
                match=(matches or {}).get(place, match),
                training=training,
                band=band(stage.id) if calibrated else None,
                judgement=judgement,
            )
        )
    return Evidence(
        assignment=COURSEWORK.assignment,
        submission=Submission(id="a", name="a", digest=""),
        recordings=Recordings(
            recordings=tuple(recordings),
            examinations=tuple(examinations),
            sandbox=SandboxRecord(backend="fake"),
        ),
        stages=tuple(rows),
        answers=Answers(
            answers=tuple(Answer(question=q, state="found", text=t) for q, t in (answers or {}).items())
        ),
        conditions=Conditions(
            data="synthetic", budget="static", device="cpu", precision="fp32", seed=0, sandbox="fake"
        ),
    )


def band(stage: str) -> Band:
    """Return a band around 60 %."""
    return Band(
        stage=stage, data="synthetic", data_digest="", budget="quick", device="cpu", precision="fp32", engine="1",
        mean=0.6, std=0.01, pooled_std=0.01, n=20, lower=0.55, upper=0.65,
    )  # fmt: skip


def changed(place: int, part: str, **fields: Any) -> dict[int, Recipe]:
    """Return the recipes from stage `place` on with `fields` of their `part` changed."""
    found = {}
    for later in range(place, 6):
        own = recipe(later)
        found[later] = msgspec.structs.replace(
            own, **{part: msgspec.structs.replace(getattr(own, part), **fields)}
        )
    return found


def write(path: Path, text: str) -> Path:
    """Write `text` to `path` and return it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
