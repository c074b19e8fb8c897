"""Students' own logs as curves: printed lines, event files, CSV, JSON and notebooks, however hostile."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logs_texts import BASE_PY, VARIANTS, event, version_event

from grader.courseworks import load
from grader.logs import read_logs, read_printed
from grader.logs.events import read_events
from grader.logs.notebooks import plots_of, read_notebook
from grader.logs.series import Kind, kind_of, points_of
from grader.logs.tables import read_csv, read_json
from grader.model import CurvePoint, StudentCurve

STAGES = load("polytech_tp5_6").assignment.stage
TWO = (
    CurvePoint(epoch=1, train_loss=1.8, train_accuracy=0.33, test_loss=1.5, test_accuracy=0.46),
    CurvePoint(epoch=2, train_loss=1.3, train_accuracy=0.53, test_loss=1.34, test_accuracy=0.51),
)


def read(folder: Path) -> tuple[StudentCurve, ...]:
    names = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    return read_logs(folder, names, STAGES)


def test_base_py_s_output_is_a_curve_of_its_averages() -> None:
    """Averages of the epoch are taken, batches left, top 5 ignored; training comes before test."""
    (points,) = read_printed(BASE_PY)
    assert points == (
        CurvePoint(epoch=1, train_loss=1.8214, train_accuracy=0.3381, test_loss=1.4802, test_accuracy=0.4666),
        CurvePoint(epoch=2, train_loss=1.3011, train_accuracy=0.532, test_loss=1.342, test_accuracy=0.5166),
    )


@pytest.mark.parametrize("style", sorted(VARIANTS))
def test_variants_tell_the_same_curve(style: str) -> None:
    """Other words, other order, other language: the same two epochs come out."""
    assert read_printed(VARIANTS[style]) == (TWO,)


def test_epochs_that_begin_again_are_another_training() -> None:
    """One console with two trainings gives two curves."""
    assert len(read_printed(BASE_PY + BASE_PY)) == 2


def test_batches_stand_in_where_no_average_was_printed() -> None:
    """The running average of an epoch's last batch is taken when nothing better was printed."""
    lines = "".join(
        f"=== EPOCH {n} ===\n[TRAIN Batch 100/391] Loss 2.0 ({3 - n}.0) Prec@1 10.0 ({20 * n}.0)\n"
        for n in (1, 2)
    )
    (points,) = read_printed(lines)
    assert [(one.train_loss, one.train_accuracy) for one in points] == [(2.0, 0.2), (1.0, 0.4)]


def test_prose_and_options_are_no_curve() -> None:
    """Sentences with a figure, and lists of options, give nothing."""
    prose = "We trained for 50 epochs: accuracy 70.4 %.\nepochs = 50, batch 128, lr 0.1\nrequirements: torch==2.1\n"
    assert read_printed(prose) == ()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("val_acc", Kind("test", "accuracy")), ("Loss/train", Kind("train", "loss")),
        ("testAccuracy", Kind("test", "accuracy")), ("perte_apprentissage", Kind("train", "loss")),
        ("Prec@1 eval", Kind("test", "accuracy")), ("top1", Kind(None, "accuracy")), ("top5_test", None),
        ("lr", None), ("train_time", None), ("loss", Kind(None, "loss")),
    ],
)  # fmt: skip
def test_names_of_series_say_what_they_hold(name: str, kind: Kind | None) -> None:
    """Half of the data and quantity are read from a name of any style; other quantities are none."""
    assert kind_of(name) == kind


def test_event_files_of_one_run_are_put_together(tmp_path: Path) -> None:
    """Scalars of old and new writers, and of a folder a half, become one curve under the run's name."""
    run = tmp_path / "runs" / "base_norm"
    for half, values in (("train", (0.33, 0.53)), ("test", (0.46, 0.51))):
        (run / half).mkdir(parents=True)
        records = [event("accuracy", at, value, tensor=half == "test") for at, value in enumerate(values)]
        (run / half / "events.out.tfevents.1700000000.pc").write_bytes(version_event() + b"".join(records))
    (curve,) = read(tmp_path)
    assert (curve.form, curve.name, curve.stage) == ("events", "base_norm", "normalization")
    assert [round(one.test_accuracy or 0, 4) for one in curve.points] == [0.46, 0.51]
    assert [round(one.train_accuracy or 0, 4) for one in curve.points] == [0.33, 0.53]


def test_steps_that_count_batches_become_epochs() -> None:
    """A loss per batch is averaged over as many pieces as the test accuracy has values."""
    batches = [(float(at), float(at < 2000)) for at in range(4000)]
    points = points_of(
        {Kind("train", "loss"): batches, Kind("test", "accuracy"): [(2000.0, 40.0), (4000.0, 50.0)]}
    )
    assert [(one.epoch, one.train_loss, one.test_accuracy) for one in points] == [
        (1, 1.0, 0.4),
        (2, 0.0, 0.5),
    ]


