"""Hand-ins in the styles of students, each with what must be found in it (`tests/handins/*/expected.toml`).

All of them are watched in one sandbox, as if they were one hand-in: what takes time is to start it. As in a grading,
what else their programs could be run as is watched afterwards, of those hand-ins of which a stage is not found.
"""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from grader import courseworks
from grader.model import (
    VARIANTS,
    EntryPoint,
    Outcome,
    Place,
    Problem,
    Recording,
    Recordings,
    Run,
    StageMatch,
    Submission,
)
from grader.recording import match_stages, record
from grader.sandbox import choose
from grader.submissions import open_submission

HANDINS = Path(__file__).resolve().parents[1] / "handins"
ROOT = HANDINS.parents[1]
COURSEWORK = courseworks.load("polytech_tp5_6")
NAMES = sorted(path.parent.name for path in HANDINS.glob("*/expected.toml"))

pytestmark = [pytest.mark.slow, pytest.mark.sandbox]


@dataclass(frozen=True)
class Told:
    """What was found of one hand-in, and what should have been."""

    expected: dict[str, Any]
    submission: Submission
    recordings: Recordings
    matches: dict[str, StageMatch]
    problems: tuple[Problem, ...]

    def recording_of(self, name: str | None) -> tuple[Recording, Run] | None:
        """Return the run called `name` with the recording that holds it."""
        runs = ((one, run) for one in self.recordings.recordings for run in one.runs)
        return next((pair for pair in runs if pair[1].id == name), None)


def laid_out(folder: Path, expected: dict[str, Any], into: Path) -> Path:
    """Copy the hand-in to a folder, with the history that `history/1`, `history/2`, ... tell."""
    source = ROOT / expected["copy_of"] if "copy_of" in expected else folder
    target = into / folder.name
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("expected.toml", "history"))
    versions = sorted((folder / "history").glob("*"))
    if versions:
        commit_all(target, versions)
    return target


def commit_all(target: Path, versions: list[Path]) -> None:
    """Make a repository of `target`, with a commit for each of `versions` and one for what stands in it."""
    who = {f"GIT_{role}_{word}": "e@e" for role in ("AUTHOR", "COMMITTER") for word in ("NAME", "EMAIL")}
    when = {f"GIT_{role}_DATE": "2021-11-08T12:00:00Z" for role in ("AUTHOR", "COMMITTER")}

    def git(*words: str) -> None:
        env = who | when | {"PATH": "/usr/bin:/bin", "HOME": str(target)}
        subprocess.run(["git", *words], cwd=target, env=env, check=True, capture_output=True)

    last = {path.name: path.read_bytes() for path in target.iterdir()}
    git("init", "-q")
    for number, version in enumerate([*versions, None], start=1):
        files = {path.name: path.read_bytes() for path in version.iterdir()} if version else last
        for file, content in files.items():
            (target / file).write_bytes(content)
        git("add", ".")
        git("commit", "-q", "-m", f"v{number}")


def watch_all(folders: list[Path], scratch: Path) -> dict[str, Told]:
    """Open every hand-in by itself, watch all their programs at once, and match the stages of each.

    Then watch the alternatives of those in which a stage was not found.
    """
    expected, opened = {}, {}
    root = scratch / "all"
    for folder in folders:
        name = folder.name
        expected[name] = tomllib.loads((folder / "expected.toml").read_text(encoding="utf-8"))
        path = laid_out(folder, expected[name], scratch / "in")
        opened[name] = open_submission(path, root / name, COURSEWORK.template)
        for variant in (root / name / VARIANTS).glob("*"):
            shutil.move(variant, root / VARIANTS / variant.name / name)
    files = [
        msgspec.structs.replace(file, path=f"{name}/{file.path}")
        for name, one in opened.items()
        for file in one.files
    ]
    numbers = {name: number for number, name in enumerate(opened, start=1)}

    def placed(name: str, entries: tuple[EntryPoint, ...]) -> tuple[EntryPoint, ...]:
        """Return entry points of one hand-in as those of the folder in which all of them stand."""
        return tuple(
            msgspec.structs.replace(
                entry,
                id=f"{numbers[name]}{entry.id}",
                path=f"{name}/{entry.path}",
                typed={f"{name}/{place}": answer for place, answer in entry.typed.items()},
            )
            for entry in entries
        )

    def watched(earlier: Recordings | None, entries: dict[str, tuple[EntryPoint, ...]]) -> Recordings:
        """Return what the entries did, beside what `earlier` holds."""
        all_ = tuple(entry for name, own in entries.items() for entry in placed(name, own))
        together = Submission(
            id="all", name="all", digest="", files=tuple(files), entry_points=all_, alternatives=all_
        )
        out, sandbox = scratch / "out", choose("bubblewrap")
        return record(together, root, out, sandbox, language="fr", wall_s=3600.0, earlier=earlier)

    recordings = watched(None, {name: one.entry_points for name, one in opened.items()})
    first = {name: told(name, expected[name], one, recordings) for name, one in opened.items()}
    open_ = [
        name for name in opened if any(m.outcome is not Outcome.PASSED for m in first[name].matches.values())
    ]
    recordings = watched(recordings, {name: opened[name].alternatives for name in open_})
    return {name: told(name, expected[name], one, recordings) for name, one in opened.items()}


