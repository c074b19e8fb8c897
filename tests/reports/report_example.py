"""Builds results for the report's tests: a believable pair of students, and a hostile one."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from report_texts import ANSWERS, REPORT
from safetensors.numpy import save_file

from grader.courseworks import load
from grader.model import (
    Answer,
    Band,
    Conditions,
    EpochPoint,
    FileEntry,
    Layer,
    Mark,
    Outcome,
    Place,
    Problem,
    Result,
    StageMatch,
    StageResult,
    Submission,
    Text,
    Total,
    Training,
    TrainingConditions,
    Verdict,
)

TENSORS = "dropout.safetensors"
# Train and test accuracy at the end, band, claim, judgement.
_FIGURES: dict[str, tuple[float, float, float, float, float | None, str]] = {
    "baseline": (0.647, 0.583, 0.541, 0.622, 71.4, "within"),
    "normalization": (0.994, 0.781, 0.752, 0.812, 74.1, "within"),
    "augmentation": (0.702, 0.648, 0.631, 0.698, 78.9, "within"),
    "optimizer": (0.911, 0.794, 0.833, 0.879, 80.2, "below"),
    "dropout": (0.893, 0.801, 0.826, 0.874, 81.3, "below"),
}


def text(fr: str, en: str | None = None) -> Text:
    return Text(fr=fr, en=en or fr)


def layers(*, dropout: bool = False) -> tuple[Layer, ...]:
    rows: list[Layer] = []
    size, channels = 32, 3
    for n, width in enumerate((32, 64, 64), start=1):
        options = {"kernel": [5, 5], "stride": [1, 1], "padding": [2, 2]}
        shape = (width, size, size)
        weights = width * channels * 25
        rows.append(
            Layer(
                name=f"conv{n}",
                kind="conv",
                output_shape=shape,
                weights=weights,
                biases=width,
                options=options,
            )
        )
        rows.append(Layer(name=f"relu{n}", kind="relu", output_shape=shape))
        size, channels = size // 2, width
        pool = {"kernel": [2, 2], "stride": [2, 2], "padding": [0, 0]}
        rows.append(Layer(name=f"pool{n}", kind="max_pool", output_shape=(width, size, size), options=pool))
    rows.append(Layer(name="fc4", kind="linear", output_shape=(1000,), weights=1_024_000, biases=1000))
    rows.append(Layer(name="relu4", kind="relu", output_shape=(1000,)))
    if dropout:
        rows.append(Layer(name="dropout4", kind="dropout", output_shape=(1000,), options={"p": 0.5}))
    rows.append(Layer(name="fc5", kind="linear", output_shape=(10,), weights=10_000, biases=10))
    return tuple(rows)


def curve(train: float, test: float, epochs: int = 10) -> tuple[EpochPoint, ...]:
    points = []
    for epoch in range(1, epochs + 1):
        progress = (1 - math.exp(-epoch / 3)) / (1 - math.exp(-epochs / 3))
        wobble = 0.012 * math.sin(2.1 * epoch)
        points.append(
            EpochPoint(
                epoch=epoch,
                learning_rate=0.05,
                train_loss=2.3 * (1 - train * progress),
                train_accuracy=0.1 + (train - 0.1) * progress,
                test_loss=2.3 * (1 - test * progress),
                test_accuracy=0.1 + (test - 0.1) * progress + wobble,
            )
        )
    return tuple(points)


def confusion() -> tuple[tuple[int, ...], ...]:
    rows = []
    for i in range(10):
        weights = [
            0.0 if j == i else 1 / (1 + abs(i - j)) ** 2 * (1.6 if (i + j) % 3 == 0 else 1) for j in range(10)
        ]
        wrong = 20 + 4 * (i % 4)
        row = [round(wrong * w / sum(weights)) for w in weights]
        row[i] = 100 - sum(row)
        rows.append(tuple(row))
    return tuple(rows)


def _conditions(**change: Any) -> TrainingConditions:
    values: dict[str, Any] = {
        "data": "synthetic", "data_digest": "b3c1", "budget": "quick", "device": "cpu", "precision": "fp32", "seed": 0,
        "engine": "1", "torch": "2.15.0", "train_images": 5000, "test_images": 1000, "epochs": 10, "batch_size": 32,
        "learning_rate": 0.05,
    }  # fmt: skip
    return TrainingConditions(**{**values, **change})


def stages() -> tuple[StageResult, ...]:
    rows = []
    held: tuple[str, ...] = ()
    for stage in load("polytech_tp5_6").assignment.stage:
        if stage.id not in _FIGURES:
            reason = text(
                "Aucun programme n'ajoute de batch normalization après les convolutions.",
                "No program adds batch normalisation after the convolutions.",
            )
            match = StageMatch(stage=stage.id, outcome=Outcome.MISSING, reason=reason)
            rows.append(StageResult(stage=stage.id, item=stage.item, title=stage.title, match=match))
            continue
        train, test, lower, upper, claimed, judgement = _FIGURES[stage.id]
        held = (*held, *stage.ingredients)
        best = stage.id == "dropout"
        training = Training(
            key=f"key-{stage.id}", outcome=Outcome.PASSED, conditions=_conditions(), curve=curve(train, test),
            accuracy=test, confusion=confusion(), tensors=TENSORS if best else None,
        )  # fmt: skip
        band = Band(
            stage=stage.id, data="synthetic", data_digest="b3c1", budget="quick", device="cpu", precision="fp32",
            engine="1", mean=(lower + upper) / 2, std=0.012, pooled_std=0.014, n=20, lower=lower, upper=upper,
        )  # fmt: skip
        momentum = {"momentum": "0.9", "schedule": "ExponentialLR"} if "optimizer" in held else {}
        rows.append(
            StageResult(
                stage=stage.id,
                item=stage.item,
                title=stage.title,
                match=StageMatch(
                    stage=stage.id, outcome=Outcome.PASSED, run=f"e{len(rows) + 1}.1", style="cumulative",
                    ingredients=held,
                    reason=text("Reconnue à ce qu'elle ajoute à la précédente.", "Recognised by what it adds."),
                ),
                parameter_count=sum(row.weights + row.biases for row in layers()),
                layers=layers(dropout="dropout" in held),
                claimed=claimed,
                training=training,
                band=band,
                judgement=judgement,  # type: ignore[arg-type]
                hyperparameters={"optimizer": "SGD", "lr": "0.1", **momentum, "batch_size": "128", "epochs": "50"},
            )
        )  # fmt: skip
    return tuple(rows)


def verdict(item: str, label: Text, outcome: Outcome, cost: float, message: Text, **more: Any) -> Verdict:
    name = f"test_{item}_{label.en}".lower().replace(" ", "_")
    return Verdict(check=name, item=item, label=label, outcome=outcome, cost=cost, message=message, **more)


def verdicts() -> tuple[Verdict, ...]:
    passed = Outcome.PASSED
    ok = text("Conforme à la feuille.", "As the sheet says.")
    found = [
        verdict("Q1", text("Taille de la sortie", "Size of the output"), passed, 0.4, ok),
        verdict("Q1", text("Nombre de poids", "Number of weights"), passed, 0.3, ok),
        verdict("Q1", text("Équivalent fully-connected", "Fully connected equivalent"), passed, 0.3, ok),
        verdict("Q8", text("Padding et stride des convolutions", "Padding and stride"), passed, 1, ok),
        verdict("Q9", text("Padding et stride des poolings", "Padding and stride of the poolings"), passed, 1, ok),
        verdict("Q10", text("Taille de chaque couche", "Size of each layer"), passed, 0.5, ok),
        verdict(
            "Q10", text("Poids de chaque couche", "Weights of each layer"), Outcome.FAILED, 0.25,
            text(
                "fc5 relie 1000 neurones à 10 sorties : votre ligne dit 1 000 poids, il en faut dix fois plus.",
                "fc5 joins 1000 neurons to 10 outputs: your row says 1,000 weights, ten times too few.",
            ),
            place=Place(file="answers.md", line=71), fault="fc5-weights",
        ),
        verdict("Q11", text("Somme de vos lignes", "Sum of your own rows"), Outcome.PASSED, 1, text(
            "Cohérent avec vos propres lignes ; l'erreur de fc5 est déjà comptée à la question Q10.",
            "Consistent with your own rows; the slip in fc5 was charged at Q10."), remark=True),
        verdict("Q13", text("Essai du code fourni", "Trial of the code handed out"), passed, 1, ok),
        verdict("Q15", text("Architecture demandée", "Architecture asked for"), passed, 0.6, ok, stage="baseline"),
        verdict("Q15", text("Entraînement sur CIFAR-10", "Training on CIFAR-10"), passed, 0.2, ok, stage="baseline"),
        verdict("Q15", text("Exactitude retrouvée", "Accuracy found again"), passed, 0.2, ok, stage="baseline"),
        verdict("3.1", text("Moyennes et écarts types", "Means and deviations"), Outcome.PASSED, 0.6, text(
            "0.201 au lieu de 0.202 pour le rouge : une coquille sans effet.",
            "0.201 instead of 0.202 for red: a slip without effect."),
            remark=True, stage="normalization", place=Place(file="2_normalisation.py", line=41)),
        verdict("3.1", text("Même normalisation en test", "Same normalisation in test"), passed, 0.4, ok,
            stage="normalization"),
        verdict("3.2", text("Crop et symétrie en apprentissage", "Crop and flip in training"), passed, 0.5, ok,
            stage="augmentation"),
        verdict("3.2", text("Crop centré en test", "Centre crop in test"), Outcome.FAILED, 0.3, text(
            "Les images de test ne passent pas par CenterCrop(28) : elles restent en 32 × 32 "
            "alors que le réseau a appris sur 28 × 28.",
            "Test images do not go through CenterCrop(28): they stay 32 × 32 while the network learnt on 28 × 28."),
            stage="augmentation", place=Place(file="3_augmentation.py", line=48), fault="no-centre-crop"),
        verdict("3.2", text("ceil_mode sur pool3", "ceil_mode on pool3"), passed, 0.2, ok, stage="augmentation"),
        verdict("3.3", text("Momentum de 0,9", "Momentum of 0.9"), passed, 0.5, ok, stage="optimizer"),
        verdict("3.3", text("Pas × 0,95 à chaque époque", "Rate × 0.95 every epoch"), Outcome.FAILED, 0.5, text(
            "lr_sched.step() est appelé une seule fois, après la boucle : "
            "le pas reste à 0,1 pendant toutes les époques.",
            "lr_sched.step() is called once, after the loop: the rate stays at 0.1 for all epochs."),
            stage="optimizer", place=Place(file="4_momentum.py", line=112), fault="scheduler"),
        verdict("3.4", text("Dropout après fc4", "Dropout after fc4"), passed, 0.7, ok, stage="dropout"),
        verdict("3.4", text("Pas d'apprentissage", "Learning rate"), Outcome.FAILED, 0.0, text(
            "Le pas ne décroît pas ici non plus (voir 3.3).", "The rate does not fall here either (see 3.3)."),
            stage="dropout", place=Place(file="5_dropout.py", line=115), fault="scheduler", charged=False),
        verdict("3.4", text("Mode évaluation en test", "Evaluation mode in test"), Outcome.MANUAL, 0.3, text(
            "Le programme et sa trace ne disent pas la même chose de model.eval() : une personne regardera.",
            "Program and recording disagree about model.eval(): a person will look."),
            stage="dropout", place=Place(file="5_dropout.py", line=97)),
    ]  # fmt: skip
    return tuple(found)


_MARKS: dict[str, tuple[Outcome, float, float]] = {
    # outcome, share earned, share open
    "Q1": (Outcome.PASSED, 1, 0), "Q8": (Outcome.PASSED, 1, 0), "Q9": (Outcome.PASSED, 1, 0),
    "Q10": (Outcome.FAILED, 0.75, 0), "Q11": (Outcome.PASSED, 1, 0), "Q13": (Outcome.PASSED, 1, 0),
    "Q15": (Outcome.PASSED, 1, 0), "3.1": (Outcome.PASSED, 1, 0), "3.2": (Outcome.FAILED, 0.7, 0),
    "3.3": (Outcome.FAILED, 0.5, 0), "3.4": (Outcome.MANUAL, 0.7, 0.3), "3.5": (Outcome.MISSING, 0, 0),
}  # fmt: skip


def marks() -> tuple[Mark, ...]:
    rows = []
    for question in load("polytech_tp5_6").assignment.question:
        maximum = question.points
        if question.id in _MARKS:
            outcome, earned, undecided = _MARKS[question.id]
            rows.append(
                Mark(
                    item=question.id,
                    outcome=outcome,
                    maximum=maximum,
                    points=earned * maximum,
                    open=undecided * maximum,
                )
            )
        elif question.id in ANSWERS or question.id == "FREE":
            rows.append(
                Mark(
                    item=question.id,
                    outcome=Outcome.MANUAL,
                    maximum=maximum,
                    points=None,
                    open=maximum,
                    bonus=question.bonus,
                )
            )
        else:
            rows.append(
                Mark(
                    item=question.id,
                    outcome=Outcome.MISSING,
                    maximum=maximum,
                    points=0.0,
                    bonus=question.bonus,
                )
            )
    return tuple(rows)


def total(rows: tuple[Mark, ...]) -> Total:
    counted = [mark for mark in rows if not mark.bonus]
    return Total(
        points=sum(mark.points or 0.0 for mark in counted),
        decided=sum(mark.maximum - mark.open for mark in counted),
        open=sum(mark.open for mark in counted),
        maximum=sum(mark.maximum for mark in counted),
    )


def example() -> Result:
    """A hand-in by two students: good work, three real faults, five stages of six, some answers absent."""
    assignment = load("polytech_tp5_6").assignment
    rows = marks()
    answers = tuple(
        Answer(
            question=q.id, state="found", text=ANSWERS[q.id], place=Place(file="answers.md", line=10 + 8 * n)
        )
        if q.id in ANSWERS
        else Answer(question=q.id, state="template" if q.id == "Q34" else "missing")
        for n, q in enumerate(assignment.question)
        if q.kind not in ("implementation", "run", "free")
    )
    names = (
        "1_base.py",
        "2_normalisation.py",
        "3_augmentation.py",
        "4_momentum.py",
        "5_dropout.py",
        "answers.md",
        "report.md",
    )
    return Result(
        assignment=assignment.slug,
        assignment_version=assignment.version,
        title=assignment.title,
        language="fr",
        submission=Submission(
            id="lefevre_ndiaye",
            name="lefevre_ndiaye.zip",
            authors=("Élise Lefèvre", "Moussa N'Diaye"),
            digest="7d1f0c52a9e84b3c6f2ab1c0",
            files=tuple(FileEntry(path=name, size_bytes=2000, sha256="0" * 64) for name in names),
            notes=(text("Le dossier __pycache__ a été laissé de côté.", "The folder __pycache__ was set aside."),),
        ),
        conditions=Conditions(
            data="synthetic", budget="quick", device="cpu", precision="fp32", seed=0, sandbox="bubblewrap",
            mechanisms=("namespaces", "cgroup v1", "seccomp"),
            versions={"grader": "1.0", "python": "3.11", "torch": "2.15.0", "torchvision": "0.29.0"},
        ),
        stages=stages(),
        answers=answers,
        questions={q.id: q.text for q in assignment.question},
        report=REPORT,
        verdicts=verdicts(),
        marks=rows,
        total=total(rows),
        fix_first=(
            text(
                "3.5 : ajoutez une batch normalization 2D après chaque convolution ; l'étape manque, et Q34 avec elle.",
                "3.5: add a 2D batch normalisation after each convolution; the stage is absent, and Q34 with it.",
            ),
            text(
                "3.3 : appelez lr_sched.step() à chaque époque (4_momentum.py, ligne 112) ; il ne sert qu'une fois.",
                "3.3: call lr_sched.step() at the end of every epoch (4_momentum.py, line 112); it runs once only.",
            ),
            text(
                "3.2 : ajoutez CenterCrop(28) aux images de test (3_augmentation.py, ligne 48).",
                "3.2: add CenterCrop(28) to the test images (3_augmentation.py, line 48).",
            ),
        ),
    )  # fmt: skip


def write_tensors(folder: Path) -> None:
    """Put first-layer filters where `example` says they lie."""
    place = folder / "trainings"
    place.mkdir(parents=True, exist_ok=True)
    rng = np.random.Generator(np.random.PCG64(4))
    y, x = np.mgrid[-2:3, -2:3] / 2
    tiles = []
    for _ in range(32):
        angle, phase, size = rng.uniform(0, np.pi), rng.uniform(0, 2 * np.pi), rng.uniform(1, 3)
        wave = np.cos(size * (x * np.cos(angle) + y * np.sin(angle)) + phase)
        tiles.append(rng.normal(0.6, 0.5, (3, 1, 1)) * wave + rng.normal(0, 0.15, (3, 5, 5)))
    save_file({"filters": np.asarray(tiles, dtype=np.float32)}, place / TENSORS)


HOSTILE = (
    "<script>alert(1)</script> <svg onload=alert(2)><image href='file:///etc/passwd'/></svg>\n\n"
    "![vu](file:///etc/hostname) [lien](javascript:alert(3)) <http://example.org/x> <img src=http://example.org/y.png>\n\n"
    "$\\frac{1}{2}$ puis $\\input{/etc/passwd}$ et $\\frac\n\n{{ 7*7 }} {% raw %} \x07\x1b[31mrouge\x1b[0m "
    "\u202emort\u202c a\u200bb Z"
    + "\u0301" * 40
    + " "
    + "m" * 3000
    + "\n\n# Un titre\n\n"
    + "> " * 60
    + "fond\n\n"
    "|" + "c|" * 60 + "\n|" + "-|" * 60 + "\n|" + "v|" * 60 + "\n\n```\n</style><script>x</script>\n"
)


def hostile() -> Result:
    """The same hand-in by someone who puts traps everywhere a student's text can go."""
    good = example()
    trap = text(HOSTILE)
    return msgspec.structs.replace(
        good,
        submission=msgspec.structs.replace(
            good.submission, name=HOSTILE, authors=("<b>Bob</b> $\\frac", "\u202eeve\u0000", "x" * 500)
        ),
        answers=tuple(msgspec.structs.replace(a, state="found", text=HOSTILE) for a in good.answers),
        report=HOSTILE,
        verdicts=tuple(
            msgspec.structs.replace(v, message=trap, place=Place(file="<i>$\\frac{a}.py", line=3))
            for v in good.verdicts
        ),
        fix_first=(trap, trap, trap),
        problems=tuple(
            Problem(kind="syntax_error", text=trap, place=Place(file=HOSTILE, line=1)) for _ in range(30)
        ),
        notes=(trap,) * 5,
        stages=tuple(
            msgspec.structs.replace(
                s, title=text("$\\frac{x}$ <b>" + s.title.fr), hyperparameters={HOSTILE: HOSTILE}
            )
            for s in good.stages
        ),
    )


def huge() -> Result:
    """34 answers of ten thousand characters and as much for a report."""
    good = example()
    long = "Une phrase qui explique longuement la même chose, sans jamais en venir au fait. " * 125
    return msgspec.structs.replace(
        good,
        answers=tuple(msgspec.structs.replace(a, state="found", text=long) for a in good.answers),
        report=long,
    )