def test_torn_event_files_give_what_came_before() -> None:
    """A file cut anywhere gives whole records only, and raises nothing."""
    content = event("acc", 1, 0.5) + event("acc", 2, 0.6)
    assert len(read_events(content[:-3]).get("acc", [])) == 1
    for end in range(len(content)):
        assert len(read_events(content[:end]).get("acc", [])) <= 1


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 60))
def test_any_bytes_are_read_as_event_files(noise: bytes, at: int) -> None:
    """Noise, and noise written over a sound file, never raises."""
    sound = event("loss", 1, 2.3) * 2
    read_events(noise)
    read_events(sound[:at] + noise + sound[at + len(noise) :])


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300), st.binary(max_size=300))
def test_any_text_is_read(text: str, content: bytes) -> None:
    """No text is too strange for the readers of lines, tables, dictionaries and notebooks."""
    read_printed(text)
    read_csv(text, text[:20])
    read_json(content, text[:20])
    read_notebook(content)
    assert plots_of(content) == []


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(*[st.floats(0, 100).map(lambda x: round(x, 2))] * 2), min_size=2, max_size=30))
def test_base_py_s_lines_are_read_back(epochs: list[tuple[float, float]]) -> None:
    """Whatever accuracies were printed in base.py's format, the curve holds exactly these."""
    text = "".join(
        f"=== EPOCH {n} ===\n==> Total time 6s\tAvg loss 1.0\tAvg Prec@1 {train:5.2f} %\tAvg Prec@5 90.00 %\n"
        f"==> Total time 1s\tAvg loss 2.0\tAvg Prec@1 {test:5.2f} %\tAvg Prec@5 90.00 %\n"
        for n, (train, test) in enumerate(epochs, start=1)
    )
    (points,) = read_printed(text)
    scale_train = 1 if max(one for one, _ in epochs) <= 1 else 100
    assert [one.train_accuracy for one in points] == [round(train / scale_train, 8) for train, _ in epochs]


def test_tables_are_read_wide_long_and_as_tensorboard_exports_them() -> None:
    """One column a series, one row a half of the data, one series a file."""
    wide = "epoch;train_loss;train_acc;test_loss;test_acc\n1;1,8;33;1,5;46\n2;1,3;53;1,34;51\n"
    assert points_of(read_csv(wide, "x")[""]) == TWO
    long = "epoch,phase,loss,acc\n1,train,1.8,0.33\n1,test,1.5,0.46\n2,train,1.3,0.53\n2,test,1.34,0.51\n"
    assert points_of(read_csv(long, "x")[""]) == TWO
    export = "Wall time,Step,Value\n1700000000.1,1,0.46\n1700000060.2,2,0.51\n"
    assert [one.test_accuracy for one in points_of(read_csv(export, "run-tag-Accuracy_test")[""])] == [
        0.46,
        0.51,
    ]


def test_tables_of_several_trainings_are_taken_apart() -> None:
    """A column of names tells the trainings of one file from each other."""
    text = "model,epoch,test_acc\nbaseline,1,40\nbaseline,2,50\ndropout,1,45\ndropout,2,60\n"
    assert {label: len(points_of(run)) for label, run in read_csv(text, "x").items()} == {
        "baseline": 2,
        "dropout": 2,
    }


def test_result_dictionaries_are_read_in_every_layout() -> None:
    """Lists under names, halves as keys, and one record an epoch give the same curve."""
    halves = {
        "train": {"loss": [1.8, 1.3], "acc": [33, 53]},
        "test": {"loss": [1.5, 1.34], "acc": [46, 51]},
    }
    flat = {f"{half}_{name}": values for half, one in halves.items() for name, values in one.items()}
    records = [{key: values[at] for key, values in flat.items()} for at in (0, 1)]
    for layout in (halves, flat, records):
        (run,) = read_json(json.dumps(layout).encode(), "x").values()
        assert points_of(run) == TWO
    assert set(read_json(json.dumps({"baseline": flat, "dropout": flat}).encode(), "x")) == {
        "baseline",
        "dropout",
    }


def test_notebook_outputs_are_read_under_their_heading(tmp_path: Path) -> None:
    """What a cell printed is a curve of the stage that the heading above it names."""
    cells = [
        {"cell_type": "markdown", "source": ["## 3.4 Dropout\n"]},
        {
            "cell_type": "code",
            "source": [],
            "outputs": [{"output_type": "stream", "text": BASE_PY.splitlines(True)}],
        },
    ]
    (tmp_path / "tp.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")
    (curve,) = read(tmp_path)
    assert (curve.form, curve.name, curve.stage, len(curve.points)) == (
        "notebook",
        "3.4 Dropout",
        "dropout",
        2,
    )


def test_large_logs_are_read_in_bounded_time(tmp_path: Path) -> None:
    """Megabytes of lines, columns and nested brackets are read within the caps, and links are not followed."""
    (tmp_path / "a.log").write_text("=== EPOCH 1 ===\n" + "Loss 1.0 acc " * 200_000, encoding="utf-8")
    (tmp_path / "b.log").write_text("epoch 1 loss 1 acc 2\nepoch 0 loss 1 acc 1\n" * 60_000, encoding="utf-8")
    (tmp_path / "c.json").write_text("[" * 1_000_000, encoding="utf-8")
    (tmp_path / "d.csv").write_text("loss," * 500_000 + "\n" + "1," * 500_000, encoding="utf-8")
    for name, piece in (("f", "a"), ("g", "loss "), ("h", "epoch 1 "), ("i", "_"), ("j", "test ")):
        lines = (piece * 3_000)[:3_000] + "\n"
        (tmp_path / f"{name}.log").write_text(lines * 400, encoding="utf-8")
    (tmp_path / "e.log").symlink_to("/etc/passwd")
    assert len(read(tmp_path)) <= 60
