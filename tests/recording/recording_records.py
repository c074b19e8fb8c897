"""Hand-made records for the tests of this room: no torch, no sandbox."""

from __future__ import annotations

from typing import Any

import msgspec

from grader.model import (
    Assignment,
    Call,
    EntryPoint,
    Examination,
    Fact,
    Glimpse,
    Graph,
    Layer,
    Loop,
    Loss,
    Network,
    Node,
    Optimisation,
    Parameter,
    ParameterGroup,
    Pipeline,
    Place,
    Problem,
    Recipe,
    Recording,
    Recordings,
    Run,
    SandboxRecord,
    Schedule,
    Stage,
    Text,
)

STAGES = ("baseline", "normalization", "augmentation", "optimizer", "dropout", "batchnorm")
NORMALIZE = Call(name="Normalize", arguments={"mean": [0.491, 0.482, 0.447], "std": [0.202, 0.199, 0.201]})
TO_TENSOR = Call(name="ToTensor")
CROP, FLIP = Call(name="RandomCrop", arguments={"size": 28}), Call(name="RandomHorizontalFlip")
FILES = ("a.py", "b.py", "c.py", "d.py", "e.py", "f.py", "g.py")


def same(words: str) -> Text:
    """Return one wording for both languages."""
    return Text(fr=words, en=words)


def assignment() -> Assignment:
    """Return a coursework with the six stages of TP 5-6."""
    stages = tuple(
        Stage(
            id=name,
            item=f"3.{index}",
            section="3",
            title=same(name),
            ingredients=() if name == "baseline" else (name,),
        )
        for index, name in enumerate(STAGES)
    )
    return Assignment(
        slug="tp", version="1", title=same("TP"), language="fr", source="", dataset="CIFAR10",
        input_shape=(3, 32, 32), classes=10, page_limit=10, stage=stages, question=(), budgets={},
    )  # fmt: skip


def network(channels: int = 3) -> Network:
    """Return the smallest network there is."""
    graph = Graph(
        nodes=(
            Node(name="n0", op="input"),
            Node(name="n1", op="module", target="fc", arguments=({"node": "n0"},)),
            Node(name="n2", op="output", arguments=({"node": "n1"},)),
        )
    )
    default = Call(name="default")
    return Network(
        modules={"fc": Call(name="Linear", arguments={"in_features": 32, "out_features": 10, "bias": True})},
        parameters={
            "fc.weight": Parameter(shape=(10, 32), initializer=default),
            "fc.bias": Parameter(shape=(10,), initializer=default),
        },
        train=graph,
        evaluation=graph,
        input_shape=(channels, 32, 32),
    )


def recipe(*held: str, **settings: Any) -> Recipe:
    """Return a recipe that holds the named ingredients; `settings` replace single facts."""
    train = [FLIP, CROP] if "augmentation" in held else []
    normalize = [NORMALIZE] if "normalization" in held else []
    momentum = settings.get("momentum", 0.9 if "optimizer" in held else 0)
    rates = (0.1, 0.095, 0.09025) if "optimizer" in held else (0.1, 0.1, 0.1)
    return Recipe(
        network=network(settings.get("channels", 3)),
        data=Pipeline(
            dataset=settings.get("dataset", "CIFAR10"),
            train=settings.get("train", (*train, TO_TENSOR, *normalize)),
            evaluation=settings.get("evaluation", (TO_TENSOR, *normalize)),
            batch_size=128,
            shuffle=True,
        ),
        optimisation=Optimisation(
            loss=Loss(name="cross_entropy"),
            optimizer=settings.get("optimizer", "SGD"),
            groups=(
                ParameterGroup(
                    parameters=("fc.weight", "fc.bias"), options={"lr": 0.1, "momentum": momentum}
                ),
            ),
            schedule=settings.get("schedule", Schedule(rates=rates)),
            epochs=settings.get("epochs", 30),
        ),
        loop=settings.get("loop", Loop()),
    )


def examination(run: str, *held: str, agrees: bool = True) -> Examination:
    """Return an examination whose layers hold dropout and batch norm as told."""
    kinds = ["conv"]
    kinds += ["batch_norm"] if "batchnorm" in held else []
    kinds += ["dropout"] if "dropout" in held else []
    layers = tuple(Layer(name=f"{kind}1", kind=kind, output_shape=(1,)) for kind in kinds)
    return Examination(run=run, agrees=agrees, layers=layers, evaluation_layers=layers)


class HandIn:
    """Recordings under construction."""

    def __init__(self) -> None:
        self._recordings: list[Recording] = []
        self._examinations: list[Examination] = []

    def add(
        self,
        *held: str,
        problem: str | None = None,
        agrees: bool = True,
        template: bool = False,
        unnamed: str | None = None,
        signs: dict[str, bool] | None = None,
        origin: str | None = None,
        **settings: Any,
    ) -> HandIn:
        """Add a program with one run that holds the named ingredients."""
        entry = msgspec.structs.replace(self._entry(template), origin=same(origin) if origin else None)
        run = Run(id=f"{entry.id}.1", recipe=recipe(*held, **settings), signs=signs or {})
        self._recordings.append(Recording(entry=entry, runs=(run,), problem=self._problem(problem)))
        named = Fact(name="named_in_source", value=unnamed or True, confirmed=unnamed is None)
        found = msgspec.structs.replace(examination(run.id, *held, agrees=agrees), facts=(named,))
        self._examinations.append(found)
        return self

    def add_failing(self, kind: str = "syntax_error") -> HandIn:
        """Add a program that showed nothing."""
        self._recordings.append(Recording(entry=self._entry(False), problem=self._problem(kind)))
        return self

    def add_unexpressed(self, glimpse: Glimpse | None = None) -> HandIn:
        """Add a program whose training is no recipe."""
        entry = self._entry(False)
        run = Run(id=f"{entry.id}.1", recipe=None, unexpressed=same("a loop of its own"), glimpse=glimpse)
        self._recordings.append(Recording(entry=entry, runs=(run,)))
        self._examinations.append(Examination(run=run.id, agrees=False))
        return self

    def done(self) -> Recordings:
        """Return what was added."""
        return Recordings(
            recordings=tuple(self._recordings),
            examinations=tuple(self._examinations),
            sandbox=SandboxRecord(backend="fake"),
        )

    def _entry(self, template: bool) -> EntryPoint:
        number = len(self._recordings) + 1
        return EntryPoint(id=f"e{number}", path=f"script{number}.py", template=template)

    @staticmethod
    def _problem(kind: str | None) -> Problem | None:
        return (
            None
            if kind is None
            else Problem(kind=kind, text=same("It stopped."), place=Place(file="a.py", line=3))
        )
