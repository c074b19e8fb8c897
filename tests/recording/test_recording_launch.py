"""From a hand-in to recordings on disk, with a sandbox that answers from a script."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from recording_records import recipe, same

from grader.model import EntryPoint, FileEntry, Problem, Recording, Recordings, Run, Submission
from grader.recording import match_stages, record
from grader.records import read_record
from grader.sandbox import FakeSandbox, Finished, Order, Script, choose

KILLED = Problem(kind="killed", text=same("It was stopped."))


def submission(*entries: EntryPoint) -> Submission:
    """Return a hand-in with those entry points and their files."""
    files = tuple(FileEntry(path=entry.path, size_bytes=1, sha256="0" * 64) for entry in entries)
    return Submission(id="s", name="s", digest="0" * 64, files=files, entry_points=entries)


def entry(number: int, *, template: bool = False) -> EntryPoint:
    """Return the entry point of a script."""
    return EntryPoint(id=f"e{number}", path=f"script{number}.py", template=template)


def left(recording: Recording) -> dict[str, bytes]:
    """Return what the recorder leaves for one entry."""
    return {f"/recordings/{recording.entry.id}.json": msgspec.json.encode(recording)}


def recorded(tmp_path: Path, sandbox: FakeSandbox, *entries: EntryPoint) -> Recordings:
    """Return the recordings of a hand-in with `entries`."""
    root = tmp_path / "root"
    root.mkdir(exist_ok=True)
    return record(submission(*entries), root, tmp_path / "out", sandbox, language="fr")


def test_one_sandbox_for_all_programs(tmp_path: Path) -> None:
    """All entry points but templates stand in one job; the hand-in is read-only, and nothing else of ours is seen."""
    jobs: list[dict[str, Any]] = []

    def answer(order: Order) -> Script:
        (folder,) = [mount.source for mount in order.mounts if mount.target == "/job"]
        jobs.append(msgspec.json.decode((folder / "JOB.json").read_bytes()))
        return Script()

    sandbox = FakeSandbox(answer)
    recorded(tmp_path, sandbox, entry(1), entry(2), entry(3, template=True))
    ((order,), (job,)) = (sandbox.orders, jobs)
    assert [one["id"] for one in job["entries"]] == ["e1", "e2"]
    assert order.command[1:] == ("-m", "grader.recorder", "/job/JOB.json")
    assert [mount.target for mount in order.mounts if mount.writable] == ["/recordings"]
    ours = {mount.target for mount in order.mounts if mount.target.startswith("/packages/grader/")}
    assert {"/packages/grader/recorder", "/packages/grader/recipe", "/packages/grader/model"} <= ours
    assert not {name for name in ours if "checking" in name or "marking" in name or "recording" in name}


def test_nothing_to_run_starts_nothing(tmp_path: Path) -> None:
    """A hand-in of templates alone never starts the sandbox, and its record is written."""
    sandbox = FakeSandbox()
    found = recorded(tmp_path, sandbox, entry(1, template=True))
    assert sandbox.orders == []
    assert found.recordings == ()
    assert read_record(tmp_path / "out" / "recordings" / "recordings.json", Recordings) == found


def test_broken_recording_costs_the_others_nothing(tmp_path: Path) -> None:
    """One recording that is not one becomes a problem; the rest is taken."""
    run = Run(id="e2.1", recipe=None, unexpressed=same("a loop of its own"))
    files = {"/recordings/e1.json": b"{}", **left(Recording(entry=entry(2), runs=(run,)))}
    found = recorded(tmp_path, FakeSandbox([Script(files=files)]), entry(1), entry(2))
    assert [one.problem and one.problem.kind for one in found.recordings] == ["recording_invalid", None]
    assert [one.run for one in found.examinations] == ["e2.1"]
    assert not found.examinations[0].agrees


@pytest.mark.parametrize(
    ("ended_by", "kind"),
    [
        ("wall", "time_limit"), ("cpu", "time_limit"), ("memory", "memory_limit"), ("processes", "process_limit"),
        ("output", "output_limit"), ("disk", "disk_limit"), ("file_size", "disk_limit"), ("exit", "no_recording"),
    ],
)  # fmt: skip
def test_what_ended_the_sandbox_is_told_once_per_program(ended_by: Any, kind: str, tmp_path: Path) -> None:
    """A program without a recording, or killed in the middle, is told which limit it met; kept runs stay."""
    run = Run(id="e1.1", recipe=None, unexpressed=same("cut short"))
    cut = Recording(entry=entry(1), runs=(run,), problem=KILLED)
    script = Script(finished=Finished(ended_by=ended_by, exit_code=None), files=left(cut))
    found = recorded(tmp_path, FakeSandbox([script]), entry(1), entry(2))
    first, second = found.recordings
    assert len(first.runs) == 1
    assert (first.problem and first.problem.kind) == ("killed" if ended_by == "exit" else kind)
    assert (second.problem and second.problem.kind) == kind
    assert "script2.py" in (second.problem.text.fr if second.problem else "")
    assert found.sandbox.ended_by == ended_by


def test_missing_samples_are_a_problem_of_their_own(tmp_path: Path) -> None:
    """A run that names samples it did not leave keeps its place, without them, and that is said."""
    run = Run(id="e1.1", recipe=None, unexpressed=same("why"), samples="e1.1.safetensors")
    found = recorded(
        tmp_path, FakeSandbox([Script(files=left(Recording(entry=entry(1), runs=(run,))))]), entry(1)
    )
    (one,) = found.recordings
    assert one.runs[0].samples is None
    assert (one.problem and one.problem.kind) == "samples_invalid"


def test_what_an_earlier_run_left_is_gone(tmp_path: Path) -> None:
    """Recording again starts from an empty folder."""
    folder = tmp_path / "out" / "recordings"
    folder.mkdir(parents=True)
    (folder / "e9.1.safetensors").write_bytes(b"old")
    recorded(tmp_path, FakeSandbox(), entry(1))
    assert sorted(path.name for path in folder.iterdir()) == ["recordings.json"]


@pytest.mark.slow
def test_recipes_are_examined_in_a_process_of_their_own(tmp_path: Path) -> None:
    """A recipe that cannot be rebuilt is told as such, with its facts, and the recordings stand."""
    run = Run(id="e1.1", recipe=recipe("optimizer"))
    found = recorded(
        tmp_path, FakeSandbox([Script(files=left(Recording(entry=entry(1), runs=(run,))))]), entry(1)
    )
    (one,) = found.examinations
    assert (one.agrees, one.flags) == (False, ("no_samples",))
    assert [layer.name for layer in one.layers] == ["fc1"]
    assert not any(fact.confirmed for fact in one.facts)
    assert read_record(tmp_path / "out" / "recordings" / "recordings.json", Recordings) == found


PROGRAM = """
import torch
from torch import nn
from torchvision import datasets, transforms

