"""Examining recorded runs: the host believes what it can compute again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import torch
from recipe_networks import SHAPE, SMALL, run_of, take_samples
from safetensors.torch import load, save
from torch import nn

from grader.errors import RecordingInvalid
from grader.model import EntryPoint, Examination, Recording, Recordings, Run, SandboxRecord
from grader.recipe.examine import examine
from grader.recipe.samples import read_samples
from grader.records import read_record, write_record


def recorded(module: nn.Module, folder: Path, **settings: int) -> Run:
    """Return a run of `module` whose samples lie in `folder`."""
    torch.manual_seed(0)
    run = run_of(module, **settings)
    assert run.recipe is not None
    (folder / str(run.samples)).write_bytes(take_samples(module, run.recipe.network))
    return run


def change(folder: Path, run: Run, **tensors: torch.Tensor) -> None:
    """Replace tensors of the run's samples file; names have `__` for `/`."""
    path = folder / str(run.samples)
    path.write_bytes(
        save(load(path.read_bytes()) | {key.replace("__", "/"): one for key, one in tensors.items()})
    )


@pytest.mark.parametrize("name", sorted(set(SMALL) - {"owning"}))
def test_honest_run_agrees(name: str, tmp_path: Path) -> None:
    """The rebuilt network gives the recorded outputs, a dropout that never sleeps included."""
    found = examine(recorded(SMALL[name](), tmp_path), tmp_path)
    assert found.agrees, found.reason
    assert found.flags == ()
    assert found.layers
    assert found.canonical
    assert len(found.digest) == 64


def test_bare_parameter_is_flagged_and_agrees(tmp_path: Path) -> None:
    """A bare parameter of unknown origin is compared like any other, and shown to a person."""
    found = examine(recorded(SMALL["owning"](), tmp_path), tmp_path)
    assert found.agrees
    assert found.flags == ("unknown_initial_values",)


def test_other_outputs_are_seen(tmp_path: Path) -> None:
    """Recorded outputs that the graph does not give are a mismatch, in one sentence."""
    run = recorded(SMALL["residual"](), tmp_path)
    outputs = load((tmp_path / str(run.samples)).read_bytes())["output/3"]
    change(tmp_path, run, output__3=outputs + 0.01 * outputs.abs().max())
    found = examine(run, tmp_path)
    assert not found.agrees
    assert found.flags == ("output_mismatch",)
    assert found.reason is not None


def test_learnt_values_are_flagged(tmp_path: Path) -> None:
    """Initial values that no declared draw gives, as a checkpoint's, go to a person."""
    module = SMALL["residual"]()
    with torch.no_grad():
        module.fc.weight.mul_(3)
    assert "unknown_initial_values" in examine(recorded(module, tmp_path), tmp_path).flags


