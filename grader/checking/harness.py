"""Runs a coursework's checks in a pytest process of their own, for one hand-in or many, and gathers the verdicts.

The process sees the evidence and the checks. Nothing of the hand-in is on its path, its folder or its
environment; a check that crashes, hangs or takes the process down becomes an `error`, never a pass.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from grader.checking.claims import weigh_claims
from grader.checking.evidence import Evidence
from grader.checking.process import Process
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
    with Checker(
        folder, distribution=distribution, answers_only=answers_only, check_limit_s=check_limit_s
    ) as checker:
        return checker.check_all(evidences, limit_s=limit_s)


class Checker:
    """Runs the checks of the coursework in `folder`; its process collects them while there is nothing to check yet.

    As a context it leaves nothing behind, whether or not it was asked for anything.
    """

    def __init__(
        self,
        folder: Path,
        *,
        distribution: Literal["teacher", "student"] = "teacher",
        answers_only: bool = False,
        check_limit_s: float = CHECK_LIMIT_S,
    ) -> None:
        names = (CHECKS, ANSWER_CHECKS) if distribution == "teacher" else (CHECKS,)
        names = (ANSWER_CHECKS,) if answers_only else names
        self._distribution = distribution
        self._files = [(folder / name).resolve() for name in names if (folder / name).is_file()]
        self._check_limit_s = check_limit_s
        self._scratch = tempfile.TemporaryDirectory(prefix="checks-")
        self._ready = self._start() if self._files else None

    def __enter__(self) -> Checker:
        """Return the checker itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process, where nothing was asked of it."""
        if self._ready is not None:
            self._ready.end()
            self._ready = None
        self._scratch.cleanup()

    def check(self, evidence: Evidence) -> tuple[Verdict, ...]:
        """Do what `run_checks` says."""
        (verdicts,) = self.check_all([evidence])
        return verdicts

    def check_all(
        self, evidences: Sequence[Evidence], *, limit_s: float = LIMIT_S
    ) -> list[tuple[Verdict, ...]]:
        """Do what `run_checks_many` says."""
        ended = [_Ended([], [], "no checks")] * len(evidences)
        if self._files:
            ended = self._together(evidences, limit_s)
        if self._files and len(evidences) > 1:
            for place, one in enumerate(ended):
                if not one.whole or not one.collected:
                    (ended[place],) = self._together([evidences[place]], limit_s)
        return [
            _verdicts(one, evidence, self._distribution)
            for one, evidence in zip(ended, evidences, strict=True)
        ]

    def _start(self) -> Process:
        folder = Path(tempfile.mkdtemp(dir=self._scratch.name))
        return Process(self._files, folder, self._check_limit_s)

    def _together(self, evidences: Sequence[Evidence], limit_s: float) -> list[_Ended]:
        """Return what came of each of `evidences` in one process."""
        process, self._ready = self._ready or self._start(), None
        folders = [process.given / f"{place:06d}" for place in range(len(evidences))]
        for folder, evidence in zip(folders, evidences, strict=True):
            folder.mkdir(parents=True)
            (folder / "evidence.json").write_bytes(msgspec.json.encode(evidence))
        told = process.finish(limit_s * len(evidences))
        collected = _collected(process.given)
        return [_Ended(_lines(folder), collected, told) for folder in folders]


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
