"""What the students saw, put to their stages; the same work under two stages is pointed out."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from grader.courseworks import load
from grader.model import (
    EntryPoint,
    FileEntry,
    Outcome,
    Recording,
    Recordings,
    Run,
    SandboxRecord,
    Seen,
    StageMatch,
    Submission,
    Text,
)
from grader.pipeline.seeing import see

ASSIGNMENT = load("polytech_tp5_6").assignment
LOG = "".join(
    f"=== EPOCH {n} ===\nAvg loss 1.0 Avg Prec@1 {40 + n} %\nAvg loss 1.2 Avg Prec@1 {38 + n} %\n"
    for n in (1, 2)
)


def look(folder: Path, files: dict[str, bytes], trained: dict[str, list[str]] | None = None) -> Seen:
    """Hand in `files`; the programs of `trained` trained the stages named, one after the other."""
    entries, recordings, matches = [], [], []
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        entries.append(FileEntry(path=name, size_bytes=len(content), sha256=digest))
    for number, (program, stages) in enumerate((trained or {}).items()):
        runs = tuple(Run(id=f"e{number}.{at}", recipe=None) for at, _ in enumerate(stages))
        recordings.append(Recording(entry=EntryPoint(id=f"e{number}", path=program), runs=runs))
        matches += [
            StageMatch(stage=stage, outcome=Outcome.PASSED, run=run.id, reason=Text(fr="", en=""))
            for stage, run in zip(stages, runs, strict=True)
        ]
    submission = Submission(id="x", name="x", digest="d", files=tuple(entries))
    record = Recordings(recordings=tuple(recordings), sandbox=SandboxRecord(backend="none"))
    return see(submission, folder, ASSIGNMENT, record, matches)


def test_log_beside_a_program_belongs_to_what_it_trained(tmp_path: Path) -> None:
    """`script3.log` lies beside `script3.py`, which was recognised as dropout whatever its name."""
    seen = look(tmp_path, {"script3.log": LOG.encode()}, {"script3.py": ["dropout"]})
    assert [curve.stage for curve in seen.curves] == ["dropout"]


def test_several_trainings_of_one_log_are_those_of_the_program_in_order(tmp_path: Path) -> None:
    """A notebook that trained twice printed two curves, in that order; where counts differ nothing is guessed."""
    cells = [{"cell_type": "code", "outputs": [{"output_type": "stream", "text": LOG}]}] * 2
    book = json.dumps({"cells": cells}).encode()
    seen = look(tmp_path, {"tp.ipynb": book}, {"tp.ipynb": ["baseline", "normalization"]})
    assert [curve.stage for curve in seen.curves] == ["baseline", "normalization"]
    seen = look(tmp_path, {"tp.ipynb": book}, {"tp.ipynb": ["baseline", "normalization", "dropout"]})
    assert [curve.stage for curve in seen.curves] == [None, None]


def test_same_curve_under_two_stages_is_told_once(tmp_path: Path) -> None:
    """One log copied for two stages is a problem that names both files."""
    seen = look(tmp_path, {"base.log": LOG.encode(), "dropout.log": LOG.encode()})
    (problem,) = seen.problems
    assert problem.kind == "same_work" and "base.log, dropout.log" in problem.text.fr


def test_same_figure_under_two_stages_is_told_also_from_notebooks(tmp_path: Path) -> None:
    """A picture equal to another stage's is told; the same picture twice for one stage is no matter."""
    assert not look(tmp_path, {"a/dropout.png": b"one", "b/dropout.png": b"one"}).problems
    (problem,) = look(tmp_path, {"dropout.png": b"one", "batchnorm.png": b"one"}).problems
    assert "Dropout" in problem.text.en and "costs nothing" in problem.text.en
    cells = [
        part
        for title in ("Normalisation", "Dropout")
        for part in (
            {"cell_type": "markdown", "source": f"# {title}"},
            {"cell_type": "code", "outputs": [{"data": {"image/png": "aGVsbG8="}}]},
        )
    ]
    (problem,) = look(tmp_path, {"tp.ipynb": json.dumps({"cells": cells}).encode()}).problems
    assert problem.place is not None and problem.place.file == "tp.ipynb"