data = datasets.CIFAR10("data", train=True, download=True, transform=transforms.ToTensor())
test = datasets.CIFAR10("data", train=False, transform=transforms.ToTensor())
train_loader = torch.utils.data.DataLoader(data, batch_size=16, shuffle=True)
test_loader = torch.utils.data.DataLoader(test, batch_size=16)
net = nn.Sequential(nn.Conv2d(3, 4, 5, padding=2), nn.ReLU(), nn.MaxPool2d(8), nn.Flatten(), nn.Linear(64, 10))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for epoch in range(2):
    net.train()
    for images, labels in train_loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(images), labels).backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        for images, labels in test_loader:
            net(images)
"""


@pytest.mark.slow
@pytest.mark.sandbox
def test_real_program_in_the_real_sandbox(tmp_path: Path) -> None:
    """A student's script, really recorded, is rebuilt, agrees, has its facts confirmed and answers its stage."""
    from recording_records import assignment

    root = tmp_path / "root"
    root.mkdir()
    (root / "script1.py").write_text(PROGRAM, encoding="utf-8")
    found = record(submission(entry(1)), root, tmp_path / "out", choose("bubblewrap"), language="fr")
    (one,) = found.examinations
    assert found.recordings[0].problem is None
    assert (one.agrees, one.flags) == (True, ())
    assert one.canonical[0] == "conv 3->4 k5 s1 p2"
    assert all(fact.confirmed for fact in one.facts)
    assert match_stages(assignment(), found)[0].run == "e1.1"