def told(name: str, expected: dict[str, Any], submission: Submission, all_: Recordings) -> Told:
    """Return what concerns one hand-in, with its own paths."""

    def own(entry: EntryPoint) -> bool:
        return entry.path.startswith(f"{name}/")

    mine = [one for one in all_.recordings if own(one.entry)]
    ids = {run.id for one in mine for run in one.runs}
    recordings = msgspec.structs.replace(
        all_, recordings=tuple(mine), examinations=tuple(one for one in all_.examinations if one.run in ids)
    )
    matches = match_stages(COURSEWORK.assignment, recordings, submission.problems)
    met = [*submission.problems, *(one.problem for one in mine if one.problem is not None)]
    return Told(
        expected, submission, recordings, {one.stage: one for one in matches}, tuple(dict.fromkeys(met))
    )


@pytest.fixture(scope="module")
def all_told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Told]:
    """Every hand-in, watched."""
    return watch_all([HANDINS / name for name in NAMES], tmp_path_factory.mktemp("handins"))


def departures(told: Told) -> list[str]:
    """Return everything in which a hand-in was found to be other than expected, in words."""
    expected = told.expected
    found = [*entries_differ(told), *ageing_differs(told)]
    runs = sum(len(recording.runs) for recording in told.recordings.recordings)
    if runs != expected.get("runs", runs):
        found.append(f"{runs} runs, not {expected['runs']}")
    for stage, wanted in expected.get("stage", {}).items():
        found += [f"{stage}: {one}" for one in stage_differs(told, told.matches[stage], wanted)]
    for wanted in expected.get("fault", ()):
        found += fault_differs(told, wanted)
    for wanted in expected.get("problem", ()):
        found += problem_differs(told, wanted)
    return found


def entries_differ(told: Told) -> list[str]:
    """Compare the entry points by path, function and order, and their number."""
    points = told.submission.entry_points
    if len(points) > told.expected.get("most_entries", 36):
        return [f"{len(points)} entry points"]
    if "entries" not in told.expected:
        return []
    seen = sorted(
        " ".join([
            one.path, *([one.function] if one.call == "main" else []), *([one.order] if one.order != "file" else []),
        ])
        for one in points
    )  # fmt: skip
    return [] if seen == told.expected["entries"] else [f"entries {seen}"]


def ageing_differs(told: Told) -> list[str]:
    """Every bridge that the hand-in needs is told; telling of more is no mistake."""
    seen = {name for recording in told.recordings.recordings for name in recording.ageing}
    absent = set(told.expected.get("ageing", ())) - seen
    return [f"ageing: {sorted(absent)} not in {sorted(seen)}"] if absent else []


def stage_differs(told: Told, match: StageMatch, wanted: dict[str, Any]) -> list[str]:
    """Compare a stage's outcome and evidence, and the recipe of its run."""
    found = []
    outcome = wanted.get("outcome", "passed")
    if match.outcome != outcome:
        found.append(f"{match.outcome}, not {outcome} ({match.reason.en})")
    if match.run is not None and match.evidence != wanted.get("evidence", "handed_in"):
        found.append(f"evidence {match.evidence}")
    if "ingredients" not in wanted:
        return found
    if match.ingredients != tuple(wanted["ingredients"]):
        found.append(f"ingredients {match.ingredients}")
    pair = told.recording_of(match.run)
    if pair is None or pair[1].recipe is None:
        return [*found, "no recipe"]
    recording, run = pair
    optimisation = pair[1].recipe.optimisation
    options = optimisation.groups[0].options
    seen = {
        "file": recording.entry.path.partition("/")[2],
        "cell": run.cell,
        "optimizer": optimisation.optimizer,
        "lr": options.get("lr"),
        "momentum": options.get("momentum"),
        "batch": pair[1].recipe.data.batch_size,
        "epochs": optimisation.epochs,
    }
    return found + unlike(seen, wanted)


def fault_differs(told: Told, wanted: dict[str, Any]) -> list[str]:
    """A fault of the loop is told as a fact of the stage's run, confirmed or not, with its line."""
    run = told.matches[wanted["stage"]].run
    examination = next((one for one in told.recordings.examinations if one.run == run), None)
    facts = examination.facts if examination is not None else ()
    fact = next((one for one in facts if one.name == wanted["name"]), None)
    if fact is None:
        return [f"{wanted['name']}: no such fact of {run}"]
    seen = {"value": fact.value, "confirmed": fact.confirmed, **place_of(fact.place)}
    return [f"{wanted['name']}: {one}" for one in unlike(seen, wanted)]


def problem_differs(told: Told, wanted: dict[str, Any]) -> list[str]:
    """A problem is told once, with its file and line."""
    same = [one for one in told.problems if one.kind == wanted["kind"]]
    if len(same) != 1:
        return [f"{wanted['kind']} told {len(same)} times of {[one.kind for one in told.problems]}"]
    found = [f"{wanted['kind']}: {one}" for one in unlike(place_of(same[0].place), wanted)]
    return found + [
        f"{word!r} not said" for word in wanted.get("mentions", ()) if word not in same[0].text.fr
    ]


def place_of(place: Place | None) -> dict[str, Any]:
    """Return file, line and cell of a place, without the folder that all hand-ins of the test stand in."""
    if place is None:
        return {"file": None, "line": None, "cell": None}
    inside = place.file.partition("/")[2]
    return {"file": inside or place.file, "line": place.line, "cell": place.page}


def unlike(seen: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """Return the values that are wanted otherwise."""
    return [
        f"{name} {value}, not {wanted[name]}"
        for name, value in seen.items()
        if name in wanted and value != wanted[name]
    ]


def test_there_are_at_least_25_hand_ins() -> None:
    """The corpus covers the styles that students were seen to hand in."""
    assert len(NAMES) >= 25


@pytest.mark.parametrize("name", NAMES)
def test_hand_in_is_told_as_it_is(name: str, all_told: dict[str, Told]) -> None:
    """Programs, recipes by stage, faults of loops, ageing and problems are found as `expected.toml` says."""
    assert departures(all_told[name]) == []