def test_frozen_and_constant_tensors_are_flagged(tmp_path: Path) -> None:
    """Parameters that do not learn, and constants that no layer makes, go to a person."""
    module = SMALL["residual"]()
    module.stem.weight.requires_grad_(False)
    assert examine(recorded(module, tmp_path), tmp_path).flags == ("frozen_parameters",)

    class Constant(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(192, 10)
            self.register_buffer("offset", torch.randn(10))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(x.flatten(1)) + self.offset

    assert "constant_tensors" in examine(recorded(Constant(), tmp_path), tmp_path).flags


def test_fixed_batch_size_is_flagged(tmp_path: Path) -> None:
    """A network bound to its batch size is measured at that size, and told."""

    class Bound(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(192, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(x.view(8, -1))

    module = Bound()
    run = run_of(module, batch_size=8)
    assert run.recipe is not None
    (tmp_path / str(run.samples)).write_bytes(take_samples(module, run.recipe.network, batch_sizes=(8,)))
    found = examine(run, tmp_path)
    assert found.agrees
    assert found.flags == ("fixed_batch_size",)
    assert [row.name for row in found.layers] == ["flatten0", "fc1"]


def test_run_without_samples_is_measured_but_not_believed(tmp_path: Path) -> None:
    """Without samples there are layers and a digest, and no agreement."""
    found = examine(run_of(SMALL["alone"]()), tmp_path)
    assert not found.agrees
    assert found.flags == ("no_samples",)
    assert found.layers


def broken_files(good: bytes) -> dict[str, bytes]:
    """Return samples files that are wrong in different ways."""
    tensors = load(good)
    header = json.dumps(
        {"value/1.weight": {"dtype": "F32", "shape": [10**9, 10**9], "data_offsets": [0, 8]}}
    ).encode()
    return {
        "empty": b"",
        "short": good[:40],
        "cut": good[:-7],
        "no header": b"\xff" * 64,
        "deep header": (100_000).to_bytes(8, "little") + b"[" * 100_000,
        "giant tensor": len(header).to_bytes(8, "little") + header + b"\0" * 8,
        "pickle": b"\x80\x04cos\nsystem\n(S'true'\ntR.",
        "other shape": save(tensors | {"value/1.weight": torch.zeros(3, 3)}),
        "other number format": save(tensors | {"value/1.weight": torch.zeros(10, 192, dtype=torch.float64)}),
        "not a number": save(tensors | {"value/1.weight": torch.full((10, 192), float("nan"))}),
        "infinite": save(tensors | {"output/3": torch.full((3, 10), float("inf"))}),
        "missing": save({key: one for key, one in tensors.items() if key != "value/1.weight"}),
        "output without input": save({key: one for key, one in tensors.items() if key != "input/3"}),
        "unknown name": save(tensors | {"__reduce__": torch.zeros(1)}),
        "batch of another size": save(tensors | {"input/3": torch.zeros(4, *SHAPE)}),
    }


def test_broken_samples_are_refused(tmp_path: Path) -> None:
    """Whatever is wrong with a samples file ends as RecordingInvalid, and as a mismatch in the examination."""
    run = recorded(SMALL["alone"](), tmp_path)
    assert run.recipe is not None
    path = tmp_path / str(run.samples)
    for name, content in broken_files(path.read_bytes()).items():
        path.write_bytes(content)
        with pytest.raises(RecordingInvalid):
            read_samples(path, run.recipe.network)
        found = examine(run, tmp_path)
        assert (found.agrees, found.flags) == (False, ("output_mismatch",)), name


def recordings_of(*runs: Run) -> Recordings:
    """Return the recordings of one entry point with `runs`."""
    entry = EntryPoint(id="e1", path="a.py")
    return Recordings(recordings=(Recording(entry=entry, runs=runs),), sandbox=SandboxRecord(backend="fake"))


def start(folder: Path) -> int:
    """Run the examination over `folder` as the host does and return its exit code."""
    command = [sys.executable, "-m", "grader.recipe"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    given = os.fsencode(folder)
    return subprocess.run(command, env=environment, input=given, check=False, timeout=300).returncode


@pytest.mark.slow
def test_process_examines_every_run(tmp_path: Path) -> None:
    """The command writes one examination a run, a hostile one among them costing the others nothing."""
    good = recorded(SMALL["residual"](), tmp_path)
    assert good.recipe is not None
    conv = good.recipe.network.modules["stem"]
    hostile = msgspec.structs.replace(
        good,
        id="e1.2",
        recipe=msgspec.structs.replace(
            good.recipe,
            network=msgspec.structs.replace(
                good.recipe.network,
                modules=good.recipe.network.modules
                | {"stem": msgspec.structs.replace(conv, arguments=conv.arguments | {"out_channels": 10**9})},
            ),
        ),
    )
    write_record(tmp_path / "recordings.json", recordings_of(hostile, good))
    assert start(tmp_path) == 0
    found = read_record(tmp_path / "examinations.json", list[Examination])
    assert [(one.run, one.agrees, one.flags) for one in found] == [
        ("e1.2", False, ("invalid_recipe",)),
        ("e1.1", True, ()),
    ]


@pytest.mark.slow
def test_run_that_ended_the_process_is_not_begun_again(tmp_path: Path) -> None:
    """Started again, the process leaves what is noted and does the rest."""
    good = recorded(SMALL["alone"](), tmp_path)
    other = msgspec.structs.replace(good, id="e1.2")
    write_record(tmp_path / "recordings.json", recordings_of(good, other))
    note = Examination(run="e1.1", agrees=False, flags=("not_examined",))
    write_record(tmp_path / "examinations.json", [note])
    assert start(tmp_path) == 0
    found = read_record(tmp_path / "examinations.json", list[Examination])
    assert found[0] == note
    assert (found[1].run, found[1].agrees) == ("e1.2", True)
