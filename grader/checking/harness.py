"""Runs a coursework's checks in a pytest process of their own, for one hand-in or many, and gathers the verdicts.

The process sees the evidence and the checks. Nothing of the hand-in is on its path, its folder or its
environment; a check that crashes, hangs or takes the process down becomes an `error`, never a pass.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

import grader
from grader.checking.claims import weigh_claims
from grader.checking.evidence import Evidence
from grader.checking.written import read_verdicts
from grader.model import Outcome, Verdict
from grader.text import Text

CHECKS = "checks.py"
ANSWER_CHECKS = "answer_checks.py"
LIMIT_S = 120.0
CHECK_LIMIT_S = 10.0

_OUR_FAULT = Text(
    fr="Cette vérification n'a pas eu lieu, par notre faute : rien ne vous est retiré.",
    en="This check did not take place, through our own fault: nothing is taken off.",
)


class _Line(msgspec.Struct, frozen=True):
    whole_stage: bool
    verdict: Verdict


def run_checks(
    folder: Path,
    evidence: Evidence,
    *,
    distribution: Literal["teacher", "student"] = "teacher",
    limit_s: float = LIMIT_S,
    check_limit_s: float = CHECK_LIMIT_S,
) -> tuple[Verdict, ...]:
    """Return one verdict a check of the coursework in `folder`, in the coursework's order, none left out.

    `distribution` says whether answers are judged (`answer_checks.py`) or only found and read. Written
    questions without a check get one verdict on their answer's state.
    """
    (verdicts,) = run_checks_many(
        folder, [evidence], distribution=distribution, limit_s=limit_s, check_limit_s=check_limit_s
    )
    return verdicts


def run_checks_many(
    folder: Path,
    evidences: Sequence[Evidence],
    *,
    distribution: Literal["teacher", "student"] = "teacher",
    answers_only: bool = False,
    limit_s: float = LIMIT_S,
    check_limit_s: float = CHECK_LIMIT_S,
) -> list[tuple[Verdict, ...]]:
    """Return what `run_checks` would for each of `evidences`, in one process as long as no check ends it.

    With `answers_only`, programs are not looked at.

    `limit_s` is the time for each. Those that a process did not come to, or not to the end of, are run again by
    themselves, so that one hand-in never costs another its verdicts.
    """
    names = (CHECKS, ANSWER_CHECKS) if distribution == "teacher" else (CHECKS,)
    names = (ANSWER_CHECKS,) if answers_only else names
    files = [(folder / name).resolve() for name in names if (folder / name).is_file()]
    with tempfile.TemporaryDirectory(prefix="checks-") as scratch:
        run = _Run(files, Path(scratch), limit_s, check_limit_s)
        ended = run.over(list(evidences)) if files else [_Ended([], [], "no checks")] * len(evidences)
    return [_verdicts(one, evidence, distribution) for one, evidence in zip(ended, evidences, strict=True)]


def _verdicts(
    ended: _Ended, evidence: Evidence, distribution: Literal["teacher", "student"]
) -> tuple[Verdict, ...]:
    found = {line.verdict.check: line for line in ended.lines}
    verdicts = [
        found[check.check].verdict if check.check in found else _lost(check, ended.told)
        for check in ended.collected
    ]
    whole = {line.verdict.check for line in ended.lines if line.whole_stage}
    verdicts = _told_once(verdicts, whole, evidence)
    verdicts += read_verdicts(
        evidence, {verdict.item for verdict in verdicts}, judged=distribution == "teacher"
    )
    verdicts += _unchecked(evidence, {verdict.item for verdict in verdicts}, ended.told)
    if distribution == "teacher":
        verdicts = weigh_claims(verdicts, evidence)
    order = {question.id: place for place, question in enumerate(evidence.assignment.question)}
    return tuple(sorted(verdicts, key=lambda verdict: order.get(verdict.item, len(order))))


@dataclass(frozen=True)
class _Ended:
    """What pytest left for one hand-in: its verdicts so far, what was collected, and how the process ended."""

    lines: list[_Line]
    collected: list[Verdict]
    told: str

    @property
    def whole(self) -> bool:
        return len(self.lines) == len(self.collected)


@dataclass(frozen=True)
class _Run:
    """Runs of pytest over the same checks."""

    files: list[Path]
    scratch: Path
    limit_s: float
    check_limit_s: float

    def over(self, evidences: list[Evidence]) -> list[_Ended]:
        """Return what came of each: of all together, then of each that was cut short, alone."""
        ended = self._together(evidences)
        if len(evidences) > 1:
            for place, one in enumerate(ended):
                if not one.whole or not one.collected:
                    (ended[place],) = self._together([evidences[place]])
        return ended

    def _together(self, evidences: list[Evidence]) -> list[_Ended]:
        with tempfile.TemporaryDirectory(dir=self.scratch) as name:
            given = Path(name) / "given"
            folders = [given / f"{place:06d}" for place in range(len(evidences))]
            for folder, evidence in zip(folders, evidences, strict=True):
                folder.mkdir(parents=True)
                (folder / "evidence.json").write_bytes(msgspec.json.encode(evidence))
            told = _run(self.files, given, Path(name), self.limit_s * len(evidences), self.check_limit_s)
            collected = _collected(given)
            return [_Ended(_lines(folder), collected, told) for folder in folders]


def _run(files: list[Path], given: Path, scratch: Path, limit_s: float, check_limit_s: float) -> str:
    """Run pytest over `files` for each folder of `given` and return the end of what it printed."""
    (scratch / "pytest.ini").write_text("[pytest]\naddopts =\n", encoding="utf-8")
    command = [
        sys.executable, "-P", "-s", "-m", "pytest", "-q", "-c", str(scratch / "pytest.ini"), "--rootdir", str(scratch),
        "--noconftest", "--tb=native", "-p", "no:cacheprovider", "-p", "grader.checking.plugin",
        "--import-mode=importlib",
        *(f"--override-ini=pythonpath={folder}" for folder in {str(file.parent) for file in files}),
        "--grader-folder", str(given), "--grader-check-limit", str(check_limit_s), *map(str, files),
    ]  # fmt: skip
    with (scratch / "output").open("wb") as output:
        try:
            ended = subprocess.run(
                command, cwd=scratch, env=_environment(), stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, timeout=limit_s, check=False,
            )  # fmt: skip
            how = f"pytest ended with code {ended.returncode}"
        except subprocess.TimeoutExpired:
            how = f"pytest was stopped after {limit_s:g} s"
        except OSError as error:
            how = f"pytest could not be started: {error}"
    tail = (scratch / "output").read_bytes()[-800:].decode("utf-8", errors="replace")
    return f"{how}: {tail}".replace(str(scratch), "").replace(str(Path(grader.__file__).parents[1]), "")


def _environment() -> dict[str, str]:
    """Return the little that Python needs; nothing of the caller's settings, no plugins but ours."""
    kept = {
        name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ
    }
    return kept | {
        "PYTHONPATH": str(Path(grader.__file__).resolve().parents[1]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "LANG": "C.UTF-8",
    }


def _collected(scratch: Path) -> list[Verdict]:
    path = scratch / "collected.json"
    return msgspec.json.decode(path.read_bytes(), type=list[Verdict]) if path.is_file() else []


def _lines(scratch: Path) -> list[_Line]:
    """Return the verdicts written, up to the first line that was cut."""
    path = scratch / "verdicts.jsonl"
    found: list[_Line] = []
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        try:
            found.append(msgspec.json.decode(line, type=_Line))
        except msgspec.DecodeError:
            break
    return found


def _lost(check: Verdict, told: str) -> Verdict:
    """Return the verdict of a check that was collected and never ended."""
    teacher = Text(
        fr=f"{check.check} n'a pas rendu de verdict. {told}", en=f"{check.check} gave no verdict. {told}"
    )
    return msgspec.structs.replace(check, outcome=Outcome.ERROR, message=_OUR_FAULT, teacher=teacher)


def _told_once(verdicts: list[Verdict], whole: set[str], evidence: Evidence) -> list[Verdict]:
    """Let one verdict speak for all checks of a stage of which nothing can be said."""
    titles = {stage.id: stage.title for stage in evidence.assignment.stage}
    kept: list[Verdict] = []
    told: set[tuple[str, str | None]] = set()
    for verdict in verdicts:
        key = (verdict.item, verdict.stage)
        if verdict.check not in whole:
            kept.append(verdict)
        elif key not in told:
            told.add(key)
            label = titles.get(verdict.stage or "", verdict.label)
            kept.append(msgspec.structs.replace(verdict, cost=1.0, label=label))
    return kept


def _unchecked(evidence: Evidence, items: set[str], told: str) -> list[Verdict]:
    """Return an error for each item that checks should decide and none spoke of."""
    return [
        Verdict(
            check=f"unchecked_{question.id}", item=question.id, label=question.text, outcome=Outcome.ERROR, cost=1.0,
            message=_OUR_FAULT,
            teacher=Text(fr=f"Aucune vérification pour {question.id}. {told}",
                         en=f"No check for {question.id}. {told}"),
        )
        for question in evidence.assignment.question
        if question.automatic and question.id not in items
    ]  # fmt: skip
