"""Nothing that comes out of the sandbox is believed before it is checked."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recording_records import FILES, recipe, same

from grader.errors import RecordingInvalid
from grader.model import EntryPoint, Metric, ParameterGroup, Place, Problem, Recording, Run
from grader.recording import parse_recording

ENTRY = EntryPoint(id="e1", path="a.py")


def whole() -> Recording:
    """Return a recording with something in every field."""
    run = Run(
        id="e1.1",
        recipe=recipe("optimizer"),
        samples="e1.1.safetensors",
        places={"network": Place(file="a.py", line=3)},
        events=("batch", "step"),
        printed=(Metric(name="loss", value=2.3),),
    )
    problem = Problem(kind="name_error", text=same("It stopped."), place=Place(file="b.py", line=9))
    return Recording(entry=ENTRY, runs=(run,), problem=problem, ageing=("view",), output_tail="done\n")


def plain() -> dict[str, Any]:
    """Return that recording as plain JSON values."""
    decoded: dict[str, Any] = json.loads(msgspec.json.encode(whole()))
    return decoded


def parse(value: Any) -> Recording:
    """Return what the host makes of plain JSON values."""
    return parse_recording(json.dumps(value).encode(), ENTRY, FILES)


def test_honest_recording_passes_unchanged() -> None:
    """What the recorder wrote is read back as it was."""
    assert parse_recording(msgspec.json.encode(whole()), ENTRY, FILES) == whole()


def test_entry_point_is_ours() -> None:
    """Whatever the file says, the recording is that of the entry point that was asked for."""
    value = plain()
    value["entry"] |= {"path": "other.py", "template": True}
    assert parse(value).entry == ENTRY


def test_places_outside_the_hand_in_are_taken_away() -> None:
    """Lines of files that are not the student's, or of no file, are dropped."""
    value = plain()
    value["runs"][0]["places"] = {
        "network": {"file": "../secret.py", "line": 1},
        "loss": {"file": "a.py", "line": -4},
        "optimizer": {"file": "c.py", "line": 4},
    }
    value["problem"]["place"] = {"file": "/etc/passwd", "line": 1}
    recording = parse(value)
    assert recording.runs[0].places == {"optimizer": Place(file="c.py", line=4)}
    assert recording.problem is not None
    assert recording.problem.place is None


def test_groups_hold_the_networks_own_tensors_only() -> None:
    """Tensors of layers that no graph uses are no part of the recipe."""
    value = plain()
    value["runs"][0]["recipe"]["optimisation"]["groups"][0]["parameters"] += ["spare.weight"]
    value["runs"][0]["recipe"]["loop"]["untrained"] = ["fc.bias", "spare.bias"]
    found = parse(value).runs[0].recipe
    assert found is not None
    assert found.optimisation.groups[0] == ParameterGroup(
        parameters=("fc.weight", "fc.bias"), options={"lr": 0.1, "momentum": 0.9}
    )
    assert found.loop.untrained == ("fc.bias",)


def test_control_characters_are_taken_out() -> None:
    """Escape sequences and direction marks reach neither the terminal nor the report."""
    value = plain()
    value["output_tail"] = "a\x1b[31mred\u202egnp\x00\nnext"
    value["problem"]["text"]["fr"] = "Erreur\x07 \u2066ici"
    recording = parse(value)
    assert recording.output_tail == "a[31mredgnp\nnext"
    assert recording.problem is not None
    assert recording.problem.text.fr == "Erreur ici"


def changed(path: str, new: Any) -> dict[str, Any]:
    """Return the recording with one value replaced, by its path of keys."""
    value = plain()
    inner: Any = value
    *way, last = [int(part) if part.isdecimal() else part for part in path.split("/")]
    for part in way:
        inner = inner[part]
    inner[last] = new
    return value


BROKEN = {
    "another program's run": changed("runs/0/id", "e2.1"),
    "run id with a path": changed("runs/0/id", "e1.../x"),
    "run id in other digits": changed("runs/0/id", "e1.\u0661"),
    "twice one run": changed("runs", plain()["runs"] * 2),
    "samples elsewhere": changed("runs/0/samples", "../../x.safetensors"),
    "samples of another run": changed("runs/0/samples", "e1.2.safetensors"),
    "no batch": changed("runs/0/recipe/data/batch_size", 0),
    "text for a number": changed("runs/0/recipe/data/batch_size", "128"),
    "enormous batch": changed("runs/0/recipe/data/batch_size", 10**9),
    "negative epochs": changed("runs/0/recipe/optimisation/epochs", -1),
    "negative rate": changed("runs/0/recipe/optimisation/schedule/rates", [0.1, -1.0]),
    "no group": changed("runs/0/recipe/optimisation/groups", []),
    "unknown loss": changed("runs/0/recipe/optimisation/loss/name", "eval"),
    "whole number without end": changed("runs/0/recipe/loop/steps_per_batch", 10**40),
    "endless text": changed("problem/text/fr", "a" * 50_000),
    "endless list": changed("runs/0/events", ["x"] * 30_000),
    "deep argument": changed("runs/0/recipe/network/modules/fc/arguments/x", json.loads("[" * 60 + "]" * 60)),
    "a list": [1],
    "nothing": None,
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_broken_recording_is_refused_in_a_sentence(name: str) -> None:
    """Each break of caps, format or sense is RecordingInvalid, with the program's name, in both languages."""
    with pytest.raises(RecordingInvalid) as caught:
        parse(BROKEN[name])
    assert "a.py" in caught.value.text.fr
    assert "a.py" in caught.value.text.en


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"\xff\xfe", b"nan", b"[" * 1_000_000, b'{"a":' * 100_000, b"\x80\x04.",
        b'"' + b"a" * 9_000_000 + b'"',
        b'{"entry": {"id": "e1", "path": "a.py"}, "runs": NaN}', b'{"x": 1e999}', b'{"x": "\\ud800"}',
        b"[" + b"1," * 500_000 + b"1]",
    ],
    ids=range(12),
)  # fmt: skip
def test_what_is_not_json_is_refused(content: bytes) -> None:
    """Bytes that are no JSON, too deep, too long or not finite never get further."""
    with pytest.raises(RecordingInvalid):
        parse_recording(content, ENTRY, FILES)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def spots(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value inside `value`."""
    found = [path] if path else []
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in parts:
        found += spots(inner, (*path, key))
    return found


SPOTS = spots(plain())


@settings(max_examples=300, deadline=None)
@given(where=st.sampled_from(SPOTS), new=JSON)
def test_random_corruption_is_refused_or_harmless(where: tuple[Any, ...], new: Any) -> None:
    """Whatever stands anywhere, the host either reads a recording of this entry point or refuses; never more."""
    value = plain()
    inner: Any = value
    for part in where[:-1]:
        inner = inner[part]
    inner[where[-1]] = new
    try:
        recording = parse(value)
    except RecordingInvalid:
        return
    assert recording.entry == ENTRY
    assert all(run.samples in (None, f"{run.id}.safetensors") for run in recording.runs)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_random_bytes_are_refused_or_harmless(data: st.DataObject) -> None:
    """Bytes changed, cut or added at random never crash the host."""
    content = bytearray(msgspec.json.encode(whole()))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content) - 1))
        content[start : start + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
    try:
        recording = parse_recording(bytes(content), ENTRY, FILES)
    except RecordingInvalid:
        return
    assert recording.entry == ENTRY
